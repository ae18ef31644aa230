"""The significance report: page, tables, figures, sentences, footnotes."""
