"""The channel strip of :mod:`earmark.models.systems.console` with gradients, set by numbers from -1
to 1.

A strip of 2 values is a gain and a pan. One of 25 is, in this order: an equaliser of 13 (gain and
frequency of the low shelf; gain, frequency and Q of three peaks; gain and frequency of the high
shelf), a compressor of 5 (threshold, ratio, attack, release, make-up), a reverb of 4 (room, decay,
dry, wet), gain, polarity, pan. The ranges are those of the mixing console's thesis; frequencies, Qs
and times run evenly in their logarithm.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .console import BandCard, CompressorCard, ReverbCard, StripCard
from .differentiable_dynamics import CompressorSettings, compress
from .differentiable_eq import Bands, equalise
from .equalizer import BandKind
from .reverb import ReverbSettings, reverberant

FULL = 25
GAIN_DB, _EQ_DB, _MAKEUP_DB, _KNEE_DB = 24.0, 24.0, 12.0, 6.0
_KINDS: tuple[BandKind, ...] = ("low_shelf", "peak", "peak", "peak", "high_shelf")
_SHELF_Q = math.sqrt(0.5)
_LOW, _HIGH = (
    (20.0, 200.0, 500.0, 2_000.0, 8_000.0),
    (1_000.0, 5_000.0, 6_000.0, 10_000.0, 20_000.0),
)
# Where the gains, the frequencies and the Qs of the bands stand among the first 13.
_GAINS, _FREQUENCIES, _QS = (0, 2, 5, 8, 11), (1, 3, 6, 9, 12), (4, 7, 10)


@dataclass(frozen=True)
class Strips:
    """Channel strips of a batch, ``(batch,)``; polarity is 1 or -1."""

    gain_db: Tensor
    pan: Tensor
    polarity: Tensor | None = None
    bands: Bands | None = None
    compressor: CompressorSettings | None = None
    reverb: ReverbSettings | None = None


def strips_of(values: Tensor) -> Strips:
    """``(batch, 2)`` or ``(batch, 25)`` of -1 .. 1 as settings in their units."""
    if values.shape[-1] != FULL:
        return Strips(GAIN_DB * values[:, 0], values[:, 1])
    low, high = values.new_tensor(_LOW), values.new_tensor(_HIGH)
    positions = (values[:, _FREQUENCIES] + 1) / 2
    shelf = values.new_full((len(values), 1), _SHELF_Q)
    bands = Bands(
        _KINDS,
        low * (high / low) ** positions,
        _EQ_DB * values[:, _GAINS],
        torch.cat([shelf, _even(values[:, _QS], 0.1, 10.0), shelf], dim=-1),
    )
    threshold, ratio, attack, release, makeup = values[:, 13:18].unbind(-1)
    compressor = CompressorSettings(
        threshold_db=-30 + 30 * threshold,
        ratio=5.5 + 4.5 * ratio,
        attack_ms=_even(attack, 0.03, 30.0),
        release_ms=_even(release, 50.0, 3_000.0),
        knee_db=torch.full_like(threshold, _KNEE_DB),
        makeup_db=_MAKEUP_DB * makeup,
    )
    room, decay, dry, wet = values[:, 18:22].unbind(-1)
    reverb = ReverbSettings((room + 1) / 2, _even(decay, 0.1, 3.0), (dry + 1) / 2, (wet + 1) / 2)
    gain, polarity, pan = values[:, 22:].unbind(-1)
    # A sign forward, a gradient backward. A fresh network inverts nothing.
    soft = (4 * (polarity + 0.5)).tanh()
    sign = torch.where(soft >= 0, 1.0, -1.0)
    return Strips(GAIN_DB * gain, pan, soft + (sign - soft).detach(), bands, compressor, reverb)


def through_strips(mono: Tensor, sample_rate: int, strips: Strips) -> Tensor:
    """``(batch, samples)`` to ``(batch, 2, samples)``; differentiable."""
    x = mono.unsqueeze(1)
    if strips.polarity is not None:
        x = x * strips.polarity[:, None, None]
    if strips.bands is not None:
        x = equalise(x, strips.bands, sample_rate)
    if strips.compressor is not None:
        x = compress(x, sample_rate, strips.compressor)
    x = x * (10 ** (strips.gain_db / 20))[:, None, None]
    angle = (strips.pan + 1) * torch.pi / 4
    panned = torch.stack([angle.cos(), angle.sin()], dim=-1).unsqueeze(-1) * x
    if strips.reverb is None:
        return panned
    wet = reverberant(x[:, 0], sample_rate, strips.reverb)
    return strips.reverb.dry[:, None, None] * panned + wet


def strip_cards(strips: Strips) -> list[StripCard]:
    """The strips as settings that can be written, edited and rendered."""
    cards = []
    for item in range(len(strips.gain_db)):
        card: dict[str, object] = {
            "gain_db": _number(strips.gain_db, item),
            "pan": _number(strips.pan, item),
        }
        if strips.polarity is not None:
            card["inverted"] = bool(strips.polarity[item] < 0)
        if strips.bands is not None:
            card["eq"] = tuple(
                BandCard.model_validate(
                    {
                        "kind": b.kind,
                        "frequency_hz": _short(b.frequency),
                        "gain_db": _short(b.gain_db),
                        "q": _short(b.q),
                    }
                )
                for b in strips.bands.of(item)
            )
        if strips.compressor is not None:
            settings = {name: _number(v, item) for name, v in vars(strips.compressor).items()}
            card["compressor"] = CompressorCard(**settings)
        if strips.reverb is not None:
            settings = {name: _number(v, item) for name, v in vars(strips.reverb).items()}
            settings["decay_seconds"] = min(settings["decay_seconds"], 3.0)
            card["reverb"] = ReverbCard(**settings)
        cards.append(StripCard.model_validate(card))
    return cards


def _even(value: Tensor, low: float, high: float) -> Tensor:
    """-1 .. 1 to ``low`` .. ``high``, evenly in the logarithm."""
    return low * (high / low) ** ((value + 1) / 2)


def _number(values: Tensor, item: int) -> float:
    return _short(float(values[item]))


def _short(value: float) -> float:
    """Five digits: finer than anyone hears, and short enough to read."""
    return float(f"{value:.5g}")
