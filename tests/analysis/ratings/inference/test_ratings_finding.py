"""What the finding and the methods paragraph say agrees with the pairs. SIMULATED ratings."""

from pathlib import Path

import numpy as np
from ratings_simulation import simulated_cells, written_ratings

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.report.export import sentences
from earmark.analysis.ratings.report.words.sentences import finding
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.analysis.ratings.result.names import Chosen


def result_of(
    tmp_path: Path, cells: Floats, options: RatingsOptions | None = None, systems: str = "ABC"
) -> RatingsResult:
    path = written_ratings(tmp_path / "ratings.csv", cells, systems=systems)
    result = analyse(read_ratings(path), options or RatingsOptions())
    assert all(check.passed for check in result.checks)
    return result


def of_rows(tmp_path: Path, rows: list[str], options: RatingsOptions) -> RatingsResult:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    result = analyse(read_ratings(path), options)
    assert all(check.passed for check in result.checks)
    return result


def test_the_best_system_is_that_of_the_pairs_though_another_has_the_highest_mean(
    tmp_path: Path,
) -> None:
    cells = simulated_cells(4, (16, 4, 3), effects=np.array([0.0, 12.0, 2.0]), residual=2)
    cells[:, 2:] -= 40
    cells[2:, 2:, 0] = np.nan
    cells[:14, 0, 1] = np.nan
    result = result_of(tmp_path, cells)
    means = {row.system: row.mean for row in result.descriptives.systems}
    assert max(means, key=lambda name: means[name]) == "A"
    assert finding(result).startswith("B was rated highest by the estimates")
    assert "above every other system" in finding(result)


def test_systems_that_are_equivalent_to_the_best_are_named(tmp_path: Path) -> None:
    cells = simulated_cells(1, (20, 4, 3), effects=np.array([0.0, 0.0, -20.0]), residual=3)
    result = result_of(tmp_path, cells, RatingsOptions(margin=5))
    assert {pair.verdict for pair in result.primary.pairs if pair.group2 == "B"} == {"equivalent"}
    text = finding(result)
    assert "was rated above C and is equivalent to " in text
    assert "within ±5 points" in text
    assert "undecided" not in text


def test_pairs_are_told_where_there_is_no_test_of_all_systems(tmp_path: Path) -> None:
    cells = simulated_cells(2, (20, 1, 4), effects=np.array([0.0, 0.0, 0.0, 30.0]), residual=4)
    cells[:10, :, 2:] = np.nan
    cells[10:, :, :2] = np.nan
    result = result_of(tmp_path, cells, systems="ABCD")
    assert "There was no test of all systems: the systems fall into" in sentences(result, {})
    text = finding(result)
    assert text.startswith("No test of all systems was possible: the systems fall into groups")
    assert "Of the 2 pairs that could be tested, D was rated above C." in text
    same = np.broadcast_to(np.array([50.0, 60.0, 70.0]), (6, 3, 3)).copy()
    text = finding(result_of(tmp_path, same, RatingsOptions(scope="music")))
    assert "C was rated above B" in text
    assert "No comparison" not in text


def test_preferences_are_not_said_to_be_tested_for_equivalence(tmp_path: Path) -> None:
    r = np.random.default_rng(2)
    rows = ["listener,system_a,system_b,winner"]
    for listener in range(10):
        for a, b in (("x", "y"), ("x", "z"), ("y", "z")):
            rows += [f"L{listener},{a},{b},{'ab'[int(r.random() < 0.5)]}" for _ in range(3)]
    result = of_rows(tmp_path, rows, RatingsOptions(margin=0.1))
    assert result.primary.margin is None
    assert any("Equivalence was not tested" in note for note in result.primary.notes)
    assert "one-sided tests" not in sentences(result, {})


def test_right_and_wrong_answers_are_not_compared_as_ratings(tmp_path: Path) -> None:
    rows = ["listener,passage,system,score"]
    for listener in range(8):
        for trial in range(10):
            rows.append(f"L{listener},P{trial},x,{(listener + trial) % 2}")
            rows.append(f"L{listener},P{trial},y,{int(trial > listener % 3)}")
    result = of_rows(tmp_path, rows, RatingsOptions(abx=True))
    assert result.primary.choice is Chosen.NONE
    assert result.primary.pairs == ()
    text = sentences(result, {})
    assert result.secondary.per_passage.passages == ()
    assert "The two of y were told apart" in text
    assert "rated" not in text
    assert "points" not in text


def test_the_differences_of_one_listener_are_those_of_passages(tmp_path: Path) -> None:
    cells = simulated_cells(3, (1, 8, 3))
    result = result_of(tmp_path, cells)
    text = sentences(result, {})
    assert "the listener's differences per passage" in text
    assert "listeners' own differences" not in text
