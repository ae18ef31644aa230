"""The one figure of the first screen: the mean of each version, with the ranks that it may have."""

from collections.abc import Mapping, Sequence

from ...presentation.estimate import Estimate
from ...presentation.figures import Figure
from ...presentation.looks import Look
from ..result.document import QuestionResult
from ..result.ranks import leads
from . import rating_figures
from .words.sentences import is_preference, rank_text

# Versions of a first screen; with a few more, all of them stand there.
_FIRST = 8
_ALL = 10


def answer_figure(
    block: QuestionResult, look: Mapping[str, Look], names: Sequence[str] | None = None
) -> Figure:
    """The mean of each version in ``names``, or all, with the ranks that they may have."""
    primary = block.primary
    ordered, ranks = _ordered(block)
    rows = {row.system: row for row in block.descriptives.systems}
    shown = ordered if names is None else names
    means = {
        name: Estimate(rows[name].listeners, rows[name].mean, rows[name].low, rows[name].high)
        for name in shown
    }
    share = is_preference(primary)
    title = "Share of comparisons won" if share else "Mean rating"
    return rating_figures.ranked_means(means, ranks, look, title)


def first_names(block: QuestionResult) -> list[str]:
    """The versions of the first screen: all, or the leading ones with the reference master."""
    ordered, _ = _ordered(block)
    if len(ordered) <= _ALL:
        return ordered
    master = block.against_master.master if block.against_master else None
    if master not in ordered[_FIRST:]:
        return ordered[:_FIRST]
    return [*ordered[: _FIRST - 1], *[name for name in ordered if name == master]]


def rest_words(block: QuestionResult) -> str:
    """How many more versions there are, and how many of them tie for first; '' for none."""
    shown = first_names(block)
    left = len(block.descriptives.systems) - len(shown)
    if not left:
        return ""
    ranks = block.primary.ranks
    tied = len(set(ranks.first) - set(shown)) if ranks and ranks.best is None else 0
    return f"and {left} more" + (f", {tied} of which tie for first too" if tied else "")


def _ordered(block: QuestionResult) -> tuple[list[str], dict[str, str]]:
    """The versions, the leading ones first and those not under test last; and their ranks."""
    primary = block.primary
    tested = set(block.design.system_names)
    rows = block.descriptives.systems
    lead = leads([row.system for row in rows if row.system in tested], primary.pairs)
    of_rank = primary.ranks.rank_of if primary.ranks else lambda _: None
    ranks, place = {}, {}
    for row in rows:
        rank = of_rank(row.system) if row.system in tested else None
        ranks[row.system] = f"rank {rank_text(rank.low, rank.high)}" if rank else ""
        place[row.system] = (rank.low if rank else 0, -lead.get(row.system, 0.0), -row.mean)
    under_test = [row for row in rows if row.system in tested]
    aside = [row for row in rows if row.system not in tested]
    ordered = sorted(under_test, key=lambda row: place[row.system])
    last = sorted(aside, key=lambda row: -row.mean)
    return [row.system for row in (*ordered, *last)], ranks
