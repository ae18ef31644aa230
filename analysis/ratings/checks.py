"""Checks that a result passes on itself: what is printed must follow from what is printed.

Published tables disagree with themselves more often than one thinks: a p that is not that of the
statistic beside it, a pair marked significant with p = .3, a system that the text names otherwise.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from scipy import stats

from .comparisons import comparison_p, omnibus_p
from .signed_rank import signed_rank_p

Form = Mapping[str, Any]


def checks(result: Form, alpha: float) -> list[dict[str, Any]]:
    """Every check with what it covered; ``passed`` is False with the place where it failed."""
    tests = list(_tests(result))
    pairs = list(_pairs(result))
    others = list(_others(result["secondary"]))
    names = {row["system"] for row in result["descriptives"]["systems"]} | {"zero (no difference)"}
    return [
        _check(
            "p follows from statistic and degrees of freedom",
            [where for where, test in tests if not _omnibus_holds(test)]
            + [where for where, pair in pairs if not _pair_holds(pair)]
            + [where for where, printed, again in others if not _close(printed, again)],
            f"{len(tests)} tests of all systems, {len(pairs)} pairs and {len(others)} other tests "
            "recomputed",
        ),
        _check(
            "reject is p_adj < alpha",
            [where for where, pair in pairs if not _decided(pair, alpha)],
            f"{len(pairs)} pairs at alpha {alpha:g}",
        ),
        _check(
            "no adjusted p is below the raw one",
            [where for where, pair in pairs if _lowered(pair)],
            f"{len(pairs)} pairs",
        ),
        _check(
            "the names in the tables are the systems that were rated",
            [where for where, pair in pairs if {pair["group1"], pair["group2"]} - names],
            f"{len(names) - 1} systems",
        ),
        _check("counts add up", list(_miscounted(result)), "rows, missing, duplicates, ratings"),
    ]


def _check(name: str, failures: list[str], covered: str) -> dict[str, Any]:
    detail = f"fails at {', '.join(failures[:5])}" if failures else covered
    return {"check": name, "passed": not failures, "detail": detail}


def _tests(result: Form) -> Iterator[tuple[str, Form]]:
    yield "classical", result["classical"]["kruskal"]
    yield "primary", result["primary"]["omnibus"]
    for test in result["secondary"]["tests"]:
        if "omnibus" in test:
            yield f"secondary {test['method']}", test["omnibus"]
    for row in result["secondary"]["per_passage"]["passages"]:
        yield f"passage {row['passage']}", row


def _pairs(result: Form) -> Iterator[tuple[str, Form]]:
    secondary = result["secondary"]
    groups = [("classical", result["classical"]["pairs"]), ("primary", result["primary"]["pairs"])]
    groups += [(t["method"], t["pairs"]) for t in secondary["tests"] if "pairs" in t]
    for control in secondary["many_to_one"]:
        groups += [(name, control[name]) for name in ("wilcoxon", "demsar")]
    if secondary["against_zero"]:
        groups.append(("against zero", secondary["against_zero"]["systems"]))
    for name, pairs in groups:
        for pair in pairs:
            yield f"{name} {pair['group1']} – {pair['group2']}", pair


def _others(secondary: Form) -> Iterator[tuple[str, float, float]]:
    """The place, the p that is printed and the p again, of order effects and ABX answers."""
    for effect in secondary["order_effects"]:
        if effect["p"] is not None:
            again = comparison_p("t", effect["t"], effect["df"])
            yield f"order {effect['order']}", effect["p"], again
    for row in secondary["abx"] or ():
        for entry in (row, *row["listeners"]):
            again = float(stats.binom.sf(entry["right"] - 1, entry["trials"], 0.5))
            yield f"ABX {row['system']}", entry["p"], again


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300)


def _omnibus_holds(test: Form) -> bool:
    p, statistic = test["p"], test["statistic"]
    if p is None:
        return statistic is None
    if statistic is None:
        return bool(p == 0)  # complete agreement
    if test["distribution"] == "permutation":
        return bool(0 < p <= 1)
    if test["df"] is None or (test["distribution"] == "F" and test["df2"] is None):
        return False  # a p that nothing printed leads to
    return _close(p, omnibus_p(test["distribution"], statistic, test["df"], test["df2"]))


def _pair_holds(pair: Form) -> bool:
    p, statistic = pair["p_raw"], pair["statistic"]
    if p is None:
        return statistic is None
    if statistic is None:
        return bool(p in (0.0, 1.0))
    if pair["distribution"] == "permutation":
        return bool(0 < p <= 1)
    if pair["distribution"] == "wilcoxon":
        return _close(p, signed_rank_p(statistic, pair["ties"]))
    if pair["distribution"] == "t" and pair["df"] is None:
        return False
    return _close(p, comparison_p(pair["distribution"], statistic, pair["df"], pair["groups"]))


def _decided(pair: Form, alpha: float) -> bool:
    if pair["p_adj"] is None:
        return pair["reject"] is None
    return bool(pair["reject"] == (pair["p_adj"] < alpha))


def _lowered(pair: Form) -> bool:
    return bool(pair["p_adj"] is not None and pair["p_adj"] < pair["p_raw"])


def _miscounted(result: Form) -> Iterator[str]:
    counted = result["input"]
    if counted["rows"] != counted["missing"] + counted["duplicates"] + counted["ratings"]:
        yield "input rows"
    if sum(counted["per_question"].values()) != counted["ratings"]:
        yield "ratings per question"
    of_question = counted["per_question"][result["question"]]
    excluded = sum(row["ratings"] for row in result["screening"]["flow"]["excluded"])
    described = sum(row["n"] for row in result["descriptives"]["systems"])
    if described + excluded != of_question:
        yield "descriptives and exclusions"
    if sum(row["n"] for row in result["descriptives"]["cells"]) != described:
        yield "descriptives per passage"
    if result["classical"]["n"] != result["design"]["ratings"]:
        yield "classical and design"
