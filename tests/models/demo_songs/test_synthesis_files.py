"""Demo songs on disk and on the command line: whole, kept, replaced, refused."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from earmark.cli.songs.demo_songs import demo_songs
from earmark.evaluation.songs.folders import read_folder
from earmark.models.audio.files import info, read
from earmark.models.demo_songs import songs
from earmark.models.demo_songs.songs import demo_song, write_demo_songs
from earmark.models.errors import UserError

RATE = 16_000


def written(folder: Path, count: int = 2, seed: int = 0, seconds: float = 3.0) -> list[Path]:
    return write_demo_songs(folder, count, seed, seconds, sample_rate=RATE)


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.slow
def test_a_folder_holds_the_song_as_made(tmp_path: Path) -> None:
    first, second = written(tmp_path / "songs")
    assert [first.name, second.name] == ["01-rock", "02-electronic"]
    song = demo_song(0, 1, 3.0, RATE)
    for name, audio in {
        "mix.wav": song.mix,
        "reference.wav": song.reference,
        **{f"stems/{name}.wav": stem for name, stem in song.stems.items()},
    }.items():
        found, rate = read(second / name)
        assert rate == RATE
        assert torch.equal(found, audio)
    assert len(list((second / "stems").iterdir())) == len(song.stems)
    record = json.loads((second / "song.json").read_text(encoding="utf-8"))
    assert record["id"] == song.id
    assert record["tags"] == song.tags
    assert record["settings"]["engineer"] == song.settings["engineer"]


@pytest.mark.slow
def test_songs_that_are_there_are_kept(tmp_path: Path) -> None:
    written(tmp_path, count=1)
    before = stamps(tmp_path / "01-rock")
    told: list[str] = []
    write_demo_songs(tmp_path, 2, 0, 3.0, sample_rate=RATE, progress=told.append)
    assert stamps(tmp_path / "01-rock") == before
    assert told == ["01-rock", "02-electronic"]


@pytest.mark.slow
def test_another_seed_or_a_missing_stem_makes_a_song_anew(tmp_path: Path) -> None:
    (home,) = written(tmp_path, count=1)
    first = (home / "mix.wav").read_bytes()
    written(tmp_path, count=1, seed=1)
    assert (home / "mix.wav").read_bytes() != first
    (home / "stems" / "kick.wav").unlink()
    written(tmp_path, count=1)
    assert (home / "mix.wav").read_bytes() == first
    assert (home / "stems" / "kick.wav").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["01-rock"]


@pytest.mark.parametrize("text", [None, "{}", "[1]", '{"settings": 3}', "no json"])
def test_a_folder_that_is_no_demo_song_is_never_touched(tmp_path: Path, text: str | None) -> None:
    home = tmp_path / "01-rock"
    home.mkdir()
    (home / "mine.txt").write_text("mine")
    if text is not None:
        (home / "song.json").write_text(text)
    with pytest.raises(UserError, match="not a demo song"):
        written(tmp_path, count=1)
    assert (home / "mine.txt").read_text() == "mine"


def test_a_failure_leaves_no_half_song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, *_: object) -> None:
        if path.name == "reference.wav":
            raise UserError(f"{path}: cannot be written (No space left on device)")
        path.write_bytes(b"")

    monkeypatch.setattr(songs, "write", full)
    with pytest.raises(UserError, match=r"01-rock/reference\.wav.*No space left"):
        written(tmp_path / "songs", count=1)
    assert list((tmp_path / "songs").iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/songs/01-rock: cannot be written"):
        written(tmp_path / "file" / "songs", count=1)


@pytest.mark.parametrize(
    ("count", "seed", "seconds", "words"),
    [(0, 0, 3.0, "1 or more"), (1, -1, 3.0, "0 or more"), (1, 0, 1.0, "3 to"), (1, 0, 1e6, "3 to")],
)
def test_a_wish_that_cannot_be_met_is_refused_before_anything_is_made(
    tmp_path: Path, count: int, seed: int, seconds: float, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        write_demo_songs(tmp_path / "songs", count, seed, seconds)
    with pytest.raises(UserError, match="16000 or more"):
        write_demo_songs(tmp_path / "songs", 1, 0, 3.0, sample_rate=8000)
    assert not (tmp_path / "songs").exists()


@pytest.mark.slow
def test_the_command_writes_songs_that_a_benchmark_reads(tmp_path: Path) -> None:
    folder = tmp_path / "songs"
    arguments = [str(folder), "--count", "1", "--seed", "2", "--seconds", "3"]
    result = CliRunner().invoke(demo_songs, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "01-rock" in result.output
    assert "SIMULATED" in result.output
    assert info(folder / "01-rock" / "mix.wav").sample_rate == 44_100
    (song,) = read_folder(folder).songs
    assert song.id == "01-rock"
    assert len(song.stems) >= 5
    assert song.tags["origin"] == "synthetic"
