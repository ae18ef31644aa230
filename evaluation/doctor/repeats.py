"""Judges whether the same song gives the same output: twice, in chunks, in batches, as a part."""

import math
import statistics
from collections.abc import Iterator

import torch
from torch import Tensor

from .contract import Health, Probe
from .levels import dbfs
from .patient import Patient
from .signals import PINK, TONE, pink, slow_tones

_EXACT, _CLOSE = 1e-6, 1e-4
_CHUNKS = (5000, 9000, 2**16)
_APPROXIMATE_DB = 40.0
_BATCHES = (1, 4)
_SEAM_SECONDS = (5.0, 10.0)
_SEAM_SAMPLES = (2**17, 2**18, 2**19)
_SEAM_LENGTH = 21.0
_SMOOTH, _ROUGH = 3.0, 10.0
_SONG_SECONDS, _PART_SECONDS = 12.0, 4.0
_SAME_DB = 60.0


def difference(first: Tensor, second: Tensor) -> float:
    """The largest difference over the largest value; infinite for other shapes."""
    if first.shape != second.shape:
        return math.inf
    peak = float(torch.maximum(first.abs().max(), second.abs().max()))
    return float((first - second).abs().max()) / peak if peak else 0.0


def snr_db(signal: Tensor, other: Tensor) -> float:
    """The level of ``signal`` over that of what ``other`` differs by, in dB; 200 for equal."""
    power = float(signal.double().square().sum())
    error = float((signal.double() - other.double()).square().sum())
    if error <= power * 1e-20:
        return 200.0
    return 10 * math.log10(power / error) if power else -200.0


def repeatable_probe(patient: Patient) -> Probe:
    """Two runs over one signal."""
    given = pink(patient.samples, patient.rate)
    first = patient.hear(given, (PINK, -20.0))
    value = difference(first, patient.hear(given))
    limit = f"equal; {_EXACT:g} of the peak or more fails, unless declared random"
    verdict, note = Health.PASS, "two runs are equal"
    if value > 0:
        apart = f"two runs are {-dbfs(value):.0f} dB apart"
        verdict = Health.WARN if value <= _EXACT else Health.FAIL
        note = f"{apart}; its scores change by themselves from run to run"
        if verdict is Health.FAIL and not patient.spec.deterministic:
            verdict, note = Health.WARN, f"{apart}, as it declares; one render is one draw"
    return Probe("repeatable", verdict, _finite(value), "of the peak", limit, PINK, note)


def chunks_probe(patient: Patient) -> Probe:
    """Whether a song rendered in chunks is the song rendered at once."""
    spec, name, limit = patient.spec, "chunks", f"{_EXACT:g} of the peak; {_CLOSE:g} or more fails"
    if spec.mode == "whole":
        note = "rendered in one call"
        return Probe(name, Health.NOT_RUN, None, "of the peak", limit, PINK, note)
    stride = max(spec.stride, 1)
    samples = -(-max(patient.samples, spec.window + 2 * stride) // stride) * stride
    given = pink(samples, patient.rate)
    whole = patient.in_one_call().hear(given)
    if spec.mode == "overlap_add":
        value = snr_db(whole, patient.hear(given))
        verdict = Health.PASS if value >= _APPROXIMATE_DB else Health.FAIL
        note = f"cross-faded windows are {value:.0f} dB from one call, an approximation"
        limit = f"{_APPROXIMATE_DB:g} dB"
        return Probe(name, verdict, value, "dB", limit, PINK, note)
    worst = max(difference(whole, patient.hear(given, chunk=size)) for size in _CHUNKS)
    verdict = _graded(worst)
    note = f"chunks of {', '.join(f'{one:,}' for one in _CHUNKS)} samples against one call"
    if verdict is not Health.PASS:
        note += ": its declared context, stride or delay is wrong"
    return Probe(name, verdict, _finite(worst), "of the peak", limit, PINK, note)


def batches_probe(patient: Patient) -> Probe:
    """Whether what is rendered beside a chunk changes it, as batch statistics do."""
    name, limit = "batches", f"{_EXACT:g} of the peak; {_CLOSE:g} or more fails"
    if not hasattr(patient.system, "render_batch") or patient.spec.mode == "whole":
        note = "it takes one block at a time"
        return Probe(name, Health.NOT_RUN, None, "of the peak", limit, PINK, note)
    given = pink(patient.samples, patient.rate)
    one, four = (patient.hear(given, batch=many, chunk=9000) for many in _BATCHES)
    value = difference(one, four)
    verdict = _graded(value)
    note = "one chunk or four at once" + (
        "" if verdict is Health.PASS else ": chunks change each other; is it in training mode?"
    )
    return Probe(name, verdict, _finite(value), "of the peak", limit, PINK, note)


def seams_probe(patient: Patient) -> Probe:
    """Jumps where a program joins hard segments, at the lengths that are usual."""
    limit = f"under {_SMOOTH:g} times the usual bend; {_ROUGH:g} or more fails"
    signal = TONE
    if patient.spec.mode != "whole":
        note = "its chunks are the runner's, see chunks"
        return Probe("seams", Health.NOT_RUN, None, "times", limit, signal, note)
    given = slow_tones(round(_SEAM_LENGTH * patient.rate), patient.rate)
    output = patient.hear(given)
    bends = (output[:, 2:] - 2 * output[:, 1:-1] + output[:, :-2]).abs().amax(dim=0)
    usual = float(bends[patient.edge : -patient.edge].median())
    if usual == 0:
        return Probe("seams", Health.NOT_RUN, None, "times", limit, signal, "output is constant")
    found = []
    for words, period in _periods(patient.rate):
        at = range(period, output.shape[-1] - patient.edge, period)
        jumps = [float(bends[max(one - 4, 0) : one + 4].max()) for one in at]
        if jumps:
            # Where it is one seam, all places of that length show it.
            found.append((statistics.median(jumps), words))
    most, words = max(found)
    value = most / usual
    verdict = Health.PASS if value < _SMOOTH else Health.WARN if value < _ROUGH else Health.FAIL
    note = (
        "no seams"
        if verdict is Health.PASS
        else f"seams every {words}: {most:.2g} of full scale; it cuts songs into hard segments"
    )
    return Probe("seams", verdict, value, "times", limit, signal, note)


def _periods(rate: int) -> Iterator[tuple[str, int]]:
    for seconds in _SEAM_SECONDS:
        yield f"{seconds:.1f} s", round(seconds * rate)
    for samples in _SEAM_SAMPLES:
        yield f"{samples:,} samples", samples


def part_probe(patient: Patient) -> Probe:
    """Whether an excerpt sounds as it does within its song."""
    limit, name = f"{_SAME_DB:g} dB", "excerpt"
    samples, part = (round(one * patient.rate) for one in (_SONG_SECONDS, _PART_SECONDS))
    first = (samples - part) // 2
    # Louder in its second half, so that what is measured over the song shows.
    given = pink(samples, patient.rate) * torch.linspace(0.5, 1.5, samples)
    song = patient.hear(given)[:, first : first + part]
    alone = patient.hear(given[:, first : first + part].contiguous())
    inner = slice(part // 4, part - part // 4)
    value = snr_db(song[:, inner], alone[:, inner])
    verdict = Health.PASS if value >= _SAME_DB else Health.WARN
    note = (
        "an excerpt sounds as it does in its song"
        if verdict is Health.PASS
        else f"hears the whole song: an excerpt is {value:.0f} dB from the same part of its song; "
        "benchmark whole songs, or say that excerpts were rendered alone"
    )
    return Probe(name, verdict, value, "dB", limit, PINK, note)


def _graded(value: float) -> Health:
    if value <= _EXACT:
        return Health.PASS
    return Health.WARN if value < _CLOSE else Health.FAIL


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
