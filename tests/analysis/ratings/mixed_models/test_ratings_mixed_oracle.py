"""The linear mixed model against lme4 and lmerTest, on designs with small slopes and holes.

The values are R's (``tests/oracles``, ``make oracles``); the ratings are SIMULATED anew.
"""

import json
from typing import Any

import numpy as np
import pytest
from mixed_designs import DESIGNS
from places import DATA
from scipy import stats

from earmark.analysis.ratings.mixed_models.linear import MixedFit, fit_mixed
from earmark.analysis.ratings.result.names import Scope, Term

CELLS = {design.name: design.cells for design in DESIGNS}
STORED: list[dict[str, Any]] = json.loads(
    (DATA / "oracles" / "linear_mixed.json").read_text(encoding="utf-8")
)
TERMS = {
    "l": Term.LISTENER, "p": Term.PASSAGE, "l:p": Term.LISTENER_PASSAGE,
    "l:s": Term.LISTENER_SYSTEM, "p:s": Term.PASSAGE_SYSTEM,
}  # fmt: skip

Case = tuple[dict[str, Any], MixedFit]


@pytest.fixture(params=STORED, ids=lambda one: f"{one['design']}, {one['scope']}")
def case(request: pytest.FixtureRequest) -> Case:
    stored = request.param
    return stored, fit_mixed(CELLS[stored["design"]], Scope(stored["scope"]))


def test_every_design_has_values_of_r() -> None:
    assert {one["design"] for one in STORED} == set(CELLS)
    assert len(STORED) > len(CELLS)


def test_the_restricted_likelihood_is_as_high_as_that_of_lme4(case: Case) -> None:
    stored, fit = case
    assert fit.deviance == pytest.approx(stored["criterion"], abs=2e-6)


def test_the_variances_are_those_of_lme4(case: Case) -> None:
    stored, fit = case
    theirs = {TERMS[name]: value for name, value in stored["variances"].items()}
    theirs[Term.RESIDUAL] = stored["residual"]
    assert set(theirs) == set(fit.variances)
    for term, value in theirs.items():
        # A search by differences of a deviance finds half of its digits.
        assert fit.variances[term] == pytest.approx(
            value, rel=1e-3, abs=1e-4 * max(theirs.values())
        )


def test_the_pairs_are_those_of_lmertest(case: Case) -> None:
    stored, fit = case
    pairs = fit.pairs(0.05)
    assert len(pairs) == len(stored["pairs"])
    for found, other in zip(pairs, stored["pairs"], strict=True):
        test = found.comparison
        assert (test.first, test.second) == (other["first"], other["second"])
        assert found.difference == pytest.approx(other["difference"], abs=1e-4)
        assert found.error == pytest.approx(other["error"], rel=2e-4)
        assert found.df == pytest.approx(other["df"], rel=1e-2)
        assert test.statistic == pytest.approx(other["t"], rel=1e-3, abs=1e-4)
        assert test.p == pytest.approx(other["p"], rel=1e-2, abs=1e-5)
        half = stats.t.isf(0.025, other["df"]) * other["error"]
        assert (found.low, found.high) == pytest.approx(
            (other["difference"] - half, other["difference"] + half), abs=2e-3 * half
        )


def test_the_test_of_all_systems_is_that_of_lmertest(case: Case) -> None:
    stored, fit = case
    found, other = fit.omnibus(), stored["f"]
    assert (found.statistic, found.df) == pytest.approx((other["statistic"], other["df"]), rel=1e-3)
    assert found.df2 == pytest.approx(other["df2"], rel=1e-2)
    assert found.p == pytest.approx(other["p"], rel=1e-2)


def test_some_variances_are_small_and_some_are_none() -> None:
    shares = [
        value / max(one["variances"].values())
        for one in STORED
        for value in one["variances"].values()
    ]
    assert sum(share < 1e-6 for share in shares) >= 3
    assert sum(1e-6 < share < 0.1 for share in shares) >= 5
    assert np.isfinite(shares).all()
