"""A benchmark file says what is done, with which plug-ins; the examples can be used."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmark_files import START, SYSTEMS, bench, refusal
from places import ROOT
from registries import registries_kept

from earmark.evaluation.benchmark.file import Benchmark, load
from earmark.evaluation.metrics import METRICS
from earmark.evaluation.songs.song import Excerpt
from earmark.models.checkpoints.folders import shipped_names

Make = Callable[..., Path]

EXAMPLES = ROOT / "examples"


@pytest.fixture
def songs(make_songs: Make) -> Path:
    return make_songs(2, 0.6)


@pytest.fixture
def registries() -> Iterator[None]:
    """Kinds and metrics that plug-ins may add to without the other tests seeing it."""
    with registries_kept():
        yield


def loaded(tmp_path: Path, systems: str = SYSTEMS, more: str = "") -> Benchmark:
    return load(bench(tmp_path, START + systems + more))


# ---- what a file says


def test_the_file_of_the_manual_is_read_as_it_says(tmp_path: Path, songs: Path) -> None:
    for name in ("studio_a", "my/checkpoints/tcn"):
        (tmp_path / name).mkdir(parents=True)
    for step in ("step_200", "step_1000"):
        (tmp_path / "runs" / "tcn" / step).mkdir(parents=True)
    found = loaded(
        tmp_path,
        """\
systems:
  - unprocessed                                  # a baseline by name
  - {name: loud-14, kind: loudness, target: -14}
  - {name: tcn small, kind: checkpoint, path: my/checkpoints/tcn}
  - {name: sweep, kind: checkpoint, glob: runs/tcn/step_*/}
  - {name: studio A, kind: imported, folder: studio_a/}
  - {name: my tool, kind: command, run: "mytool {input} {output}", timeout: 600}
reference: true
metrics: default
plugins: []
seed: 3
sample_rate: 48000
excerpt: {start: 10, seconds: 20}
""",
    )
    assert [(system.name, system.kind) for system in found.systems] == [
        ("unprocessed", "unprocessed"),
        ("loud-14", "loudness"),
        ("tcn small", "checkpoint"),
        ("sweep step_200", "checkpoint"),
        ("sweep step_1000", "checkpoint"),
        ("studio A", "imported"),
        ("my tool", "command"),
        ("reference", "reference"),
    ]
    assert found.systems[1].options.model_dump()["target"] == -14
    assert (found.name, found.seed, found.sample_rate) == ("t", 3, 48000)
    assert found.excerpt == Excerpt(10.0, 20.0)
    assert [song.id for song in found.songs] == ["song-0", "song-1"]
    assert found.metrics == tuple(metric for metric in METRICS.values() if metric.default)


def test_what_is_left_out_has_a_default_that_the_record_holds(tmp_path: Path, songs: Path) -> None:
    found = loaded(tmp_path)
    config = json.loads(json.dumps(found.config, allow_nan=False))
    assert (found.excerpt, found.reference, found.seed, found.sample_rate) == (
        None,
        False,
        0,
        44100,
    )
    assert config["sample_rate"] == 44100
    assert config["metrics"] == "default"
    assert config["systems"] == ["unprocessed"]
    assert (found.plugins, found.problems, found.simulated) == ((), (), False)


def test_paths_are_relative_to_the_file_and_do_not_depend_on_where_one_stands(
    tmp_path: Path, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "masters").mkdir()
    text = (
        START + "systems:\n  - {name: a, kind: imported, folder: masters}\n"
        "  - {name: b, kind: checkpoint, path: ./nets/../net.pt}\n"
    )
    path = bench(tmp_path, text)
    (tmp_path / "nets").mkdir()
    (tmp_path / "net.pt").touch()
    monkeypatch.chdir(tmp_path.parent)
    here = load(Path(tmp_path.name) / path.name)
    monkeypatch.chdir("/")
    there = load(path)
    assert [one.options for one in here.systems] == [one.options for one in there.systems]
    assert here.systems[1].options.model_dump()["path"] == tmp_path / "nets/../net.pt"
    assert here.systems[0].options.model_dump()["folder"] == tmp_path / "masters"
    assert here.songs == there.songs


def test_a_network_that_ships_is_named_barely(tmp_path: Path, songs: Path) -> None:
    name = shipped_names()[0]
    (system,) = loaded(tmp_path, f"systems: [{name}]\n").systems
    assert (system.name, system.kind) == (name, "checkpoint")
    assert system.options.model_dump()["shipped"] == name


def test_the_seed_reaches_every_kind_that_draws_unless_it_has_its_own(
    tmp_path: Path, songs: Path
) -> None:
    one, two, three = loaded(
        tmp_path,
        "systems:\n  - random_mix\n  - {name: b, kind: random_mix}\n"
        "  - {name: c, kind: random_mix, seed: 4}\n",
        "seed: 9\n",
    ).systems
    assert [s.options.model_dump()["seed"] for s in (one, two, three)] == [9, 9, 4]


def test_an_entry_without_a_name_is_named_by_what_it_sets(tmp_path: Path, songs: Path) -> None:
    systems = "systems:\n  - {kind: loudness, target: -9}\n  - {kind: loudness}\n"
    assert [system.name for system in loaded(tmp_path, systems).systems] == [
        "loudness target -9",
        "loudness",
    ]


def test_the_files_of_a_glob_are_systems_in_natural_order_without_their_suffix(
    tmp_path: Path, songs: Path
) -> None:
    for name in ("a/step_10.ckpt", "a/step_9.ckpt", "b/step_9.ckpt", "b/.hidden.ckpt"):
        (tmp_path / "runs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "runs" / name).write_bytes(b"x")
    found = loaded(tmp_path, "systems:\n  - {kind: checkpoint, glob: 'runs/*/*.ckpt'}\n").systems
    assert [system.name for system in found] == [
        "checkpoint a step_9",
        "checkpoint a step_10",
        "checkpoint b step_9",
    ]
    assert found[0].options.model_dump()["path"] == tmp_path / "runs/a/step_9.ckpt"


def test_a_glob_with_a_slash_at_its_end_finds_folders_alone(tmp_path: Path, songs: Path) -> None:
    (tmp_path / "runs" / "step_1").mkdir(parents=True)
    (tmp_path / "runs" / "step_1.log").write_text("x")
    found = loaded(tmp_path, "systems:\n  - {name: s, kind: checkpoint, glob: runs/*/}\n").systems
    assert [system.name for system in found] == ["s step_1"]


def test_songs_may_be_a_list_with_ids_stems_and_tags(tmp_path: Path, songs: Path) -> None:
    found = load(
        bench(
            tmp_path,
            """\
earmark: 1
name: t
songs:
  - {id: one, mix: songs/song-0/mix.wav, reference: songs/song-0/reference.wav,
     stems: songs/song-0/stems, tags: {genre: rock, bpm: 120}}
  - {mix: songs/song-1/mix.wav}
  - {id: 3, stems: [songs/song-1/stems/hiss.wav, gone.wav]}
  - {mix: nowhere.wav}
systems: [unprocessed]
""",
        )
    )
    one, two, three, four = found.songs
    assert one.tags == {"genre": "rock", "bpm": "120"}
    assert [stem.name for stem in one.stems] == ["chord.wav", "hiss.wav"]
    assert (two.id, two.reference) == ("song-1", None)
    assert (three.id, three.mix) == ("3", None)
    assert three.stems[1] == tmp_path / "gone.wav"
    assert (four.id, four.mix) == ("nowhere", tmp_path / "nowhere.wav")


def test_broken_audio_does_not_keep_a_file_from_loading(tmp_path: Path, songs: Path) -> None:
    (songs / "song-0" / "mix.wav").write_text("this is text")
    (songs / "song-1" / "reference.wav").write_bytes(b"")
    assert len(loaded(tmp_path).songs) == 2


def test_songs_tagged_as_synthetic_make_a_benchmark_simulated(tmp_path: Path, songs: Path) -> None:
    (songs / "song-1" / "song.json").write_text('{"tags": {"origin": "synthetic"}}')
    assert loaded(tmp_path).simulated


def test_metrics_are_taken_by_name_and_with_parameters(tmp_path: Path, songs: Path) -> None:
    found = loaded(tmp_path, more="metrics: [plr, {name: mae}, lufs_integrated]\n").metrics
    assert [metric.name for metric in found] == ["plr", "mae", "lufs_integrated"]


# ---- plug-ins


@pytest.mark.usefixtures("registries")
def test_a_plugin_adds_a_metric_and_a_system_and_its_bytes_are_recorded(
    tmp_path: Path, songs: Path
) -> None:
    (tmp_path / "my plug-in.py").write_text(
        "from earmark.evaluation.metrics import metric\n"
        "from earmark.models.systems import NoOptions, kind\n\n"
        "@metric(unit='1', better='none', version=1)\n"
        "def first_sample(audio, sample_rate):\n"
        "    '''The first sample.'''\n"
        "    return audio[:, 0, 0]\n\n"
        "@kind('mine', NoOptions)\n"
        "def mine(options):\n"
        "    '''Mine.'''\n"
    )
    more = "plugins: ['my plug-in.py']\nmetrics: [first_sample]\n"
    found = loaded(tmp_path, "systems: [mine]\n", more)
    assert [system.kind for system in found.systems] == ["mine"]
    assert [metric.name for metric in found.metrics] == ["first_sample"]
    assert found.plugins == (tmp_path / "my plug-in.py",)
    (entry,) = found.config["plugins"]
    assert entry["path"] == "my plug-in.py"
    assert re.fullmatch("[0-9a-f]{64}", entry["sha256"])
    assert loaded(tmp_path, "systems: [mine]\n", more).plugins == found.plugins


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("import os\n\n1 / 0\n", ["plugin.py:3:", "ZeroDivisionError: division by zero"]),
        ("def f(:\n", ["plugin.py:1:", "SyntaxError"]),
        ("raise SystemExit\n", ["plugin.py:1:", "SystemExit"]),
        (
            "import no_such_module_anywhere.inside\n",
            ["plugin.py:1:", "needs the package 'no_such_module_anywhere'", "install it"],
        ),
        (
            "from earmark.evaluation.metrics import metric\n\n"
            "@metric\ndef lra(audio, sample_rate):\n    '''Taken.'''\n",
            ["plugin.py:3:", "two metrics are named 'lra'", "rename the one in your plug-in"],
        ),
        (None, ["plugin.py: the plug-in cannot be read (No such file"]),
    ],
)
def test_a_plugin_that_fails_is_one_line_with_both_places(
    tmp_path: Path, songs: Path, text: str | None, parts: list[str]
) -> None:
    if text is not None:
        (tmp_path / "plugin.py").write_text(text)
    (line,) = refusal(bench(tmp_path, START + SYSTEMS + "plugins:\n  - plugin.py\n"))
    assert line.startswith("bench.yaml:7: ")
    assert all(part in line for part in parts)


# ---- examples


# A study file has tests of its own.
BENCHMARKS = [
    path
    for path in sorted(EXAMPLES.glob("*.yaml"))
    if not re.search(r"^study:", path.read_text(encoding="utf-8"), re.MULTILINE)
]


def test_there_are_benchmarks_among_the_examples() -> None:
    assert len(BENCHMARKS) >= 4


@pytest.mark.usefixtures("registries")
@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.name)
def test_an_example_loads_beside_the_files_that_it_names(
    path: Path, tmp_path: Path, make_songs: Make
) -> None:
    make_songs(2, 0.6)
    make_songs(2, 0.6, "effect-songs")
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"(?:folder|glob): ([^\s,}]+)/", text):
        (tmp_path / name.replace("*", "1000")).mkdir(parents=True, exist_ok=True)
    for name in re.findall(r"^ *- (\w+\.py)", text, flags=re.MULTILINE):
        (tmp_path / name).write_text((EXAMPLES / name).read_text(encoding="utf-8"))
    assert len(load(bench(tmp_path, text)).systems) > 1


def test_there_are_examples() -> None:
    assert len(list(EXAMPLES.glob("*.yaml"))) >= 4
