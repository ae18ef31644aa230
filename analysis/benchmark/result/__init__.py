"""What a benchmark found, as one result that text, tables, figures and JSON are made from."""
