"""ABX answers of several listeners and of one. SIMULATED answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratings_simulation import document, passed

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.abx import beta_binomial_test, binomial_test
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.report.export import sentences
from earmark.analysis.ratings.result.document import RatingsResult

RUNS = 300


def analysed(path: Path, right: list[int], trials: int, system: str = "x") -> dict[str, Any]:
    rows = ["listener,passage,system,score"]
    for listener, count in enumerate(right):
        rows += [f"L{listener},P{at},{system},{int(at < count)}" for at in range(trials)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return document(analyse(read_ratings(path), RatingsOptions(abx=True)))


@pytest.mark.slow
def test_the_interval_of_unlike_listeners_holds_their_mean_about_as_often_as_it_says() -> None:
    r = np.random.default_rng(1)
    trials = np.full(8, 16.0)
    held = pooled = 0
    for _ in range(RUNS):
        chance = r.beta(1.7, 1.13, 8)  # mean .6, standard deviation .25
        right = r.binomial(16, chance).astype(np.float64)
        found = beta_binomial_test(right, trials)
        held += found.low <= 0.6 <= found.high
        exact = binomial_test(int(right.sum()), 128)
        pooled += exact.low <= 0.6 <= exact.high
    assert 0.88 < held / RUNS < 0.99
    assert pooled / RUNS < 0.75


def test_the_interval_agrees_with_the_test_beside_it(tmp_path: Path) -> None:
    result = analysed(tmp_path / "a.csv", [15, 5, 15, 4, 16, 5, 14, 4], 16)
    (row,) = result["secondary"]["abx"]
    assert row["test"] == "beta-binomial"
    assert not row["reject"]
    assert row["low"] < 0.5 < row["share"] < row["high"]
    assert row["share"] == pytest.approx(row["right"] / row["trials"])
    assert passed(result)


@pytest.mark.parametrize(("right", "ends"), [(8, (None, 1.0)), (0, (0.0, None))])
def test_answers_all_right_or_all_wrong_have_an_interval_that_ends_there(
    right: int, ends: tuple[float | None, float | None]
) -> None:
    found = beta_binomial_test(np.full(5, float(right)), np.full(5, 8.0))
    for bound, end in zip((found.low, found.high), ends, strict=True):
        assert bound == end if end is not None else 0 < bound < 1


def test_of_one_listener_the_exact_test_decides(tmp_path: Path) -> None:
    result = analysed(tmp_path / "one.csv", [12], 16)
    (row,) = result["secondary"]["abx"]
    assert row["test"] == "exact binomial"
    assert row["p_adj"] == row["p"] == pytest.approx(0.0384, abs=1e-4)
    assert row["reject"]
    assert row["share"] == 0.75
    assert (row["low"], row["high"]) == (row["listeners"][0]["low"], row["listeners"][0]["high"])
    text = sentences(RatingsResult.model_validate(result), {})
    assert "exact binomial test p = .038" in text
    assert "beta-binomial" not in text
    assert passed(result)
