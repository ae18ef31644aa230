"""Running a benchmark: plan, render, score, and keep the books."""
