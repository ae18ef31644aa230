"""Judges delay and polarity of an output against its input: overall, by band and by channel.

The delay is the lag of the highest normalised cross-correlation of the mids
(:mod:`earmark.models.audio.alignment`), between samples. It depends on the signal, so the signal
is named. In a plain difference a lag of d samples leaves an error of ``2 sin(pi f d / rate)``:
0.25 samples at 44.1 kHz -29 dB at 1 kHz, one sample -17 dB. The polarity is the sign of the
correlation at that lag, and by frequency the sign of the real part of the cross-spectrum.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...models.audio.alignment import Delay, delay_samples
from .contract import Health, Probe

# Samples of lag, and the correlation below which neither lag nor polarity means anything.
_ALIGNED, _LATE, _ALIKE = 0.25, 1.0, 0.5
_BANDS_HZ = ((250.0, 1000.0), (1000.0, 4000.0), (4000.0, 12_000.0))
_BAND_ALIKE, _SPREAD = 0.9, 0.5
_WINDOW = 4096
# Coherence and width, in thirds of an octave, of a range whose polarity is told.
_COHERENT, _WIDE = 0.5, 3
# Nine thirds of an octave turned are most of what is heard: an inversion, whatever the rest does.
_MOST = 8.0
# Seven octaves are all that is heard: no range to tell.
_ALL = 128.0
_CHANNELS = ("left", "right")


@dataclass(frozen=True)
class Heard:
    """An output and the input that it is of, both ``(channels, samples)``, and what was played."""

    output: Tensor
    given: Tensor
    rate: int
    signal: str


def delay_probe(heard: Sequence[Heard]) -> Probe:
    """The residual delay, in samples: the largest of those that can be told."""
    lags = [lag_of(one) for one in heard]
    found = [(one.signal, lag) for one, (lag, _) in zip(heard, lags, strict=True)]
    told = [(signal, lag) for signal, lag in found if lag.correlation >= _ALIKE]
    limit = f"under {_ALIGNED:g} samples; {_LATE:g} or more fails"
    signals = ", ".join(signal for signal, _ in found)
    if not told:
        likeness = ", ".join(f"{lag.correlation:.2f}" for _, lag in found)
        note = f"undetermined: output and input correlate by {likeness} only"
        return Probe("delay", Health.WARN, None, "samples", limit, signals, note)
    signal, most = max(told, key=lambda one: abs(one[1].samples))
    size = abs(most.samples)
    single = next(one for lag, one in lags if lag is most)
    late = Health.FAIL if single else Health.WARN
    verdict = Health.PASS if size < _ALIGNED else Health.WARN if size < _LATE else late
    each = ", ".join(f"{lag.samples:+.2f} on {signal} (r {lag.correlation:.2f})"
                     for signal, lag in found)  # fmt: skip
    note = "in time" if verdict is Health.PASS else _late(most, heard[0].rate)
    note = note if single else f"no single delay, its phase is turned: {each}"
    if not single:
        return Probe("delay", verdict, most.samples, "samples", limit, signal, note)
    return Probe("delay", verdict, most.samples, "samples", limit, signal, f"{note}; {each}")


def lag_of(heard: Heard) -> tuple[Delay, bool]:
    """The delay of the mids, or of the bands where none agrees with it; whether it is a single one.

    Filters that turn the phase of the bass, as those of a multiband compressor do, move the highest
    correlation of the whole by hundreds of samples that no ear and no band above 250 Hz is late by.
    """
    whole = delay_samples(heard.output, heard.given, heard.rate)
    if whole.correlation >= _ALIKE and abs(whole.samples) < _ALIGNED:
        return whole, True
    told = [one for _, _, one in _band_lags(heard) if one.correlation >= _BAND_ALIKE]
    if not told or any(abs(one.samples - whole.samples) < _SPREAD for one in told):
        return whole, True
    told = sorted(told, key=lambda one: one.samples)
    return told[len(told) // 2], told[-1].samples - told[0].samples < _SPREAD


def _late(lag: Delay, rate: int) -> str:
    word = "lags" if lag.samples > 0 else "leads by"
    error = 2 * abs(math.sin(math.pi * 1000 * lag.samples / rate))
    decibels = 20 * math.log10(max(error, 1e-9))
    return (
        f"{word} {abs(lag.samples):.2f} samples beyond what it declares; sample-wise distances "
        f"hold an error of {decibels:.0f} dB at 1 kHz from that alone"
    )


def bands_probe(heard: Heard) -> Probe:
    """Whether one delay holds for low, middle and high frequencies."""
    lags = _band_lags(heard)
    told = [one for one in lags if one[2].correlation >= _BAND_ALIKE]
    limit = f"spread under {_SPREAD:g} samples between bands"
    each = ", ".join(
        f"{lag.samples:+.2f} at {_hertz(low)} to {_hertz(high)} (r {lag.correlation:.2f})"
        for low, high, lag in lags
    )
    if len(told) < 2:
        note = f"no single delay: output and input are too unlike in most bands; {each}"
        return Probe("delay_by_band", Health.WARN, None, "samples", limit, heard.signal, note)
    values = [lag.samples for _, _, lag in told]
    spread = max(values) - min(values)
    verdict = Health.PASS if spread < _SPREAD else Health.WARN
    note = "one delay for all bands" if verdict is Health.PASS else f"no single delay: {each}"
    return Probe("delay_by_band", verdict, spread, "samples", limit, heard.signal, note)


def _band_lags(heard: Heard) -> list[tuple[float, float, Delay]]:
    lags = []
    for low, high in _BANDS_HZ:
        if high * 2 <= heard.rate:
            output, given = (
                _band(one, heard.rate, low, high) for one in (heard.output, heard.given)
            )
            lags.append((low, high, delay_samples(output, given, heard.rate, 0.02)))
    return lags


def polarity_probe(heard: Heard) -> Probe:
    """+1 or -1: the sign of the correlation at the best lag, of the mids and of each channel."""
    lag, _ = lag_of(heard)
    turned = _turned_channels(heard)
    known = lag.samples if lag.correlation >= _ALIKE else 0.0
    ranges = inverted_ranges(heard.output, heard.given, heard.rate, known)
    part = bool(ranges) and ranges[0][1] / ranges[0][0] < _ALL
    where = f" between {_hertz(ranges[0][0])} and {_hertz(ranges[0][1])}" if part else ""
    value: float | None = 1.0
    if turned or (ranges and ranges[0][1] / ranges[0][0] >= _MOST):
        some = 0 < len(turned) < heard.given.shape[0]
        channel = f" on the {turned[0]} channel" if some else where
        verdict, value = Health.FAIL, -1.0
        note = (
            f"output polarity inverted{channel}; a plain difference to the reference adds where it "
            "should cancel"
        )
    elif lag.correlation < _ALIKE:
        verdict, value = Health.WARN, None
        note = f"undetermined: output and input correlate by {lag.correlation:.2f} only"
    elif ranges:
        verdict, note = Health.WARN, f"kept overall, but the phase turns past 90 degrees{where}"
    else:
        verdict, note = Health.PASS, "polarity kept"
    return Probe("polarity", verdict, value, "sign", "+1", heard.signal, note)


def _turned_channels(heard: Heard) -> list[str]:
    """The channels whose polarity is inverted, as far as it can be told."""
    if heard.output.shape[0] != heard.given.shape[0]:
        mids = delay_samples(heard.output, heard.given, heard.rate)
        turned = mids.inverted and mids.correlation >= _ALIKE
        return list(_CHANNELS)[: heard.given.shape[0]] if turned else []
    names = []
    for index in range(heard.given.shape[0]):
        part = slice(index, index + 1)
        lag = delay_samples(heard.output[part], heard.given[part], heard.rate)
        if lag.inverted and lag.correlation >= _ALIKE:
            names.append(channel_name(index, heard.given.shape[0]))
    return names


def channel_name(index: int, channels: int) -> str:
    """``left``, ``right``, or its number."""
    if channels == 1:
        return "only"
    return _CHANNELS[index] if channels == 2 else str(index + 1)


def inverted_ranges(
    output: Tensor, given: Tensor, rate: int, lag: float
) -> list[tuple[float, float]]:
    """Ranges in Hz, widest first, in which the output is turned by more than 90 degrees.

    ``lag`` in samples is taken back first. Thirds of an octave from 50 Hz, by the cross-spectrum
    of the mids in Hann windows; those whose coherence is below one half say nothing.
    """
    mids = [one.double().mean(dim=0) for one in (output, given)]
    samples = min(len(one) for one in mids)
    if samples < 2 * _WINDOW:
        return []
    window = torch.hann_window(_WINDOW, dtype=torch.float64)
    late, true = (
        torch.fft.rfft(one[:samples].unfold(0, _WINDOW, _WINDOW // 2) * window) for one in mids
    )
    hertz = torch.arange(_WINDOW // 2 + 1) * rate / _WINDOW
    turn = torch.polar(torch.ones_like(hertz), 2 * math.pi * hertz * lag / rate)
    cross = (late * true.conj()).sum(dim=0) * turn
    power = late.abs().square().sum(dim=0), true.abs().square().sum(dim=0)
    found: list[tuple[float, float]] = []
    run: list[tuple[float, float]] = []
    for low, high in _thirds(rate):
        inside = (hertz >= low) & (hertz < high)
        scale = float((power[0][inside].sum() * power[1][inside].sum()).sqrt())
        value = float(cross[inside].real.sum()) / scale if scale > 0 else 0.0
        if value < -_COHERENT:
            run.append((low, high))
        else:
            found += _joined(run)
            run = []
    found += _joined(run)
    return sorted(found, key=lambda one: one[0] / one[1])


def _joined(run: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    if len(run) >= _WIDE:
        yield run[0][0], run[-1][1]


def _thirds(rate: int) -> Iterator[tuple[float, float]]:
    low = 50.0
    while low * 2 ** (1 / 3) < min(16_000.0, rate / 2):
        yield low, low * 2 ** (1 / 3)
        low *= 2 ** (1 / 3)


def _band(audio: Tensor, rate: int, low: float, high: float) -> Tensor:
    """``audio`` between two frequencies, by its spectrum: no phase of its own."""
    samples = audio.shape[-1]
    hertz = torch.arange(samples // 2 + 1) * rate / samples
    spectrum = torch.fft.rfft(audio.double())
    found: Tensor = torch.fft.irfft(spectrum * ((hertz >= low) & (hertz < high)), n=samples)
    return found


def _hertz(value: float) -> str:
    return f"{value / 1000:.2g} kHz" if value >= 1000 else f"{value:.0f} Hz"
