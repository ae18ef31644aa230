"""Training: a recipe file, batches, steps, and a checkpoint with its card."""
