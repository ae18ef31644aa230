"""Cross-checks of ratings: the tests by other programs, of the same rows, with their reasons."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs as posthocs
from click.testing import CliRunner
from ratings_simulation import simulated_cells, written_ratings
from scipy import stats

from earmark.analysis.ratings import crosscheck
from earmark.analysis.ratings.crosscheck import crosscheck_ratings
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.libraries import conover_p
from earmark.analysis.ratings.methods.multiplicity import METHODS
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats, listener_means
from earmark.cli import earmark
from earmark.evaluation.second_opinion import Judgement, Opinion


def cells(seed: int = 1, *, coarse: bool = False) -> Floats:
    found: Floats = simulated_cells(seed, (9, 3, 4), effects=np.array([0, 0, 8, 14.0]))
    return np.round(found / 10) * 10 if coarse else found


def checked(path: Path, **options: Any) -> dict[str, Opinion]:
    return {
        one.value: one for one in crosscheck_ratings(read_ratings(path), RatingsOptions(**options))
    }


def test_every_value_of_a_complete_test_is_equal(tmp_path: Path) -> None:
    found = checked(written_ratings(tmp_path / "ratings.csv", cells()))
    assert {one.verdict for one in found.values()} == {Judgement.EQUAL}
    # Seven families of six pairs, Kruskal-Wallis, and Friedman's Q and p.
    assert len(found) == 7 * 6 + 3


@pytest.mark.parametrize("seed", [2, 3])
def test_coarse_ratings_with_missing_cells_differ_for_known_reasons_alone(
    seed: int, tmp_path: Path
) -> None:
    values = cells(seed, coarse=True)
    values[0, :, 1] = np.nan
    values[3, 1, 2] = np.nan
    found = checked(written_ratings(tmp_path / "ratings.csv", values))
    assert Judgement.UNEXPLAINED not in {one.verdict for one in found.values()}
    for name, one in found.items():
        if one.verdict is Judgement.KNOWN:
            assert name.startswith("Wilcoxon")
    assert "Friedman Q, 8 of 9 listeners" in found


def test_what_is_printed_is_what_the_library_gives(tmp_path: Path) -> None:
    path = written_ratings(tmp_path / "ratings.csv", cells())
    found = checked(path)
    ratings = read_ratings(path).ratings
    long = pd.DataFrame({"v": ratings.value, "s": ratings.system})
    groups = [ratings.value[ratings.system == code] for code in range(4)]
    p = posthocs.posthoc_conover(long, val_col="v", group_col="s").to_numpy()
    assert found["Conover-Iman p, A – C"].theirs == pytest.approx(p[0, 2])
    assert found["Kruskal-Wallis p"].theirs == pytest.approx(stats.kruskal(*groups).pvalue)
    means = listener_means(ratings.cells)
    assert found["Friedman p"].theirs == pytest.approx(stats.friedmanchisquare(*means.T).pvalue)
    nemenyi = posthocs.posthoc_nemenyi_friedman(means).to_numpy()
    assert found["Nemenyi p, B – D"].theirs == pytest.approx(nemenyi[1, 3])
    t = stats.ttest_rel(means[:, 0], means[:, 3]).pvalue
    assert found["paired t p, A – D"].theirs == pytest.approx(t)


@pytest.mark.parametrize("adjust", sorted(METHODS))
def test_every_adjustment_is_held_against_statsmodels(adjust: str, tmp_path: Path) -> None:
    found = checked(written_ratings(tmp_path / "ratings.csv", cells()), adjust=adjust)
    adjusted = [one for name, one in found.items() if f"p, {adjust}, " in name]
    assert len(adjusted) == (0 if adjust == "none" else 6)
    assert {one.verdict for one in adjusted} <= {Judgement.EQUAL}


def test_a_wrong_library_is_unexplained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written_ratings(tmp_path / "ratings.csv", cells())
    monkeypatch.setattr(crosscheck, "conover_p", lambda *given: conover_p(*given) / 2)
    found = checked(path)
    wrong = {name for name, one in found.items() if one.verdict is Judgement.UNEXPLAINED}
    assert len(wrong) == 6
    assert all(name.startswith("Conover-Iman p, ") for name in wrong)
    done = CliRunner().invoke(earmark, ["crosscheck", str(path)])
    assert done.exit_code == 1


@pytest.mark.parametrize(
    "row",
    [
        lambda listener, system: 50,
        lambda listener, system: 10 * system,
        lambda listener, system: 10 * system + listener,
    ],
    ids=["all alike", "no error", "complete agreement"],
)
def test_limits_are_undefined_or_known_and_never_a_warning(row: Any, tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    rows = [f"L{n},p,{'abc'[s]},{row(n, s)}" for n in range(5) for s in range(3)]
    path.write_text("\n".join(["listener,passage,system,value", *rows]) + "\n")
    found = checked(path)
    assert Judgement.UNEXPLAINED not in {one.verdict for one in found.values()}
    assert all(one.reason for one in found.values() if one.verdict is not Judgement.EQUAL)


def test_the_command_leaves_reference_and_anchors_out_and_reads_named_columns(
    tmp_path: Path,
) -> None:
    path = written_ratings(tmp_path / "ratings.csv", cells())
    path.write_text(path.read_text().replace("system", "codec", 1))
    arguments = ["crosscheck", str(path), "--system", "codec", "--reference", "D"]
    done = CliRunner().invoke(earmark, [*arguments, "--anchors", "A", "--json"])
    found = json.loads(done.output)["values"]
    assert done.exit_code == 0
    assert {one["value"] for one in found if one["value"].startswith("paired")} == {
        "paired t p, B – C"
    }
    (friedman,) = [one for one in found if one["value"] == "Friedman Q"]
    assert friedman["verdict"] == "undefined"
    assert "three systems" in friedman["reason"]
    for more, message in (
        (["--anchors", "A,B"], "two are the least to compare"),
        (["--anchors", "Z"], "'Z' is in no row"),
        (["--adjust", "holmes"], "unknown adjustment 'holmes'"),
    ):
        refused = CliRunner().invoke(earmark, [*arguments, *more])
        assert message in str(refused.exception)
        assert "\n" not in str(refused.exception)
