"""A result in words: the finding, sentences, the methods paragraph, footnotes."""
