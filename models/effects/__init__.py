"""The channel strip: every effect that baselines, synthesis and training targets are made of.

All take array-like audio ``(channels, samples)`` (a CPU tensor too), full scale 1.0, with its
sample rate in Hz, and return numpy float64 of the same shape, without delay and without hidden
normalising. Overs go in and, from everything but the limiter, come out.
"""

from .compressor import Compressor, compress, static_gain_db
from .equalizer import (
    Band,
    convolve,
    equalise,
    linear_phase_fir,
    low_pass_fir,
    response_db,
    sections,
    split_bands,
)
from .limiter import Limiter, LimiterInput, limit, measured, true_peak_envelope

__all__ = [
    "Band",
    "Compressor",
    "Limiter",
    "LimiterInput",
    "compress",
    "convolve",
    "equalise",
    "limit",
    "linear_phase_fir",
    "low_pass_fir",
    "measured",
    "response_db",
    "sections",
    "split_bands",
    "static_gain_db",
    "true_peak_envelope",
]
