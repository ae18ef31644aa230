"""When each self-check speaks up, and that it keeps quiet at the edge. Tampered by hand."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from goldens import GOLDENS
from scipy import stats

from earmark.analysis.ratings.inference.pairs import pair_tests
from earmark.analysis.ratings.inference.self_checks import (
    _agree,
    _close,
    _decided,
    _Decision,
    _libraries_covered,
    _lowered,
    _misadjusted,
    _omnibus_holds,
    _own_p,
    _pair_holds,
    _rule,
    checks,
)
from earmark.analysis.ratings.methods.libraries import MOST_RATINGS
from earmark.analysis.ratings.methods.signed_rank import signed_rank_p
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.analysis.ratings.result.names import Adjust, Distribution, Method
from earmark.analysis.ratings.result.p_values import omnibus
from earmark.analysis.ratings.result.tests import Comparison, PairTest

D = Distribution


@pytest.mark.parametrize(
    ("distribution", "statistic", "p", "df", "df2", "holds"),
    [
        (D.NONE, None, None, None, None, True),
        (D.NONE, 1.0, None, None, None, False),
        (D.F, None, 0.0, 2.0, 8.0, True),
        (D.F, None, 0.5, 2.0, 8.0, False),
        (D.PERMUTATION, 3.0, 1.0, None, None, True),
        (D.PERMUTATION, 3.0, 1e-4, None, None, True),
        (D.PERMUTATION, 3.0, 0.0, None, None, False),
        (D.PERMUTATION, 3.0, 1.01, None, None, False),
        (D.CHI2, 3.0, stats.chi2.sf(3, 2), 2.0, None, True),
        (D.CHI2, 3.0, stats.chi2.sf(3, 2) * (1 + 1e-6), 2.0, None, False),
        (D.CHI2, 3.0, stats.chi2.sf(3, 2), None, None, False),
        (D.F, 3.0, stats.f.sf(3, 2, 8), 2.0, 8.0, True),
        (D.F, 3.0, stats.f.sf(3, 2, 9), 2.0, 8.0, False),
        (D.F, 3.0, stats.f.sf(3, 2, 8), 2.0, None, False),
        (D.F, 3.0, stats.f.sf(3, 2, 8), None, 8.0, False),
    ],
)
def test_the_test_of_all_systems_holds_only_where_p_follows(
    distribution: D, statistic: float | None, p: float | None, df: float | None,
    df2: float | None, *, holds: bool,
) -> None:  # fmt: skip
    test = omnibus(Method.QUASI_F, "F", statistic, distribution, p, df=df, df2=df2)
    assert _omnibus_holds(test, _close) == holds


def pair(distribution: D, statistic: float | None, p: float | None, **more: Any) -> PairTest:
    one = Comparison(0, 1, statistic, distribution, None, p)
    (found,) = pair_tests([replace(one, **more)], ["A", "B"], Adjust.NONE, 0.05)
    return found


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        (pair(D.T, None, None), True),
        (pair(D.T, 1.0, None), False),
        (pair(D.T, None, 1.0), True),
        (pair(D.T, None, 0.0), True),
        (pair(D.T, None, 0.5), False),
        (pair(D.PERMUTATION, 1.0, 1.0), True),
        (pair(D.PERMUTATION, 1.0, 1e-4), True),
        (pair(D.PERMUTATION, 1.0, 0.0), False),
        (pair(D.PERMUTATION, 1.0, 1.01), False),
        (pair(D.WILCOXON, 3.0, signed_rank_p(3.0, (1, 2, 1, 3)), ties=(1, 2, 1, 3)), True),
        (pair(D.WILCOXON, 3.0, signed_rank_p(3.0, (1, 2, 1, 3)), ties=(1, 1, 1)), False),
        (pair(D.T, -2.0, 2 * stats.t.sf(2, 7), df=7.0), True),
        (pair(D.T, -2.0, 2 * stats.t.sf(2, 7)), False),
        (pair(D.T, -2.0, stats.t.sf(2, 7), df=7.0), False),
        (pair(D.NORMAL, -2.0, 2 * stats.norm.sf(2)), True),
        (pair(D.NORMAL, -2.0, stats.norm.sf(2)), False),
        (pair(D.RANGE, -2.0, stats.studentized_range.sf(2, 4, math.inf), groups=4), True),
        (pair(D.RANGE, -2.0, stats.studentized_range.sf(2, 5, math.inf), groups=4), False),
    ],
)
def test_a_pair_holds_only_where_p_follows(test: PairTest, *, holds: bool) -> None:
    assert _pair_holds(test, _close) == holds


def test_ours_is_the_p_of_the_statistic_else_what_is_printed() -> None:
    assert _own_p(pair(D.T, -2.0, 0.4, df=7.0)) == pytest.approx(2 * stats.t.sf(2, 7))
    assert _own_p(pair(D.T, None, 1.0, df=7.0)) == 1.0
    assert _own_p(pair(D.T, 2.0, 0.4)) == 0.4


def test_p_of_one_program_are_equal_to_nine_places_those_of_two_to_six_of_their_logarithm() -> None:
    assert _close(0.1, 0.1 * (1 + 5e-10))
    assert not _close(0.1, 0.1 * (1 + 5e-9))
    assert _close(0.0, 0.0)
    assert not _close(0.0, 1e-200)
    assert _agree(None, None)
    assert not _agree(None, 0.5)
    assert not _agree(0.5, None)
    assert _agree(0.0, 0.0)
    assert _agree(0.0, 5e-324)
    assert not _agree(0.0, 1e-299)
    assert not _agree(1e-299, 0.0)
    assert _agree(0.999, 0.999 * (1 + 9e-7)), "near 1 the logarithm is nothing"
    assert not _agree(0.999, 0.999 * (1 + 2e-6))
    assert _agree(1e-200, 1e-200 * (1 + 4e-4)), "the logarithm is 460"
    assert not _agree(1e-200, 1e-200 * (1 + 6e-4))
    assert _rule("classical A – B") is _rule("all listeners, classical A – B") is _agree
    assert _rule("primary A – B") is _rule("all listeners, primary") is _close


def decision(p: float | None, p_adj: float | None, reject: bool | None = None) -> _Decision:  # noqa: FBT001
    return _Decision("here", p, p_adj, reject)


def test_a_decision_is_that_of_its_adjusted_p() -> None:
    for p_adj, reject, holds in (
        (0.049, True, True), (0.049, False, False), (0.05, False, True), (0.05, True, False),
        (0.049, None, False), (None, None, True), (None, False, False), (None, True, False),
    ):  # fmt: skip
        assert _decided(decision(0.01, p_adj, reject), 0.05) == holds


def test_an_adjusted_p_lies_not_below_the_raw_one() -> None:
    for p, p_adj, lowered in (
        (0.1, 0.1, False), (0.1, 0.2, False), (0.1, 0.0999, True), (None, 0.1, True),
        (None, None, False), (0.1, None, False),
    ):  # fmt: skip
        assert _lowered(decision(p, p_adj)) == lowered


def test_a_family_is_adjusted_again() -> None:
    good = [decision(0.01, 0.03), decision(None, None), decision(0.5, 1.0), decision(0.0, 0.0)]
    assert list(_misadjusted(Adjust.BONFERRONI, good)) == []
    assert list(_misadjusted(Adjust.NONE, good)) == ["here", "here"]
    assert list(_misadjusted(Adjust.NONE, [decision(None, 0.1)])) == ["here"]
    assert list(_misadjusted(Adjust.NONE, [decision(0.1, None)])) == ["here"]
    assert list(_misadjusted(Adjust.NONE, [decision(0.0, 1e-12)])) == ["here"]


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("input rows", "input rows"),
        ("input missing", "input rows"),
        ("input duplicates", "input rows"),
        ("input ratings", "ratings per question"),
        ("input per_question overall", "ratings per question"),
        ("screening flow excluded 0 ratings", "descriptives and exclusions"),
        ("descriptives systems 1 n", "descriptives and exclusions"),
        ("descriptives cells 2 n", "descriptives per passage"),
        ("classical n", "classical and design"),
        ("design ratings", "classical and design"),
    ],
)
@pytest.mark.parametrize("by", [1, -1])
def test_a_count_that_is_off_by_one_is_found_where_it_stands(
    where: str, place: str, by: int
) -> None:
    document = json.loads((GOLDENS / "ratings" / "screened" / "result.json").read_bytes())
    before = {one.check: one for one in checks(RatingsResult.model_validate(document), 0.05)}
    assert before["counts add up"].passed
    assert before["counts add up"].detail == "rows, missing, duplicates, ratings"
    *steps, last = (int(step) if step.isdigit() else step for step in where.split())
    inside: Any = document
    for step in steps:
        inside = inside[step]
    inside[last] += by
    found = {one.check: one for one in checks(RatingsResult.model_validate(document), 0.05)}
    assert not found["counts add up"].passed
    assert place in found["counts add up"].detail


@pytest.mark.parametrize("block", ["primary", "variance_components"])
@pytest.mark.parametrize(
    "change", [{"slope": 1e-3}, {"zeros": {"listener": -0.1}}, {"curvature": -0.1}, {"agreed": 0}]
)
def test_an_optimum_that_is_not_proved_is_found_where_it_stands(
    block: str, change: dict[str, Any]
) -> None:
    name = "the optimum of each mixed model is proved"
    document = json.loads((GOLDENS / "ratings" / "missing_cells" / "result.json").read_bytes())
    before = {one.check: one for one in checks(RatingsResult.model_validate(document), 0.05)}
    assert before[name].passed
    assert before[name].detail.startswith("2 fits")
    document[block]["proof"] |= change
    found = {one.check: one for one in checks(RatingsResult.model_validate(document), 0.05)}
    assert not found[name].passed
    assert found[name].detail == f"fails at {block.split('_')[0].replace('variance', 'variances')}"
    del document["primary"]["proof"], document["variance_components"]["proof"]
    none = checks(RatingsResult.model_validate(document), 0.05)
    assert name not in [one.check for one in none], "an older result, or no mixed model"


def test_five_failures_are_named_and_no_more() -> None:
    document = json.loads((GOLDENS / "ratings" / "complete" / "result.json").read_bytes())
    for one in document["primary"]["pairs"]:
        one["reject"] = not one["reject"]
    found = {one.check: one for one in checks(RatingsResult.model_validate(document), 0.05)}
    detail = found["reject is p_adj < alpha"].detail
    assert detail.startswith("fails at primary A – B, primary A – C")
    assert detail.count(",") == 4


def test_what_the_libraries_cannot_count_is_said() -> None:
    result = RatingsResult.read(GOLDENS / "ratings" / "complete" / "result.json")
    block = result.classical
    words = "the test of all systems and 6 pairs of the classical block, computed by both"
    assert _libraries_covered(block) == words
    assert _libraries_covered(block.model_copy(update={"n": MOST_RATINGS})) == words
    many = block.model_copy(update={"n": MOST_RATINGS + 1})
    assert _libraries_covered(many).startswith("6 pairs of the classical block: adjusted p only")
    one = block.model_copy(update={"pairs": block.pairs[:1]})
    assert "and 1 pair of" in _libraries_covered(one)
