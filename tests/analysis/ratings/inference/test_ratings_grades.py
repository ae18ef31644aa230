"""The model of grades in a result: beside the primary analysis, checked, and said in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratings_simulation import document, passed, ratings_of, simulated_cells, written_ratings

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.inference.self_checks import checks
from earmark.analysis.ratings.mixed_models import ordinal
from earmark.analysis.ratings.mixed_models.ordinal import fit_ordinal
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.report.tables.sheets import sheets
from earmark.analysis.ratings.report.words.grades_words import grades_sentence
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.analysis.ratings.result.names import Scope


def grades(shape: tuple[int, int, int] = (9, 4, 3)) -> Floats:
    cells = simulated_cells(6, shape, effects=np.linspace(0, 12, shape[2]), listener_system=3)
    found: Floats = (np.digitize(cells, [30, 45, 55, 70]) + 1).astype(np.float64)
    found[0, 1, 0] = np.nan
    return found


def result_of(folder: Path, cells: Floats, scope: str = "passages") -> RatingsResult:
    path = written_ratings(folder / "r.csv", cells, systems="ABC", digits=0)
    return analyse(read_ratings(path), RatingsOptions(scope=Scope(scope)))


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["music", "passages"])
def test_grades_are_modelled_beside_the_primary_analysis(tmp_path: Path, scope: str) -> None:
    result = result_of(tmp_path, grades(), scope)
    found = result.secondary.grades
    fit = fit_ordinal(ratings_of(grades()), Scope(scope))
    assert found is not None
    assert found.proof == fit.proof
    assert (found.scope, found.omnibus, found.grades) == (scope, fit.omnibus, (1, 2, 3, 4, 5))
    assert {one.term: one.variance for one in found.terms} == fit.variances
    for pair, other in zip(found.pairs, fit.pairs(0.05), strict=True):
        assert (pair.log_odds, pair.low, pair.high) == (other.log_odds, other.low, other.high)
        assert (pair.p_raw, pair.statistic) == (other.comparison.p, other.comparison.statistic)
        assert pair.p_adj is not None
        assert pair.reject == (pair.p_adj < 0.05)
    assert [pair.group1 + pair.group2 for pair in found.pairs] == ["AB", "AC", "BC"]
    assert passed(document(result))
    tables = {sheet.name: sheet for sheet in sheets(result)}
    assert len(tables["grades"].rows) == 3
    assert tables["grades"].rows[0][5] == pytest.approx(np.exp(found.pairs[0].log_odds))
    assert len(tables["grades-variances"].rows) == len(fit.variances)
    assert "cumulative-link mixed model" in [row[1] for row in tables["tests"].rows]


@pytest.mark.slow
def test_the_sentence_counts_the_pairs_that_both_decide_alike(tmp_path: Path) -> None:
    result = result_of(tmp_path, grades())
    found = result.secondary.grades
    assert found is not None
    alike = sum(
        mine.reject == other.reject
        for mine, other in zip(found.pairs, result.primary.pairs, strict=True)
    )
    words = grades_sentence(result)
    assert words.endswith(f"agrees with the primary analysis on {alike} of 3 pairs.")
    assert found.omnibus is not None
    assert f"LR(2) = {found.omnibus.statistic:.2f}" in words
    turned = [pair.model_copy(update={"reject": not pair.reject}) for pair in found.pairs]
    other = found.model_copy(update={"pairs": tuple(turned)})
    secondary = result.secondary.model_copy(update={"grades": other})
    again = grades_sentence(result.model_copy(update={"secondary": secondary}))
    assert again.endswith(f"on {3 - alike} of 3 pairs.")


@pytest.mark.slow
def test_a_slip_in_the_model_of_grades_is_found_where_it_stands(tmp_path: Path) -> None:
    result = result_of(tmp_path, grades())
    found = result.secondary.grades
    assert found is not None
    assert found.omnibus is not None
    assert found.proof is not None
    wrong: dict[str, dict[str, Any]] = {
        "p follows from statistic and degrees of freedom": {
            "omnibus": found.omnibus.model_copy(update={"p": 0.5})
        },
        "the optimum of each mixed model is proved": {
            "proof": found.proof.model_copy(update={"slope": 0.1})
        },
        "reject is p_adj < alpha": {
            "pairs": (
                found.pairs[0].model_copy(update={"reject": not found.pairs[0].reject}),
                *found.pairs[1:],
            )
        },
    }
    for name, change in wrong.items():
        secondary = result.secondary.model_copy(update={"grades": found.model_copy(update=change)})
        again = checks(result.model_copy(update={"secondary": secondary}), 0.05)
        failed = {one.check: one.detail for one in again if not one.passed}
        assert list(failed) == [name]
        assert "grades" in failed[name]


def test_where_no_model_of_grades_fits_the_result_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordinal, "_MOST_RATINGS", 20)
    result = result_of(tmp_path, grades())
    found = result.secondary.grades
    assert found is not None
    assert (found.omnibus, found.pairs, found.proof) == (None, (), None)
    assert "are more than the cumulative-link model takes" in found.note
    assert grades_sentence(result).startswith("Grades as an order: no cumulative-link mixed model")
    assert "grades" not in {sheet.name for sheet in sheets(result)}
    assert passed(document(result))


def test_ratings_of_many_steps_have_no_model_of_grades(tmp_path: Path) -> None:
    cells = simulated_cells(1, (6, 3, 3))
    path = written_ratings(tmp_path / "r.csv", cells, systems="ABC")
    result = analyse(read_ratings(path), RatingsOptions())
    assert result.secondary.grades is None
    assert "grades" not in document(result)["secondary"]
    assert grades_sentence(result) == ""
