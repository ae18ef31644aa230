"""Simulated power is what theory says where theory says it, and no surer than its runs allow."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from ratings_simulation import simulated_cells, written_ratings

from earmark.analysis.ratings.estimation.sample_size import power, precision
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.planning.plan import from_pilot, stated
from earmark.analysis.ratings.planning.power import (
    USUAL_SDS,
    StudySize,
    drawn,
    simulated_power,
    wilson,
)
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.result.names import Adjust, Scope
from earmark.cli import earmark
from earmark.models.errors import UserError

PLAN = StudySize(16, 8, 3, 7.0, {"listener:system": 6, "passage:system": 5, "residual": 12})


@pytest.mark.parametrize("scope", [Scope.MUSIC, Scope.PASSAGES])
def test_without_a_difference_the_power_is_the_error_rate(scope: Scope) -> None:
    none = replace(PLAN, effect=0.0, scope=scope)
    found = simulated_power(none, 400, seed=1)
    assert 0.01 <= found.omnibus.value <= 0.085
    assert found.every.value <= found.pair.value <= 0.06


def test_power_of_a_pair_agrees_with_the_noncentral_t() -> None:
    found = simulated_power(replace(PLAN, adjust=Adjust.NONE), 600, seed=2)
    variances = {name: sd**2 for name, sd in PLAN.sds.items()}
    exact = power(PLAN.effect, precision(variances, 16, 8, Scope.MUSIC), PLAN.alpha)
    assert 0.3 < exact < 0.7
    assert found.pair.value == pytest.approx(exact, abs=0.08), "four Monte-Carlo errors"


@pytest.mark.slow
def test_more_listeners_more_passages_and_a_larger_effect_find_more() -> None:
    base = simulated_power(PLAN, 200).pair.value
    assert simulated_power(replace(PLAN, listeners=48), 200).pair.value > base
    assert simulated_power(replace(PLAN, passages=24), 200).pair.value > base
    assert simulated_power(replace(PLAN, effect=14.0), 200).pair.value > base


def test_two_systems_use_the_permutation_of_signs() -> None:
    two = replace(PLAN, systems=2, scope=Scope.PASSAGES, effect=30.0, listeners=10)
    found = simulated_power(two, 100)
    assert found.omnibus.value == found.pair.value == found.every.value == 1.0
    assert found.omnibus.low > 0.95


def test_equal_seeds_give_equal_power_and_other_seeds_do_not() -> None:
    once = simulated_power(PLAN, 100, seed=3)
    assert simulated_power(PLAN, 100, seed=3) == once
    assert simulated_power(PLAN, 100, seed=4) != once


def test_what_is_drawn_has_the_variances_and_the_effect_that_were_stated() -> None:
    plan = replace(PLAN, listeners=400, passages=40, effect=9.0, scope=Scope.PASSAGES)
    cells = drawn(plan, np.random.default_rng(0))
    means = cells.mean(axis=(0, 1))
    assert means[0] - means[1:].mean() == pytest.approx(9, abs=1.5)
    by_passage = cells.mean(axis=0) - cells.mean(axis=(0, 1))
    assert by_passage.std() == pytest.approx(5, rel=0.2)


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0.0, 0.1611), (10, 0.2993, 0.7007)])
def test_the_monte_carlo_interval_is_wilsons(hits: int, low: float, high: float) -> None:
    found = wilson(np.arange(20) < hits)
    assert found.low == pytest.approx(low, abs=1e-4)
    assert found.high == pytest.approx(high, abs=1e-4)


def test_the_variances_of_a_pilot_are_taken_from_its_result(tmp_path: Path) -> None:
    cells = simulated_cells(1, (30, 12, 4), listener_system=6, passage_system=8, residual=12)
    path = written_ratings(tmp_path / "r.csv", cells, systems="ABCD")
    result = tmp_path / "result.json"
    result.write_text(analyse(read_ratings(path), RatingsOptions(scope="music")).json_text())
    source = from_pilot(result)
    assert source.scope == "music"
    assert source.sds["residual"] == pytest.approx(12, rel=0.1)
    assert source.sds["passage:system"] == pytest.approx(8, rel=0.4)
    with pytest.raises(UserError, match="has no question 'taste'; choose from overall"):
        from_pilot(result, "taste")
    with pytest.raises(UserError, match=r"r\.csv: is not a result\.json"):
        from_pilot(path)


def test_standard_deviations_may_be_stated_and_mistakes_are_named() -> None:
    assert stated("residual=10, listener:system=4").sds == {
        "listener:system": 4,
        "passage:system": 0,
        "residual": 10,
    }
    assert stated(None).sds == USUAL_SDS
    for text in ("residual", "residual=-1", "noise=3", "residual=much"):
        with pytest.raises(UserError, match="write NAME=POINTS with the names listener:system"):
            stated(text)


def test_the_command_prints_a_table_or_json_with_the_monte_carlo_interval() -> None:
    words = ["plan", "--effect", "9", "--listeners", "8,40", "--passages", "12", "--runs", "100"]
    words += ["--sd", "residual=10,listener:system=3", "--systems", "3"]
    done = CliRunner().invoke(earmark, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert re.search(r"^ +40 +12 +1\.000 \(0\.9\d\d–1\.000\)", done.output, re.MULTILINE)
    assert "8 listeners find a given pair" in done.output
    found = json.loads(CliRunner().invoke(earmark, [*words, "--json"]).stdout)
    assert [row["listeners"] for row in found["grid"]] == [8, 40]
    assert found["enough"] == [{"passages": 12, "listeners": 8, "most": 40}]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--passages", "1"], "1 passages are too few; scope music needs 2"),
        (["--listeners", "1"], "1 listeners are too few"),
        (["--runs", "5"], "5 runs are too few"),
        (["--scope", "world"], "unknown scope 'world'"),
        (["--adjust", "tukey"], "unknown adjustment 'tukey'"),
        (["--power", "2"], "power 2 must lie"),
        (["--sd", "residual=0"], "not all zero"),
        (["--sd", "residual=1", "--pilot", "x.json"], "give the variances once"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(more: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        CliRunner().invoke(earmark, ["plan", "--effect", "5", *more], catch_exceptions=False)
