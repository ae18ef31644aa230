"""Two sides are compared on songs of equal content, song by song; nothing is left out silently."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from report_fixtures import SYSTEMS, Fake, FakeSystem, build
from scipy import stats

from earmark.analysis.benchmark.comparison.compare import Sought, compare_sides, parse_asked
from earmark.analysis.benchmark.comparison.contract import ComparisonDocument
from earmark.analysis.benchmark.comparison.matching import match_songs
from earmark.analysis.benchmark.comparison.sides import SongContent, read_side
from earmark.analysis.benchmark.comparison.text import comparison_lines, notes
from earmark.analysis.benchmark.ranking.comparisons import bonferroni_t
from earmark.analysis.benchmark.result.standings import SongVerdict
from earmark.cli import earmark
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

SONGS = tuple(f"song {number}" for number in range(8))
EIGHT = Fake(songs=SONGS, audio=False, metrics=("mrstft_music", "lufs_error", "plr"))
# The same songs by a network that became worse; every render is another.
WORSE = replace(
    EIGHT, seed=1, systems=(*SYSTEMS[:3], replace(SYSTEMS[3], distance=1.4), *SYSTEMS[4:])
)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("before"), EIGHT)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("after"), WORSE)


def test_two_systems_of_one_run_are_compared_as_a_paired_t_test_of_the_family(before: Path) -> None:
    found = compare_sides("loudness", "tcn small", before, [Sought("mrstft_music"), Sought("plr")])
    own, theirs = (
        read_side(name, before).values.of("mrstft_music", "raw", name)
        for name in ("loudness", "tcn small")
    )
    distance, plr = found.rows
    assert (distance.system_a, distance.system_b) == ("loudness", "tcn small")
    assert distance.difference.mean == pytest.approx((theirs - own).mean())
    assert (distance.mean_a, distance.mean_b) == pytest.approx((own.mean(), theirs.mean()))
    assert distance.verdict is SongVerdict.BETTER
    assert plr.verdict in (SongVerdict.LOWER, SongVerdict.HIGHER, SongVerdict.UNTOLD)
    # Two comparisons: each interval is at least Bonferroni's.
    half = bonferroni_t(8, 2) * stats.sem(theirs - own)
    assert (distance.difference.high or 0) - (distance.difference.mean or 0) >= half - 1e-9
    turned = compare_sides("tcn small", "loudness", before, [Sought("mrstft_music"), Sought("plr")])
    assert turned.rows[0].difference == distance.difference.turned()
    assert turned.rows[0].verdict is SongVerdict.WORSE


def test_two_results_folders_are_compared_by_equal_names(before: Path, after: Path) -> None:
    found = compare_sides(str(before), str(after), Path("nowhere"))
    assert [pair for pair, _ in found.pairs] == [one.name for one in SYSTEMS]
    rows = {(row.system_b, row.column.metric): row for row in found.rows}
    assert rows["tcn small", "mrstft_music"].verdict is SongVerdict.WORSE
    assert rows["unprocessed", "mrstft_music"].verdict is SongVerdict.UNTOLD
    moved = rows["tcn small", "mrstft_music"].moved
    assert len(moved) == 3
    assert abs(moved[0].difference) >= abs(moved[2].difference) > 0
    one = compare_sides(f"{before}:tcn small", f"{after}:tcn small", Path("nowhere"))
    assert one.pairs == (("tcn small", "tcn small"),)
    assert compare_sides("tcn small", str(after), before).pairs == one.pairs


def test_equal_names_of_other_songs_are_not_one_song(tmp_path: Path, before: Path) -> None:
    with Store(build(tmp_path, WORSE)) as store, store.transaction():
        store.connection.execute(
            "UPDATE song SET sha256 = 'other' WHERE id IN ('song 2', 'song 5')"
        )
        store.connection.execute("UPDATE song SET id = 'renamed' WHERE id = 'song 7'")
        store.connection.execute("UPDATE placement SET song = 'renamed' WHERE song = 'song 7'")
        store.connection.execute("UPDATE song SET start = start + 1 WHERE id = 'song 0'")
    found = compare_sides(str(before), str(tmp_path), before)
    assert found.songs.pairs == (
        *((name, name) for name in ("song 1", "song 3", "song 4", "song 6")),
        ("song 7", "renamed"),
    )
    assert found.songs.only_a == ("song 0", "song 2", "song 5")
    assert found.songs.other_excerpt == ("song 0",)
    said = " ".join(notes(found))
    assert "5 songs of equal content compared." in said
    assert "song 0, song 2, song 5" in said
    assert "Same mix, but another excerpt, rate or reference: song 0." in said
    # Five songs: no claim, and it says why.
    assert {row.verdict for row in found.rows} == {SongVerdict.NO_CLAIM}
    assert "chance of 1 in 16" in said


def test_copies_of_one_song_are_paired_by_name_and_none_twice() -> None:
    def content(text: str) -> SongContent:
        return SongContent(text, None, 0.0, 10.0, 44100)

    a = {"x": content("1"), "y": content("1"), "z": content("2")}
    b = {"y": content("1"), "w": content("1"), "v": content("1"), "z": content("3")}
    found = match_songs(a, b)
    assert set(found.pairs) == {("y", "y"), ("x", "w")}
    assert (found.only_a, found.only_b) == (("z",), ("v", "z"))


def test_the_very_same_renders_are_told_to_be_unchanged_and_take_no_part(
    tmp_path: Path, before: Path
) -> None:
    changed = replace(EIGHT, failing={("song 3", "loudness"): "no memory"})
    found = compare_sides(str(before), str(build(tmp_path, changed)), before)
    # A failure is no equal render: that system is compared, and its loss is said.
    assert found.unchanged == tuple(one.name for one in SYSTEMS if one.name != "loudness")
    assert {row.system_b for row in found.rows} == {"loudness"}
    assert {row.lost for row in found.rows} == {1}
    assert any("B lacks mrstft_music of loudness for 1 song" in one for one in notes(found))
    whole = compare_sides(str(before), str(build(tmp_path / "copy", EIGHT)), before)
    assert whole.rows == ()
    assert comparison_lines(whole)[-1] == "Nothing changed."


def test_a_metric_that_was_measured_otherwise_is_not_compared(tmp_path: Path, before: Path) -> None:
    with Store(build(tmp_path, WORSE)) as store, store.transaction():
        for table in ("selection", "score"):
            store.connection.execute(f"UPDATE {table} SET version = 2 WHERE metric = 'plr'")
            store.connection.execute(
                f"UPDATE {table} SET source = 'abc' WHERE metric = 'lufs_error'"
            )
    found = compare_sides(str(before), str(tmp_path), before)
    assert {row.column.metric for row in found.rows} & {"plr", "lufs_error"} == set()
    said = " ".join(notes(found))
    assert "plr: version 1 in" in said
    assert "lufs_error: code not known in" in said
    with pytest.raises(UserError, match=r"version 1 in .* 2 in .*; score both anew"):
        compare_sides(str(before), str(tmp_path), before, [Sought("plr")])


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("tcn smal", "loudness", "did you mean 'tcn small'"),
        ("loudness", "loudness", "one and the same"),
        ("loudness@7", "tcn small", "no run '7'"),
        ("@1", "@1", "one and the same"),
        ("loudness", "{after}:tcn smal", "did you mean 'tcn small'"),
    ],
)
def test_a_side_that_is_not_there_is_one_line(
    before: Path, after: Path, a: str, b: str, words: str
) -> None:
    with pytest.raises(UserError, match=words) as told:
        compare_sides(a, b.format(after=after), before)
    assert "\n" not in str(told.value)


def test_a_metric_that_is_not_there_is_one_line(before: Path) -> None:
    with pytest.raises(
        UserError, match=r"'mrstft_musik': no metric .* did you mean 'mrstft_music'"
    ):
        compare_sides("loudness", "tcn small", before, [Sought("mrstft_musik")])
    with pytest.raises(UserError, match="'plr:aligned': has no aligned values"):
        compare_sides("loudness", "tcn small", before, [parse_asked("plr:aligned")])


def test_results_without_a_shared_song_or_system_are_told(tmp_path: Path, before: Path) -> None:
    other = build(tmp_path / "songs", replace(WORSE, songs=("elsewhere",)))
    with pytest.raises(UserError, match="share no song by content"):
        compare_sides(str(before), str(other), before)
    strange = build(tmp_path / "systems", replace(WORSE, systems=(FakeSystem("stranger"),)))
    with pytest.raises(UserError, match="share no system by name"):
        compare_sides(str(before), str(strange), before)
    with pytest.raises(UserError, match="has no system 'tcn small'"):
        compare_sides("tcn small", str(strange), before)


def test_a_name_with_an_at_sign_is_a_system_before_it_is_a_run(tmp_path: Path) -> None:
    odd = replace(EIGHT, systems=(FakeSystem("net@1"), FakeSystem("net", distance=2.0)))
    build(tmp_path, odd)
    assert read_side("net@1", tmp_path).system == "net@1"
    assert read_side("net", tmp_path).system == "net"
    assert read_side("@1", tmp_path).system is None


def compared(folder: Path, *arguments: str) -> Any:
    return CliRunner().invoke(earmark, ["compare", *arguments, "--results", str(folder)])


def test_json_is_valid_by_its_schema_and_equal_to_the_text(before: Path) -> None:
    done = compared(before, "loudness", "tcn small", "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.output)
    ComparisonDocument.model_validate_json(done.output)
    assert data["simulated"] is True
    assert len(data["songs"]["compared"]) == 8
    text = compared(before, "loudness", "tcn small").output
    for row in data["comparisons"]:
        assert row["metric"] in text
        assert row["verdict"] in text


def test_a_benchmark_is_found_by_its_name_whatever_the_option_says(tmp_path: Path) -> None:
    build(tmp_path, EIGHT)
    build(tmp_path, replace(EIGHT, name="other", seed=1, run="run-2"))
    for option in (None, "small", "other"):
        found = compare_sides("small", "other", tmp_path, [Sought("mrstft_music")], option)
        assert (found.a.benchmark, found.b.benchmark) == ("small", "other")


def test_a_checkpoint_of_two_systems_is_not_guessed(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    results = build(tmp_path / "results", EIGHT)
    with Store(results) as store, store.transaction():
        store.connection.execute(
            "UPDATE system SET options = ? WHERE name IN ('loudness', 'tcn small')",
            (json.dumps({"path": str(weights)}),),
        )
    with pytest.raises(UserError, match="is the checkpoint of loudness, tcn small; name one"):
        read_side(str(weights), results)
