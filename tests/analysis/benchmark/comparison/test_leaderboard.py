"""A leaderboard ranks the systems of many runs over equal songs, and lists who cannot be ranked."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from report_fixtures import SYSTEMS, Fake, FakeSystem, build

from earmark.analysis.benchmark.comparison.compare import Sought
from earmark.analysis.benchmark.comparison.leaderboard import leaderboard
from earmark.analysis.benchmark.comparison.leaderboard_text import markdown
from earmark.cli import earmark
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

EIGHT = Fake(
    songs=tuple(f"song {number}" for number in range(8)),
    audio=False,
    metrics=("mrstft_music", "plr"),
)
LATER = replace(
    EIGHT,
    seed=1,
    systems=(SYSTEMS[0], replace(SYSTEMS[3], distance=0.2), FakeSystem("new", distance=3.0)),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("boards")
    return build(root / "first", EIGHT), build(root / "second", LATER)


def test_systems_of_two_runs_are_ranked_together(folders: tuple[Path, Path]) -> None:
    board = leaderboard([str(folder) for folder in folders], Path("nowhere")).boards[0]
    names = [one.system for one in board.ranking.ranks]
    assert names[0] == "tcn small (second, run 1)"
    assert "tcn small (first, run 1)" in names
    assert names[-1] == "new"
    assert board.ranking.best == names[0]
    # Who sees the reference, is it or is an anchor does not compete.
    assert not {"eq_match", "reference", "lowpass_3500"} & {one.system for one in board.entries}


def test_the_very_same_renders_are_one_entry(folders: tuple[Path, Path], tmp_path: Path) -> None:
    copy = build(tmp_path, EIGHT)
    board = leaderboard([str(folders[0]), str(copy)], Path("nowhere")).boards[0]
    assert [one.system for one in board.entries] == ["unprocessed", "loudness", "tcn small"]


def test_folders_of_one_name_do_not_hide_each_other(tmp_path: Path) -> None:
    first, second = (
        build(tmp_path / "a" / "results", EIGHT),
        build(tmp_path / "b" / "results", LATER),
    )
    board = leaderboard([str(first), str(second)], Path("nowhere")).boards[0]
    names = [one.name for one in board.entries]
    assert len(set(names)) == len(names) == len(board.ranking.ranks) == 6
    assert f"tcn small ({second}, run 1)" in names


def test_a_system_named_like_another_with_its_run_keeps_its_own_row(tmp_path: Path) -> None:
    odd = FakeSystem("tcn small (second, run 1)", distance=0.4)
    first = build(tmp_path / "first", replace(EIGHT, systems=(*SYSTEMS, odd)))
    second = build(tmp_path / "second", LATER)
    board = leaderboard([str(first), str(second)], Path("nowhere")).boards[0]
    assert len(board.ranking.ranks) == len({one.name for one in board.entries}) == 7


def test_of_equal_renders_the_entry_with_all_scores_stays(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    with Store(build(tmp_path, EIGHT)) as store, store.transaction():
        store.connection.execute("DELETE FROM score WHERE rowid % 3 = 0")
    board = leaderboard([str(tmp_path), str(folders[0])], Path("nowhere")).boards[0]
    assert {one.system for one in board.entries} == {"unprocessed", "loudness", "tcn small"}
    assert {one.folder for one in board.entries} == {str(folders[0])}
    assert board.partial == ()


def test_who_lacks_a_song_is_listed_and_not_ranked(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    failing = {("song 5", "tcn small"): "no memory"}
    short = build(tmp_path / "failed", replace(LATER, failing=failing))
    board = leaderboard([str(folders[0]), str(short)], Path("nowhere")).boards[0]
    (left,) = board.partial
    assert (left.system, left.songs) == ("tcn small", 7)
    assert left.name not in {one.system for one in board.ranking.ranks}
    other = build(tmp_path / "other", replace(LATER, songs=("elsewhere", *EIGHT.songs[:4])))
    board = leaderboard([str(folders[0]), str(other)], Path("nowhere")).boards[0]
    assert {one.songs for one in board.partial} == {4}
    assert {one.system for one in board.partial} == {"unprocessed", "tcn small", "new"}


def test_a_metric_of_another_version_is_left_out_and_said(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    with Store(build(tmp_path, LATER)) as store, store.transaction():
        for table in ("selection", "score"):
            store.connection.execute(
                f"UPDATE {table} SET version = 9 WHERE metric = 'mrstft_music'"
            )
    found = leaderboard([str(folders[0]), str(tmp_path)], Path("nowhere"))
    assert {one.run for one in found.boards[0].entries} == {"run 1"}
    assert len(found.boards[0].entries) == 3
    assert "mrstft_music of another version or code" in markdown(found)


def test_five_songs_rank_nobody(tmp_path: Path) -> None:
    build(tmp_path, replace(EIGHT, songs=EIGHT.songs[:5]))
    text = markdown(leaderboard([], tmp_path))
    assert "No ranks: fewer than six songs" in text
    assert "| – | tcn small | run 1 | 5 songs | – |" in text


def test_what_renders_cost_ranks_nobody_unless_it_is_asked(tmp_path: Path) -> None:
    build(tmp_path, replace(EIGHT, metrics=("plr",), all_null=(), plugin=False))
    with pytest.raises(UserError, match="no metric of sound with a better direction"):
        leaderboard([], tmp_path)
    assert len(leaderboard([], tmp_path, [Sought("rtf")]).boards[0].ranking.ranks) == 3


def test_one_song_is_one_song(tmp_path: Path) -> None:
    build(tmp_path, replace(EIGHT, songs=EIGHT.songs[:1]))
    text = markdown(leaderboard([], tmp_path))
    assert "1 song of equal content" in text
    assert "1 songs" not in text


def test_mistakes_are_one_line(folders: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match="is a system; a leaderboard takes runs"):
        leaderboard(["tcn small"], folders[0])
    with pytest.raises(UserError, match="'mrstft': no metric of '@1'"):
        leaderboard([], folders[0], [Sought("mrstft")])


def test_names_of_users_stay_in_their_cells(tmp_path: Path) -> None:
    odd = FakeSystem("a|b <img src=x> *c*", distance=0.1)
    build(tmp_path, replace(EIGHT, systems=(SYSTEMS[0], odd)))
    found = leaderboard([], tmp_path)
    row = next(line for line in markdown(found).splitlines() if "img" in line)
    assert row.replace("\\|", "").count("|") == 6
    assert "\\<img" in row
    out = tmp_path / "board"
    arguments = ["leaderboard", "--results", str(tmp_path), "--out", str(out)]
    done = CliRunner().invoke(earmark, arguments)
    assert done.exit_code == 0, done.output
    page = (out / "leaderboard.html").read_text(encoding="utf-8")
    assert "<img" not in page
    assert "SIMULATED" in page
    assert (out / "leaderboard.md").read_text(encoding="utf-8") == markdown(found)
    # Written again it stays, and a folder of other files is not touched.
    assert CliRunner().invoke(earmark, arguments).exit_code == 0
    done = CliRunner().invoke(earmark, [*arguments[:-1], str(tmp_path)])
    assert isinstance(done.exception, UserError)
