"""Songs: the material of a benchmark, found in folders and checked."""
