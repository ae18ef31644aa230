"""A song that is there twice is told, and a thousand songs cost a thousand looks, not a million."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
import soundfile
from benchmark_files import START, bench
from song_files import noise, save

from earmark.evaluation.benchmark.file import load
from earmark.evaluation.run.plan import plan
from earmark.evaluation.songs.checks import check_songs
from earmark.evaluation.songs.folders import read_folder
from earmark.evaluation.songs.song import Excerpt, Song


def told(songs: list[Song], excerpt: Excerpt | None = None) -> list[tuple[str, str]]:
    return [(one.song, one.message) for one in check_songs(songs, excerpt)]


def test_a_song_under_two_names_is_told_whatever_its_file(tmp_path: Path) -> None:
    mix, reference = noise(1.0), 0.5 * noise(1.0)
    songs = []
    for name in ("a", "b"):
        home = tmp_path / name
        songs.append(Song(name, save(home / "mix.wav", mix), save(home / "ref.wav", reference)))
    wave, rate = soundfile.read(songs[0].mix, dtype="float32")
    soundfile.write(tmp_path / "c.caf", wave, rate, subtype="FLOAT")
    songs.append(Song("c", tmp_path / "c.caf"))
    songs.append(Song("d", save(tmp_path / "d.wav", mix.flip(0))))
    assert told(songs) == [
        ("b", "holds the same audio as song 'a'; it counts twice, so remove one"),
        ("c", "holds the same mix as song 'a'; it counts twice, so remove one"),
    ]


def test_what_counts_is_the_part_that_is_used(tmp_path: Path) -> None:
    audio, other = noise(2.0), noise(2.0)
    other[:, 44100:] = noise(1.0, seed=5)
    songs = [Song("a", save(tmp_path / "a.wav", audio)), Song("b", save(tmp_path / "b.wav", other))]
    assert told(songs) == []
    assert [song for song, _ in told(songs, Excerpt(0.0, 1.0))] == ["b"]


def test_songs_of_one_mix_with_controls_of_their_own_are_different_songs(tmp_path: Path) -> None:
    mix = save(tmp_path / "mix.wav")
    masters = [(drive, save(tmp_path / f"{drive}.wav", drive * noise(1.0))) for drive in (0.5, 0.4)]
    same = [Song(f"{drive}", mix, master) for drive, master in masters]
    assert [song for song, message in told(same) if "counts twice" in message] == ["0.4"]
    apart = [Song(f"{drive}", mix, master, controls={"d": drive}) for drive, master in masters]
    assert not [song for song, message in told(apart) if "counts twice" in message]
    other = [Song(f"{drive}", mix, m, tags={"effect": f"{drive}"}) for drive, m in masters]
    assert not [song for song, message in told(other) if "counts twice" in message]


def test_equal_stems_make_a_song_twice_and_silence_makes_none(tmp_path: Path) -> None:
    one, other = save(tmp_path / "1.wav"), save(tmp_path / "2.wav")
    silent = save(tmp_path / "0.wav", 0 * noise(1.0))
    songs = [Song("a", None, None, (one, other)), Song("b", None, None, (one, other))]
    songs += [Song("c", None, None, (other, one)), Song("x", silent), Song("y", silent)]
    assert [song for song, message in told(songs) if "twice" in message] == ["b"]


@pytest.mark.slow
def test_a_thousand_songs_are_read_with_one_look_into_each_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1000):
        home = tmp_path / "songs" / f"song {number}"
        home.mkdir(parents=True)
        for name in ("mix.wav", "reference.wav", "draft.wav"):
            (home / name).touch()
    looks = []
    scandir = os.scandir

    def counted(path: Path) -> Any:
        looks.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    found = read_folder(tmp_path / "songs")
    assert (len(found.songs), len(found.unused)) == (1000, 1000)
    assert len(looks) == 1001


def test_the_files_of_a_thousand_songs_are_hashed_once_for_all_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "songs" / "a" / "mix.wav")
    systems = "systems: [unprocessed, limiter, eq_match]\nreference: true\n"
    found = load(bench(tmp_path, START + systems))
    songs = []
    for number in range(1000):
        files = [tmp_path / f"{number} {part}" for part in range(6)]
        for path in files:
            path.write_text(path.name)
        songs.append(Song(f"{number}", files[0], files[1], tuple(files[2:])))
    hashed: list[Any] = []
    digest = hashlib.file_digest

    def counted(stream: Any, name: str) -> Any:
        hashed.append(stream)
        return digest(stream, name)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    planned = plan(found, tmp_path / "r", "cpu", tuple(songs))
    assert len(planned.placements) == 4 * 1000
    assert len(hashed) <= 6 * 1000 + 10
