"""Examines systems before a benchmark, and every render after it: what is wrong, and how much."""
