"""A mastering chain with gradients for training and in float64 for rendering: one set of settings.

    equaliser -> compressor, channels linked -> saturation, dry and wet -> width of the side
    -> (what else is to be added) -> look-ahead limiter

* Saturation: ``r tanh(d x) / tanh(d r)`` with r = 0.25, so that a level of -12 dBFS stays what it
  is at any drive d; what it adds is high-passed at 10 Hz, so it makes no DC.
* Width: 0 is mono, 1 as it was, 2 twice as wide; below 150 Hz the side stays as it was.
* The limiter of training has a soft corner and no oversampling; that of rendering holds its ceiling
  as a true peak.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .compressor import RunningCompressor
from .curves import SATURATION_LEVEL
from .differentiable_dynamics import CompressorSettings, compress, limit
from .differentiable_eq import Bands, equalise, fixed
from .equalizer import Band, RunningEqualiser
from .limiter import Limiter
from .limiter import limit as limit_exactly

Array = NDArray[np.float64]

# Samples: 24 s at 44.1 kHz, 17 MB of stereo in float64.
BLOCK = 2**20
_NO_DC = (Band("high_pass", 10.0),)
_SIDE = (Band("high_pass", 150.0),)


@dataclass(frozen=True)
class ChainSettings:
    """The settings of a batch; those that are tensors are ``(batch,)``.

    ``wet`` is the share of the saturated sound, 0 .. 1; ``ceiling_db`` dBFS, dBTP at rendering.
    """

    bands: Bands
    compressor: CompressorSettings
    drive: Tensor
    wet: Tensor
    width: Tensor
    ceiling_db: Tensor


def process(
    audio: Tensor, sample_rate: int, settings: ChainSettings, extra: Tensor | None
) -> Tensor:
    """``(batch, 2, samples)`` through the chain; ``extra`` is added before the limiter."""
    audio = equalise(audio, settings.bands, sample_rate)
    audio = compress(audio, sample_rate, settings.compressor)
    drive = settings.drive[:, None, None]
    bent = SATURATION_LEVEL * (drive * audio).tanh() / (drive * SATURATION_LEVEL).tanh()
    audio = audio + settings.wet[:, None, None] * fixed(bent - audio, _NO_DC, sample_rate)
    side = fixed((audio[:, :1] - audio[:, 1:]) / 2, _SIDE, sample_rate)
    wider = (settings.width[:, None, None] - 1) * side
    audio = audio + torch.cat([wider, -wider], dim=1)
    if extra is not None:
        audio = audio + extra
    return limit(audio, sample_rate, settings.ceiling_db)


def process_exactly(
    audio: Tensor, sample_rate: int, settings: ChainSettings, extra: Tensor
) -> Tensor:
    """A whole song ``(2, samples)`` through the chain of the first item, rendered in float64.

    All before the limiter goes block by block, so that a long song takes little more memory than
    the limiter does.
    """
    chain = _Chain(sample_rate, settings)
    x = np.empty(tuple(audio.shape))
    for start in range(0, x.shape[-1], BLOCK):
        part = slice(start, start + BLOCK)
        x[:, part] = chain(audio[:, part].numpy()) + extra[:, part].numpy()
    limiter = Limiter(ceiling_dbtp=float(settings.ceiling_db[0]))
    return torch.from_numpy(limit_exactly(x, sample_rate, limiter).astype(np.float32))


class _Chain:
    """The chain of the first item, but for its limiter, for audio that comes in blocks."""

    def __init__(self, sample_rate: int, settings: ChainSettings) -> None:
        self._equalise = RunningEqualiser(settings.bands.of(0), sample_rate, 2)
        self._compress = RunningCompressor(sample_rate, settings.compressor.of(0))
        self._drive, self._wet = float(settings.drive[0]), float(settings.wet[0])
        self._width = float(settings.width[0])
        self._no_dc = RunningEqualiser(_NO_DC, sample_rate, 2)
        self._side = RunningEqualiser(_SIDE, sample_rate, 1)

    def __call__(self, block: Array) -> Array:
        x = self._compress(self._equalise(block))
        if self._wet > 0.0:
            scale = SATURATION_LEVEL / np.tanh(self._drive * SATURATION_LEVEL)
            x += self._wet * self._no_dc(scale * np.tanh(self._drive * x) - x)
        if self._width != 1.0:
            wider = (self._width - 1.0) * self._side((x[:1] - x[1:]) / 2)
            x += np.concatenate([wider, -wider])
        return x


def describe(settings: ChainSettings) -> dict[str, Any]:
    """The first item's compressor, saturation, width and limiter, as JSON can hold them."""
    return {
        "compressor": {
            name: round(float(value[0]), 3) for name, value in vars(settings.compressor).items()
        },
        "saturation_drive": round(float(settings.drive[0]), 3),
        "saturation_wet": round(float(settings.wet[0]), 4),
        "width": round(float(settings.width[0]), 3),
        "limiter_ceiling_dbtp": round(float(settings.ceiling_db[0]), 3),
    }
