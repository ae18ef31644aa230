"""The one figure of the first screen: the mean of each version, with the ranks that it may have."""

from collections.abc import Mapping

from ...presentation.estimate import Estimate
from ...presentation.figures import Figure
from ...presentation.looks import Look
from ..result.document import QuestionResult
from ..result.ranks import leads
from . import rating_figures
from .words.sentences import is_preference, rank_text


def answer_figure(block: QuestionResult, look: Mapping[str, Look]) -> Figure:
    """The mean of each version, the leading ones first, with the ranks that they may have."""
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
    means = {
        row.system: Estimate(row.listeners, row.mean, row.low, row.high)
        for row in (*ordered, *sorted(aside, key=lambda row: -row.mean))
    }
    share = is_preference(primary)
    title = "Share of comparisons won" if share else "Mean rating"
    return rating_figures.ranked_means(means, ranks, look, title)
