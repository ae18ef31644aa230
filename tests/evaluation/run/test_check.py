"""``earmark check`` says what a run would do, and writes nothing."""

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from earmark.cli import earmark
from earmark.evaluation.benchmark.file import load
from earmark.evaluation.run.plan import plan
from earmark.evaluation.run.render import Render, render_one

Make = Callable[..., Path]


def check(path: Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(earmark, ["check", str(path), "--results", str(path.parent / "r")])
    return result.exit_code, " ".join(result.stdout.split()), result.stderr


def test_check_says_what_would_be_done_and_writes_nothing(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2, 0.6)
    path = make_benchmark("unprocessed", "random_mix")
    before = sorted(tmp_path.rglob("*"))
    status, said, problems = check(path)
    assert (status, problems) == (0, "")
    assert "test: 2 of 2 songs (song folders)" in said
    assert "random_mix" in said
    assert "Renders: 0 there, 6 to do" in said
    assert "1 MB of disk" in said
    assert sorted(tmp_path.rglob("*")) == before


def test_check_finds_the_renders_that_are_there(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2, 0.6)
    path = make_benchmark("unprocessed", "mono_sum")
    found = load(path)
    one, other, *_ = plan(found, tmp_path / "r", "cpu", found.songs).tasks
    assert isinstance(render_one(one), Render)
    # A file that is not whole does not count as done.
    other.path.parent.mkdir(parents=True, exist_ok=True)
    other.path.write_bytes(b"")
    assert "Renders: 1 there, 5 to do" in check(path)[1]


def test_check_ends_with_status_1_on_a_broken_song_and_goes_on_with_the_rest(
    make_songs: Make, make_benchmark: Make
) -> None:
    broken = make_songs(3, 0.6) / "song-1" / "mix.wav"
    broken.write_text("no audio")
    status, said, problems = check(make_benchmark("unprocessed"))
    assert status == 1
    assert "2 of 3 songs" in said
    assert problems.startswith(f"error: {broken}: not audio that can be read")


def test_check_warns_of_songs_that_lack_what_a_system_needs(
    make_songs: Make, make_benchmark: Make
) -> None:
    folder = make_songs(2, 0.6)
    (folder / "song-1" / "reference.wav").unlink()
    for stem in (folder / "song-0" / "stems").iterdir():
        stem.unlink()
    status, _, problems = check(make_benchmark("random_mix", "eq_match"))
    assert status == 0
    assert "system 'random_mix' needs stems, which is missing in song-0" in problems
    assert "system 'eq_match' needs a reference, which is missing in song-1" in problems
    assert "system 'reference' needs a reference, which is missing in song-1" in problems


def test_check_tells_of_a_system_that_cannot_be_built(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1, 0.6)
    (tmp_path / "bare").mkdir()
    status, said, problems = check(
        make_benchmark("unprocessed", "{name: gone, kind: checkpoint, path: bare}")
    )
    assert status == 1
    assert "fails" in said
    assert "system 'gone'" in problems
    assert "bare" in problems


def test_check_and_run_name_the_audio_that_is_not_used(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    folder = make_songs(1, 0.6)
    for number in range(5):
        (folder / "song-0" / f"draft {number}.wav").touch()
    path = make_benchmark("unprocessed")
    status, said, problems = check(path)
    assert status == 0
    assert "Not used: 5 audio files, listed below" in said
    assert problems.splitlines() == [
        f"not used: {folder}/song-0/draft {number}.wav: is not a part of song 'song-0', which has "
        "mix.wav, reference.wav, 2 stems"
        for number in range(5)
    ]
    command = ["render", str(path), "--results", str(tmp_path / "r"), "--workers", "1"]
    result = CliRunner().invoke(earmark, command)
    assert result.exit_code == 0
    assert result.stderr.splitlines()[0] == (
        "5 audio files are not used: song-0/draft 0.wav, song-0/draft 1.wav, song-0/draft 2.wav "
        f"and 2 more; 'earmark check {path}' says why"
    )
