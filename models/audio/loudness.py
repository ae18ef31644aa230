"""Loudness and true peak of ITU-R BS.1770-5, EBU R 128, Tech 3341 and Tech 3342, in batches.

K-weighting is a shelf and a high-pass of second order whose coefficients are computed exactly
for the sample rate (De Man, "Evaluation of implementations of the EBU R128 loudness
measurement", 2018; libebur128 has the same). A profile on the CPU applies them as a recursion in
float64 (``k_weighting``); all else multiplies spectra, which is differentiable and runs on any
device, and whose float32 is off by 2e-7 of the energy, 1e-6 LU. Audio may have any leading
dimensions. Energies of 10 ms are summed once, in float64, and every loudness is derived from them:

* momentary: 400 ms windows, every 10 ms; short-term: 3 s windows, every 100 ms;
* integrated: 400 ms blocks, every 100 ms, gated at -70 LUFS and 10 LU below the ungated mean; a
  partial last block is ignored;
* range: 3 s windows, every 100 ms, gated at -70 LUFS and -20 LU; the 95th less the 10th
  percentile by nearest rank, ``floor((n - 1) p + 0.5)``.

Channels are weighted 1, the surrounds 1.41, the LFE of 5.1 not at all. What is undefined
(silence, too short, not finite) is NaN.
"""

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from .summing.k_weighting import Biquad, EnergyMeter

Interpolator = Literal["sinc49", "annex2"]

SILENCE = 1e-6
"""A peak at or below -120 dBFS is silence: dither of 20 bits, rounding of float32."""

# The K-weighting filters decay to 1e-14 of their start within this time (a double pole at 38 Hz).
_MEMORY_SECONDS = 0.15
_TRANSFORM = 65536
_ABSOLUTE_GATE_LUFS = -70.0
_OFFSET_LUFS = -0.691
# By number of channels: mono, L R, L R C, L R Ls Rs, L R C Ls Rs, L R C LFE Ls Rs.
_WEIGHTS = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
}


@dataclass(frozen=True)
class Loudness:
    """Every loudness of a batch, each ``(...)``: LUFS, and LU for the range."""

    integrated: Tensor
    momentary_max: Tensor
    short_term_max: Tensor
    lra: Tensor

    def item(self, number: int) -> "Loudness":
        """Those of one item of ``(batch,)``, as a batch of one."""
        part = slice(number, number + 1)
        return Loudness(
            self.integrated[part],
            self.momentary_max[part],
            self.short_term_max[part],
            self.lra[part],
        )


def k_weighted(audio: Tensor, sample_rate: int) -> Tensor:
    """The audio ``(..., samples)`` after the K-weighting filters; differentiable."""
    block, memory = _block(sample_rate), _memory(sample_rate)
    parts = []
    for start in range(0, max(audio.shape[-1], 1), block):
        past = min(start, memory)
        parts.append(_weigh(audio[..., start - past : start + block], sample_rate, past))
    return torch.cat(parts, dim=-1)


def loudness_profile(audio: Tensor, sample_rate: int) -> Loudness:
    """Integrated, maximum momentary, maximum short-term loudness and range in one pass.

    ``(..., channels, samples)`` with up to six channels; float64 results of shape ``(...)``.
    """
    recursive = audio.device.type == "cpu" and not (torch.is_grad_enabled() and audio.requires_grad)
    found = _recursive_energies if recursive else _energies
    return profile_of(found(audio, sample_rate))


def profile_of(tens: Tensor) -> Loudness:
    """Every loudness from channel-weighted energies of 10 ms, ``(..., n)`` in float64."""
    hundreds = _hundreds(tens)
    short_term = _windows(hundreds, 30)
    return Loudness(
        integrated=_gated(_windows(hundreds, 4), relative=-10.0),
        momentary_max=_maximum(_windows(tens, 40)),
        short_term_max=_maximum(short_term),
        lra=_range(short_term),
    )


def integrated_loudness(audio: Tensor, sample_rate: int) -> Tensor:
    """Integrated loudness in LUFS, ``(..., channels, samples)`` to ``(...)``.

    NaN for silence, for less than 400 ms and for audio that is not finite.
    """
    return gated_loudness(gating_blocks(audio, sample_rate))


def short_term_loudness(audio: Tensor, sample_rate: int) -> Tensor:
    """Loudness of 3 s every 100 ms, ``(..., channels, samples)`` to ``(..., windows)`` in LUFS.

    NaN where the gate of the loudness range leaves it out: -70 LUFS and 20 LU below the mean.
    """
    energies = _windows(_hundreds(_energies(audio, sample_rate)), 30)
    levels = _OFFSET_LUFS + _decibels(energies, 10.0)
    return torch.where(_gate(energies, -20.0), levels, math.nan)


def true_peaks_of_blocks(audio: Tensor, sample_rate: int) -> Tensor:
    """True peaks of every whole 100 ms as amplitudes, ``(..., samples)`` to ``(..., blocks)``.

    By the interpolator ``sinc49``, as :func:`true_peak_dbtp`.
    """
    total = audio.shape[-1] * 10 // sample_rate
    edges = [round(one * sample_rate / 10) for one in range(total + 1)]
    factor = _oversampling(sample_rate)
    reach = 24 // factor + 1
    padded = torch.nn.functional.pad(audio, (reach, reach))
    found = []
    for first, last in itertools.pairwise(edges):
        peak = audio[..., first:last].abs().amax(dim=-1)
        if factor > 1:
            phases = _phases("sinc49", factor, audio.dtype, audio.device)
            taps = phases.shape[-1]
            rows = padded[..., first : last + 2 * reach].reshape(-1, 1, last - first + 2 * reach)
            between = torch.conv1d(rows, phases)
            skipped = (between.shape[-1] - (last - first)) // 2
            inside = between[..., skipped : skipped + last - first].abs().amax(dim=(-2, -1))
            peak = torch.maximum(peak, inside.reshape(peak.shape))
            assert taps <= 2 * reach + 1
        found.append(peak)
    return torch.stack(found, dim=-1) if found else audio[..., :0]


def gating_blocks(audio: Tensor, sample_rate: int) -> Tensor:
    """Energies of the 400 ms blocks, ``(..., channels, samples)`` to ``(..., blocks)``.

    Those of several tracks together are what the loudness of an album is gated from.
    """
    return _windows(_hundreds(_energies(audio, sample_rate)), 4)


def gated_loudness(blocks: Tensor) -> Tensor:
    """Integrated loudness in LUFS from the energies of blocks, ``(..., blocks)`` to ``(...)``."""
    return _gated(blocks, relative=-10.0)


def true_peak_dbtp(
    audio: Tensor, sample_rate: int, interpolator: Interpolator = "sinc49"
) -> Tensor:
    """The largest true peak of all channels in dBTP, ``(..., channels, samples)`` to ``(...)``.

    Oversampled four times below 96 kHz, twice below 192 kHz, else not at all, and never below the
    sample peak. ``sinc49`` is a 49-tap Hann-windowed sinc (libebur128's design), ``annex2`` the
    48-tap filter of BS.1770-5 Annex 2. Silence lies before and after. NaN for silence and for
    audio that is not finite.
    """
    peak = audio.abs().amax(dim=(-2, -1))
    factor = _oversampling(sample_rate)
    if factor > 1:
        phases = _phases(interpolator, factor, audio.dtype, audio.device)
        taps = phases.shape[-1]
        rows = audio.detach().reshape(-1, 1, audio.shape[-1])
        rows = torch.nn.functional.pad(rows, (taps - 1, taps - 1))
        between = _between(rows, phases).reshape(audio.shape[:-1]).amax(dim=-1)
        peak = torch.maximum(peak, between)
    return _decibels(peak, 20.0)


class TruePeakMeter:
    """The true peak of audio that comes in parts, as :func:`true_peak_dbtp` has it."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        factor = _oversampling(sample_rate)
        self._phases = None
        if factor > 1:
            self._phases = _phases("sinc49", factor, torch.float32, torch.device("cpu"))
            self._past = torch.zeros(channels, self._phases.shape[-1] - 1)
        self._peak = torch.zeros(())

    def add(self, audio: Tensor) -> None:
        """The next part, ``(channels, samples)`` in float32."""
        self._peak = torch.maximum(self._peak, audio.abs().amax())
        if self._phases is not None:
            rows = torch.cat([self._past, audio], dim=-1)
            self._past = rows[:, rows.shape[-1] - self._past.shape[-1] :]
            self._peak = torch.maximum(self._peak, _between(rows[:, None], self._phases).amax())

    def dbtp(self) -> Tensor:
        """The largest so far in dBTP, ``(1,)``; silence lies after the end."""
        if self._phases is not None:
            self.add(torch.zeros_like(self._past))
        return _decibels(self._peak.reshape(1), 20.0)


def _oversampling(sample_rate: int) -> int:
    return 4 if sample_rate < 96000 else 2 if sample_rate < 192000 else 1


def _between(rows: Tensor, phases: Tensor) -> Tensor:
    """The largest magnitudes between samples of ``(rows, 1, samples)``, ``(rows,)``."""
    taps = phases.shape[-1]
    # In blocks, so that what is interpolated stays in cache and a long file in memory.
    found = [
        torch.conv1d(rows[..., start : start + 16384 + taps - 1], phases).abs().amax(dim=(-2, -1))
        for start in range(0, rows.shape[-1] - taps + 1, 16384)
    ]
    return torch.stack(found).amax(dim=0)


@lru_cache(maxsize=16)
def _phases(
    interpolator: Interpolator, factor: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """The phases between samples as filters for conv1d, ``(phases, 1, taps)``."""
    if interpolator == "annex2":
        rows = [*_ANNEX_2, *(row[::-1] for row in reversed(_ANNEX_2))]
        table = torch.tensor(rows[:: 4 // factor], dtype=torch.float64).flip(-1)
        return table.to(device, dtype).unsqueeze(1)
    if interpolator != "sinc49":
        raise ValueError(f"unknown interpolator {interpolator!r}; choose sinc49 or annex2")
    taps = 49
    offset = torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2
    window = torch.hann_window(taps, periodic=False, dtype=torch.float64)
    kernel = torch.sinc(offset / factor) * window
    kernel = torch.nn.functional.pad(kernel, (0, -taps % factor))
    # Phase 0 is a single 1 at a sample: the sample peak stands for it.
    table = kernel.reshape(-1, factor).T[1:].flip(-1)
    return table.to(device, dtype).unsqueeze(1).contiguous()


@lru_cache(maxsize=16)
def _response(sample_rate: int, samples: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The frequency response of both K-weighting filters at ``rfftfreq(samples)``."""
    # Kept for all callers: were it made in inference mode, training could not use it.
    with torch.inference_mode(mode=False):
        angle = torch.arange(samples // 2 + 1, dtype=torch.float64) * (2 * math.pi / samples)
        z = torch.exp(torch.complex(torch.zeros_like(angle), -angle))
        (shelf_b, shelf_a), (pass_b, pass_a) = k_weighting_coefficients(sample_rate)

        def polynomial(c: tuple[float, float, float]) -> Tensor:
            return c[0] + z * (c[1] + z * c[2])

        response = polynomial(shelf_b) * polynomial(pass_b)
        response = response / (polynomial(shelf_a) * polynomial(pass_a))
        return response.to(device, dtype)


def k_weighting_coefficients(sample_rate: int) -> "tuple[Biquad, Biquad]":
    """``(b, a)`` of the shelf and of the high-pass; BS.1770-5 tables 1 and 2 at 48 kHz."""
    f0, gain, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * f0 / sample_rate)
    vh = 10 ** (gain / 20)
    vb = vh**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = (
        ((vh + vb * k / q + k * k) / a0, 2 * (k * k - vh) / a0, (vh - vb * k / q + k * k) / a0),
        (1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0),
    )
    f0, q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * f0 / sample_rate)
    a0 = 1 + k / q + k * k
    return shelf, ((1.0, -2.0, 1.0), (1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0))


def _weigh(audio: Tensor, sample_rate: int, past: int) -> Tensor:
    """The weighted audio after its first ``past`` samples, by one product of spectra.

    What the transform wraps round is silence, or lies in the past that is cut off.
    """
    samples = audio.shape[-1]
    size = _fast_size(samples + _memory(sample_rate) - past)
    kind = torch.complex128 if audio.dtype == torch.float64 else torch.complex64
    spectrum = torch.fft.rfft(audio, size) * _response(sample_rate, size, kind, audio.device)
    weighted: Tensor = torch.fft.irfft(spectrum, size)
    return weighted[..., past:samples]


def _memory(sample_rate: int) -> int:
    return math.ceil(_MEMORY_SECONDS * sample_rate)


def _block(sample_rate: int) -> int:
    """Samples that are weighted at a time: with their past they fill a transform that fits L2."""
    memory = _memory(sample_rate)
    return max(_TRANSFORM, _fast_size(4 * memory)) - memory


def _fast_size(samples: int) -> int:
    """The next even length with no prime factor above 5, from a coarse and so cacheable set."""
    power = 1 << max(samples - 1, 1).bit_length()
    return min(size for size in (power, power // 8 * 5, power // 4 * 3) if size >= samples)


def _energies(audio: Tensor, sample_rate: int) -> Tensor:
    """Channel-weighted mean squares of whole 10 ms, ``(..., n)`` in float64; NaN if not finite."""
    weights = channel_weights(audio.shape[-2]).to(audio.device)
    total = audio.shape[-1] * 100 // sample_rate
    edges = [round(i * sample_rate / 100) for i in range(total + 1)]
    steps = _block(sample_rate) * 100 // sample_rate
    parts = []
    for first in range(0, total, steps):
        bounds = edges[first : first + steps + 1]
        past = min(bounds[0], _memory(sample_rate))
        weighted = _weigh(audio[..., bounds[0] - past : bounds[-1]], sample_rate, past)
        parts.append(_mean_squares(weighted, [bound - bounds[0] for bound in bounds]))
    if not parts:
        return audio.new_zeros((*audio.shape[:-2], 0), dtype=torch.float64)
    energies = (torch.cat(parts, dim=-1) * weights[:, None]).sum(dim=-2)
    # One bad sample would drop out of every gate unseen.
    good = torch.isfinite(audio.sum(dim=(-2, -1)))
    return torch.where(good[..., None], energies, math.nan)


def channel_weights(channels: int) -> Tensor:
    """What each channel counts, ``(channels,)`` in float64.

    Raises:
        ValueError: for more than six channels, or none.
    """
    if channels not in _WEIGHTS:
        raise ValueError(f"loudness is defined here for 1 to 6 channels, not {channels}")
    return torch.tensor(_WEIGHTS[channels], dtype=torch.float64)


def energy_meter(sample_rate: int, channels: int) -> "EnergyMeter":
    """A meter that takes audio in parts; of its energies a profile is made."""
    from .summing.k_weighting import EnergyMeter  # numba takes a quarter of a second to import

    return EnergyMeter(k_weighting_coefficients(sample_rate), sample_rate, channels)


def weighted_sum(energies: Tensor) -> Tensor:
    """Energies of all channels together, ``(..., channels, n)`` to ``(..., n)``."""
    return (energies * channel_weights(energies.shape[-2])[:, None]).sum(dim=-2)


def _recursive_energies(audio: Tensor, sample_rate: int) -> Tensor:
    """As :func:`_energies`, by the recursion, on the CPU."""
    items = audio.detach().reshape(math.prod(audio.shape[:-2]), *audio.shape[-2:])
    channel_weights(items.shape[1])
    found = []
    for item in items:
        meter = energy_meter(sample_rate, len(item))
        meter.add(np.ascontiguousarray(item.numpy()))
        found.append(torch.from_numpy(meter.energies()))
    if not found:
        return audio.new_zeros((*audio.shape[:-2], 0), dtype=torch.float64)
    energies = weighted_sum(torch.stack(found))
    return energies.reshape(*audio.shape[:-2], energies.shape[-1])


def _hundreds(tens: Tensor) -> Tensor:
    """Energies of whole 100 ms from those of 10 ms."""
    whole = tens.shape[-1] // 10
    return tens[..., : whole * 10].reshape(*tens.shape[:-1], whole, 10).mean(dim=-1)


def _mean_squares(audio: Tensor, edges: list[int]) -> Tensor:
    """Means of the squares between edges, in float64."""
    widths = [after - before for before, after in itertools.pairwise(edges)]
    if len(set(widths)) == 1:
        hops = audio.reshape(*audio.shape[:-1], len(widths), widths[0])
        return hops.square().mean(dim=-1, dtype=torch.float64)
    sums = torch.nn.functional.pad(audio.double().square().cumsum(dim=-1), (1, 0))
    width = torch.tensor(widths, dtype=torch.float64, device=audio.device)
    between: Tensor = sums[..., edges].diff(dim=-1).clamp(min=0)
    return between / width


def _windows(energies: Tensor, width: int) -> Tensor:
    """Means of ``width`` consecutive energies, at each place where all are there."""
    if energies.shape[-1] < width:
        return energies[..., :0]
    return energies.unfold(-1, width, 1).mean(dim=-1)


def _decibels(value: Tensor, factor: float) -> Tensor:
    """``factor`` log10, NaN where ``value`` is zero or not finite."""
    decibels = factor * torch.log10(value.double())
    return torch.where(torch.isfinite(decibels), decibels, math.nan)


def _maximum(energies: Tensor) -> Tensor:
    if energies.shape[-1] == 0:
        return energies.new_full(energies.shape[:-1], math.nan)
    return _OFFSET_LUFS + _decibels(energies.amax(dim=-1), 10.0)


def _gate(energies: Tensor, relative: float) -> Tensor:
    """Which energies pass the absolute and then the relative gate."""
    passed = energies > 10 ** ((_ABSOLUTE_GATE_LUFS - _OFFSET_LUFS) / 10)
    mean = (energies * passed).sum(dim=-1) / passed.sum(dim=-1)
    return passed & (energies > mean[..., None] * 10 ** (relative / 10))


def _gated(energies: Tensor, relative: float) -> Tensor:
    passed = _gate(energies, relative)
    mean = torch.where(passed, energies, 0.0).sum(dim=-1) / passed.sum(dim=-1)
    return _OFFSET_LUFS + _decibels(mean, 10.0)


def _range(energies: Tensor) -> Tensor:
    """Loudness range of Tech 3342 from 3 s energies: the 95th less the 10th percentile."""
    if energies.shape[-1] == 0:
        return energies.new_full(energies.shape[:-1], math.nan)
    passed = _gate(energies, -20.0)
    count = passed.sum(dim=-1, keepdim=True)
    ordered = torch.where(passed, energies, math.inf).sort(dim=-1).values

    def percentile(p: float) -> Tensor:
        rank = ((count - 1).clamp(min=0) * p + 0.5).floor().long()
        return ordered.gather(-1, rank).squeeze(-1)

    return _decibels(percentile(0.95) / percentile(0.10), 10.0)


# BS.1770-5 Annex 2: phases 0 and 1; phases 2 and 3 are these two reversed in time.
_ANNEX_2 = (
    (
        0.0017089843750,
        0.0109863281250,
        -0.0196533203125,
        0.0332031250000,
        -0.0594482421875,
        0.1373291015625,
        0.9721679687500,
        -0.1022949218750,
        0.0476074218750,
        -0.0266113281250,
        0.0148925781250,
        -0.0083007812500,
    ),
    (
        -0.0291748046875,
        0.0292968750000,
        -0.0517578125000,
        0.0891113281250,
        -0.1665039062500,
        0.4650878906250,
        0.7797851562500,
        -0.2003173828125,
        0.1015625000000,
        -0.0582275390625,
        0.0330810546875,
        -0.0189208984375,
    ),
)
