"""Existing tests moved in: configurations of webMUSHRA and of the Web Audio Evaluation Tool."""
