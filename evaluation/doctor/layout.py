"""Judges what a system does with channels, lengths and rates."""

import torch

from ...models.audio.files import resample
from .contract import Health, Probe
from .levels import dropped_probe, rms_dbfs
from .patient import Patient, UnheardError, WrongOutputError
from .repeats import difference, snr_db
from .signals import PINK, pink
from .timing import channel_name

_EXACT = 1e-6
_DROPPED_DB = -60.0
_LENGTHS = (1, 2, 1023, 4097, 44_117, 131_071)
_RATES = (48_000, 96_000)
_HEARD_HZ = 18_000.0
_SAME_DB, _NEAR_DB = 40.0, 20.0


def channels_probe(patient: Patient) -> Probe:
    """Whether each channel of the input is heard, and each of the output sounds."""
    both = patient.pink()
    found = dropped_probe(both)
    if found.verdict is not Health.PASS:
        return found
    for index in range(both.given.shape[0]):
        alone = pink(patient.samples, patient.rate).clone()
        alone[[one for one in range(alone.shape[0]) if one != index]] = 0.0
        output = patient.hear(alone)
        fall = rms_dbfs(output) - rms_dbfs(alone)
        if fall < _DROPPED_DB:
            name = channel_name(index, alone.shape[0])
            note = f"ignores the {name} channel: sounding alone, nothing comes out"
            return Probe("channels", Health.FAIL, fall, "dB", found.limit, PINK, note)
    return found


def mono_probe(patient: Patient) -> Probe:
    """What comes of a song with one channel."""
    limit = "1 channel in, 1 out"
    if patient.spec.channels is not None or patient.spec.input == "stems":
        note = "the runner gives it the channels that it takes"
        return Probe("mono", Health.NOT_RUN, None, "channels", limit, PINK, note)
    output = patient.hear(pink(patient.samples, patient.rate, channels=1))
    count = output.shape[0]
    verdict = Health.PASS if count == 1 else Health.WARN
    word = "stereo" if count == 2 else f"{count} channels"
    note = "mono in, mono out" if count == 1 else f"mono in, {word} out"
    return Probe("mono", verdict, float(count), "channels", limit, PINK, note)


def equal_channels_probe(patient: Patient) -> Probe:
    """Whether two equal channels stay equal."""
    left = pink(patient.samples, patient.rate)[:1]
    output = patient.hear(torch.cat([left, left]))
    limit = f"{_EXACT:g} of the peak"
    if output.shape[0] != 2:
        note = f"{output.shape[0]} channels out"
        return Probe("equal_channels", Health.NOT_RUN, None, "of the peak", limit, PINK, note)
    value = difference(output[:1], output[1:])
    verdict = Health.PASS if value <= _EXACT else Health.WARN
    note = "equal channels stay equal" if verdict is Health.PASS else "makes stereo of mono"
    return Probe("equal_channels", verdict, value, "of the peak", limit, PINK, note)


def swapped_channels_probe(patient: Patient) -> Probe:
    """Whether swapping the channels swaps the output."""
    given = pink(patient.samples, patient.rate)
    straight = patient.hear(given, (PINK, -20.0))
    swapped = patient.hear(given.flip(0).contiguous())
    limit = f"{_EXACT:g} of the peak"
    value = difference(straight, swapped.flip(0))
    if value == float("inf"):
        note = "channels out differ"
        return Probe("swapped_channels", Health.NOT_RUN, None, "of the peak", limit, PINK, note)
    verdict = Health.PASS if value <= _EXACT else Health.WARN
    note = (
        "treats left and right alike"
        if verdict is Health.PASS
        else "treats left and right unlike: mirrored songs get other masters"
    )
    return Probe("swapped_channels", verdict, value, "of the peak", limit, PINK, note)


def lengths_probe(patient: Patient) -> Probe:
    """Whether odd lengths come out as long as they went in."""
    limit = f"as long as the input, for {', '.join(f'{one:,}' for one in _LENGTHS)} samples"
    refused: list[str] = []
    for samples in _LENGTHS:
        try:
            patient.hear(pink(max(samples, 4096), patient.rate)[:, :samples].contiguous())
        except WrongOutputError as error:
            note = f"{samples:,} samples: {error}"
            return Probe("lengths", Health.FAIL, float(samples), "samples", limit, PINK, note)
        except UnheardError as error:
            refused.append(f"{samples:,} samples: {error}")
    if len(refused) == len(_LENGTHS):
        raise UnheardError(refused[-1].partition(": ")[2])
    verdict = Health.WARN if refused else Health.PASS
    note = f"refuses {'; '.join(refused[:2])}" if refused else "every length stays"
    return Probe("lengths", verdict, None, "samples", limit, PINK, note)


def rates_probe(patient: Patient) -> Probe:
    """Whether songs at other rates sound as they do at the system's own, below 18 kHz."""
    limit = f"{_SAME_DB:g} dB; under {_NEAR_DB:g} dB fails"
    if patient.spec.sample_rate is not None:
        note = f"the runner gives it {patient.spec.sample_rate} Hz, its own rate"
        return Probe("rates", Health.NOT_RUN, None, "dB", limit, PINK, note)
    native = patient.pink()
    given = _low(pink(patient.samples, patient.rate), patient.rate)
    wanted = patient.hear(given)
    worst, which = 200.0, 0
    for rate in _RATES:
        output = patient.hear(resample(given, patient.rate, rate), rate=rate)
        back = _low(resample(output, rate, patient.rate), patient.rate)
        inner = slice(patient.edge, min(back.shape[-1], wanted.shape[-1]) - patient.edge)
        value = snr_db(_low(wanted, patient.rate)[:, inner], back[:, inner])
        if value < worst:
            worst, which = value, rate
    verdict = (
        Health.PASS if worst >= _SAME_DB else Health.WARN if worst >= _NEAR_DB else Health.FAIL
    )
    note = (
        "songs at 48 and 96 kHz sound as at its own rate"
        if verdict is Health.PASS
        else f"a song at {which / 1000:g} kHz is {worst:.0f} dB from the same at "
        f"{native.rate / 1000:g} kHz; does it work at one rate? Then give its sample_rate"
    )
    return Probe("rates", verdict, worst, "dB", limit, PINK, note)


def _low(audio: torch.Tensor, rate: int) -> torch.Tensor:
    spectrum = torch.fft.rfft(audio.double())
    hertz = torch.arange(spectrum.shape[-1]) * rate / audio.shape[-1]
    found: torch.Tensor = torch.fft.irfft(spectrum * (hertz < _HEARD_HZ), n=audio.shape[-1])
    return found.float()
