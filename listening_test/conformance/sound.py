"""Items that are measured on the written files: length, alignment, anchors, reference, loudness."""

import math
from collections.abc import Iterator

import numpy as np
import torch

from ...models.audio.alignment import delay_samples
from ..kinds.conformance import ConformanceItem, Verdict
from ..study.file import ANCHORS
from ..study.study import REFERENCE
from .evidence import Samples, StudyEvidence
from .transfer import Transfer, transfer

LONGEST_SECONDS, SHORTEST_SECONDS, BRIEF_SECONDS = 12.0, 1.0, 6.0
MOST_DELAY_MS, LEAST_CORRELATION = 1.0, 0.5
PASS_HZ = {"lowpass_3500": 3500.0, "lowpass_7000": 7000.0}
# The mask of the 3.5 kHz anchor (5.1); that of 7 kHz is the same at twice the frequencies (ours).
RIPPLE_DB, AT_EDGE_DB, BEYOND_DB = 0.1, -25.0, -50.0
_ANCHOR_DELAY_MS, _ANCHOR_GAIN_DB = 0.1, 0.1
# Dither and rounding of two files: each moves a sample by up to two steps.
_DITHER_STEPS = 4


def length(evidence: StudyEvidence) -> ConformanceItem:
    """The shortest and longest written file."""
    seconds = [
        len(evidence.samples(evidence.reference(passage.id))) / evidence.study.sample_rate
        for passage in evidence.study.passages
    ]
    shortest, longest = min(seconds), max(seconds)
    verdict: Verdict = "needs people" if shortest < BRIEF_SECONDS else "met"
    if longest > LONGEST_SECONDS or shortest < SHORTEST_SECONDS:
        verdict = "not met"
    brief = "; under 6 s: say why so short is enough" if shortest < BRIEF_SECONDS else ""
    return ConformanceItem(
        "length",
        "Excerpts of about 10 s, at most 12 s (5.1)",
        verdict,
        f"the files last {shortest:.1f} to {longest:.1f} s{brief}",
    )


def hidden_reference(evidence: StudyEvidence) -> ConformanceItem:
    """Whether the hidden reference has the samples of the open one."""
    if REFERENCE not in evidence.graded:
        return ConformanceItem(
            "hidden-reference", _HIDDEN, "not met", "the reference is not among the graded signals"
        )
    step = 2.0 ** (1 - evidence.study.file.bits)
    worst, where = 0.0, ""
    for passage in evidence.study.passages:
        opened = evidence.samples(evidence.reference(passage.id))
        for one in evidence.copies(passage.id, REFERENCE):
            apart = _apart(opened, evidence.samples(one)) / step
            if apart > worst:
                worst, where = apart, passage.id
    same = worst <= _DITHER_STEPS
    return ConformanceItem(
        "hidden-reference",
        _HIDDEN,
        "met" if same else "not met",
        f"samples differ from the open reference's by at most {worst:.0f} steps of "
        f"{evidence.study.file.bits} bits"
        + (", which is the dither" if same else f" (passage {where!r})"),
    )


_HIDDEN = "The reference is among the graded signals, with the open reference's samples (5)"


def copies(evidence: StudyEvidence) -> ConformanceItem:
    """Whether repeats and practice play what the page that counts plays."""
    step = 2.0 ** (1 - evidence.study.file.bits)
    worst, where = 0.0, ""
    for passage in evidence.study.passages:
        for name in evidence.graded:
            first = evidence.samples(evidence.first(passage.id, name))
            for one in evidence.copies(passage.id, name):
                apart = _apart(first, evidence.samples(one)) / step
                if name != REFERENCE and apart > worst:
                    worst, where = apart, f"{name!r} of passage {passage.id!r}"
    same = worst <= _DITHER_STEPS
    return ConformanceItem(
        "copies",
        "Repeats and practice play the signal that is graded",
        "met" if same else "not met",
        f"its files differ by at most {worst:.0f} steps of {evidence.study.file.bits} bits"
        + (", which is the dither" if same else f" ({where})"),
    )


def alignment(evidence: StudyEvidence) -> ConformanceItem:
    """The delay of each written version to the reference."""
    rate = evidence.study.sample_rate
    late: list[tuple[float, str]] = []
    unlike = []
    for passage in evidence.study.passages:
        reference = evidence.samples(evidence.reference(passage.id))
        for name in evidence.graded:
            if name == REFERENCE or name in ANCHORS:
                continue
            heard = evidence.samples(evidence.first(passage.id, name))
            found = delay_samples(_tensor(heard), _tensor(reference), rate)
            where = f"{name!r} of passage {passage.id!r}"
            if found.correlation < LEAST_CORRELATION:
                unlike.append(where)
            else:
                late.append((1000 * found.samples / rate, where))
    words = "Versions run with the reference, so that a switch keeps the place (5.3)"
    worst, where = max(late, key=lambda one: abs(one[0]), default=(0.0, ""))
    if abs(worst) > MOST_DELAY_MS:
        note = f"{where} is {worst:+.1f} ms from the reference; our limit is ±1 ms"
        return ConformanceItem("alignment", words, "not met", note)
    if unlike:
        note = f"too unlike the reference to measure: {', '.join(unlike[:3])}"
        more = f" and {len(unlike) - 3} more" if len(unlike) > 3 else ""
        return ConformanceItem("alignment", words, "needs people", note + more)
    note = f"within {abs(worst):.2f} ms; our limit is ±1 ms"
    return ConformanceItem("alignment", words, "met", note)


def anchors(evidence: StudyEvidence) -> Iterator[ConformanceItem]:
    """Each anchor's filter, delay and gain, from the written anchor and the written reference."""
    for name, pass_hz in PASS_HZ.items():
        low, edge, beyond = (f"{pass_hz * part / 1000:g}" for part in (1, 8 / 7, 9 / 7))
        words = (
            f"A hidden low-pass anchor: within 0.1 dB to {low} kHz, 25 dB down at {edge} kHz, "
            f"50 dB from {beyond} kHz on, at the reference's time and gain (5.1)"
        )
        if name not in evidence.graded:
            yield ConformanceItem(name, words, "not met", "not among the graded signals")
            continue
        yield ConformanceItem(name, words, *_anchor(evidence, name, pass_hz))


def _anchor(evidence: StudyEvidence, name: str, pass_hz: float) -> tuple[Verdict, str]:
    """The verdict on an anchor and what was measured; the worst passage speaks."""
    rate = evidence.study.sample_rate
    unmeasured, said = [], ""
    for passage in evidence.study.passages:
        reference = evidence.samples(evidence.reference(passage.id))
        heard = evidence.samples(evidence.first(passage.id, name))
        found = transfer(reference, heard, rate, pass_hz, evidence.study.file.bits)
        late = delay_samples(_tensor(heard), _tensor(reference), rate)
        delay_ms = 1000 * late.samples / rate
        wrong = "its polarity is inverted" if late.inverted else ""
        wrong = wrong or _faults(found, delay_ms, late.correlation)
        if wrong:
            return "not met", f"passage {passage.id!r}: {wrong}"
        if found.lacks:
            unmeasured.append(f"passage {passage.id!r} has too little energy {found.lacks}")
        else:
            said = said or (
                f"passage {passage.id!r}: gain {found.gain_db:+.2f} dB, ripple "
                f"{found.ripple_db:.2f} dB, {found.edge_db:.0f} dB, {found.beyond_db:.0f} dB"
            )
    if unmeasured:
        return "needs people", unmeasured[0]
    return "met", said


def _faults(found: Transfer, delay_ms: float, correlation: float) -> str:
    """What of an anchor's measured response breaks the mask, in words; '' for nothing."""
    if correlation >= LEAST_CORRELATION and abs(delay_ms) > _ANCHOR_DELAY_MS:
        return f"{delay_ms:+.2f} ms from the reference"
    if found.gain_db is not None and abs(found.gain_db) > _ANCHOR_GAIN_DB:
        return f"its gain is {found.gain_db:+.2f} dB"
    if found.ripple_db is not None and found.ripple_db > RIPPLE_DB:
        return f"ripple of {found.ripple_db:.2f} dB in the pass band"
    if found.edge_db is not None and found.edge_db > AT_EDGE_DB:
        return f"only {-found.edge_db:.0f} dB down at the first corner of the mask"
    if found.beyond_db is not None and found.beyond_db > BEYOND_DB:
        return f"only {-found.beyond_db:.0f} dB down at {found.beyond_hz / 1000:.1f} kHz"
    return ""


def loudness(evidence: StudyEvidence) -> ConformanceItem:
    """What the written files measure; whether it is right for the room, ears say."""
    known = [one for one in evidence.study.stimuli if one.copy in ("main", "open")]
    lufs = [one.lufs for one in known if one.lufs is not None and math.isfinite(one.lufs)]
    peaks = [one.dbtp for one in known if one.dbtp is not None and math.isfinite(one.dbtp)]
    measured = "no loudness was measured"
    if lufs and peaks:
        measured = f"{min(lufs):.1f} to {max(lufs):.1f} LUFS, peaks up to {max(peaks):.1f} dBTP"
    return ConformanceItem(
        "loudness",
        "Skilled listeners set the loudness of each excerpt before the test (7.1)",
        "needs people",
        measured,
    )


def _apart(one: Samples, other: Samples) -> float:
    if one.shape != other.shape:
        return math.inf
    return float(np.abs(one - other).max(initial=0.0))


def _tensor(samples: Samples) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(samples.T))
