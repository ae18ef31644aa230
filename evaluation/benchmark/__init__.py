"""The benchmark file: what it says of songs, systems and metrics."""
