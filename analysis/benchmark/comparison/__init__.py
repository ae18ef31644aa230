"""Two systems, runs, results folders or benchmarks side by side, over the songs that both have."""
