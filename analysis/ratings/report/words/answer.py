"""The answer to a question on one screen: who was heard, what was found, and what to beware of."""

from collections.abc import Iterator
from dataclasses import dataclass

from ....presentation.numbers import fixed, p_apa
from ...result.blocks import Primary
from ...result.document import QuestionResult, RatingsResult
from ...result.names import Adjust, Verdict
from ...result.tests import Pair
from .equivalence_words import equivalence_words
from .master_words import master_line
from .sentences import counted, finding, highest, is_preference, scope_words

# Verdicts on the first screen; all others stand below it.
MOST_VERDICTS = 8
# A rule that names more of the honest than this is told on the first screen.
MANY_HONEST = 0.1


@dataclass(frozen=True)
class SaidOfPair:
    """A pair and what is said of it, with difference, interval and adjusted p."""

    pair: Pair
    words: str


@dataclass(frozen=True)
class FirstScreen:
    """What a reader must know of a question, in words; '' where there is nothing to say.

    ``verdicts`` are all pairs, or those with the leading system where all are too many; ``more``
    counts the others. ``master`` says how systems stand beside the reference master.
    ``resolution`` is the least difference that such a test finds.
    """

    question: str
    heard: str
    finding: str
    master: str
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
        for line in (self.master, self.heard, self.holds_for, self.resolution):
            if line:
                yield line
        for warning in self.warnings:
            yield f"Note: {warning}"


def answer(data: RatingsResult, block: QuestionResult) -> FirstScreen:
    """The answer that the result of a question gives."""
    pairs = _shown(block)
    return FirstScreen(
        question=block.question,
        heard=_heard(block),
        finding=finding(block),
        master=master_line(block),
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
    given = counted(design.ratings, "rating")
    if is_preference(block.primary):
        given = counted(design.ratings // 2, "choice")
    return (
        f"{listeners}, {counted(design.passages, 'passage')}, "
        f"{counted(design.systems, 'system')} under test, {given}"
    )


def _tested(block: QuestionResult) -> list[Pair]:
    return [pair for pair in block.primary.pairs if pair.p_adj is not None]


def _shown(block: QuestionResult) -> list[Pair]:
    """All pairs, or those of the leading system with its nearest rivals, if all are too many."""
    pairs = _tested(block)
    if len(pairs) <= MOST_VERDICTS:
        return pairs
    best = highest(block).system
    mine = [pair for pair in pairs if best in (pair.group1, pair.group2)]
    mine.sort(key=lambda pair: (abs(pair.mean_diff or 0.0), pair.group1, pair.group2))
    return mine[:MOST_VERDICTS]


def _words(pair: Pair, block: QuestionResult) -> str:
    """The verdict with its effect, interval and p, in one line."""
    primary = block.primary
    if said := equivalence_words(pair, primary):
        return said
    if pair.mean_diff is None or pair.p_adj is None:
        return "cannot be compared"
    adjusted = "" if primary.adjust is Adjust.NONE else " adjusted"
    p = f"{p_apa(pair.p_adj)}{adjusted}"
    numbers = _by_how_much(pair, primary)
    if pair.kind is not Verdict.BETTER:
        # Of a share, a reader must know whose it is.
        ahead = pair.group1 if pair.mean_diff >= 0 else pair.group2
        return f"not told apart: {f'{ahead} in ' if is_preference(primary) else ''}{numbers}, {p}"
    how = "preferred in" if is_preference(primary) else "higher by"
    return f"{pair.better} {how} {numbers}, {p}"


def _by_how_much(pair: Pair, primary: Primary) -> str:
    """The difference without its sign and its own interval; of preferences, the share that won."""
    low, mean, high = pair.low, pair.mean_diff or 0.0, pair.high
    if mean < 0:
        low, mean, high = (None if high is None else -high), -mean, (None if low is None else -low)
    level = f"{100 * (1 - primary.alpha):g} % CI of this pair alone"
    if is_preference(primary):
        # A difference of P(i beats j) and P(j beats i), as the share of the comparisons.
        shares = [None if one is None else 50 * (1 + one) for one in (low, mean, high)]
        text = f"{shares[1]:.0f} % of comparisons"
        if shares[0] is None or shares[2] is None:
            return text
        return f"{text}, {level} {max(0.0, shares[0]):.0f} to {min(100.0, shares[2]):.0f} %"
    text = f"{mean:.2f} points"
    if low is None or high is None:
        return text
    return f"{text}, {level} {fixed(low, 2)} to {fixed(high, 2)}"


def _resolution(block: QuestionResult) -> str:
    planning = block.variance_components.planning
    if planning is None or is_preference(block.primary) or block.secondary.abx:
        return ""
    return (
        f"A test of this size finds a true difference of {planning.detectable_now:.1f} points "
        "four times in five."
    )


def _of_exclusions(block: QuestionResult) -> Iterator[str]:
    """Rules that also drop the honest, and verdicts that hang on who was excluded."""
    used = {finding.rule for finding in block.screening.excluded}
    for rule in block.screening.rules:
        share = rule.false_positives
        if rule.excludes and rule.name in used and share is not None and share > MANY_HONEST:
            yield (
                f"A rule of exclusion would drop {100 * share:.0f} % of honest listeners too "
                f"(SIMULATED): {rule.text}."
            )
    if block.all_listeners is None:
        return
    others = {(one.group1, one.group2): one.verdict for one in block.all_listeners.primary.pairs}
    changed = sum(
        others.get((pair.group1, pair.group2)) != pair.verdict for pair in block.primary.pairs
    )
    if changed:
        yield f"Without the exclusions, {counted(changed, 'verdict')} would be another."


def _warnings(data: RatingsResult, block: QuestionResult) -> Iterator[str]:
    for check in block.checks:
        if not check.passed:
            yield f"This report does not agree with itself: {check.check} ({check.detail})."
    for note in data.deviations:
        yield f"Differs from what was declared: {note}."
    yield from _of_exclusions(block)
    assay = block.primary.assay
    if assay and not assay.sensitive:
        yield "Nothing showed that the listeners could hear a difference of the margin's size."
    yield from block.primary.notes
    yield from block.input.warnings
