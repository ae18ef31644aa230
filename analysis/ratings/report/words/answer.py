"""The answer to a question on one screen: who was heard, what was found, and what to beware of."""

from collections.abc import Iterator
from dataclasses import dataclass

from ....presentation.numbers import p_apa
from ...result.document import QuestionResult, RatingsResult
from ...result.names import Adjust, Verdict
from ...result.tests import Pair
from .equivalence_words import equivalence_words
from .sentences import counted, finding, highest, is_preference, scope_words

# Verdicts on the first screen; all others stand below it.
MOST_VERDICTS = 8


@dataclass(frozen=True)
class SaidOfPair:
    """A pair and what is said of it, with difference, interval and adjusted p."""

    pair: Pair
    words: str


@dataclass(frozen=True)
class FirstScreen:
    """What a reader must know of a question, in words; '' where there is nothing to say.

    ``verdicts`` are all pairs, or those with the leading system where all are too many; ``more``
    counts the others. ``resolution`` is the least difference that such a test finds.
    """

    question: str
    heard: str
    finding: str
    verdicts: tuple[SaidOfPair, ...]
    more: int
    resolution: str
    holds_for: str
    warnings: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The answer for a terminal, below its finding."""
        for one in self.verdicts:
            yield f"  {one.pair.group1} – {one.pair.group2}: {one.words}"
        if self.more:
            yield f"  {counted(self.more, 'more pair')} in the report"
        for line in (self.heard, self.holds_for, self.resolution):
            if line:
                yield line


def answer(data: RatingsResult, block: QuestionResult) -> FirstScreen:
    """The answer that the result of a question gives."""
    pairs = _shown(block)
    return FirstScreen(
        question=block.question,
        heard=_heard(block),
        finding=finding(block),
        verdicts=tuple(SaidOfPair(pair, _words(pair, block)) for pair in pairs),
        more=len(_tested(block)) - len(pairs),
        resolution=_resolution(block),
        holds_for=f"Holds for {scope_words(block.primary.scope)}." if _tested(block) else "",
        warnings=tuple(_warnings(data, block)),
    )


def _heard(block: QuestionResult) -> str:
    flow, design = block.screening.flow, block.design
    listeners = counted(flow.analysed, "listener")
    if flow.excluded:
        listeners = f"{flow.analysed} of {flow.listeners} listeners"
    return (
        f"{listeners}, {counted(design.passages, 'passage')}, "
        f"{counted(design.systems, 'system')} under test, {counted(design.ratings, 'rating')}"
    )


def _tested(block: QuestionResult) -> list[Pair]:
    return [pair for pair in block.primary.pairs if pair.p_adj is not None]


def _shown(block: QuestionResult) -> list[Pair]:
    """Decided pairs and those with the leading system first, as many as one screen holds."""
    pairs = _tested(block)
    if len(pairs) <= MOST_VERDICTS:
        return pairs
    best = highest(block).system
    mine = [pair for pair in pairs if best in (pair.group1, pair.group2)]
    return mine[:MOST_VERDICTS]


def _words(pair: Pair, block: QuestionResult) -> str:
    """The verdict with its effect, interval and p, in one line."""
    primary = block.primary
    if said := equivalence_words(pair, primary):
        return said
    if pair.mean_diff is None or pair.p_adj is None:
        return "cannot be compared"
    unit = "" if is_preference(primary) else " points"
    numbers = f"{abs(pair.mean_diff):.2f}{unit}"
    if pair.low is not None and pair.high is not None:
        ends = sorted((pair.low, pair.high) if pair.mean_diff >= 0 else (-pair.high, -pair.low))
        level = f"{100 * (1 - primary.alpha):g}"
        numbers += f", {level} % CI {ends[0]:.2f} to {ends[1]:.2f}".replace("-", "−")
    adjusted = "" if primary.adjust is Adjust.NONE else " adjusted"
    p = f"{p_apa(pair.p_adj)}{adjusted}"
    if pair.kind is Verdict.BETTER:
        how = "preferred" if is_preference(primary) else "higher"
        return f"{pair.better} {how} by {numbers}, {p}"
    return f"not told apart: {numbers}, {p}"


def _resolution(block: QuestionResult) -> str:
    planning = block.variance_components.planning
    if planning is None or is_preference(block.primary):
        return ""
    return (
        f"A test of this size finds a true difference of {planning.detectable_now:.1f} points "
        "four times in five."
    )


def _warnings(data: RatingsResult, block: QuestionResult) -> Iterator[str]:
    for check in block.checks:
        if not check.passed:
            yield f"This report does not agree with itself: {check.check} ({check.detail})."
    for note in data.deviations:
        yield f"Differs from what was declared: {note}."
    assay = block.primary.assay
    if assay and not assay.sensitive:
        yield "Nothing showed that the listeners could hear a difference of the margin's size."
    yield from block.primary.notes
    yield from block.input.warnings
