"""The tables of equivalence: what was tested, and what showed that a difference could be heard."""

from ...result.blocks import Primary
from .sheet import PAIR, Sheet, columns_of


def assay_sheets(primary: Primary) -> list[Sheet]:
    """The tests of equivalence of all pairs, and the controls; without rows where none were."""
    return [_equivalences(primary), _controls(primary)]


def _equivalences(primary: Primary) -> Sheet:
    level = f"{100 * (1 - 2 * primary.alpha):g} %"
    columns = PAIR + columns_of(
        *("Mean Diff./points", f"{level} low/points", f"{level} high/points"),
        *("p equivalence/p", "P_adj equivalence/p", "Within margin/yes", "Equivalent/yes"),
        "Withheld/text",
    )
    rows = tuple(
        (
            *(pair.group1, pair.group2, pair.mean_diff, one.low, one.high),
            *(one.p, one.p_adj, one.within, one.equivalent, one.withheld or ""),
        )
        for pair in primary.pairs
        if (one := pair.equivalence)
    )
    margin = "" if primary.margin is None else f"±{primary.margin:g} points"
    caption = (
        f"Equivalence within {margin}: two one-sided tests of each pair, P_adj by "
        f"{primary.adjust} over these pairs alone, alpha {primary.alpha:g}"
    )
    low, high = columns[3].title, columns[4].title
    paper = ("Group 1", "Group 2", "Mean Diff.", low, high, "P_adj equivalence", "Equivalent")
    return Sheet("equivalence", caption, columns, rows, paper)


def _controls(primary: Primary) -> Sheet:
    assay = primary.assay
    columns = columns_of(
        *("Better", "Worse", "Units/count", "Mean Diff./points"),
        *("Low/points", "High/points", "Told apart/yes"),
    )
    if assay is None:
        return Sheet("controls", "", columns, ())
    rows = tuple(
        (one.better, one.worse, one.n, one.mean_diff, one.low, one.high, one.told)
        for one in assay.controls
    )
    caption = (
        "Could the listeners hear a difference? Versions that are known to differ, with intervals "
        f"that hold together; told apart above {primary.margin:g} points"
    )
    return Sheet("controls", caption, columns, rows)
