"""Compression and limiting through which gradients reach every setting, the times included.

The gain of :mod:`earmark.models.effects.compressor` is computed by the same recursion, sample by
sample, in machine code, with its exact adjoint for the gradient: what is trained is what renders.
The limiter of training is that of :mod:`earmark.models.effects.limiter` without the points between
samples and with a soft corner, so that what lies just below the ceiling is heard by the gradient
too.

The recursion and its adjoint run on the CPU in float64, wherever the audio lies.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from ..compiled import compiled
from .compressor import FLOOR_DB, Compressor

Array = NDArray[np.float64]

_LOOKAHEAD_MS, _RELEASE_MS = 3.0, 100.0
# Softness of the limiter's corner: at the ceiling it takes ln 2 / 2 dB.
_CORNER_PER_DB = 2.0
_KNEE = 1e-3


@dataclass(frozen=True)
class CompressorSettings:
    """The settings of :class:`~.compressor.Compressor` for a batch, ``(batch,)``."""

    threshold_db: Tensor
    ratio: Tensor
    attack_ms: Tensor
    release_ms: Tensor
    knee_db: Tensor
    makeup_db: Tensor

    def of(self, item: int) -> Compressor:
        """One item's settings as the compressor that renders takes them."""
        return Compressor(**{name: float(value[item]) for name, value in vars(self).items()})


def compress(audio: Tensor, sample_rate: int, settings: CompressorSettings) -> Tensor:
    """``(batch, channels, samples)``, the channels linked; the same shape, without delay."""
    level = _level_db(audio.abs().amax(dim=1))
    wanted = _reduction_db(level, settings)
    attack = _smoothing(settings.attack_ms, sample_rate)
    release = _smoothing(settings.release_ms, sample_rate)
    reduction = smoothed(wanted, attack, release)
    gain = 10 ** ((settings.makeup_db.double()[:, None] - reduction) / 20)
    return audio * gain.to(audio.dtype).unsqueeze(1)


def limit(audio: Tensor, sample_rate: int, ceiling_db: Tensor) -> Tensor:
    """``(batch, channels, samples)`` held softly under ``ceiling_db`` ``(batch,)``, linked."""
    size = 2 * max(1, round(_LOOKAHEAD_MS * sample_rate / 2000)) + 1
    half = size // 2 + 1
    level = _level_db(audio.abs().amax(dim=1))
    over = level - ceiling_db.double()[:, None]
    wanted = F.softplus(_CORNER_PER_DB * over) / _CORNER_PER_DB
    # Ahead of each sample, and begun early: the averages of the first sample must be filled.
    wanted = F.max_pool1d(F.pad(wanted, (size - 1, size - 1))[:, None], size, stride=1)[:, 0]
    release = _smoothing(torch.full_like(wanted[:, 0], _RELEASE_MS), sample_rate)
    held = smoothed(wanted, torch.zeros_like(release), release)
    for _ in range(2):
        held = F.avg_pool1d(held[:, None], half, stride=1)[:, 0]
    gain = 10 ** (-held[:, -audio.shape[-1] :] / 20)
    return audio * gain.to(audio.dtype).unsqueeze(1)


def smoothed(wanted: Tensor, attack: Tensor, release: Tensor) -> Tensor:
    """The compressor's detector over ``(batch, samples)``, float64; coefficients ``(batch,)``.

    It follows a rise at once and falls with ``release``; a one-pole low-pass of ``attack`` follows.
    """
    out: Tensor = _Detector.apply(wanted, attack, release)  # type: ignore[no-untyped-call]
    return out


class _Detector(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, wanted: Tensor, attack: Tensor, release: Tensor) -> Tensor:
        arrays = [_array(one) for one in (wanted, attack, release)]
        held, smooth = _detect(*arrays)
        ctx.arrays = (*arrays, held, smooth)
        ctx.place = (wanted.device, wanted.dtype)
        return torch.from_numpy(smooth).to(*ctx.place)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        found = _adjoint(_array(grad), *ctx.arrays)
        return tuple(torch.from_numpy(one).to(*ctx.place) for one in found)


@compiled
def _detect(wanted: Array, attack: Array, release: Array) -> tuple[Array, Array]:
    held = np.empty_like(wanted)
    smooth = np.empty_like(wanted)
    for row in range(wanted.shape[0]):
        a, r, last, out = attack[row], release[row], 0.0, 0.0
        for n in range(wanted.shape[1]):
            last = max(wanted[row, n], r * last + (1.0 - r) * wanted[row, n])
            out = a * out + (1.0 - a) * last
            held[row, n] = last
            smooth[row, n] = out
    return held, smooth


@compiled
def _adjoint(
    grad: Array, wanted: Array, attack: Array, release: Array, held: Array, smooth: Array
) -> tuple[Array, Array, Array]:
    """The gradients of wanted reduction, attack and release, running back in time."""
    of_wanted = np.empty_like(wanted)
    of_attack = np.zeros_like(attack)
    of_release = np.zeros_like(release)
    for row in range(wanted.shape[0]):
        a, r = attack[row], release[row]
        of_smooth = 0.0
        carried = 0.0
        for n in range(wanted.shape[1] - 1, -1, -1):
            before = held[row, n - 1] if n else 0.0
            of_smooth = grad[row, n] + a * of_smooth
            of_held = (1.0 - a) * of_smooth + carried
            of_attack[row] += of_smooth * ((smooth[row, n - 1] if n else 0.0) - held[row, n])
            if wanted[row, n] >= before:
                of_wanted[row, n] = of_held
                carried = 0.0
            else:
                of_wanted[row, n] = (1.0 - r) * of_held
                of_release[row] += of_held * (before - wanted[row, n])
                carried = r * of_held
    return of_wanted, of_attack, of_release


def _array(value: Tensor) -> Array:
    return np.ascontiguousarray(value.detach().cpu().numpy(), dtype=np.float64)


def _level_db(peak: Tensor) -> Tensor:
    return 20 * peak.double().clamp(min=10 ** (FLOOR_DB / 20)).log10()


def _smoothing(milliseconds: Tensor, sample_rate: int) -> Tensor:
    return torch.exp(-1000 / (milliseconds.double() * sample_rate))


def _reduction_db(level: Tensor, settings: CompressorSettings) -> Tensor:
    """The static curve: nothing below the knee, a parabola inside it, a line above."""
    over = level - settings.threshold_db.double()[:, None]
    knee = settings.knee_db.double()[:, None].clamp(min=_KNEE)
    slope = 1 - 1 / settings.ratio.double()[:, None]
    inside = (over + knee / 2).clamp(min=0.0)
    curve = torch.where(2 * over < knee, inside.square() / (2 * knee), over)
    return slope * curve
