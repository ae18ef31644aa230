"""The conformance report: what ITU-R BS.1534-3 asks of a MUSHRA test, item by item.

An item is met, not met, or needs people: assessors, rooms and reports are no matter of software.
"""

import math

import numpy as np
import scipy.signal

from ...models.effects import low_pass_fir
from ..study.file import ANCHORS
from ..study.study import FADE_MS, MINIMUM_LOOP_MS, Study
from .conformance import ConformanceItem
from .contract import kind_of, rated

_MOST_SIGNALS, _LONGEST_SECONDS, _FEWEST_EXCERPTS = 12, 12.0, 5


def conformance(study: Study) -> tuple[ConformanceItem, ...]:
    """Every item, for a study whose passages are known; all that are not people's must be met."""
    return (*_signals(study), *_excerpts(study), *_page(study), *_design(study), *_people(study))


def mask_of(pass_hz: float, sample_rate: int) -> tuple[float, float, float]:
    """Of the anchor at ``pass_hz``: ripple in its pass band, level at 8/7 and at 9/7 of it, in dB.

    The mask asks for ±0.1 dB, at most -25 dB and at most -50 dB.
    """
    fir = low_pass_fir(pass_hz, pass_hz * 8.0 / 7.0, sample_rate)
    inside = np.linspace(0, pass_hz, 500)
    beyond = np.linspace(pass_hz * 9 / 7, sample_rate / 2, 2000)
    ripple = float(np.abs(_decibels(fir, inside, sample_rate)).max())
    edge = float(_decibels(fir, np.array([pass_hz * 8 / 7]), sample_rate)[0])
    return ripple, edge, float(_decibels(fir, beyond, sample_rate).max())


def _decibels(fir: np.ndarray, hertz: np.ndarray, sample_rate: int) -> np.ndarray:
    _, response = scipy.signal.freqz(fir, worN=hertz, fs=sample_rate)
    level: np.ndarray = 20 * np.log10(np.maximum(np.abs(response), 1e-12))
    return level


def _item(name: str, requirement: str, met: object, note: str) -> ConformanceItem:
    return ConformanceItem(name, requirement, "met" if met else "not met", note)


def _signals(study: Study) -> list[ConformanceItem]:
    kind, graded = kind_of(study), rated(study)
    mushra = kind.name == "mushra"
    items = [
        _item("open-reference", "An open reference stands beside the signals", mushra
              and study.has_reference, "shown first, labelled R, never graded"),
        _item("hidden-reference", "The reference is among the graded signals, unmarked",
              mushra and "reference" in graded, "a copy of its own: no equal file betrays it"),
    ]  # fmt: skip
    for name in ANCHORS:
        pass_hz = 3500.0 if name == "lowpass_3500" else 7000.0
        words = f"A hidden low-pass anchor of {pass_hz / 1000:g} kHz is among the signals"
        items.append(_item(name, words, name in graded, "made from the reference"))
        ripple, edge, beyond = mask_of(pass_hz, study.sample_rate)
        items.append(
            _item(
                f"{name}-mask",
                f"Its mask: within 0.1 dB to {pass_hz / 1000:g} kHz, 25 dB down at "
                f"{pass_hz * 8 / 7000:g} kHz, 50 dB at {pass_hz * 9 / 7000:g} kHz",
                name in graded and ripple <= 0.1 and edge <= -25 and beyond <= -50,
                f"ripple {ripple:.3f} dB, {edge:.1f} dB, {beyond:.1f} dB; linear phase, no delay",
            )
        )
    level = "filtered copies at the reference's own gain, never matched again"
    items.append(_item("anchor-level", "Anchors are at their natural level", mushra, level))
    count = len(graded)
    note = f"{count} graded signals; more need a reported blocked design"
    most = count <= _MOST_SIGNALS
    return [*items, _item("signals", "At most 12 graded signals on a page", most, note)]


def _excerpts(study: Study) -> list[ConformanceItem]:
    seconds = [passage.samples / study.sample_rate for passage in study.passages]
    systems = sum(role in ("system", "baseline") for role in study.systems.values())
    needed = max(_FEWEST_EXCERPTS, math.ceil(1.5 * systems))
    asked = study.file.design.pages_per_listener
    graded = len(seconds) if asked == "all" else min(asked, len(seconds))
    fade = study.file.excerpts.fade_ms
    longest = f"the longest lasts {max(seconds, default=0.0):.1f} s"
    return [
        _item("length", "Excerpts of about 10 s, at most 12 s",
              max(seconds, default=99.0) <= _LONGEST_SECONDS, longest),
        _item("number", "1.5 times as many excerpts as systems, at least 5, equal per system",
              graded >= needed, f"each assessor grades {graded} of {len(seconds)} excerpts, "
              f"{needed} needed"),
        _item("fades", "Excerpts fade in and out by 5 ms raised cosine",
              fade is None or math.isclose(fade, 5.0), f"{5.0 if fade is None else fade:g} ms"),
    ]  # fmt: skip


def _page(study: Study) -> list[ConformanceItem]:
    kind, test = kind_of(study), study.test
    mushra, rules = kind.name == "mushra", kind.rules(study)
    questions = kind.questions(study, kind.units(study)[0], "en") if study.passages else ()
    page_items = [
        ("profile", "The strict profile is kept", test.strict, "test.strict"),
        ("loop", "Loops last at least 500 ms", MINIMUM_LOOP_MS >= 500,
         f"the page is told {MINIMUM_LOOP_MS} ms; shorter ones cannot be set"),
        ("switch", "A switch is 5 ms out, then 5 ms in, raised cosine", FADE_MS == 5,
         f"the page is told {FADE_MS} ms; the position is kept"),
        ("crossfade", "At no time a cross-fade between systems", not test.crossfade, "not offered"),
        ("scale", "A continuous scale of 0 to 100 in five equal, named bands",
         bool(questions) and len(questions[0].labels) == 5, "Bad, Poor, Fair, Good, Excellent"),
        ("enabled", "Only the slider of the signal being heard is enabled",
         rules.only_playing_enabled, "rules.only_playing_enabled"),
        ("playing", "What plays is shown by more than colour", mushra, "by shape and text"),
        ("attribute", "One attribute on a page", len(questions) == 1, f"{len(questions)} asked"),
        ("every", "Every signal is heard and graded", rules.must_play and rules.must_rate,
         "checked in the browser and on the server"),
    ]  # fmt: skip
    return [_item(name, words, mushra and met, note) for name, words, met, note in page_items]


def _design(study: Study) -> list[ConformanceItem]:
    file, kind = study.file, kind_of(study)
    training = any(step.type == "training" for step in file.before)
    volume = any(step.type == "volume" for step in file.before)
    order = file.design.order or kind.default_order
    own_words = bool(study.test.instructions)
    told = ConformanceItem("told",
                "Listeners are told that one item must be 100, the lowest need not be Bad",
                "needs people" if own_words else "met",
                "test.instructions replaces our words: check that it says so" if own_words
                else "in the instruction of every page")  # fmt: skip
    return [
        _item("training", "There is training", training, "before: [{training: {pages: 2}}]"),
        _item("range", "Training covers the full range of impairment", training,
              "its pages hold every system, the anchors and the reference"),
        _item("discarded", "Grades of the training are discarded", training,
              "left out of every export unless asked for"),
        told,
        _item("order", "Random order within and between sessions", order == "random",
              f"design.order: {order}"),
        _item("level", "The level is fixed and does not change within an item", volume,
              "set on the volume page, then locked" if volume else "before: [volume] is missing"),
        _item("trim", "A listener's trim is ±4 dB at most", volume, "none after the volume page"),
        _item("replicate", "At least one replicate for each assessor", file.design.repeats >= 1,
              f"design.repeats: {file.design.repeats}"),
    ]  # fmt: skip


def _people(study: Study) -> list[ConformanceItem]:
    words = (
        ("assessors", "About 20 experienced assessors", "the report counts those who remain"),
        ("room", "Listening conditions and equipment are controlled and reported", "say so"),
        ("screening", "Assessors are screened afterwards, by the rule of the standard",
         "the analysis applies and reports it"),
        ("report", "Median and IQR, box plots, means with 95 % intervals, screening, design",
         "the analysis writes them"),
    )  # fmt: skip
    return [
        ConformanceItem(name, requirement, "needs people", note)
        for name, requirement, note in words
    ]
