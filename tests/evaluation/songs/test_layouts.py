"""Each layout gives exactly its songs, and every audio file is a song's part or is listed."""

from pathlib import Path

import pytest
from song_files import noise, save
from song_trees import Parts, plant, songs_of, unaccounted, unused_of

from earmark.evaluation.songs.folders import LAYOUTS, read_folder
from earmark.evaluation.songs.tree import UNREAD
from earmark.models.audio.files import SUFFIXES
from earmark.models.errors import UserError

NONE: list[str] = []
Case = tuple[list[str], str, dict[str, Parts], set[str]]

CASES: dict[str, Case] = {
    "the numbered pairs that became eight mixes": (
        [f"0{n}_{part}.wav" for n in range(4) for part in ("mix", "master")],
        "pairs by name",
        {f"0{n}": (f"0{n}_mix.wav", f"0{n}_master.wav", NONE) for n in range(4)},
        set(),
    ),
    "marks in every writing": (
        [
            *("A (Mix).wav", "A [Master].flac", "b-unmastered.wav", "b-mastered.wav"),
            *("c.premaster.wav", "c.reference.wav", "d pre-master.wav", "d master.wav"),
        ],
        "pairs by name",
        {
            "A": ("A (Mix).wav", "A [Master].flac", NONE),
            "b": ("b-unmastered.wav", "b-mastered.wav", NONE),
            "c": ("c.premaster.wav", "c.reference.wav", NONE),
            "d": ("d pre-master.wav", "d master.wav", NONE),
        },
        set(),
    ),
    "marks in front": (
        ["mix_1.wav", "master_1.wav", "mix_2.wav", "master_2.wav"],
        "pairs by name",
        {"1": ("mix_1.wav", "master_1.wav", NONE), "2": ("mix_2.wav", "master_2.wav", NONE)},
        set(),
    ),
    "a plain mix beside its master, and a file of no pair": (
        ["a.wav", "a_master.wav", "a_vocals.wav", "notes.wav", "cover.png"],
        "pairs by name",
        {"a": ("a.wav", "a_master.wav", NONE)},
        {"a_vocals.wav", "notes.wav"},
    ),
    "a mix that is itself called a mix": (
        ["a_mix.wav", "a_mix_master.wav"],
        "pairs by name",
        {"a_mix": ("a_mix.wav", "a_mix_master.wav", NONE)},
        set(),
    ),
    "MUSDB": (
        [f"One/{name}.wav" for name in ("mixture", "bass", "drums", "other", "vocals", "click")]
        + ["Two/mixture.wav"],
        "nested folders",
        {
            "One": (
                "One/mixture.wav",
                None,
                [f"One/{name}.wav" for name in ("bass", "drums", "other", "vocals")],
            ),
            "Two": ("Two/mixture.wav", None, NONE),
        },
        {"One/click.wav"},
    ),
    "MUSDB in train and test": (
        ["train/A - B/mixture.wav", "train/A - B/vocals.wav", "test/C/mixture.wav"],
        "nested folders",
        {
            "test - C": ("test/C/mixture.wav", None, NONE),
            "train - A - B": (
                "train/A - B/mixture.wav",
                None,
                ["train/A - B/vocals.wav"],
            ),
        },
        set(),
    ),
    "one track of MUSDB": (
        ["mixture.wav", "vocals.wav", "drums.wav"],
        "one song",
        {"songs": ("mixture.wav", None, ["drums.wav", "vocals.wav"])},
        set(),
    ),
    "song folders with other names": (
        ["a/premaster.wav", "a/master.wav", "b/mix.wav", "b/master.wav", "b/instrumental.wav"],
        "song folders",
        {
            "a": ("a/premaster.wav", "a/master.wav", NONE),
            "b": ("b/mix.wav", "b/master.wav", NONE),
        },
        {"b/instrumental.wav"},
    ),
    "nested albums": (
        ["X/one/mix.wav", "X/one/reference.wav", "X/two/mix.wav", "Y/Z/one/stems/1.wav"],
        "nested folders",
        {
            "X - one": ("X/one/mix.wav", "X/one/reference.wav", NONE),
            "X - two": ("X/two/mix.wav", None, NONE),
            "Y - Z - one": (None, None, ["Y/Z/one/stems/1.wav"]),
        },
        set(),
    ),
    "albums beside songs, which were left out without a word": (
        ["one/mix.wav", "album/two/mix.wav", "old/c.wav", "d.wav"],
        "song folders",
        {"album - two": ("album/two/mix.wav", None, NONE), "one": ("one/mix.wav", None, NONE)},
        {"old/c.wav", "d.wav"},
    ),
    "mixes and masters": (
        ["mixes/a.wav", "masters/a.flac", "mixes/b.wav", "masters/B.wav", "old/a.wav", "b.wav"],
        "pairs",
        {
            "a": ("mixes/a.wav", "masters/a.flac", NONE),
            "b": ("mixes/b.wav", "masters/B.wav", NONE),
        },
        {"old/a.wav", "b.wav"},
    ),
    "pairs beside a mix that lies alone": (
        ["mixes/a.wav", "masters/a.wav", "b.wav"],
        "pairs",
        {"a": ("mixes/a.wav", "masters/a.wav", NONE)},
        {"b.wav"},
    ),
    "mixes and masters whose files are marked too": (
        ["Mixes/a_mix.wav", "Masters/a_master.wav"],
        "pairs",
        {"a": ("Mixes/a_mix.wav", "Masters/a_master.wav", NONE)},
        set(),
    ),
    "mixes and masters by artist": (
        ["mix/X/a.wav", "reference/X/a.wav", "mix/Y/a.wav", "reference/y/a.wav"],
        "pairs",
        {
            "X - a": ("mix/X/a.wav", "reference/X/a.wav", NONE),
            "Y - a": ("mix/Y/a.wav", "reference/y/a.wav", NONE),
        },
        set(),
    ),
    "pairs with an old folder on one side": (
        ["mix/a.wav", "reference/a.wav", "mix/old/b.wav", "mix/X/c.wav", "reference/X/c.wav"],
        "pairs",
        {
            "a": ("mix/a.wav", "reference/a.wav", NONE),
            "X - c": ("mix/X/c.wav", "reference/X/c.wav", NONE),
        },
        {"mix/old/b.wav"},
    ),
    "albums with mixes and masters of their own": (
        ["X/mixes/a.wav", "X/masters/a.wav", "Y/b_mix.wav", "Y/b_master.wav"],
        "nested folders",
        {
            "X - a": ("X/mixes/a.wav", "X/masters/a.wav", NONE),
            "Y - b": ("Y/b_mix.wav", "Y/b_master.wav", NONE),
        },
        set(),
    ),
    "a folder a song, with its name in the files": (
        ["a/a_mix.wav", "a/a_master.wav", "b/b - mix.wav", "b/b - master.wav"],
        "nested folders",
        {
            "a": ("a/a_mix.wav", "a/a_master.wav", NONE),
            "b": ("b/b - mix.wav", "b/b - master.wav", NONE),
        },
        set(),
    ),
    "artist and song": (
        ["X/one.wav", "X/two.wav", "Y/album/three.flac"],
        "artist folders",
        {
            "X - one": ("X/one.wav", None, NONE),
            "X - two": ("X/two.wav", None, NONE),
            "Y - album - three": ("Y/album/three.flac", None, NONE),
        },
        set(),
    ),
    "mixes alone, with others below": (
        ["a.wav", "b.flac", "old/a.wav", "X/one/mix.wav"],
        "mixes",
        {"a": ("a.wav", None, NONE), "b": ("b.flac", None, NONE)},
        {"old/a.wav", "X/one/mix.wav"},
    ),
    "one song with more beside it": (
        ["mix.wav", "reference.wav", "draft.wav", "stems/1.wav", "stems/2.aiff", "stems/x/3.wav"],
        "one song",
        {"songs": ("mix.wav", "reference.wav", ["stems/1.wav", "stems/2.aiff"])},
        {"draft.wav", "stems/x/3.wav"},
    ),
    "copies in formats that are read since": (
        ["a/mix.wav", "a/mix.aiff", "a/mix.m4a", "a/reference.opus", "a/stems/1.caf", "a/mix.aac"],
        "song folders",
        {"a": ("a/mix.wav", "a/reference.opus", ["a/stems/1.caf"])},
        {"a/mix.aiff", "a/mix.m4a", "a/mix.aac"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_layout_gives_exactly_its_songs_and_nothing_is_left_out_without_a_word(
    tmp_path: Path, case: Case
) -> None:
    files, layout, songs, unused = case
    folder = plant(tmp_path / "songs", files)
    found = read_folder(folder)
    assert songs_of(folder, found) == songs
    assert found.layout == layout
    assert unused_of(folder, found) == unused
    assert all(not song.faults for song in found.songs)
    audio = [path for path in folder.rglob("*") if path.suffix in (*SUFFIXES, *UNREAD)]
    assert unaccounted(found, audio) == set()
    assert [song.id for song in found.songs] == list(songs)


@pytest.mark.parametrize(
    ("files", "layout", "ids"),
    [
        (["One Mix.wav", "Two Mix.wav"], "mixes", ["One Mix", "Two Mix"]),
        (["Master of All.wav", "The Mix.wav"], "mixes", ["Master of All", "The Mix"]),
        (["a_master.wav", "b_master.wav"], "mixes", ["a_master", "b_master"]),
        (["mixture.wav", "song.wav"], "mixes", ["mixture", "song"]),
        (["mix/a.wav", "reference/a.wav", "masters/a.wav"], "pairs", ["a"]),
        (["mix/a.wav", "b.wav"], "mixes", ["b"]),
        (["mix.wav", "Mix/a.wav", "mastered/a.wav"], "one song", ["songs"]),
        (["stems/a.wav", "unmastered/a.wav", "reference/b.wav"], "one song", ["songs"]),
        (["two/mix.wav", "unmastered/a.wav", "reference/a.wav"], "song folders", ["two"]),
        (["two/mix.wav", "two/mixes/a.wav", "two/masters/a.wav"], "song folders", ["two"]),
        (["a.wav", "unmastered/b.wav", "reference/c.wav"], "mixes", ["a"]),
    ],
)
def test_what_has_always_been_read_keeps_its_songs_and_ids(
    tmp_path: Path, files: list[str], layout: str, ids: list[str]
) -> None:
    found = read_folder(plant(tmp_path / "songs", files))
    assert (found.layout, [song.id for song in found.songs]) == (layout, ids)
    assert unaccounted(found, [tmp_path / "songs" / name for name in files]) == set()


def test_masters_that_are_read_as_mixes_are_warned_of(tmp_path: Path) -> None:
    found = read_folder(plant(tmp_path, ["a_master.wav", "b.wav"]))
    (problem,) = found.problems
    assert problem.severity == "warning"
    assert "a_master.wav can be mixes or masters" in problem.message
    assert read_folder(plant(tmp_path / "plain", ["a.wav", "b_mix.wav"])).problems == ()


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (["00_mix_v2.wav", "00_master_v2.wav"], "00_master_v2.wav"),
        (["A/x_master.wav", "B/y.wav"], "x_master.wav"),
    ],
)
def test_masters_are_warned_of_wherever_they_lie_and_the_word_stands(
    tmp_path: Path, files: list[str], named: str
) -> None:
    (problem,) = read_folder(plant(tmp_path, files)).problems
    assert problem.message.startswith(f"{named} can be mixes or masters")


def test_words_of_a_mix_raise_no_doubt(tmp_path: Path) -> None:
    files = ["a pre-master v2.wav", "masterful.wav", "unmastered_1.wav"]
    assert read_folder(plant(tmp_path, files)).problems == ()


def test_two_mixes_whose_names_differ_in_capitals_do_not_share_a_master(tmp_path: Path) -> None:
    files = ["mix/A_mix.wav", "mix/a_premaster.wav", "reference/a_master.wav"]
    found = read_folder(plant(tmp_path, files))
    assert [song.id for song in found.songs if song.faults] == ["a_master", "A_mix", "a_premaster"]


@pytest.mark.parametrize(
    ("files", "first", "second"),
    [
        (["mixes/a.wav", "premasters/a.wav", "masters/a.wav"], "mixes/", "premasters/"),
        (["mixes/a.wav", "masters/a.wav", "references/a.wav"], "masters/", "references/"),
        (["final/a.wav", "rough/a.wav"], "two songs", "mix and master of one"),
        (["t/vocals.wav", "t/drums.wav"], "songs of one artist", "stems of one song"),
        (["X - b/c/mix.wav", "X/b - c/mix.wav"], "X - b/c/mix.wav", "X/b - c/mix.wav"),
    ],
)
def test_two_readings_of_a_folder_are_one_line_that_names_both(
    tmp_path: Path, files: list[str], first: str, second: str
) -> None:
    with pytest.raises(UserError) as caught:
        read_folder(plant(tmp_path, files))
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}: ")
    assert first in said
    assert second in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("files", "song", "message"),
    [
        (["a/premaster.wav", "a/mixture.wav"], "a", "mixture.wav and premaster.wav could each be"),
        (["a/mix.wav", "a/master.wav", "a/target.wav"], "a", "master.wav and target.wav could"),
        (["a.wav", "a_mix.wav", "a_master.wav"], "a", "a_mix.wav and a.wav could each be the mix"),
        (["a_mix.wav", "a_mix.flac", "a_master.wav"], "a", "a_mix.flac and a_mix.wav could each"),
        (["a_mix.wav", "a_master.wav", "b_mix.wav"], "b", "no file beside it is the master of b"),
        (["a_mix.wav", "a_master.wav", "b_master.wav"], "b", "no file beside it is the mix of b"),
        (["mixes/X/a.wav", "masters/Y/b.wav"], "X - a", "has no partner of that name in X/"),
        (["a/mix.wav", "a/mix.flac"], "a", "stands here also as mix.wav; keep one"),
    ],
)
def test_two_readings_of_a_song_are_an_error_of_that_song(
    tmp_path: Path, files: list[str], song: str, message: str
) -> None:
    found = read_folder(plant(tmp_path, files))
    (fault, *_) = next(one.faults for one in found.songs if one.id == song)
    assert fault.severity == "error"
    assert message in fault.message
    assert unaccounted(found, [tmp_path / name for name in files]) == set()


def test_songs_of_one_length_in_one_folder_could_be_stems(tmp_path: Path) -> None:
    save(tmp_path / "X" / "one.wav", noise(0.5))
    save(tmp_path / "X" / "two.wav", noise(0.9))
    assert len(read_folder(tmp_path).songs) == 2
    save(tmp_path / "X" / "two.wav", noise(0.5))
    with pytest.raises(UserError, match="could be songs of one artist, or stems of one song"):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["masters", "final_masters", "references", "bad_tracks", "Mixes"])
def test_a_folder_of_masters_alone_is_never_read_as_mixes(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as caught:
        read_folder(plant(tmp_path, [f"{name}/a.wav", f"{name}/b.wav"]))
    assert LAYOUTS in str(caught.value)


def test_a_message_that_refuses_names_every_layout(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_folder(plant(tmp_path, ["notes.txt"]))
    for words in ("SONG/mix.wav", "mixture.wav", "masters/", "SONG_mix.wav", "ARTIST/SONG.wav"):
        assert words in str(caught.value)
    assert "{song}_mix.*" in str(caught.value)


def test_why_a_file_is_not_used_is_said(tmp_path: Path) -> None:
    files = ["a/mix.wav", "a/mix.caf", "a/x.wav", "b.wav", "a/y.wma", "a/stems/1.wav"]
    found = read_folder(plant(tmp_path, files))
    said = {one.path.name: one.reason for one in found.unused}
    assert said["mix.caf"] == "mix.wav is read in its place"
    assert said["x.wav"] == "is not a part of song 'a', which has mix.wav, 1 stem"
    assert said["b.wav"] == "belongs to no song (layout: song folders)"
    assert said["y.wma"].startswith("WMA is not read; convert it to one of WAV, FLAC")


def test_links_in_a_circle_end_and_results_are_no_songs(tmp_path: Path) -> None:
    plant(tmp_path, ["a/mix.wav", "results/results.sqlite", "results/renders/x/mix.wav"])
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    found = read_folder(tmp_path)
    assert [song.id for song in found.songs] == ["a", "b"]
    assert found.unused == ()


def test_two_spellings_of_one_folder_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="2 songs would have the id 'é'"):
        read_folder(plant(tmp_path, ["\u00e9/mix.wav", "e\u0301/mix.wav"]))
