"""Items that are measured on what the server sent to a SIMULATED listener, in every language."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..kinds import kind_of
from ..kinds.conformance import ConformanceItem
from ..study.study import in_language
from ..study.texts import NAMES, html_of
from .evidence import StudyEvidence

SHORTEST_LOOP_MS, FADE_MS = 500, 5
_BASIC = ("quality", "basic audio quality")
_WHERE = "a browser has to show it: try a page with earmark study preview"
Page = Mapping[str, Any]


def open_reference(evidence: StudyEvidence) -> ConformanceItem:
    """Whether an open reference stands first on each page."""
    lacking = [
        page["number"]
        for page in _pages(evidence)
        if [one["role"] for one in page["stimuli"]].count("reference") != 1
        or page["stimuli"][0]["role"] != "reference"
    ]
    return ConformanceItem(
        "open-reference",
        "The reference stands beside the signals, known as such (5.1)",
        "not met" if lacking else "met",
        f"not on page {lacking[0]}" if lacking else "first on every page, never graded",
    )


def loop(evidence: StudyEvidence) -> ConformanceItem:
    """How short a loop a listener can set."""
    words = "Loops last at least 500 ms; their edges fade as a switch does (5.3)"
    audio = [page["audio"] for page in _pages(evidence)]
    if not any(one["loop"] for one in audio):
        note = "loops are switched off; the standard does not require them"
        return ConformanceItem("loop", words, "not applicable", note)
    shortest = min(one["minimum_loop_ms"] for one in audio)
    short = shortest < SHORTEST_LOOP_MS
    return ConformanceItem(
        "loop",
        words,
        "not met" if short else "needs people",
        f"the page is told {shortest} ms" + ("" if short else f"; {_WHERE}"),
    )


def switch(evidence: StudyEvidence) -> ConformanceItem:
    """How a switch between signals is made."""
    audio = [page["audio"] for page in _pages(evidence)]
    crossed = any(one["crossfade"] for one in audio)
    fades = sorted({one["fade_ms"] for one in audio})
    wrong = crossed or fades != [FADE_MS]
    note = "the page is told to cross-fade" if crossed else f"the page is told {fades[0]} ms"
    return ConformanceItem(
        "switch",
        "A switch is 5 ms out, then 5 ms in, raised cosines, never both at once (5.3)",
        "not met" if wrong else "needs people",
        note if wrong else f"{note}; {_WHERE}",
    )


def scale(evidence: StudyEvidence) -> ConformanceItem:
    """Labels, order, range and bands as they are sent."""
    faults = {
        fault for page in _pages(evidence) for ask in _graded(page) for fault in _scale_faults(ask)
    }
    faults |= {
        f"in {NAMES[code]} the words are not Bad to Excellent"
        for code, trial in evidence.trials.items()
        for page in trial.pages[:1]
        for ask in _graded(page)
        if _bands_of(ask) != _own_bands(evidence, code)
    }
    return ConformanceItem(
        "scale",
        "0 to 100 in five equal bands, Bad, Poor, Fair, Good, Excellent (5.4)",
        "not met" if faults else "met",
        "; ".join(sorted(faults)) or "as sent in every language; its length in cm, the screen says",
    )


def attribute(evidence: StudyEvidence) -> ConformanceItem:
    """Which attributes a page asks for."""
    words = "One attribute on a page; basic audio quality preferred (6)"
    most = max(len(_graded(page)) for page in _pages(evidence))
    names = sorted({ask["id"] for page in _pages(evidence) for ask in _graded(page)})
    if most != 1:
        return ConformanceItem("attribute", words, "not met", f"{most} on a page: {_listed(names)}")
    if all(name in _BASIC for name in names):
        return ConformanceItem("attribute", words, "met", f"{_listed(names)}, one on each page")
    return ConformanceItem(
        "attribute",
        words,
        "needs people",
        f"{_listed(names)} is not basic audio quality; say why it was chosen",
    )


def told(evidence: StudyEvidence) -> ConformanceItem:
    """Whether listeners read that one signal is the reference and the lowest need not be bad."""
    words = "Listeners are told that one item must be 100 and the lowest need not be Bad"
    study, kind = evidence.study, kind_of(evidence.study)
    lacking, own = [], []
    for code, trial in evidence.trials.items():
        said = in_language(study.test.instructions, code, study.file.languages)
        ours = kind.text(code, f"step.{kind.name}.help", missing="")
        expected = html_of(said or ours)
        if not expected or any(page["html"] != expected for page in trial.pages):
            lacking.append(NAMES[code])
        elif said:
            own.append(NAMES[code])
    written = study.test.instructions
    if isinstance(written, dict):
        lacking += [NAMES[code] for code in study.file.languages if code not in written]
    if lacking:
        note = f"not said in {', '.join(dict.fromkeys(lacking))}"
        return ConformanceItem("told", words, "not met", note)
    if own:
        note = f"test.instructions are your own words in {', '.join(own)}: check that they say it"
        return ConformanceItem("told", words, "needs people", note)
    return ConformanceItem("told", words, "met", "on every page, in every language")


def hundred(evidence: StudyEvidence) -> ConformanceItem:
    """Whether a page asks for one signal at 100."""
    return _rule(
        evidence,
        "hundred",
        "At least one signal of a page is graded 100 (Attachment 1)",
        "one_at_maximum",
        refuses=True,
    )


def enabled(evidence: StudyEvidence) -> ConformanceItem:
    """Whether only the slider of what plays takes input."""
    words = "Only the slider of the signal that plays is enabled (5.4)"
    return _rule(evidence, "enabled", words, "only_playing_enabled")


def every(evidence: StudyEvidence) -> ConformanceItem:
    """Whether every signal must be heard and graded."""
    words = "Every signal is heard and graded (Attachment 2)"
    heard = _rule(evidence, "every", words, "must_play", refuses=True)
    rated = _rule(evidence, "every", words, "must_rate", refuses=True)
    return heard if heard.verdict == "not met" else rated


def level(evidence: StudyEvidence) -> ConformanceItem:
    """Whether the level is set before the pages and kept from then on."""
    steps = next(iter(evidence.trials.values())).steps
    types = [step["type"] for step in steps]
    first = types.index("page")
    set_before = "volume" in types[:first]
    again = "volume" in types[first:]
    note = "set on the volume page, no control after it; the device's own control is theirs"
    if not set_before:
        note = "no volume page comes before the pages; add before: [volume]"
    elif again:
        note = "a volume page comes between the pages"
    return ConformanceItem(
        "level",
        "The level does not change within an item (8)",
        "needs people" if set_before and not again else "not met",
        note,
    )


def trim(evidence: StudyEvidence) -> ConformanceItem:
    """What range of level a listener has."""
    return ConformanceItem(
        "trim",
        "A listener changes the level by ±4 dB at most about the calibrated one (8)",
        "needs people",
        "no level is calibrated in a browser test; in a room, fix the level and leave the "
        "volume page out of the listener's hands",
    )


def transducer(evidence: StudyEvidence) -> ConformanceItem:
    """Whether each listener is asked what they listen with."""
    steps = next(iter(evidence.trials.values())).steps
    asked = [
        ask["id"]
        for step in steps
        if step["type"] == "questionnaire"
        for ask in step["questions"]
        if ask["type"] != "statement"
    ]
    headphones = any(step["type"] == "headphone" for step in steps)
    note = f"questions: {_listed(asked)}" if asked else "no question asks for it"
    return ConformanceItem(
        "transducer",
        "The same type of transducer for all listeners (8)",
        "needs people",
        note + ("; a headphone test is part of the study" if headphones else ""),
    )


def playing(evidence: StudyEvidence) -> ConformanceItem:
    """How a page shows which signal plays."""
    words = "The signal that plays is shown, by more than colour (Attachment 2)"
    return ConformanceItem("playing", words, "needs people", _WHERE)


def _rule(
    evidence: StudyEvidence, name: str, words: str, rule: str, *, refuses: bool = False
) -> ConformanceItem:
    """A rule that every page is told; ``refuses``: the server was seen to hold it."""
    off = [page["number"] for page in _pages(evidence) if not page["rules"][rule]]
    if off:
        return ConformanceItem(name, words, "not met", f"page {off[0]} is sent {rule}: false")
    if refuses:
        let = [code for code, trial in evidence.trials.items() if rule not in trial.refused]
        if let:
            note = f"the server let a page go on without it ({', '.join(let)})"
            return ConformanceItem(name, words, "not met", note)
        return ConformanceItem(name, words, "met", "the server was seen to refuse a page without")
    return ConformanceItem(name, words, "needs people", f"every page is told {rule}; {_WHERE}")


def _pages(evidence: StudyEvidence) -> Iterator[Page]:
    for trial in evidence.trials.values():
        yield from trial.pages


def _graded(page: Page) -> list[Mapping[str, Any]]:
    return [ask for ask in page["questions"] if ask["per"] == "stimulus"]


def _scale_faults(ask: Mapping[str, Any]) -> Iterator[str]:
    found = ask["scale"]
    if (found["minimum"], found["maximum"]) != (0, 100):
        yield f"the scale is {found['minimum']:g} to {found['maximum']:g}"
    bands = [(one["from"], one["to"]) for one in found["labels"]]
    if bands != [(at, at + 20) for at in range(0, 100, 20)]:
        yield f"{len(bands)} bands, not five equal ones"


def _bands_of(ask: Mapping[str, Any]) -> list[str]:
    return [one["text"] for one in ask["scale"]["labels"]]


def _own_bands(evidence: StudyEvidence, code: str) -> list[str]:
    say: Callable[[str, str], str] = kind_of(evidence.study).text
    return [
        say(code, f"scale.quality.{name}") for name in ("bad", "poor", "fair", "good", "excellent")
    ]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
