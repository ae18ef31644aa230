"""Each mistake in a benchmark file is one line that tells where it is and how to mend it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from benchmark_files import START, SYSTEMS, bench, refusal


@pytest.fixture(autouse=True)
def _songs(make_songs: Callable[..., Path]) -> None:
    make_songs(1, 0.2)


BAD: dict[str, tuple[str, int, list[str]]] = {
    "unknown key": (START + SYSTEMS + "sample_rat: 1\n", 6, ["'sample_rat'", "'sample_rate'"]),
    "unknown key below": (
        START + SYSTEMS + "excerpt:\n  start: 1\n  second: 2\n",
        8,
        ["'excerpt.second'", "'seconds'"],
    ),
    "unknown key of songs": (
        "earmark: 1\nname: t\nsongs:\n  foldr: songs\n" + SYSTEMS,
        4,
        ["foldr", "'folder'"],
    ),
    "unknown key of a song": (
        "earmark: 1\nname: t\nsongs:\n  - mix: a.wav\n    refrence: b.wav\n" + SYSTEMS,
        5,
        ["refrence", "'reference'"],
    ),
    "missing key": ("earmark: 1\nname: t\nsongs: {folder: songs}\n", 1, ["'systems' is missing"]),
    "key said twice": (START + SYSTEMS + "name: u\n", 6, ["'name' appears twice"]),
    "another format": (START.replace("1", "2", 1) + SYSTEMS, 1, ["format 1", "not 2"]),
    "name with a slash": (
        START.replace("name: t", "name: a/b") + SYSTEMS,
        2,
        ["'a/b'", "no path separators"],
    ),
    "name of dots": (START.replace("name: t", "name: ..") + SYSTEMS, 2, ["'..'", "letter"]),
    "rate too low": (START + SYSTEMS + "sample_rate: 100\n", 6, ["sample_rate", "8000", "100"]),
    "rate too high": (START + SYSTEMS + "sample_rate: 1e6\n", 6, ["sample_rate", "integer"]),
    "rate in words": (START + SYSTEMS + "sample_rate: CD\n", 6, ["sample_rate", "integer", "'CD'"]),
    "seed negative": (START + SYSTEMS + "seed: -1\n", 6, ["seed", "0", "-1"]),
    "reference maybe": (START + SYSTEMS + "reference: maybe\n", 6, ["boolean", "'maybe'"]),
    "baseline that is no system": (
        START + SYSTEMS + "baseline: [unprocessed, unprocesed]\n",
        6,
        ["'unprocesed' is no system of this file", "'unprocessed'"],
    ),
    "no baseline": (START + SYSTEMS + "baseline: []\n", 6, ["baseline"]),
    "excerpt before zero": (START + SYSTEMS + "excerpt: {start: -1}\n", 6, ["excerpt.start", "-1"]),
    "excerpt of nothing": (START + SYSTEMS + "excerpt: {seconds: 0}\n", 6, ["excerpt.seconds"]),
    "excerpt infinite": (START + SYSTEMS + "excerpt: {start: .inf}\n", 6, ["excerpt.start"]),
    "excerpt selected oddly": (
        START + SYSTEMS + "excerpt: {select: quietest, seconds: 3}\n",
        6,
        ["'quietest'", "'start' or 'loudest'"],
    ),
    "loudest without length": (
        START + SYSTEMS + "excerpt: {select: loudest}\n",
        6,
        ["loudest needs seconds"],
    ),
    "loudest with a start": (
        START + SYSTEMS + "excerpt: {select: loudest, seconds: 3, start: 4}\n",
        6,
        ["leave start out"],
    ),
    "no systems": (START + "systems: []\n", 4, ["systems", "at least 1"]),
    "unknown system": (
        START + "systems:\n  - unproccessed\n",
        5,
        ["'unproccessed'", "'unprocessed'"],
    ),
    "unknown system far from all": (
        START + "systems:\n  - zzz\n",
        5,
        ["'zzz'", "choose from", "eq_match", "unprocessed"],
    ),
    "system that needs options": (START + "systems: [imported]\n", 4, ["imported", "folder"]),
    "system of an odd shape": (START + "systems:\n  - 5\n", 5, ["{name: ..., kind: ...}", "5"]),
    "system without a kind": (START + "systems:\n  - {name: a}\n", 5, ["'kind' is missing"]),
    "unknown kind": (START + "systems:\n  - {name: a, kind: loudnes}\n", 5, ["'loudness'"]),
    "unknown option": (
        START + "systems:\n  - unprocessed\n  - kind: loudness\n    targt: -14\n",
        7,
        ["'targt'", "'target'"],
    ),
    "option out of range": (
        START + "systems:\n  - kind: limiter\n    ceiling: 3\n",
        6,
        ["ceiling", "less than or equal to 0", "3"],
    ),
    "system named twice": (
        START + "systems:\n  - unprocessed\n  - {name: unprocessed, kind: loudness}\n",
        6,
        ["'unprocessed'", "line 5"],
    ),
    "system named as the reference": (
        START + "systems:\n  - {name: reference, kind: loudness}\nreference: true\n",
        6,
        ["rename"],
    ),
    "system with an odd name": (
        START + 'systems:\n  - {name: "a\\nb", kind: loudness}\n',
        5,
        ["cannot be a name"],
    ),
    "checkpoint that is not there": (
        START + "systems:\n  - {name: a, kind: checkpoint, path: nowhere}\n",
        5,
        ["no such file", "nowhere"],
    ),
    "glob without a match": (
        START + "systems:\n  - {name: a, kind: checkpoint, glob: no/step_*}\n",
        5,
        ["nothing matches 'no/step_*'"],
    ),
    "glob without a wildcard": (
        START + "systems:\n  - {name: a, kind: checkpoint, glob: songs}\n",
        5,
        ["no wildcard"],
    ),
    "glob for a kind without": (
        START + "systems:\n  - {name: a, kind: loudness, glob: 's*'}\n",
        5,
        ["'loudness' takes no glob"],
    ),
    "imported from nowhere": (
        START + "systems:\n  - {name: a, kind: imported, folder: nowhere}\n",
        5,
        ["folder", "no such folder", "nowhere"],
    ),
    "command without places": (
        START + "systems:\n  - {name: a, kind: command, run: 'sox in out'}\n",
        5,
        ["{input}", "sox in out"],
    ),
    "no folder of songs": (
        START.replace("songs}", "nowhere}") + SYSTEMS,
        3,
        ["nowhere: no such folder of songs"],
    ),
    "songs as a word": (START.replace("{folder: songs}", "songs") + SYSTEMS, 3, ["'songs'"]),
    "no songs": (START.replace("{folder: songs}", "[]") + SYSTEMS, 3, ["a list of songs"]),
    "song without audio": (
        "earmark: 1\nname: t\nsongs:\n  - {id: a}\n" + SYSTEMS,
        4,
        ["needs a mix, or stems"],
    ),
    "song listed twice": (
        "earmark: 1\nname: t\nsongs:\n  - {mix: a.wav}\n  - {mix: b/a.flac}\n" + SYSTEMS,
        5,
        ["'a'", "line 4"],
    ),
    "song with a path as id": (
        "earmark: 1\nname: t\nsongs:\n  - {mix: a.wav, id: ../a}\n" + SYSTEMS,
        4,
        ["'../a'", "path separators"],
    ),
    "unknown metric": (
        START + SYSTEMS + "metrics:\n  - mae\n  - lufs_integrate\n",
        8,
        ["'lufs_integrate'", "'lufs_integrated'"],
    ),
    "metrics as a word": (START + SYSTEMS + "metrics: all\n", 6, ["'default'", "'all'"]),
    "metric of an odd shape": (START + SYSTEMS + "metrics: [7]\n", 6, ["7"]),
    "parameter of no metric": (
        START + SYSTEMS + "metrics:\n  - {name: mae, fft: 3}\n",
        7,
        ["mae", "fft"],
    ),
    "metric with a transform of nothing": (
        START + SYSTEMS + "metrics:\n  - mae\n  - {name: logmel_db, n_fft: 0}\n",
        8,
        ["'logmel_db'", "n_fft 0", "default is n_fft 2048"],
    ),
    "metric with no bands": (
        START + SYSTEMS + "metrics:\n  - {name: logmel_db, n_mels: 0}\n",
        7,
        ["'logmel_db'", "n_mels 0", "default is n_mels 128"],
    ),
    "set metric of an unknown embedding": (
        START + SYSTEMS + "metrics:\n  - {name: fad, embedding: msd_vg}\n",
        7,
        ["'fad'", "'msd_vg'", "'msd_vgg'"],
    ),
    "set metric of an unknown channel": (
        START + SYSTEMS + "metrics:\n  - {name: kad, channels: lx}\n",
        7,
        ["'kad'", "'lx'", "l (left)"],
    ),
    "set metric of a negative seed": (
        START + SYSTEMS + "metrics:\n  - {name: fad, seed: -1}\n",
        7,
        ["'fad'", "seed -1", "0 or more"],
    ),
    "not YAML": (START + "systems: [a\nreference: true\n", 5, ["not valid YAML"]),
    "a list": ("- a\n", 1, ["expected keys and values"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_is_one_line_with_file_line_value_and_mend(tmp_path: Path, case: str) -> None:
    text, number, parts = BAD[case]
    (line,) = refusal(bench(tmp_path, text))
    assert line.startswith(f"bench.yaml:{number}: ")
    assert [part for part in parts if part not in line] == []


def test_a_missing_and_an_empty_file_are_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.yaml") == ["gone.yaml: no such file"]
    assert refusal(bench(tmp_path, "")) == ["bench.yaml: the file is empty"]


def test_mistakes_of_several_parts_are_told_at_once(tmp_path: Path) -> None:
    text = START.replace("songs}", "gone}") + "systems: [a, loudnes]\nmetrics: [b]\n"
    lines = [line.split(":")[1] for line in refusal(bench(tmp_path, text))]
    assert lines == ["4", "4", "3", "5"]
