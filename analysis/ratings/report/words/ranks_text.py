"""The ranks of a rated question for a terminal: rank, system, mean rating, the best first."""

from ....presentation.looks import short_names
from ....presentation.numbers import fixed
from ...result.document import QuestionResult
from .sentences import is_preference, rank_text

_LONGEST = 60  # letters of a system's name


def ranks_lines(block: QuestionResult) -> list[str]:
    """A heading and a line per system; none where no pair was tested or there is one system."""
    primary = block.primary
    ranks = primary.ranks
    if ranks is None:
        return []
    means = {row.system: row.mean for row in block.descriptives.systems}
    share = is_preference(primary)
    names = short_names([row.system for row in ranks.systems], _LONGEST)
    rows = [("rank", "system", "preferred" if share else "mean")]
    for row in ranks.systems:
        mean = means[row.system]
        shown = f"{fixed(100 * mean, 0)} %" if share else fixed(mean, 2)
        rows.append((rank_text(row.low, row.high), names[row.system], shown))
    first, second, third = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [f"  {rank:>{first}}  {name:<{second}}  {mean:>{third}}" for rank, name, mean in rows]
