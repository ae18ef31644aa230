"""SDR with a distortion filter of 512 taps: what no filter of the reference explains.

Of BSS Eval (Vincent et al., 2006) as Scheibler ("SDR - medium rare with fast computations", 2022)
computes it: the render is projected on the reference and its delays of 0 to 511 samples, each
channel on its own, in float64. So equalisation and short delays cost nearly nothing, and what is
left is distortion, noise and time-varying gain.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.linalg import solve_toeplitz
from torch import Tensor

from ..analysis import Analysis
from ..registry import Requires, UndefinedError, metric

_TAPS = 512
# What float64 rounding leaves of an identical render: beyond 120 dB the value says nothing.
_ROUNDING = 1e-12


@metric(
    unit="dB",
    better="higher",
    group="features",
    variants=("raw",),
    requires=Requires(nan="silent_reference"),
)
def sdr_512_db(analysis: Analysis, reference: Analysis) -> Tensor:
    """Signal to distortion ratio after the best filter of 512 taps, averaged over channels."""
    if analysis.samples <= _TAPS:
        raise UndefinedError("too_short")
    found = []
    for item, target in zip(analysis.audio, reference.audio, strict=True):
        pairs = zip(item.double().cpu().numpy(), target.double().cpu().numpy(), strict=True)
        values = [_ratio_db(one, wanted) for one, wanted in pairs]
        found.append(sum(values) / len(values))
    return torch.tensor(found, dtype=torch.float64)


def _ratio_db(render: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    sizes = [float(np.linalg.norm(one)) for one in (render, target)]
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        return math.nan
    fft = next_fast_len(len(target) + _TAPS, real=True)
    one, wanted = rfft(render / sizes[0], fft), rfft(target / sizes[1], fft)
    own = irfft(np.abs(wanted) ** 2, fft)[:_TAPS]
    across = irfft(wanted.conj() * one, fft)[:_TAPS]
    explained = float(across @ solve_toeplitz(own, across))
    if 1 - explained <= _ROUNDING:
        return math.inf
    return 10 * math.log10(explained / (1 - explained)) if explained > 0 else -math.inf
