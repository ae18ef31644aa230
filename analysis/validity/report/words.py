"""What a result says, in sentences: the finding, each metric, why nothing is claimed."""

from collections.abc import Sequence

from ...presentation.numbers import NONE, fixed, p_equals
from ...ratings.result.validity import (
    Following,
    FollowVerdict,
    MetricFollowing,
    Sure,
    ValidityLevel,
)
from ..document import ValidityDocument

LEVELS = {
    ValidityLevel.WITHIN: "within passages",
    ValidityLevel.STIMULI: "over stimuli",
    ValidityLevel.SYSTEMS: "over systems",
}
DIRECTIONS = {
    "higher": "higher is better",
    "lower": "lower is better",
    "zero": "closest to zero is best",
    "none": "no direction",
}
VERDICTS = {
    FollowVerdict.FOLLOWS: "follows the ratings",
    FollowVerdict.AGAINST: "goes against its own direction",
    FollowVerdict.NOT_SHOWN: "not shown to follow them",
    FollowVerdict.NO_CLAIM: "no claim",
}
_LARGE_FALL = 0.2


def finding(found: Following) -> str:
    """What is claimed, in one or two sentences."""
    if not found.claims:
        return f"No metric is ranked and nothing is claimed: {'; '.join(found.why_not)}."
    follows = [one for one in found.metrics if one.verdict is FollowVerdict.FOLLOWS]
    if not follows:
        return "No metric is shown to follow the ratings."
    first = follows[0]
    said = (
        f"{_listed([one.label for one in follows])} {'follows' if len(follows) == 1 else 'follow'} "
        f"the ratings ({p_equals(max(one.p_adj or 0 for one in follows))} or less, for all metrics "
        "at once)."
    )
    best = [one for one in found.metrics if one.may_be_best]
    if len(best) == 1:
        return f"{said} {best[0].label} follows them better than every other metric."
    beaten = [one for one in found.metrics if one.may_be_best is False]
    if beaten and best:
        return f"{said} {_listed([one.label for one in best])} may be the best of them."
    return f"{said} None is told to follow them better than {first.label} does, or worse."


def verdict_text(one: MetricFollowing) -> str:
    """The verdict; of a metric without a direction, which way it goes."""
    within = one.at(ValidityLevel.WITHIN)
    if one.verdict is not FollowVerdict.FOLLOWS or one.better != "none" or within is None:
        return VERDICTS[one.verdict]
    return f"higher was rated {'better' if (within.spearman.value or 0) > 0 else 'worse'}"


def sure_text(sure: Sure) -> str:
    """A correlation with its interval: 0.62 [0.46, 0.73]."""
    if sure.value is None:
        return NONE
    text = fixed(sure.value, 2)
    if sure.low is None or sure.high is None:
        return text
    return f"{text} [{fixed(sure.low, 2)}, {fixed(sure.high, 2)}]"


def design_text(document: ValidityDocument) -> str:
    """What was judged: listeners, passages, systems, stimuli."""
    found = document.following
    listeners = counted(found.listeners, "listener") if found.listeners else "means of listeners"
    aside = f"; set aside: {', '.join(found.set_aside)}" if found.set_aside else ""
    screened = document.input.screened_out
    left = f" ({screened} excluded by screening)" if screened else ""
    return (
        f"{listeners}{left}, {counted(found.passages, 'passage')}, "
        f"{counted(found.systems, 'system')}{aside}; {document.stimuli.matched} of "
        f"{document.stimuli.rated} rated stimuli have a metric"
    )


def ceiling_text(found: Following) -> str:
    """How far listeners follow themselves, and what that says of metrics."""
    known = [one for one in found.ceilings if one.ceiling is not None]
    if not known:
        return "The listeners' own agreement is not known."
    parts = [f"{fixed(one.ceiling or 0, 2)} {LEVELS[one.level]}" for one in known]
    alone = [
        f"{fixed(one.one_listener, 2)} {LEVELS[one.level]}"
        for one in known
        if one.one_listener is not None
    ]
    said = f"No metric can be expected to reach more than ρ = {', '.join(parts)}."
    if alone:
        said += f" One listener follows the mean of the others by {', '.join(alone)}."
    return said


def cautions(one: MetricFollowing) -> list[str]:
    """What a reader must know of one metric beside its numbers."""
    said = []
    if one.verdict is FollowVerdict.AGAINST:
        said.append(f"{one.label}: what it calls better was rated worse.")
    without = one.without_one
    if without and abs(without.pearson) - abs(without.pearson_without) > _LARGE_FALL:
        said.append(
            f"{one.label}: r over systems hangs on {without.system}; "
            f"{fixed(without.pearson, 2)} with it, {fixed(without.pearson_without, 2)} without."
        )
    return said


def anchors_text(one: MetricFollowing) -> str:
    """ρ with the reference and the anchors, which every metric tells apart."""
    of = {row.level: row.spearman for row in one.with_aside}
    return ", ".join(
        f"{fixed(value, 2)} {LEVELS[level]}" for level, value in of.items() if value is not None
    )


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:6])
    if len(names) > 6:
        return f"{', '.join(shown)} and {len(names) - 6} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
