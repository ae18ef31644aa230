"""A plan runs the very tests of the analysis, and finds as often what it says. SIMULATED."""

from dataclasses import replace

import numpy as np
import pytest
from ratings_simulation import ratings_of

from earmark.analysis.ratings.inference.design import detect
from earmark.analysis.ratings.inference.primary import Outcome, choose, run
from earmark.analysis.ratings.methods.multiplicity import adjusted
from earmark.analysis.ratings.planning.power import (
    USUAL_SDS,
    StudySize,
    drawn,
    planned_tests,
    simulated_power,
)
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Scope

PLAN = StudySize(14, 6, 4, 8.0, USUAL_SDS)


def analysed(cells: Floats, plan: StudySize, seed: int) -> Outcome:
    """What the analysis makes of the same ratings, its design detected and its test chosen."""
    ratings = ratings_of(cells)
    return run(choose(detect(ratings, ()), plan.scope), ratings, plan.alpha, seed)


@pytest.mark.parametrize("scope", [Scope.MUSIC, Scope.PASSAGES])
@pytest.mark.parametrize("systems", [2, 4])
@pytest.mark.parametrize("passages", [2, 6])
def test_a_plan_and_the_analysis_find_the_same_p(scope: Scope, systems: int, passages: int) -> None:
    plan = replace(PLAN, scope=scope, systems=systems, passages=passages)
    generator = np.random.default_rng([1, systems, passages])
    for seed in range(3):
        cells = drawn(plan, generator)
        omnibus, pairs = planned_tests(plan, cells, seed)
        found = analysed(cells, plan, seed)
        assert omnibus.p == pytest.approx(found.omnibus.p, rel=1e-9)
        assert omnibus.method is found.omnibus.method
        assert [pair.p for pair in pairs] == pytest.approx([pair.p for pair in found.pairs])


@pytest.mark.slow
@pytest.mark.parametrize("scope", [Scope.MUSIC, Scope.PASSAGES])
def test_the_analysis_finds_as_often_as_the_plan_says(scope: Scope) -> None:
    plan = replace(PLAN, scope=scope, effect=8.0 if scope is Scope.PASSAGES else 22.0)
    said = simulated_power(plan, 400, seed=1)
    generator = np.random.default_rng(77)
    every, pair = [], []
    for seed in range(400):
        found = analysed(drawn(plan, generator), plan, seed)
        p_adj = adjusted([one.p for one in found.pairs], plan.adjust)
        odd = [p is not None and p < plan.alpha
               for one, p in zip(found.pairs, p_adj, strict=True) if one.first == 0]  # fmt: skip
        every.append(found.omnibus.p is not None and found.omnibus.p < plan.alpha)
        pair.append(np.mean(odd))
    for observed, share in ((every, said.omnibus), (pair, said.pair)):
        error = np.sqrt(2 * 0.25 / 400)
        assert abs(np.mean(observed) - share.value) < 3 * error
    assert 0.2 < said.pair.value < 0.95, "a plan that finds all or nothing shows nothing"
