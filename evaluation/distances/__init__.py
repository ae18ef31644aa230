"""Distances between two sets of embeddings: Fréchet, kernel, extrapolation, noise floor."""

from .extrapolation import Extrapolation, Fit, extrapolate
from .frechet import ReferenceMoments, frechet_distance, frechet_of_moments, statistics
from .kernel import KernelReference, kernel_distance, kernel_reference
from .noise_floor import NoiseFloor, noise_floor

__all__ = [
    "Extrapolation",
    "Fit",
    "KernelReference",
    "NoiseFloor",
    "ReferenceMoments",
    "extrapolate",
    "frechet_distance",
    "frechet_of_moments",
    "kernel_distance",
    "kernel_reference",
    "noise_floor",
    "statistics",
]
