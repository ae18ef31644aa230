"""Checkpoints: folders and weight files of trained networks, and the systems made from them."""
