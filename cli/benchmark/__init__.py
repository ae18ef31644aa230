"""Commands of a benchmark and its results: check, run, look at, compare, report."""
