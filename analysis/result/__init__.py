"""What the stored results of benchmarks and of ratings share."""
