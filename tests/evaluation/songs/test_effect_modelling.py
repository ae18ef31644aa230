"""Effect modelling: songs with controls, the real strip on them, and the table of errors."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from benchmark_files import refusal
from click.testing import CliRunner
from runs import carry_out
from training_audio import RATE, tone, write_tracks

from earmark.analysis.benchmark.panels.effects import first_words
from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.result.document import load as load_result
from earmark.analysis.benchmark.result.effect_cells import effect_cells
from earmark.cli.songs.effect_songs import effect_songs as command
from earmark.evaluation.benchmark.file import load
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.render import render_key
from earmark.evaluation.songs.effect_modelling import CONTROLS, EffectSongs, write_effect_songs
from earmark.models.audio.files import read, write
from earmark.models.effects.channel_strip import KNOBS, knobs_of, position_of, through_strip
from earmark.models.errors import UserError

# A threshold that the quiet tracks reach.
LOW = {**CONTROLS, "threshold_db": (-40.0, -30.0), "ratio": (4.0, 8.0)}
SHORT = EffectSongs(count=1, seconds=3.0, sample_rate=RATE, orders=False, controls=LOW)


def test_each_row_has_the_effects_that_it_names_and_no_other() -> None:
    rows = EffectSongs().rows()
    assert list(rows)[:4] == ["equalizer", "compressor", "reverb", "combined"]
    assert len(rows) == 3 + 6
    assert len({frozenset(order) for order in rows.values()}) == 4
    only = EffectSongs(controls={"ratio": (1, 8), "threshold_db": (-40, 0)}).rows()
    assert only == {"compressor": ("compressor",)}


def test_a_song_keeps_what_made_it_and_the_real_strip_makes_it_again(tmp_path: Path) -> None:
    songs = write_effect_songs(tmp_path, SHORT, [write_tracks(tmp_path / "t", 2) / "track-0.wav"])
    assert [song.name[6:] for song in songs] == ["equalizer", "compressor", "reverb", "combined"]
    for song in songs:
        card = json.loads((song / "song.json").read_text())
        order = card["tags"]["order"].split(" → ")
        active = knobs_of(order)
        for name, value in card["controls"].items():
            assert name in active or value == KNOBS[name].default
        dry, target = (read(song / name)[0] for name in ("mix.wav", "reference.wav"))
        settings = {name: card["controls"][name] for name in active if name in card["controls"]}
        wet = through_strip(dry, RATE, settings, order)
        assert np.allclose(wet, target, atol=1e-6)
        assert not np.allclose(dry, target, atol=1e-3)


def test_songs_are_kept_and_others_are_refused(tmp_path: Path) -> None:
    tracks = [write_tracks(tmp_path / "t", 2) / "track-0.wav"]
    first = write_effect_songs(tmp_path / "out", SHORT, tracks)
    stamps = [(song / "mix.wav").stat().st_mtime_ns for song in first]
    again = write_effect_songs(tmp_path / "out", SHORT, tracks)
    assert stamps == [(song / "mix.wav").stat().st_mtime_ns for song in again]
    other = replace(SHORT, seed=1)
    with pytest.raises(UserError, match="holds something else, or songs made with other options"):
        write_effect_songs(tmp_path / "out", other, tracks)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "0"], "0 songs cannot be made"),
        (["--seconds", "1"], "cannot last 1 s"),
        (["--control", "ratio"], "'ratio': write a name and a range"),
        (["--control", "ratio=1:80"], "control 'ratio': 80 is outside 1 to 10"),
        (["--control", "ratoi=1:8"], "unknown control 'ratoi'; did you mean 'ratio'"),
        (["--control", "ratio=8:1"], "the range 8 to 1 is upside down"),
        (["--control", "drive_db=0:1"], "effect 'limiter' is not in the strip"),
        (["--tracks", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_a_mistake_of_the_command_is_one_line(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(command, [str(tmp_path / "out"), *arguments])
    assert isinstance(done.exception, UserError)
    assert message in str(done.exception)
    assert not (tmp_path / "out").exists()


BENCH = """earmark: 1
name: effects
sample_rate: 16000
songs: {folder: songs}
systems:
  - unprocessed
  - {name: real, kind: strip, effects: [equalizer, compressor, reverb]}
  - {name: fixed, kind: strip, effects: [equalizer], settings: {low_shelf_db: 6}}
metrics: [mae, esr, mcd_k25, mrstft_auraloss]
"""


@pytest.fixture
def effects_bench(tmp_path: Path) -> Path:
    tracks = [write_tracks(tmp_path / "t", 2, 4.0) / "track-0.wav"]
    write_effect_songs(tmp_path / "songs", SHORT, tracks)
    path = tmp_path / "bench.yaml"
    path.write_text(BENCH)
    return path


@pytest.mark.slow
def test_the_real_effect_has_no_error_and_its_report_says_so(
    effects_bench: Path, tmp_path: Path
) -> None:
    carry_out(effects_bench, tmp_path / "results")
    store = Store(tmp_path / "results")
    result = load_result(store, "effects")
    report = write_report(store)
    cells = {(cell.effect, cell.system, cell.metric): cell for cell in result.effects}
    for effect in ("equalizer", "compressor", "reverb", "combined"):
        # The reverb of a dry effect still has its 32-bit files in between.
        assert cells[effect, "real", "esr"].mean < 1e-9
        assert cells[effect, "unprocessed", "esr"].mean > 1e-4
        assert cells[effect, "real", "esr"].songs == 1
        assert cells[effect, "real", "esr"].sd is None
    page = report.read_text(encoding="utf-8")
    assert "How well is each effect modelled?" in page
    assert "combined" in page
    assert (report.parent / "tables" / "effects.csv").is_file()
    kept = json.loads((report.parent / "result.json").read_text())["effects"]
    assert len(kept) == len(result.effects) == 4 * 3 * 4


def test_other_controls_are_another_render_and_none_change_no_key(
    effects_bench: Path, make_songs: Callable[..., Path]
) -> None:
    benchmark = load(effects_bench)
    song, system = benchmark.songs[0], benchmark.systems[1]
    other = replace(song, controls={**song.controls, "low_shelf_db": 1.0})
    keys = [render_key(system, one, None, RATE, "cpu") for one in (song, other, song)]
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.slow
def test_a_control_that_a_system_cannot_take_is_its_failure_and_stops_no_other(
    effects_bench: Path, tmp_path: Path
) -> None:
    card = tmp_path / "songs" / "01-01-compressor" / "song.json"
    data = json.loads(card.read_text())
    data["controls"]["ratio"] = 99
    card.write_text(json.dumps(data))
    summary, _ = carry_out(effects_bench, tmp_path / "results")
    assert [(song, system) for song, system, *_ in summary.failures] == [
        ("01-01-compressor", "real")
    ]
    assert "control ratio is 99; choose from 1 to 10" in summary.failures[0][-1]


@pytest.mark.slow
def test_a_folder_with_controls_in_its_names_is_a_benchmark(tmp_path: Path) -> None:
    (tmp_path / "la2a").mkdir()
    for number in (1, 2):
        write(tmp_path / "la2a" / f"input_{number}_.wav", tone(number, 3.0), RATE)
        for ratio in (2, 8):
            made = through_strip(
                tone(number, 3.0), RATE, {"ratio": ratio, "threshold_db": -30}, ["compressor"]
            )
            name = f"target_{number}_box__{ratio}__-30.wav"
            write(tmp_path / "la2a" / name, torch.from_numpy(made).float(), RATE)
    path = tmp_path / "bench.yaml"
    systems = "systems: [unprocessed, {name: box, kind: strip, effects: [compressor]}]\n"
    path.write_text(
        "earmark: 1\nname: la2a\nsample_rate: 16000\n"
        "songs: {folder: la2a, controls: [ratio, threshold_db]}\n" + systems + "metrics: [esr]\n"
    )
    benchmark = load(path)
    assert [dict(song.controls) for song in benchmark.songs][:2] == [
        {"ratio": 2.0, "threshold_db": -30.0},
        {"ratio": 8.0, "threshold_db": -30.0},
    ]
    carry_out(path, tmp_path / "results")
    cells = load_result(Store(tmp_path / "results"), "la2a").effects
    found = {cell.system: cell for cell in cells}
    assert {cell.effect for cell in cells} == {"box"}
    assert found["box"].mean < 1e-9 < found["unprocessed"].mean
    assert found["box"].songs == 4


def test_mean_and_deviation_are_those_of_the_songs_and_best_is_no_baseline() -> None:
    takes = list("abcdefg")
    songs = pd.DataFrame(
        {"song": [*takes, "x"], "tags": [{"effect": "eq"}] * 7 + [{"genre": "rock"}]}
    )
    systems = pd.DataFrame(
        {
            "system": ["net", "other", "cheap", "master"],
            "kind": ["checkpoint", "checkpoint", "loudness", "reference"],
            "role": ["system", "system", "baseline", "reference"],
            "uses_reference": [False, False, False, False],
        }
    )
    values = {
        "net": (1.0, 3.0, 2.0, 2.0, 1.5, 2.5, 2.0, 90.0),
        "other": (5.0, 5.0, 5.1, 5.2, 5.0, 5.0, 5.0, 0.0),
        "cheap": (0.1,) * 8,
    }

    def cells(values: Mapping[str, tuple[float, ...]]) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [
            {"song": song, "system": system, "metric": "esr", "variant": "raw", "parameters": "{}"}
            | {"value": value}
            for system, found in values.items()
            for song, value in zip([*takes, "x"], found, strict=True)
        ]
        found = effect_cells(songs, systems, pd.DataFrame(rows))
        return {cell.system: cell for cell in found}

    found = cells(values)
    assert found["net"].mean == 2.0
    assert found["net"].sd == pytest.approx(math.sqrt(2.5 / 6))
    assert [found[name].best for name in ("net", "other", "cheap")] == [True, False, False]
    assert "master" not in found
    # Systems that the songs cannot tell apart tie, and fewer than six songs tell nothing.
    alike = values | {"other": (1.2, 2.7, 2.1, 1.8, 1.6, 2.6, 2.0, 0.0)}
    assert [cells(alike)[name].best for name in ("net", "other")] == [False, False]
    assert [cells(alike)[name].tied_first for name in ("net", "other")] == [True, True]
    five = {name: (*some[:5], *[math.nan] * 2, some[7]) for name, some in values.items()}
    assert [cells(five)[name].tied_first for name in ("net", "other")] == [None, None]
    # Where doing nothing is better, nothing is marked.
    systems["kind"] = ["checkpoint", "checkpoint", "unprocessed", "reference"]
    before = cells(values)
    assert not any(cell.best for cell in before.values())
    firsts = sum(bool(cell.tied_first) for cell in before.values())
    assert {first_words(cell, firsts) for cell in before.values()} == {""}
    tied = [cell for cell in cells(alike | {"cheap": (9.0,) * 8}).values() if cell.tied_first]
    assert {first_words(cell, len(tied)) for cell in tied} == {"ties for first"}


def test_a_song_entry_may_give_controls(tmp_path: Path, make_songs: Callable[..., Path]) -> None:
    make_songs(1)
    text = (
        "earmark: 1\nname: t\nsongs:\n  - mix: songs/song-0/mix.wav\n"
        "    controls: {ratio: 4}\nsystems: [unprocessed]\n"
    )
    path = tmp_path / "bench.yaml"
    path.write_text(text)
    assert dict(load(path).songs[0].controls) == {"ratio": 4.0}
    path.write_text(text.replace("ratio: 4", "ratio: much"))
    assert "controls.ratio" in refusal(path)[0]


def test_a_position_is_the_inverse_of_a_drawn_value() -> None:
    for name, knob in KNOBS.items():
        for position in (0.0, 0.3, 1.0):
            assert position_of(name, knob.drawn(position)) == pytest.approx(position, abs=1e-9)
