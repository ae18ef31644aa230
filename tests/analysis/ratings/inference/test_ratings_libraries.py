"""The classical block takes its p from other programs; where they contradict ours, it says so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratings_simulation import document, passed, simulated_cells, written_ratings

from earmark.analysis.ratings.inference import classical as block
from earmark.analysis.ratings.inference import self_checks
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods import libraries
from earmark.analysis.ratings.methods.kruskal import conover_iman, kruskal_wallis
from earmark.analysis.ratings.methods.libraries import adjusted_p, conover_p, kruskal_p
from earmark.analysis.ratings.methods.multiplicity import METHODS, adjusted
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Adjust

CHECK = "p of scipy, scikit-posthocs and statsmodels agree with ours"


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    cells = simulated_cells(1, (8, 3, 4), effects=np.array([0, 0, 8, 14.0]))
    return written_ratings(tmp_path / "ratings.csv", cells)


def the_check(result: dict[str, Any]) -> dict[str, Any]:
    (found,) = [one for one in result["checks"] if one["check"] == CHECK]
    return dict(found)


def test_what_is_printed_is_the_library_s_p(ratings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown by a library that is wrong in a known way: its p is printed, and the check fails."""
    file = read_ratings(ratings)
    sound = document(analyse(file, RatingsOptions()))
    assert passed(sound)
    assert the_check(sound)["detail"].startswith("the test of all systems and 6 pairs")

    def halved(values: Floats, groups: Any, count: int) -> Floats:
        return conover_p(values, groups, count) / 2  # what R's conover.test prints

    monkeypatch.setattr(block, "conover_p", halved)
    wrong = document(analyse(file, RatingsOptions()))
    for pair, right in zip(wrong["classical"]["pairs"], sound["classical"]["pairs"], strict=True):
        assert pair["p_raw"] == pytest.approx(right["p_raw"] / 2)
        assert (pair["t"], pair["df"]) == (right["t"], right["df"])
    assert not the_check(wrong)["passed"]
    assert "classical " in the_check(wrong)["detail"]


def test_more_ratings_than_the_library_counts_keep_our_p(
    ratings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = read_ratings(ratings)
    before = document(analyse(file, RatingsOptions()))["classical"]["pairs"]
    for module in (libraries, self_checks):
        monkeypatch.setattr(module, "MOST_RATINGS", 10)
    assert np.isnan(conover_p(file.ratings.value, file.ratings.system, 4)).all()
    result = document(analyse(file, RatingsOptions()))
    assert passed(result)
    assert "the raw p are ours" in the_check(result)["detail"]
    for pair, other in zip(result["classical"]["pairs"], before, strict=True):
        assert pair["p_raw"] == pytest.approx(other["p_raw"], rel=1e-9)


def test_the_limit_is_where_cubes_of_ties_leave_64_bits() -> None:
    assert libraries.MOST_RATINGS**3 < 2**63 <= (libraries.MOST_RATINGS + 1) ** 3


def test_a_million_tied_ratings_agree() -> None:
    draw = np.random.default_rng(0)
    groups = draw.integers(0, 6, 1_000_000)
    values = np.clip(np.round(draw.normal(60 + 0.05 * groups, 12)), 0, 100)
    test = kruskal_wallis(values, groups, 6)
    assert kruskal_p(values, groups) == pytest.approx(test.omnibus.p, rel=1e-8)
    p = conover_p(values, groups, 6)
    for one in conover_iman(test):
        assert p[one.first, one.second] == pytest.approx(one.p, rel=1e-9)


def test_a_system_without_ratings_has_no_p_and_moves_no_other() -> None:
    draw = np.random.default_rng(3)
    groups = draw.choice([0, 2, 3], 60)
    values = draw.normal(groups, 2)
    p = conover_p(values, groups, 4)
    assert np.isnan(p[1]).all()
    for one in conover_iman(kruskal_wallis(values, groups, 4)):
        if one.p is not None:
            assert p[one.first, one.second] == pytest.approx(one.p, rel=1e-9)


@pytest.mark.parametrize("values", [np.full(9, 3.0), np.repeat([1.0, 2.0, 3.0], 3)])
def test_ratings_that_leave_no_error_are_analysed_without_a_warning(
    values: Floats, tmp_path: Path
) -> None:
    rows = [f"L{n % 3},p,{'abc'[n // 3]},{value:g}" for n, value in enumerate(values)]
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join(["listener,passage,system,value", *rows]) + "\n")
    assert passed(document(analyse(read_ratings(path), RatingsOptions())))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_statsmodels_adjusts_as_we_do(method: Adjust) -> None:
    draw = np.random.default_rng(1)
    for p in (
        [None, *(draw.random(9) ** 3).tolist()],
        [0.0, 1.0, 1e-300, 0.04, 0.04, None],
        [0.3],
        [None],
        [],
    ):
        theirs, ours = adjusted_p(p, method), adjusted(p, method)
        assert [one is None for one in theirs] == [one is None for one in ours]
        for raw, a, b in zip(p, theirs, ours, strict=True):
            if raw is not None and a is not None:
                assert a == pytest.approx(b, rel=1e-9, abs=0)
                assert a >= raw
