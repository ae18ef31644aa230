"""Measures and takes back the delay and the polarity between two versions of the same audio.

Task: a system may answer a few samples late, or upside down. A distance to the reference then
measures the lag, not the master; so distances are also computed after alignment, and the lag is
reported.

Method: normalised cross-correlation of the mid channels (the mean over channels, mean removed)

    r(k) = sum a(n + k) t(n) / sqrt(sum a(n + k)^2 * sum t(n)^2),   n in the core of the target,

where the core leaves out a margin of the largest lag at both ends, so that no lag is favoured by
a longer overlap. By Cauchy and Schwarz |r| <= 1, with 1 only for a scaled copy. Only lags up to
``max_seconds`` are wanted, so cross-spectra of short blocks are summed (overlap-save): cost and
memory grow linearly with the length. The high local maxima of |r| are refined between samples
with a Kaiser-windowed sinc, since the correlation of sampled signals is itself band-limited
(a parabola alone is biased by up to 0.1 sample on noise). Among equals the smallest lag wins:
for a periodic tone the answer is ambiguous, and no shift is the harmless one.
"""

import math
from dataclasses import dataclass

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional as F

_BLOCK = 32768
_BLOCKS_AT_ONCE = 32
_HALF_WIDTH = 32  # of the interpolating sinc, in samples
_KAISER_BETA = 8.0
_STEPS = 32  # fractions of a sample that are tried before the parabola
_SAMPLED = 0.5  # of its height is seen of a peak between two samples, at least
_TIE = 1e-5  # the short sinc is this exact
_WHOLE = 1e-3  # nearer than this to a whole number is one, so that aligned audio stays untouched
_RINGING = 4096  # silence around the signal in which a fractional shift rings out


@dataclass(frozen=True)
class Delay:
    """By how many samples audio lags its target, and how alike they are at that lag.

    ``correlation`` is |r| between 0 and 1; where it is low (unrelated audio) ``samples`` means
    nothing. ``inverted`` says that the polarity is opposite.
    """

    samples: float
    correlation: float
    inverted: bool


def delay_samples(
    audio: Tensor, target: Tensor, sample_rate: int, max_seconds: float = 0.1
) -> Delay:
    """The lag of ``audio`` behind ``target``, both ``(channels, samples)`` at ``sample_rate``.

    Positive when ``audio`` is late; accurate to a few hundredths of a sample for broadband
    material. The longer of the two is cut to the shorter. Silence, constants and audio that is
    not finite have no lag: ``Delay(0.0, 0.0, False)``.
    """
    samples = min(audio.shape[-1], target.shape[-1])
    none = Delay(0.0, 0.0, inverted=False)
    if samples < 2:
        return none
    late, true = (_mid(one[..., :samples]) for one in (audio, target))
    limit = min(round(max_seconds * sample_rate), samples - 1)
    reach = limit + _HALF_WIDTH
    margin = min(reach, samples // 4)
    total = true.square().sum()
    core = true[margin : samples - margin]
    if core.square().sum() < total / 2:  # all that sounds lies at the ends
        margin, core = 0, true
    if not (math.isfinite(float(total)) and math.isfinite(float(late.square().sum()))):
        return none
    padded = F.pad(late, (reach, reach))[margin : margin + len(core) + 2 * reach]
    scale = _window_energy(padded, len(core)) * core.square().sum()
    cross = _correlation(padded, core, reach)
    # A window with a billionth of the loudest one's energy holds rounding errors only.
    usable = scale > scale.max() * 1e-9
    r = torch.where(usable, cross / scale.clamp_min(torch.finfo(scale.dtype).tiny).sqrt(), 0.0)
    if not bool(usable.any()):
        return none
    lags, values = _refined(r, limit)
    best = values.abs().max()
    tied = values.abs() >= best - _TIE
    chosen = int(torch.where(tied, lags.abs(), math.inf).argmin())
    lag = float(lags[chosen])
    if abs(lag - round(lag)) < _WHOLE:
        lag = float(round(lag))
    return Delay(
        samples=lag,
        correlation=min(float(values[chosen].abs()), 1.0),
        inverted=bool(values[chosen] < 0),
    )


def shift(audio: Tensor, samples: float) -> Tensor:
    """``audio``, ``(..., samples)``, earlier by ``samples``; the length stays, silence moves in.

    Whole numbers move the samples themselves; fractions interpolate with the full band's sinc
    (a phase ramp on the spectrum), so the magnitude of every frequency is kept.
    ``shift(audio, delay_samples(audio, target, rate).samples)`` lies on ``target``.
    """
    length = audio.shape[-1]
    whole = math.floor(samples)
    fraction = samples - whole
    if fraction == 0 or length == 0:
        return _moved(audio, whole)
    size = int(next_fast_len(length + 2 * _RINGING, real=True))
    spectrum = torch.fft.rfft(F.pad(audio, (_RINGING, size - length - _RINGING)))
    turn = 2 * math.pi * fraction / size
    angle = turn * torch.arange(spectrum.shape[-1], dtype=torch.float64, device=audio.device)
    ramp = torch.polar(torch.ones_like(angle), angle).to(spectrum.dtype)
    moved = torch.fft.irfft(spectrum * ramp, n=size)
    return _moved(moved, whole + _RINGING)[..., :length]


def _moved(audio: Tensor, samples: int) -> Tensor:
    length = audio.shape[-1]
    samples = max(-length, min(length, samples))
    if samples >= 0:
        return F.pad(audio[..., samples:], (0, samples))
    return F.pad(audio[..., :samples], (-samples, 0))


def _mid(audio: Tensor) -> Tensor:
    mid = audio.double().mean(dim=-2)
    return mid - mid.mean()


def _window_energy(audio: Tensor, length: int) -> Tensor:
    """The energy of every stretch of ``length`` samples."""
    sums = F.pad(audio.square().cumsum(dim=0), (1, 0))
    return (sums[length:] - sums[:-length]).clamp_min(0.0)


def _correlation(padded: Tensor, core: Tensor, reach: int) -> Tensor:
    """``sum_n padded(n + j) core(n)`` for ``0 <= j <= 2 * reach``, block by block."""
    size = _BLOCK
    while size < 4 * reach:
        size *= 2
    step = size - 2 * reach
    blocks = -(-len(core) // step)
    core = F.pad(core, (0, blocks * step - len(core)))
    padded = F.pad(padded, (0, blocks * step + 2 * reach - len(padded)))
    total = torch.zeros(size // 2 + 1, dtype=torch.complex128, device=core.device)
    for first in range(0, blocks, _BLOCKS_AT_ONCE):
        last = min(first + _BLOCKS_AT_ONCE, blocks)
        late = padded[first * step : last * step + 2 * reach].unfold(0, size, step)
        true = core[first * step : last * step].view(-1, step)
        total += (torch.fft.rfft(late) * torch.fft.rfft(true, n=size).conj()).sum(dim=0)
    sums: Tensor = torch.fft.irfft(total, n=size)
    return sums[: 2 * reach + 1]


def _refined(r: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """The high local maxima of |r|: their lags between the samples, and r there."""
    middle = len(r) // 2
    height = r.abs()
    inner = torch.arange(middle - limit, middle + limit + 1, device=r.device)
    left, right = height[inner - 1], height[inner + 1]
    peaks = inner[(height[inner] >= left) & (height[inner] >= right)]
    if len(peaks) == 0:  # the correlation rises to the end of the range
        peaks = inner[height[inner].argmax()].reshape(1)
    peaks = peaks[height[peaks] >= _SAMPLED * height[peaks].max()]
    offsets = torch.arange(-_STEPS, _STEPS + 1, dtype=r.dtype, device=r.device) / _STEPS
    taps = torch.arange(-_HALF_WIDTH, _HALF_WIDTH + 1, device=r.device)
    near = F.pad(r, (_HALF_WIDTH, _HALF_WIDTH))[peaks[:, None] + taps + _HALF_WIDTH]
    curve = near @ _kernel(offsets[:, None] - taps).T
    top = curve.abs().argmax(dim=1).clamp(1, len(offsets) - 2)
    row = torch.arange(len(peaks), device=r.device)
    before, at, after = (curve[row, top + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    flat = bend.abs() < 1e-14
    beside = torch.where(flat, 0.0, 0.5 * (before - after) / torch.where(flat, 1.0, bend))
    beside = beside.clamp(-1.0, 1.0)
    value = at - 0.25 * (before - after) * beside
    lags = (peaks - middle).to(r.dtype) + offsets[top] + beside / _STEPS
    return lags, value


def _kernel(distance: Tensor) -> Tensor:
    """A sinc under a Kaiser window, at distances in samples."""
    span = (1 - (distance / (_HALF_WIDTH + 1)).square()).clamp_min(0.0).sqrt()
    window = torch.special.i0(_KAISER_BETA * span) / torch.special.i0(
        torch.tensor(_KAISER_BETA, dtype=distance.dtype, device=distance.device)
    )
    kernel: Tensor = torch.sinc(distance) * window
    return kernel
