"""Ranks of rated systems are no finer than the decisions on their pairs. SIMULATED ratings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from ratings_simulation import ratings_of, simulated_cells, written_ratings

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.design import detect
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.inference.pairs import pair_tests
from earmark.analysis.ratings.inference.primary import choose, run
from earmark.analysis.ratings.inference.self_checks import checks
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.report.words.sentences import finding
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.analysis.ratings.result.names import Adjust, Distribution, Method, Scope
from earmark.analysis.ratings.result.ranks import RatedRanks, ranked
from earmark.analysis.ratings.result.tests import Effect, Pair
from earmark.cli import earmark


def result_of(
    tmp_path: Path,
    cells: Floats,
    options: RatingsOptions | None = None,
    systems: Sequence[str] = "ABCDE",
) -> RatingsResult:
    path = written_ratings(tmp_path / "ratings.csv", cells, systems=systems)
    return analyse(read_ratings(path), options or RatingsOptions())


def ranks_of(result: RatingsResult) -> RatedRanks:
    assert result.primary.ranks is not None
    return result.primary.ranks


def told(first: str, second: str, winner: str | None, p: float | None = 0.01) -> Pair:
    """A pair with a verdict; its numbers are only as many as ranks read."""
    sign = 0.0 if winner is None else 1.0 if winner == first else -1.0
    unread = [
        *("mean_rank_diff", "statistic", "df", "low", "high", "median_diff", "groups"),
        *("classical_p_adj", "classical_reject", "agrees", "equivalence"),
    ]
    given = {
        "group1": first,
        "group2": second,
        "distribution": Distribution.T,
        "n": 8,
        "p_raw": p,
        "p_adj": p,
        "reject": winner is not None,
        "mean_diff": sign,
        "effect": Effect(name=Method.NONE, value=None, low=None, high=None),
        "effects": (),
        "verdict": f"{winner} better" if winner else "inconclusive",
    }
    return Pair.model_validate(dict.fromkeys(unread) | given)


def simulated_ranks(cells: Floats, adjust: Adjust) -> RatedRanks:
    """The ranks by the pairs that an analysis of the cells tests, without its effect sizes."""
    ratings = ratings_of(cells)
    outcome = run(choose(detect(ratings), Scope.PASSAGES), ratings, 0.05, 0)
    pairs = []
    for test, at in zip(
        pair_tests(outcome.pairs, ratings.systems, adjust, 0.05), outcome.pairs, strict=True
    ):
        names = test.group1, test.group2
        above = (outcome.estimates[at.first, at.second].difference or 0.0) > 0
        pairs.append(told(*names, names[not above] if test.reject else None, test.p_adj))
    found = ranked(ratings.systems, pairs, adjust)
    assert found is not None
    return found


@pytest.mark.slow
@pytest.mark.parametrize("adjust", [Adjust.HOLM, Adjust.BONFERRONI])
@pytest.mark.parametrize("systems", [2, 5, 9])
def test_equal_systems_tie_for_first_in_nearly_all_analyses(adjust: Adjust, systems: int) -> None:
    wrong, runs = 0, 100
    for seed in range(runs):
        ranks = simulated_ranks(simulated_cells(seed, (12, 3, systems)), adjust)
        wrong += len(ranks.first) < systems
        assert ranks.together
    # With the chance .05 each, more than twelve of 100 have a chance below .002.
    assert wrong <= 12


@pytest.mark.slow
def test_without_adjustment_equal_systems_are_told_apart_and_no_level_is_claimed() -> None:
    ranks = [simulated_ranks(simulated_cells(s, (12, 3, 12)), Adjust.NONE) for s in range(40)]
    assert sum(len(one.first) < 12 for one in ranks) > 20
    assert not any(one.together for one in ranks)


def test_intervals_hold_the_true_ranks_of_systems_that_differ() -> None:
    effects = np.array([0.0, 0.0, 3.0, 6.0, 6.0])
    truth = {"s0": (4, 5), "s1": (4, 5), "s2": (3, 3), "s3": (1, 2), "s4": (1, 2)}
    missed, widths = 0, []
    for seed in range(100):
        ranks = simulated_ranks(simulated_cells(seed, (16, 3, 5), effects=effects), Adjust.HOLM)
        missed += not all(
            row.low <= truth[row.system][0] and truth[row.system][1] <= row.high
            for row in ranks.systems
        )
        widths.append(np.mean([row.high - row.low for row in ranks.systems]))
    assert missed <= 12
    assert np.mean(widths) < 3.5  # of 4, which says nothing


@pytest.mark.slow
def test_other_names_of_the_systems_change_nothing_but_names(tmp_path: Path) -> None:
    effects = np.array([0.0, 9.0, 4.0, 9.5, 0.0])
    cells = simulated_cells(3, (14, 4, 5), effects=effects)
    plain = ranks_of(result_of(tmp_path, cells))
    other = dict(zip("ABCDE", ("zeta", "beta", "yak", "alpha", "mid"), strict=True))
    named = ranks_of(result_of(tmp_path, cells, systems=list(other.values())))
    assert {other[r.system]: (r.low, r.high) for r in plain.systems} == {
        r.system: (r.low, r.high) for r in named.systems
    }
    assert {other[name] for name in plain.first} == set(named.first)
    turned = ranks_of(result_of(tmp_path, cells[:, :, ::-1], systems="EDCBA"))
    assert turned == plain


@pytest.mark.slow
def test_one_best_is_named_only_where_it_is_told_from_every_other(tmp_path: Path) -> None:
    sure = result_of(tmp_path, simulated_cells(1, effects=np.array([0.0, 0, 0, 0, 40])))
    assert ranks_of(sure).best == "E"
    assert ranks_of(sure).first == ("E",)
    assert "tie for first" not in finding(sure)
    close = result_of(tmp_path, simulated_cells(1, effects=np.array([0.0, 0, 0, 40, 40])))
    assert ranks_of(close).best is None
    assert set(ranks_of(close).first) == {"D", "E"}
    lead = ranks_of(close).first
    assert finding(close).startswith(f"{lead[0]} and {lead[1]} of 5 systems tie for first. ")
    none = result_of(tmp_path, simulated_cells(1, (6, 2, 5)))
    assert finding(none).startswith("All 5 systems tie for first. ")


def test_equivalent_systems_tie_though_a_difference_was_found(tmp_path: Path) -> None:
    cells = simulated_cells(1, (30, 4, 2), effects=np.array([0.0, 3.0]), residual=1)
    result = result_of(tmp_path, cells, RatingsOptions(margin=8))
    (pair,) = result.primary.pairs
    assert pair.reject
    assert pair.verdict == "equivalent"
    assert len(ranks_of(result).first) == 2
    assert finding(result).startswith("Both systems tie for first. ")


def test_decisions_in_a_circle_name_nobody() -> None:
    pairs = [told("A", "B", "A"), told("A", "C", "C"), told("B", "C", "B")]
    ranks = ranked("ABC", pairs, Adjust.HOLM)
    assert ranks is not None
    assert (ranks.first, ranks.best) == ((), None)
    assert {(row.low, row.high) for row in ranks.systems} == {(2, 2)}


def test_a_system_alone_at_the_top_is_not_best_while_a_pair_is_undecided() -> None:
    pairs = [told("A", "B", "A"), told("A", "C", None), told("B", "C", "B")]
    ranks = ranked("ABC", pairs, Adjust.HOLM)
    assert ranks is not None
    assert (ranks.first, ranks.best) == (("A",), None)
    assert ranks.systems[0].high == 2


def test_pairs_without_a_test_decide_nothing_and_are_counted() -> None:
    pairs = [told("A", "B", "A"), told("A", "C", None, None), told("B", "C", None, None)]
    ranks = ranked("ABC", pairs, Adjust.FDR_BH)
    assert ranks is not None
    assert ranks.untested == 2
    assert not ranks.together
    assert ranks.first == ("A", "C")
    assert ranked("ABC", [told("A", "B", None, None)], Adjust.HOLM) is None
    assert ranked("A", [], Adjust.HOLM) is None


def test_a_result_whose_ranks_do_not_follow_from_its_verdicts_fails_its_check(
    tmp_path: Path,
) -> None:
    result = result_of(tmp_path, simulated_cells(1, effects=np.array([0.0, 0, 0, 40, 40])))
    first, *others = ranks_of(result).systems
    forged = first.model_copy(update={"high": 1})
    ranks = ranks_of(result).model_copy(update={"systems": (forged, *others)})
    primary = result.primary.model_copy(update={"ranks": ranks})
    failed = [
        one.check
        for one in checks(result.model_copy(update={"primary": primary}), 0.05)
        if not one.passed
    ]
    assert failed == ["ranks follow from the verdicts"]


def test_ranks_stand_in_the_terminal_the_page_and_the_tables(tmp_path: Path) -> None:
    effects = np.array([0.0, 0, 0, 40, 40])
    path = written_ratings(tmp_path / "r.csv", simulated_cells(1, effects=effects))
    done = CliRunner().invoke(earmark, ["analyse", str(path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    lines = [line.split()[:2] for line in done.output.splitlines()]
    assert ["rank", "system"] in lines
    assert ["1–2", "D"] in lines
    assert ["3–5", "A"] in lines
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "of 5 systems tie for first." in page
    assert "all intervals hold together with 95 %" in page
    table = (tmp_path / "out" / "tables" / "ranks.csv").read_text(encoding="utf-8")
    assert table.splitlines()[0].startswith("System,Rank low,Rank high,Ties for first")
    assert (tmp_path / "out" / "tables" / "ranks.tex").is_file()
    assert RatingsResult.read(tmp_path / "out" / "result.json").primary.ranks is not None
