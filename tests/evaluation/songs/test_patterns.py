"""Patterns of file names say which files are a song, or one line says what is wrong with them."""

import re
from pathlib import Path

import pytest
from benchmark_files import bench, refusal
from song_trees import Parts, plant, songs_of, unaccounted, unused_of

from earmark.evaluation.benchmark.file import load
from earmark.evaluation.songs.folders import SongList
from earmark.evaluation.songs.name_pattern import name_pattern
from earmark.evaluation.songs.patterns import read_patterns, song_patterns
from earmark.models.errors import UserError

NONE: list[str] = []


def read(
    folder: Path, mix: str | None, reference: str | None = None, stems: str | None = None
) -> SongList:
    return read_patterns(folder, song_patterns(mix, reference, stems))


CASES: dict[str, tuple[list[str], list[str | None], dict[str, Parts], set[str]]] = {
    "mixes by their last word": (
        ["a_mix.wav", "b_MIX.FLAC", "a_master.wav", "x/c_mix.wav"],
        ["{song}_mix.*", None, None],
        {"a": ("a_mix.wav", None, NONE), "b": ("b_MIX.FLAC", None, NONE)},
        {"a_master.wav", "x/c_mix.wav"},
    ),
    "mix, reference and stems": (
        ["a_in.wav", "A_OUT.wav", "a/stems/2.wav", "a/stems/10.aiff", "a/b.wav"],
        ["{song}_in.*", "{song}_out.*", "{song}/stems/*"],
        {"a": ("a_in.wav", "A_OUT.wav", ["a/stems/2.wav", "a/stems/10.aiff"])},
        {"a/b.wav"},
    ),
    "by artist": (
        ["X/one/pre.wav", "X/one/post.wav", "Y/one/pre.wav", "Y/one/post.wav"],
        ["{artist}/{song}/pre", "{artist}/{song}/post", None],
        {
            "X - one": ("X/one/pre.wav", "X/one/post.wav", NONE),
            "Y - one": ("Y/one/pre.wav", "Y/one/post.wav", NONE),
        },
        set(),
    ),
    "folders of any depth": (
        ["one in.wav", "x/y/two in.wav", "x/two.wav"],
        ["**/{song} in.*", None, None],
        {"one": ("one in.wav", None, NONE), "two": ("x/y/two in.wav", None, NONE)},
        {"x/two.wav"},
    ),
    "one master of several takes": (
        ["a_1.wav", "a_2.wav", "a.master.wav"],
        ["{song}_{take}.wav", "{song}.master.wav", None],
        {"a - 1": ("a_1.wav", "a.master.wav", NONE), "a - 2": ("a_2.wav", "a.master.wav", NONE)},
        set(),
    ),
    "stems alone": (
        ["a/kick.wav", "a/bass.wav", "b/kick.wav", "b/old/x.wav"],
        [None, None, "{song}/{stem}.*"],
        {"a": (None, None, ["a/bass.wav", "a/kick.wav"]), "b": (None, None, ["b/kick.wav"])},
        {"b/old/x.wav"},
    ),
    "a mix is no stem of itself": (
        ["a/mix.wav", "a/kick.wav"],
        ["{song}/mix.*", None, "{song}/*"],
        {"a": ("a/mix.wav", None, ["a/kick.wav"])},
        set(),
    ),
    "names with dots, brackets and stars": (
        ["01. A (Live).wav", "02. [B] +C.wav", "c.old.mp3"],
        ["{song}.*", None, None],
        {
            "01. A (Live)": ("01. A (Live).wav", None, NONE),
            "02. [B] +C": ("02. [B] +C.wav", None, NONE),
            "c.old": ("c.old.mp3", None, NONE),
        },
        set(),
    ),
    "the master's name is the song's twice": (
        ["a/a.wav", "b/a.wav"],
        ["{song}/{song}.wav", None, None],
        {"a": ("a/a.wav", None, NONE)},
        {"b/a.wav"},
    ),
    "a copy in a later format": (
        ["a_mix.wav", "a_mix.aiff"],
        ["{song}_mix.*", None, None],
        {"a": ("a_mix.wav", None, NONE)},
        {"a_mix.aiff"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_patterns_give_exactly_their_songs_and_the_rest_is_listed(
    tmp_path: Path,
    case: tuple[list[str], list[str | None], dict[str, Parts], set[str]],
) -> None:
    files, patterns, songs, unused = case
    found = read(plant(tmp_path, files), *patterns)
    assert songs_of(tmp_path, found) == songs
    assert unused_of(tmp_path, found) == unused
    assert unaccounted(found, [tmp_path / name for name in files]) == set()
    assert found.layout == "patterns"
    assert all(not song.faults for song in found.songs)


def test_names_beside_the_songs_are_its_tags(tmp_path: Path) -> None:
    plant(tmp_path, ["rock/X/one.wav"])
    (song,) = read(tmp_path, "{genre}/{artist}/{song}.*").songs
    assert song.tags == {"genre": "rock", "artist": "X"}


@pytest.mark.parametrize(
    ("files", "song", "severity", "message"),
    [
        (["a_mix.wav", "b_mix.wav", "a_ref.wav"], "b", "error", "no file is its reference"),
        (["a_mix.wav", "b_ref.wav", "a_ref.wav"], "b", "error", "no file is its mix"),
        (["a_mix.wav", "a_mix.flac", "a_ref.wav"], "a", "error", "stands here also as a_mix.wav"),
    ],
)
def test_what_a_song_lacks_is_its_fault(
    tmp_path: Path, files: list[str], song: str, severity: str, message: str
) -> None:
    found = read(plant(tmp_path, files), "{song}_mix.*", "{song}_ref.*")
    (fault,) = next(one.faults for one in found.songs if one.id == song)
    assert fault.severity == severity
    assert message in fault.message


def test_a_song_without_stems_is_warned_of(tmp_path: Path) -> None:
    found = read(plant(tmp_path, ["a.wav", "b.wav", "b/x.wav"]), "{song}.*", None, "{song}/*")
    faults = [fault for song in found.songs for fault in song.faults]
    assert [(one.song, one.severity) for one in faults] == [("a", "warning")]


@pytest.mark.parametrize(
    ("files", "mix", "reference", "message"),
    [
        (["a-b-c_mix.wav"], "{artist}-{song}_mix.*", None, "artist 'a' and song 'b-c', or artist"),
        (["abc.wav"], "{song}*.wav", None, "in two ways: song 'a', or song 'abc'"),
        (["a_mix.wav"], "{song}_premix.*", None, "no audio file fits '{song}_premix.*'; it holds"),
        (["x.txt"], "{song}.*", None, "it holds no audio files"),
        (["a_mix.wav"], "{song}.*", "{song}_mix.*", "is it a mix or a reference?"),
        (["X/a.wav", "x - a/a.wav"], "{artist}/{song}.*", None, None),
        (
            ["X/Y - Z.wav", "X - Y/Z.wav"],
            "{artist}/{song}.*",
            None,
            "would have the id 'X - Y - Z'",
        ),
    ],
)
def test_two_readings_and_none_are_one_line(
    tmp_path: Path, files: list[str], mix: str, reference: str | None, message: str | None
) -> None:
    plant(tmp_path, files)
    if message is None:
        assert len(read(tmp_path, mix, reference).songs) == 2
        return
    with pytest.raises(UserError) as caught:
        read(tmp_path, mix, reference)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('mix: "x_mix.*"', "does not say which part of a name is the song's"),
        ('mix: "{song_mix.*"', "'{' is not understood"),
        ('mix: "{}_mix.*"', "'{}' is not understood"),
        ('mix: "{Song}.*"', "'{Song}' is not understood"),
        ('mix: "../{song}.*"', "leaves the folder"),
        ('mix: "{song}.*", reference: "{track}.*"', "{track} is not a name in '{song}.*'"),
        ('mix: "{song}.*", reference: "x.*"', "shares no name with '{song}.*'"),
        ('mix: "{song}.*", stems: "{stem}.*"', "shares no name with"),
        ('reference: "{song}.*"', "which files are the mixes?"),
        ('mix: "{song}.*", pattern: "{song}.*"', "two words for one thing"),
        ('mix: "{song}.*", controls: [drive]', "leave the patterns out"),
        ('mixes: "{song}.*"', "unknown key 'mixes'; did you mean 'mix'?"),
    ],
)
def test_a_mistake_in_a_pattern_is_a_line_with_its_place(
    tmp_path: Path, said: str, message: str
) -> None:
    plant(tmp_path, ["songs/a.wav"])
    start = f"earmark: 1\nname: t\nsongs: {{folder: songs/, {said}}}\nsystems: [unprocessed]\n"
    (line,) = refusal(bench(tmp_path, start))
    assert line.startswith("bench.yaml:3: ")
    assert message in line


def test_the_word_pattern_says_the_mix(tmp_path: Path) -> None:
    plant(tmp_path, ["songs/a_mix.wav", "songs/a_master.wav"])
    said = 'songs: {folder: songs/, pattern: "{song}_mix.*"}'
    found = load(bench(tmp_path, f"earmark: 1\nname: t\n{said}\nsystems: [unprocessed]\n"))
    assert [song.id for song in found.songs] == ["a"]
    assert [one.path.name for one in found.unused] == ["a_master.wav"]


@pytest.mark.parametrize("text", ["{a}{b}", "{a}-{b}", "*{a}", "{a}*{b}x", "{a}{b}{c}"])
def test_a_pattern_finds_every_name_that_can_be_read_in_two_ways(text: str) -> None:
    """Against a search through all ways to cut the name."""
    wanted = name_pattern(text + ".wav")
    parts = _parts(text)
    for name in ("ab", "a-b", "a-b-c", "aab-x", "a--x", "abx"):
        ways = {tuple(sorted(way.items())) for way in _ways(parts, name)}
        if len(ways) > 1:
            with pytest.raises(UserError, match="in two ways"):
                wanted.values(f"{name}.wav")
        else:
            found = wanted.values(f"{name}.wav")
            assert ways == ({tuple(sorted(found.items()))} if found else set())


def _parts(text: str) -> list[str]:
    return re.findall(r"\{\w+\}|.", text)


def _ways(parts: list[str], name: str) -> list[dict[str, str]]:
    if not parts:
        return [{}] if not name else []
    first, *rest = parts
    if first.startswith("{"):
        cuts = range(1, len(name) + 1)
        return [{first[1:-1]: name[:cut], **way} for cut in cuts for way in _ways(rest, name[cut:])]
    if first == "*":
        return [way for cut in range(len(name) + 1) for way in _ways(rest, name[cut:])]
    return _ways(rest, name[1:]) if name.startswith(first) else []
