"""Systems beside the reference master: a null is called nothing, and claims are those of the pairs.

SIMULATED ratings throughout.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from ratings_simulation import document, passed, ratings_of, simulated_cells, written_ratings

from earmark.analysis.ratings.beside_master.checks import master_checks
from earmark.analysis.ratings.beside_master.compare import (
    LEAST_LISTENERS,
    LEAST_PASSAGES,
    KnownOfPassages,
    MasterCase,
    against_master,
    with_master,
)
from earmark.analysis.ratings.beside_master.distances import distances
from earmark.analysis.ratings.beside_master.genres import Genres, read_genres
from earmark.analysis.ratings.estimation.effect_sizes import share_of_wins
from earmark.analysis.ratings.inference import analysis
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.bradley_terry import direct_wins
from earmark.analysis.ratings.reading.files import RatingsFile, read_ratings
from earmark.analysis.ratings.reading.heard import HeardScore
from earmark.analysis.ratings.reading.scales import declared_scale
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.analysis.ratings.result.master import AgainstMaster, BesideMaster, MasterVerdict
from earmark.cli import earmark
from earmark.models.errors import UserError

SHAPE = (10, 9, 4)
GENRES = ("rock", "jazz", "pop")
SAID = (MasterVerdict.BETTER, MasterVerdict.WORSE)
SCALE = declared_scale(0, 100)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RatingsResult:
    path = tmp_path_factory.mktemp("ratings") / "r.csv"
    file = read_ratings(written_ratings(path, simulated_cells(6, (8, 3, 3)), systems="ABC"))
    return analysed(file, reference_master="A")


def analysed(file: RatingsFile, **given: Any) -> RatingsResult:
    options = RatingsOptions(**given)
    return with_master(analysis.analyse(file, options), file, options, KnownOfPassages())


def three_genres(prefix: str = "p", passages: int = 9) -> Genres:
    return Genres({f"{prefix}{at}": GENRES[at // 3] for at in range(passages)}, "a test")


def beside(cells: Floats, genres: Genres | None = None, **options: Any) -> AgainstMaster:
    """The comparisons with the first system, without the rest of a result."""
    chosen = RatingsOptions(reference_master="s0", **options)
    ratings = ratings_of(cells)
    tested = analysis._tested(ratings, SCALE, chosen, ())
    case = MasterCase(ratings, None, tested.primary, SCALE, chosen, (), genres or three_genres())
    found = against_master(case)
    assert found is not None
    return found


def every_row(found: AgainstMaster) -> list[BesideMaster]:
    return [*found.systems, *(row for genre in found.genres for row in genre.systems)]


def false_claims(
    runs: Sequence[int], equal: Sequence[str], *, effects: Floats, **given: Any
) -> tuple[int, int]:
    """Runs in which any system of ``equal`` is called better or worse anywhere; and by p alone."""
    cells_given: dict[str, float] = given.pop("cells")
    called = ungated = 0
    for seed in runs:
        cells = simulated_cells(seed, SHAPE, effects=effects, **cells_given)
        rows = [row for row in every_row(beside(cells, **given)) if row.system in equal]
        called += any(row.verdict in SAID for row in rows)
        ungated += any(row.reject for row in rows)
    return called, ungated


FEW_PASSAGES = "fewer than 3 passages: no verdict"
FEW_LISTENERS = "fewer than 6 listeners: no verdict"
ALL_EQUAL = ("s1", "s2", "s3")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scope", "cells", "effects", "equal"),
    [
        ("passages", {"listener_system": 6.5}, np.zeros(4), ALL_EQUAL),
        ("music", {"listener_system": 6.5, "passage_system": 9.0}, np.zeros(4), ALL_EQUAL),
        ("passages", {"listener_system": 6.5}, np.array([0, 0, 25.0, -25.0]), ("s1",)),
    ],
    ids=("passages", "music", "two apart"),
)
def test_systems_that_equal_the_master_are_called_another_no_more_often_than_alpha(
    scope: str, cells: Mapping[str, float], effects: Floats, equal: Sequence[str]
) -> None:
    """Over the whole family, genres too."""
    runs = 150
    called, ungated = false_claims(range(runs), equal, effects=effects, scope=scope, cells=cells)
    # Three standard errors of a share of .05.
    assert called <= runs * (0.05 + 3 * np.sqrt(0.05 * 0.95 / runs))
    assert called <= ungated


def test_a_genre_says_nothing_of_a_kind_that_all_passages_do_not_say() -> None:
    """Rock pulls one way and jazz the other: by p alone both would be called."""
    cells = simulated_cells(3, SHAPE, listener_system=2, residual=5)
    cells[:, :3, 1] += 14
    cells[:, 3:6, 1] -= 14
    found = beside(cells)
    whole = {row.system: row for row in found.systems}
    assert whole["s1"].verdict is MasterVerdict.NOT_SHOWN
    held = [row for genre in found.genres for row in genre.systems if row.system == "s1"]
    assert sum(bool(row.reject) for row in held) >= 2
    assert all(row.verdict is MasterVerdict.NOT_SHOWN for row in held)
    assert {row.unsaid for row in held if row.reject} == {"nothing of the kind over all passages"}


def test_a_true_difference_is_called_in_every_genre_with_its_sign() -> None:
    cells = simulated_cells(4, SHAPE, effects=np.array([0, 20.0, -20, 0]), residual=5)
    found = beside(cells)
    for rows in (found.systems, *(genre.systems for genre in found.genres)):
        said = {row.system: row.verdict for row in rows}
        assert said["s1"] is MasterVerdict.BETTER
        assert said["s2"] is MasterVerdict.WORSE
        for row in rows:
            assert row.low is not None
            assert row.mean_diff is not None
            assert row.high is not None
            assert row.low < row.mean_diff < row.high
            assert row.share is not None
            if row.verdict is not MasterVerdict.NOT_SHOWN:
                assert (row.mean_diff > 0) == (row.share > 0.5)


def test_verdicts_and_p_are_those_of_the_pairs_of_the_primary_analysis(tmp_path: Path) -> None:
    effects = np.array([0, 0, 9, -12, 3.0])
    file = read_ratings(
        written_ratings(tmp_path / "r.csv", simulated_cells(5, (10, 4, 5), effects=effects))
    )
    found = document(analysed(file, reference_master="C", margin=8.0))
    pairs = {frozenset((p["group1"], p["group2"])): p for p in found["primary"]["pairs"]}
    rows = found["against_master"]["systems"]
    assert [row["system"] for row in rows] == ["A", "B", "D", "E"]
    for row in rows:
        pair = pairs[frozenset((row["system"], "C"))]
        sign = 1 if pair["group1"] == row["system"] else -1
        assert row["mean_diff"] == pytest.approx(sign * pair["mean_diff"])
        assert (row["p_adj"], row["equivalence"]) == (pair["p_adj"], pair["equivalence"])
        # The intervals of all pairs together are the wider ones.
        own = sorted(sign * pair[end] for end in ("low", "high"))
        assert row["low"] < own[0] < own[1] < row["high"]
    assert found["against_master"]["family"] == 10
    assert passed(found)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": MasterVerdict.BETTER},
        {"verdict": MasterVerdict.EQUIVALENT},
        {"p_adj": 0.2},
        {"reject": True},
    ],
    ids=str,
)
def test_the_report_notices_a_verdict_that_its_numbers_do_not_give(
    result: RatingsResult, change: Mapping[str, Any]
) -> None:
    master = result.against_master
    assert master is not None
    first, *more = master.systems
    assert first.verdict is MasterVerdict.NOT_SHOWN
    slipped = (first.model_copy(update=change), *more)
    wrong = result.model_copy(
        update={"against_master": master.model_copy(update={"systems": slipped})}
    )
    (check,) = master_checks(wrong, 0.05)
    assert not check.passed
    (check,) = master_checks(result, 0.05)
    assert check.passed


def test_ratings_dealt_at_random_on_each_page_show_nothing(tmp_path: Path) -> None:
    """A shuffled file: whatever there was between the systems is gone."""
    cells = simulated_cells(7, SHAPE, effects=np.array([0, 15.0, -15, 8]), residual=5)
    assert any(row.verdict in SAID for row in beside(cells).systems)
    shuffled = np.random.default_rng(7).permuted(cells, axis=2)
    assert all(row.verdict is MasterVerdict.NOT_SHOWN for row in every_row(beside(shuffled)))


@pytest.mark.parametrize(
    ("shape", "genres", "why"),
    [
        ((12, 9, 3), three_genres(passages=8), FEW_PASSAGES),
        ((LEAST_LISTENERS - 1, 9, 3), three_genres(),
         FEW_LISTENERS),
    ],
)  # fmt: skip
def test_a_small_genre_has_numbers_and_no_verdict(
    shape: tuple[int, int, int], genres: Genres, why: str
) -> None:
    cells = simulated_cells(8, shape, effects=np.array([0, 40.0, -40.0]), residual=4)
    found = beside(cells, genres)
    small = [genre for genre in found.genres if genre.note]
    assert small
    assert {genre.note for genre in small} == {why}
    for genre in small:
        assert all(row.verdict is MasterVerdict.NOT_SHOWN for row in genre.systems)
        assert all(row.p_raw is None and row.mean_diff for row in genre.systems)
    assert found.genre_family == sum(len(g.systems) for g in found.genres if not g.note)
    assert LEAST_PASSAGES == 3


def test_passages_of_one_genre_alone_are_no_genre_of_their_own() -> None:
    one = Genres({f"p{at}": "rock" for at in range(9)}, "a test")
    assert beside(simulated_cells(9, SHAPE), one).genres == ()
    some = Genres({f"p{at}": "rock" for at in range(4)}, "a test")
    found = beside(simulated_cells(9, SHAPE), some)
    assert [genre.genre for genre in found.genres] == ["rock"]
    assert found.untagged == 5


def test_a_master_that_versions_are_held_against_is_never_beaten() -> None:
    """Listeners of a MUSHRA test say how close; a rating above the hidden reference is no win."""
    cells = simulated_cells(10, SHAPE, effects=np.array([0, 20.0, -20, 0]), residual=5)
    found = beside(cells, reference="s0")
    said = {row.system: row for row in found.systems}
    assert not found.under_test
    assert found.family == 3
    assert said["s1"].verdict is MasterVerdict.NOT_SHOWN
    assert said["s1"].unsaid == "preference was not asked"
    assert said["s2"].verdict is MasterVerdict.WORSE
    assert found.note.startswith("Listeners were asked to hold versions against the master")


def test_equivalence_needs_the_evidence_of_the_pairs() -> None:
    """Listeners who hear nothing rate all alike: no margin makes that an equivalence."""
    deaf = np.random.default_rng(11).normal(50, 1.0, SHAPE)
    found = beside(deaf, margin=20.0)
    within = [row for row in every_row(found) if row.equivalence and row.equivalence.within]
    assert within
    assert all(row.verdict is MasterVerdict.NOT_SHOWN for row in within)
    sharp = simulated_cells(11, SHAPE, effects=np.array([0, 0, 0, -40.0]), residual=4)
    said = {row.system: row.verdict for row in beside(sharp, margin=12.0).systems}
    assert said["s1"] is MasterVerdict.EQUIVALENT


def test_direct_comparisons_alone_make_the_share_of_preferences(
    tmp_path: Path,
) -> None:
    """A system that beats others and loses to the master is not preferred to it."""
    rows = ["listener,passage,system_a,system_b,winner"]
    for listener in range(8):
        rows += [f"L{listener},p{p},good,master,b" for p in range(3)]
        rows += [f"L{listener},p{p},good,bad,a" for p in range(3)]
        rows += [f"L{listener},p{p},bad,master,{'ab'[listener % 4 > 0]}" for p in range(3)]
    found = preference_result(tmp_path, rows)
    said = {row["system"]: row for row in found["against_master"]["systems"]}
    assert said["good"]["share"] == 0
    assert said["good"]["comparisons"] == 24
    assert said["bad"]["share"] == 0.25
    # Eight listeners who agree leave room for others: 1 − .025^(1/8).
    assert said["good"]["share_high"] == pytest.approx(1 - 0.025 ** (1 / 8))


def preference_result(folder: Path, rows: Sequence[str]) -> dict[str, Any]:
    (folder / "r.csv").write_text("\n".join(rows) + "\n")
    words = ["analyse", str(folder / "r.csv"), "--out", str(folder), "--reference-master", "master"]
    done = CliRunner().invoke(earmark, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "Beside the master (master)" in done.output
    found = document(RatingsResult.read(folder / "result.json"))
    assert passed(found)
    return found


def test_the_interval_of_a_share_holds_the_truth() -> None:
    """Ratings of 16 listeners × 6 passages with tastes of their own; nominal 95 %."""
    inside = 0
    runs = 200
    for seed in range(runs):
        draw = np.random.default_rng(seed)
        taste = draw.normal(0, 0.8, (16, 1))
        wins = (taste + draw.normal(0, 1, (16, 6)) > 0).astype(float)
        share = share_of_wins(wins, alpha=0.05, seed=0, passages=False)
        assert share.low is not None
        assert share.high is not None
        inside += share.low <= 0.5 <= share.high
    assert inside >= 0.88 * runs


def test_no_preferences_have_no_direct_wins() -> None:
    assert direct_wins(ratings_of(simulated_cells(1, (4, 2, 3))), 0, 1) is None


def scores(values: Mapping[tuple[str, str], float | None], metric: str = "m") -> list[HeardScore]:
    return [HeardScore(p, s, metric, "raw", value) for (p, s), value in values.items()]


def test_distances_are_of_metrics_that_compare_with_the_master_on_passages_of_all() -> None:
    ratings = ratings_of(simulated_cells(1, (4, 3, 3)))
    level = scores({(f"p{p}", f"s{s}"): -20.0 for p in range(3) for s in range(3)}, "level")
    far = scores({("p0", "s1"): 1.0, ("p0", "s2"): 3.0, ("p1", "s1"): 2.0, ("p1", "s2"): 5.0,
                  ("p2", "s1"): 90.0, ("p2", "s2"): None}, "far")  # fmt: skip
    (one,) = distances([*level, *far], ratings, "s0", {"rock": ["p0"], "jazz": ["p2"]})
    assert (one.metric, one.passages) == ("far", 2)
    assert one.means == {"s1": 1.5, "s2": 4.0}
    assert one.genres == {"rock": {"s1": 1.0, "s2": 3.0}, "jazz": {"s1": None, "s2": None}}
    assert distances(far, ratings, "s0", {}) == (), "what was not measured of the master is unknown"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,genre\nx,rock\n", r"g\.csv:1: lacks a column; the first line must name 'id'"),
        ("", r"g\.csv:1: lacks a column"),
        ("id,genre\nsong 0\n", r"g\.csv:2: has 1 cells; 'id' and 'genre' are needed"),
        ("id,genre\nsong 0,a\nsong 0,b\n", r"g\.csv:3: passage 'song 0' stands there twice"),
        ("id,genre\nsnog 1,a\n", "names no passage that was rated, but 'snog 1'; did you mean"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_file_of_genres_that_cannot_be_used_is_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "g.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=message) as caught:
        read_genres(tmp_path / "g.csv", ["song 0", "song 1"])
    assert "\n" not in str(caught.value)


def test_genres_of_a_file_reach_the_report_and_rename_no_result(tmp_path: Path) -> None:
    cells = simulated_cells(12, (8, 6, 3), effects=np.array([0, 15.0, 0]), residual=5)
    source = written_ratings(tmp_path / "r.csv", cells, systems="ABC")
    (tmp_path / "g.csv").write_text(
        "\ufeffid,tempo,genre\n" + "".join(f"song {p},fast,{GENRES[p // 3]}\n" for p in range(6))
    )
    words = ["analyse", str(source), "--out", str(tmp_path / "out"), "--reference-master", "A"]
    more = ["--genres", str(tmp_path / "g.csv")]
    done = CliRunner().invoke(earmark, [*words, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "Beside the master (A): B rated above it" in done.output
    html = (tmp_path / "out" / "report.html").read_text()
    assert "How do the systems compare with the reference master?" in html
    assert "rock: B against A: better" in html
    for name in ("against-the-master", "against-the-master-by-genre"):
        assert (tmp_path / "out" / "tables" / f"{name}.tex").is_file()
    said = (tmp_path / "out" / "sentences.txt").read_text()
    assert "g.csv, sha256" in said


def test_an_unknown_master_or_an_anchor_is_refused(tmp_path: Path) -> None:
    source = written_ratings(tmp_path / "r.csv", simulated_cells(1, (4, 2, 3)), systems="ABC")
    words = ["analyse", str(source), "--out", str(tmp_path / "out"), "--reference-master"]
    with pytest.raises(UserError, match="reference master 'Z' is in no row; the systems are 'A'"):
        CliRunner().invoke(earmark, [*words, "Z"], catch_exceptions=False)
    with pytest.raises(UserError, match="'C' is both reference master and anchor"):
        CliRunner().invoke(earmark, [*words, "C", "--anchors", "C"], catch_exceptions=False)
