"""From ratings of any listening test to a significance report."""
