"""Sums over samples and spectra in one pass: energies, differences, K-weighting."""
