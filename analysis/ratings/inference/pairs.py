"""Tests as plain dictionaries: the form in which a result stores, prints and checks them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..methods.multiplicity import adjusted
from ..result.tests import Comparison, Omnibus


def omnibus_form(test: Omnibus, **more: Any) -> dict[str, Any]:
    """An omnibus test with its name, statistic, distribution and p."""
    return asdict(test) | more


def pair_forms(
    tests: Sequence[Comparison],
    names: Sequence[str],
    differences: Mapping[tuple[int, int], Mapping[str, Any]],
    adjust: str,
    alpha: float,
) -> list[dict[str, Any]]:
    """Pairs with adjusted p and decision; ``differences`` adds what is known of each pair."""
    p_adj = adjusted([test.p for test in tests], adjust)
    return [
        {
            "group1": names[test.first],
            "group2": names[test.second],
            **differences.get((test.first, test.second), {}),
            "mean_rank_diff": test.rank_difference,
            "statistic": test.statistic,
            "distribution": test.distribution,
            "groups": test.groups,
            **({"ties": test.ties} if test.distribution == "wilcoxon" else {}),
            "df": test.df,
            "p_raw": test.p,
            "p_adj": p,
            "reject": None if p is None else p < alpha,
        }
        for test, p in zip(tests, p_adj, strict=True)
    ]
