"""The tables of a result: one definition for the page, the CSV files and the LaTeX files."""
