"""Audio that was deleted since: results stay open, and the next run says which file is gone."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from earmark.cli import earmark

Make = Callable[..., Path]


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(earmark, [str(word) for word in words])


def test_results_whose_songs_are_gone_open_export_and_report(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    songs, results = make_songs(2, 0.6), tmp_path / "r"
    path = make_benchmark("unprocessed", more="metrics: [lufs_integrated]\n")
    first = call("run", path, "--results", results, "--workers", "1")
    assert first.exit_code == 0, first.output
    report = (results / "reports" / "test" / "report.html").read_bytes()
    shutil.rmtree(songs)
    shutil.rmtree(results / "reports")
    assert call("report", "--results", results).exit_code == 0
    assert (results / "reports" / "test" / "report.html").read_bytes() == report
    scores = tmp_path / "scores.csv"
    assert call("export", results, "--scores", scores).exit_code == 0
    assert "song-1" in scores.read_text()
    again = call("run", path, "--results", results, "--workers", "1")
    assert again.exit_code == 1
    assert f"{songs}: no such folder of songs" in str(again.exception)


@pytest.mark.slow
def test_a_song_that_is_gone_is_named_by_check_and_by_the_next_run(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    songs, results = make_songs(3, 0.6), tmp_path / "r"
    path = make_benchmark("unprocessed", more="metrics: [lufs_integrated]\n")
    given = (path, "--results", results)
    assert call("run", *given, "--workers", "1").exit_code == 0
    shutil.rmtree(songs / "song-0")
    (songs / "song-2" / "mix.wav").unlink()
    gone = (
        f"warning: {songs}/song-0/mix.wav: no such file; song 'song-0' of the last run is gone. "
        "Put it back, or go on without this song"
    )
    seen = call("check", *given)
    assert gone in seen.stderr.splitlines()
    run = call("run", *given, "--workers", "1")
    assert gone in run.stderr.splitlines()
    assert gone not in call("run", *given, "--workers", "1").stderr.splitlines()
    # The song without its mix is there as the sum of its stems, and as such it is another song.
    assert seen.exit_code == run.exit_code == 0


@pytest.mark.slow
def test_a_song_taken_out_of_the_benchmark_is_not_called_gone(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2, 0.6)
    results = tmp_path / "r"
    path = make_benchmark("unprocessed", more="metrics: [lufs_integrated]\n")
    given = ("run", path, "--results", results, "--workers", "1")
    assert call(*given).exit_code == 0
    text = path.read_text().replace(
        "songs: {folder: songs/}", "songs: [{id: song-0, mix: songs/song-0/mix.wav}]"
    )
    path.write_text(text)
    assert "gone" not in call(*given).stderr
    (tmp_path / "songs" / "song-0" / "mix.wav").unlink()
    last = call(*given)
    assert last.exit_code == 1
    assert "song-0/mix.wav: no such file" in last.stderr
