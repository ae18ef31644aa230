"""What a benchmark and its runs say in a terminal."""
