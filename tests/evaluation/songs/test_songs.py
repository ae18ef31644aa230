"""Songs are found in every layout, in one order, with their tags."""

import json
import unicodedata
from pathlib import Path

import pytest
from song_files import noise, save

from earmark.evaluation.songs.checks import check_songs, usable
from earmark.evaluation.songs.folders import read_folder
from earmark.evaluation.songs.names import natural_key
from earmark.evaluation.songs.song import Song
from earmark.models.errors import UserError


def ids(folder: Path) -> list[str]:
    return [song.id for song in read_folder(folder).songs]


@pytest.mark.parametrize(
    ("mixes", "references"),
    [("mix", "reference"), ("unmastered", "mastered"), ("bad_tracks", "good_tracks")],
)
def test_folder_pairs_are_joined_by_file_name(tmp_path: Path, mixes: str, references: str) -> None:
    for name in ("b", "a"):
        save(tmp_path / mixes / f"{name}.wav")
        save(tmp_path / references / f"{name}.flac")
    found = read_folder(tmp_path)
    assert found.layout == "pairs"
    assert [(song.id, song.reference) for song in found.songs] == [
        (name, tmp_path / references / f"{name}.flac") for name in ("a", "b")
    ]
    assert check_songs(found.songs) == []


def test_a_song_folder_may_hold_a_mix_a_reference_stems_and_tags(tmp_path: Path) -> None:
    save(tmp_path / "one" / "mix.wav")
    save(tmp_path / "one" / "reference.wav")
    for name in ("stem 10.wav", "stem 2.wav"):
        save(tmp_path / "two" / "stems" / name)
    (tmp_path / "one" / "song.json").write_text(json.dumps({"tags": {"genre": "rock", "bpm": 90}}))
    one, two = read_folder(tmp_path).songs
    assert (one.id, two.id) == ("one", "two")
    assert one.tags == {"genre": "rock", "bpm": "90"}
    assert (two.mix, two.reference) == (None, None)
    assert [stem.name for stem in two.stems] == ["stem 2.wav", "stem 10.wav"]


def test_one_song_folder_alone_is_one_song(tmp_path: Path) -> None:
    save(tmp_path / "my song" / "mix.wav")
    save(tmp_path / "my song" / "reference.wav")
    found = read_folder(tmp_path / "my song")
    assert (found.layout, [song.id for song in found.songs]) == ("one song", ["my song"])


def test_a_flat_folder_holds_mixes_without_references(tmp_path: Path) -> None:
    for suffix in ("wav", "flac", "ogg", "mp3"):
        save(tmp_path / f"{suffix}.{suffix}")
    found = read_folder(tmp_path)
    assert found.layout == "mixes"
    assert [song.id for song in found.songs] == ["flac", "mp3", "ogg", "wav"]
    assert all(song.reference is None for song in found.songs)
    assert check_songs(found.songs) == []


def test_suffixes_and_folder_names_may_be_in_capitals_and_hidden_files_are_ignored(
    tmp_path: Path,
) -> None:
    save(tmp_path / "Mix" / "A.WAV")
    save(tmp_path / "REFERENCE" / "A.Wav")
    (tmp_path / "Mix" / "._A.wav").write_bytes(b"finder")
    (tmp_path / "Mix" / "notes.txt").write_text("not audio")
    (found,) = read_folder(tmp_path).songs
    assert (found.id, found.faults) == ("A", ())


def test_odd_and_unicode_names_survive_and_composed_and_decomposed_letters_pair(
    tmp_path: Path,
) -> None:
    name = "Für Élise, #1 (100%) 'live'"
    save(tmp_path / "mix" / f"{unicodedata.normalize('NFD', name)}.wav")
    save(tmp_path / "reference" / f"{unicodedata.normalize('NFC', name)}.wav")
    save(tmp_path / "mix" / "日本 の.歌.wav")
    save(tmp_path / "reference" / "日本 の.歌.wav")
    found = read_folder(tmp_path).songs
    assert [song.id for song in found] == [name, "日本 の.歌"]
    assert check_songs(found) == []


def test_songs_come_in_natural_order(tmp_path: Path) -> None:
    for name in ("take 10", "Take 2", "take 1", "about"):
        save(tmp_path / f"{name}.wav")
    assert ids(tmp_path) == ["about", "take 1", "Take 2", "take 10"]
    assert sorted(["b²", "b2", "b"], key=natural_key) == ["b", "b2", "b²"]


def test_song_folders_that_differ_only_in_case_are_two_songs(tmp_path: Path) -> None:
    save(tmp_path / "a" / "mix.wav")
    save(tmp_path / "A" / "mix.wav")
    assert sorted(ids(tmp_path)) == ["A", "a"]


def test_tags_come_from_a_table_and_the_songs_own_file_has_the_last_word(tmp_path: Path) -> None:
    save(tmp_path / "one" / "mix.wav")
    save(tmp_path / "two" / "mix.wav")
    (tmp_path / "tags.csv").write_text(
        "id,genre,year\none,rock,1999\ntwo,jazz,\nthree,pop,2001\n", encoding="utf-8-sig"
    )
    (tmp_path / "one" / "song.json").write_text('{"tags": {"genre": "metal"}}')
    found = read_folder(tmp_path)
    one, two = found.songs
    assert one.tags == {"genre": "metal", "year": "1999"}
    assert two.tags == {"genre": "jazz"}
    assert [problem.message for problem in found.problems] == [
        "song 'three' is not among the songs"
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"tags": 5}', '"x"'])
def test_a_broken_song_json_is_a_warning_and_the_song_stays(tmp_path: Path, text: str) -> None:
    save(tmp_path / "one" / "mix.wav")
    (tmp_path / "one" / "song.json").write_text(text)
    songs = read_folder(tmp_path).songs
    (problem,) = check_songs(songs)
    assert problem.severity == "warning"
    assert "song.json" in str(problem)
    assert usable(songs, [problem]) == songs


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "holds no songs"),
        (["mix/a.wav"], "has mix/ but no reference/"),
        (["good_tracks/a.wav"], "has good_tracks/ but no bad_tracks/"),
        (["mix/a.wav", "reference/a.wav", "mastered/a.wav", "unmastered/a.wav"], "keep one pair"),
        (["a.aac", "b.wma"], "AAC is not read; convert it to one of WAV, FLAC, OGG, MP3"),
    ],
)
def test_a_folder_that_holds_no_songs_says_what_is_needed(
    tmp_path: Path, files: list[str], message: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UserError) as caught:
        read_folder(tmp_path)
    assert str(caught.value).startswith(str(tmp_path))
    assert message in str(caught.value)


def test_the_identity_of_a_song_is_its_bytes_and_not_its_name(tmp_path: Path) -> None:
    audio = noise(1.0)
    one = Song("one", save(tmp_path / "one.wav", audio), save(tmp_path / "r.wav"))
    same = Song("other", save(tmp_path / "sub" / "other.wav", audio), None)
    changed = Song("one", save(tmp_path / "c.wav", noise(1.0, seed=9)))
    assert one.sha256 == same.sha256 != changed.sha256
    assert one.reference_sha256 is not None
    assert same.reference_sha256 is None
