"""What systems set for a song, from the render to result.json and the report's panels."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from networks_built import RATE, small
from report_fixtures import SYSTEMS, Fake, FakeSystem, build
from runs import carry_out
from small_songs import save, song

from earmark.analysis.benchmark.panels.curves import MOST_LINES
from earmark.analysis.benchmark.panels.equaliser import equalisers as equaliser_section
from earmark.analysis.benchmark.panels.registry import Context
from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.result.document import load
from earmark.evaluation.insights.networks import inspect_system, system_tasks
from earmark.evaluation.insights.records import insight_task, read_record
from earmark.evaluation.insights.renders import complete, inspect_one
from earmark.evaluation.insights.settings import dynamics, equalisers, strips
from earmark.evaluation.results.store import Store
from earmark.models.architectures import build_network
from earmark.models.architectures.hybrid import Hybrid
from earmark.models.checkpoints.folders import Description, TrainingCard, save_checkpoint
from earmark.models.checkpoints.network_system import ControlCard, SystemCard
from earmark.models.effects.console import read_settings
from earmark.models.effects.curves import CURVE_HZ, LEVELS_DBFS
from earmark.models.effects.equalizer import Band, response_db
from earmark.models.systems.contract import NoOptions, SystemSpec, kinds

HYBRID: dict[str, Any] = {
    "encoder": (4, 6),
    "latent": 5,
    "hidden": (4,),
    "bands": 1,
    "shelves": False,
    "sample_rate": 22_050,
}
GREYBOX = {"encoder": (4, 6), "latent": 5, "predictor": 4, "catch_all": False}
MUTE = Fake(songs=("amber street", "blue hour"), seconds=0.4)
PANELS = ("equalisers", "dynamics", "consoles", "filters", "controls")
CONSOLE = {
    "stems": [
        {"name": "bass", "gain_db": -6.0, "pan": 0.0, "inverted": True},
        {
            "name": "voice <b>",
            "gain_db": 3.5,
            "pan": -0.25,
            "eq": [{"kind": "peak", "frequency_hz": 2000.0, "gain_db": 4.0, "q": 1.0}],
            "compressor": {"threshold_db": -20.0, "ratio": 4.0},
        },
    ]
}


def a_known_equaliser(folder: Path) -> Path:
    """A hybrid that, whatever it hears, sets one peak of +6 dB at 1 kHz with Q 1."""
    network = small("hybrid_1a", **HYBRID)
    assert isinstance(network, Hybrid)
    head = network.equaliser
    with torch.no_grad():
        for layer in (head.frequency, head.gain, head.q):
            layer.weight.zero_()
        head.gain.bias.fill_(math.atanh(6 / 12))
        head.q.bias.fill_(math.log(0.5 / 4.0))  # 0.5 + 4.5 sigmoid = 1
        head.frequency.bias.zero_()
        middle = float(head(torch.zeros(1, 5)).bands.frequency)
        low, high = 20.0, middle**2 / 20.0
        share = math.log(1000 / low) / math.log(high / low)
        head.frequency.bias.fill_(math.log(share / (1 - share)))
    card = SystemCard(sample_rate=22_050)
    about = Description(architecture="hybrid_1a", hyperparameters=HYBRID, system=card)
    save_checkpoint(folder, network, about, TrainingCard(step=1))
    return folder


def an_identity(folder: Path) -> Path:
    """A fresh grey box."""
    network, sizes = build_network("greybox", GREYBOX)
    about = Description(architecture="greybox", hyperparameters=sizes)
    save_checkpoint(folder, network, about, TrainingCard(step=1))
    return folder


def a_controlled_net(folder: Path) -> Path:
    sizes: dict[str, Any] = {
        "width": 2,
        "blocks": 2,
        "kernel": 3,
        "controls": 1,
        "hidden": (3,),
        "embedding": 3,
    }
    network = small("tcn", **sizes)
    card = SystemCard(controls={"limit": ControlCard(minimum=0, maximum=10, default=5)})
    about = Description(architecture="tcn", hyperparameters=sizes, system=card)
    save_checkpoint(folder, network, about, TrainingCard(step=1))
    return folder


def content(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report / "result.json").read_text(encoding="utf-8"))
    return found


def part(report: Path, choice: str, panel: str) -> list[dict[str, Any]]:
    """The groups of a panel for the system that its reader chose."""
    page = (report / "report.html").read_text(encoding="utf-8")
    options = page.split(f'data-insight="{panel}"')[1].split("</select>")[0].split("<option")[1:]
    (name,) = (o.split('"')[1] for o in options if f">{choice}<" in o)
    (script,) = (report / "data").glob(f"{name}.*.js")
    text = script.read_text(encoding="utf-8")
    groups: list[dict[str, Any]] = json.loads(text[text.index(",") + 1 : text.rindex(")")])
    return groups


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark of networks set by hand, carried out."""
    home = tmp_path_factory.mktemp("insights")
    for number in range(2):
        folder = home / "songs" / f"song-{number}"
        (folder / "stems").mkdir(parents=True)
        mix = song(number, 1.0)
        save(folder / "mix.wav", mix)
        save(folder / "reference.wav", 2.0 * mix)
        save(folder / "stems" / "bass.wav", 0.25 * mix)
        save(folder / "stems" / "voice.wav", 0.75 * mix)
    (home / "desk.json").write_text(
        json.dumps({"stems": [{"name": n, "gain_db": g} for n, g in (("bass", -6), ("voice", 2))]})
    )
    a_known_equaliser(home / "peak")
    an_identity(home / "grey")
    a_controlled_net(home / "tcn")
    (home / "bench.yaml").write_text(
        "earmark: 1\nname: insights\nsample_rate: 22050\nsongs: {folder: songs/}\nsystems:\n"
        "  - unprocessed\n  - eq_match\n  - {name: peak, kind: checkpoint, path: peak}\n"
        "  - {name: grey, kind: checkpoint, path: grey}\n"
        "  - {name: tcn, kind: checkpoint, path: tcn}\n"
        "  - {name: desk, kind: console, settings: desk.json}\n  - random_mix\n"
        "reference: true\nmetrics: [crest_factor_db]\n"
    )
    carry_out(home / "bench.yaml", home / "r")
    with Store(home / "r") as store:
        write_report(store)
    return home


@pytest.fixture(scope="module")
def report(run_folder: Path) -> Path:
    return run_folder / "r" / "reports" / "insights"


def test_a_network_set_by_hand_to_an_equaliser_shows_exactly_that_curve(report: Path) -> None:
    insights = content(report)["insights"]
    assert insights["curve_hz"] == list(CURVE_HZ)
    curves = [
        one["equalisers"][0]["gains_db"] for one in insights["renders"] if one["system"] == "peak"
    ]
    inside = [hertz for hertz in CURVE_HZ if hertz < 11_025]
    wanted = response_db([Band("peak", 1000.0, 6.0, 1.0)], inside, 22_050)
    assert len(curves) == 2
    for curve in curves:
        assert curve[: len(inside)] == pytest.approx(list(wanted), abs=2e-3)
        assert set(curve[len(inside) :]) == {None}
    drawn = part(report, "peak", "equalisers")[0]["drawings"]
    assert "1 kHz, +6.0 dB" in drawn[0]["title"]
    mean = drawn[0]["figure"]["data"][-1]["y"]
    assert mean[CURVE_HZ.index(1000.0)] == pytest.approx(6.0, abs=2e-3)
    bands = pd.read_csv(report / "tables" / "equaliser_bands.csv")
    mine = bands[bands["system"] == "peak"].iloc[0]
    assert (mine["frequency_hz"], mine["gain_db"], mine["q"]) == pytest.approx(
        (1000, 6, 1), rel=1e-3
    )


def test_an_identity_shows_0_db_and_leaves_levels_alone_up_to_its_ceiling(report: Path) -> None:
    for one in content(report)["insights"]["renders"]:
        if one["system"] == "grey":
            assert set(one["equalisers"][0]["gains_db"]) <= {0.0, None}
            assert one["dynamics"][0]["out_dbfs"][:-1] == list(LEVELS_DBFS)[:-1]
            assert one["dynamics"][0]["out_dbfs"][-1] == pytest.approx(-0.1)
    assert "flat, 0 dB" in part(report, "grey", "equalisers")[0]["drawings"][0]["title"]


def test_spectra_of_an_output_twice_the_input_are_6_db_apart(report: Path) -> None:
    insights = content(report)["insights"]
    mixes = {one["song"]: one["spectrum_db"] for one in insights["mixes"]}
    for one in insights["renders"]:
        if one["system"] == "reference":
            pairs = zip(one["spectrum_db"], mixes[one["song"]], strict=True)
            for out, given in pairs:
                assert (out is None) == (given is None)
                assert out is None or out - given == pytest.approx(6.02, abs=0.011)
    levels = part(report, "unprocessed", "spectra")[0]["drawings"]
    assert "−6.0 dB" in levels[0]["title"]
    changes = levels[1]["figure"]["data"][-1]["y"]
    assert {value for value in changes if value is not None} == {0.0}


def test_a_console_shows_the_gains_it_was_given_and_a_file_to_edit(report: Path) -> None:
    groups = part(report, "desk", "consoles")
    assert [group["label"] for group in groups] == ["Every song", "song-0", "song-1"]
    gain = groups[1]["drawings"][0]
    assert [row[:2] for row in gain["table"]["rows"]] == [["bass", -6.0], ["voice", 2.0]]
    assert [trace["x"] for trace in gain["figure"]["data"]] == [[-6.0], [2.0]]
    ((_, address),) = groups[1]["links"]
    assert [s.gain_db for s in read_settings(report / address).stems] == [-6.0, 2.0]
    assert part(report, "random_mix", "consoles")[1]["links"] == []


def test_a_sweep_has_both_ends_of_the_control_and_no_distance_at_its_default(report: Path) -> None:
    (tcn,) = (s for s in content(report)["insights"]["systems"] if s["system"] == "tcn")
    (sweep,) = tcn["sweeps"]
    assert (sweep["values"][0], sweep["values"][4], sweep["values"][-1]) == (0, 5, 10)
    assert sweep["measures"]["distance"][4] == 0.0
    assert sweep["measures"]["distance"][0] > 0.0
    assert len(part(report, "tcn", "controls")[0]["drawings"]) == 4


def test_filters_of_an_equalising_network_come_with_what_they_answer(tmp_path: Path) -> None:
    sizes = {"frame": 512, "filters": 5, "kernel": 32, "smoothing": 16, "pooled": 8}
    about = Description(architecture="eqcnn2018", hyperparameters=sizes)
    save_checkpoint(tmp_path / "cnn", small("eqcnn2018", **sizes), about, TrainingCard(step=1))
    (tmp_path / "songs").mkdir()
    save(tmp_path / "songs" / "one.wav", song(0, 1.0))
    (tmp_path / "bench.yaml").write_text(
        "earmark: 1\nname: cnn\nsongs: {folder: songs/}\nmetrics: [crest_factor_db]\n"
        "systems: [{name: cnn, kind: checkpoint, path: cnn}]\n"
    )
    carry_out(tmp_path / "bench.yaml", tmp_path / "r")
    with Store(tmp_path / "r") as store:
        made = write_report(store).parent
    responses, envelopes = part(made, "cnn", "filters")[0]["drawings"]
    (trace,) = envelopes["figure"]["data"]
    assert (len(trace["z"]), {len(row) for row in trace["z"]}) == (5, {8})
    # Of one network, in one order; 0 dB is the largest.
    assert max(max(row) for row in trace["z"]) == 0.0
    assert trace["zmin"] == min(min(row) for row in trace["z"]) < 0.0
    assert responses["figure"]["data"][0]["y"] == trace["y"] == [1, 2, 3, 4, 5]


def test_the_same_renders_give_the_same_bytes_and_nothing_is_done_twice(
    run_folder: Path, report: Path
) -> None:
    before = (report / "result.json").read_bytes()
    _, heard = carry_out(run_folder / "bench.yaml", run_folder / "r")
    total, done = heard.stages["inspect"]
    assert total == done == 2 * (7 + 1) + 3  # renders and networks
    shutil.rmtree(run_folder / "r" / "insights")
    carry_out(run_folder / "bench.yaml", run_folder / "r")
    with Store(run_folder / "r") as store:
        write_report(store)
    assert (report / "result.json").read_bytes() == before


def test_there_is_no_panel_where_there_is_nothing_to_show(tmp_path: Path) -> None:
    with Store(build(tmp_path, MUTE)) as store:
        page = write_report(store)
    html = page.read_text(encoding="utf-8")
    assert 'data-insight="spectra"' in html
    assert [name for name in PANELS if f'data-insight="{name}"' in html] == []
    assert not (page.parent / "settings").exists()


def test_a_render_that_is_lost_leaves_a_report_without_spectra(tmp_path: Path) -> None:
    with Store(build(tmp_path, replace(MUTE, audio=False))) as store:
        html = write_report(store).read_text(encoding="utf-8")
    assert 'data-insight="cost"' in html
    assert 'data-insight="spectra"' not in html


def test_a_stem_and_a_song_may_have_any_name(tmp_path: Path) -> None:
    desk = FakeSystem("../desk", notes={"console": CONSOLE})
    songs = ("../../up", "<i>", "plain")
    fake = replace(MUTE, songs=songs, systems=(*SYSTEMS[:1], desk))
    with Store(build(tmp_path, fake)) as store:
        page = write_report(store)
    written = sorted(page.parent.glob("settings/*/*.json"))
    assert len(written) == 3
    strips_read = read_settings(written[0]).stems
    assert [strip.name for strip in strips_read] == ["bass", "voice <b>"]
    (groups,) = [part(page.parent, "../desk", "consoles")]
    cells = groups[1]["drawings"][0]["table"]["rows"][1]
    assert cells[4:6] == ["peak 2000 Hz +4.0 dB Q 1", "−20.0 dBFS, 4:1, 10 and 100 ms, +0.0 dB"]
    # Labels of figures are read as markup by Plotly.
    assert "voice &lt;b&gt;" in groups[1]["drawings"][0]["figure"]["layout"]["yaxis"]["ticktext"][1]


def test_of_many_songs_evenly_many_are_drawn_and_all_are_averaged(tmp_path: Path) -> None:
    songs = tuple(f"song {n:03}" for n in range(MOST_LINES + 10))
    bands = [{"kind": "peak", "frequency_hz": 1000.0, "gain_db": 3.0, "q": 1.0}]
    system = FakeSystem("eq", notes={"eq_bands": bands})
    fake = replace(MUTE, songs=songs, systems=(system,), seconds=0.05, metrics=(), all_null=())
    with Store(build(tmp_path, fake)) as store:
        complete(store, fake.name)
        made = equaliser_section(Context(load(store, fake.name), {}))
    assert made is not None
    (groups,) = made.parts.values()
    drawing = groups[0]["drawings"][0]
    assert f"{len(songs)} songs, {MOST_LINES} of them drawn" in drawing["title"]
    assert len(drawing["figure"]["data"]) == 2 + MOST_LINES + 1
    assert len(json.dumps(groups)) < 200_000


def test_the_gain_before_a_network_is_the_drive_of_its_dynamics() -> None:
    given = {"threshold_db": -20.0, "ratio": 4.0, "knee_db": 0.0}
    (by_network,) = dynamics({"compressor": given, "input_gain_db": 6.0})
    (driven,) = dynamics({"compressor": given, "drive_db": 6.0})
    assert by_network == driven
    assert by_network["settings"]["drive_db"] == 6.0


def test_settings_are_found_in_the_notes_of_each_channel_and_band() -> None:
    bands = [{"kind": "peak", "frequency_hz": 500.0, "gain_db": -3.0, "q": 2.0, "gate": 0.4}]
    notes = {"channel 1": {"eq_bands": bands}, "channel 2": {"eq_bands": bands}}
    found = equalisers(notes, RATE)
    assert [one["part"] for one in found] == ["channel 1", "channel 2"]
    assert found[0]["bands"][0]["active"] is False
    given = {"threshold_db": -20.0, "ratio": 2.0, "knee_db": 0.0}
    two = dynamics({"band_compressors": [given, given | {"ratio": 4.0}]})
    assert [one["part"] for one in two] == ["band 1", "band 2"]
    assert [one["out_dbfs"][-1] for one in two] == [-10.0, -15.0]
    assert [s["pan"] for s in strips({"stem_2_gain_db": 1.0, "stem_2_pan": -0.5})] == [-0.5]


@pytest.mark.parametrize(
    "notes",
    [
        {},
        {"eq_bands": "loud"},
        {"eq_bands": [{"kind": "peak"}]},
        {"eq_bands": [{"kind": "peak", "frequency_hz": 1e6, "gain_db": 1.0, "q": 1.0}]},
        {"eq_curve_db": [1.0]},
        {"eq_curve_db": ["loud"] * len(CURVE_HZ)},
        {"compressor": {"threshold": 3}},
        {"band_compressors": [3]},
        {"console": {"stems": "none"}},
        {"console": 3},
        {"channel 1": 3},
    ],
)
def test_notes_of_another_form_are_no_settings(notes: dict[str, Any]) -> None:
    assert (equalisers(notes, RATE), dynamics(notes), strips(notes)) == ([], [], [])


def test_a_render_made_again_with_other_notes_is_described_again(tmp_path: Path) -> None:
    audio = tmp_path / "abc.wav"
    save(audio, 0.1 * np.ones((5000, 2)))
    first = insight_task(tmp_path, audio, {"audio_sha256": "1", "notes": {"drive_db": 1.0}})
    assert inspect_one(first) == ""
    assert len(read_record(first.path)["spectrum_db"]) == 59
    for record in (
        {"audio_sha256": "2", "notes": {"drive_db": 1.0}},
        {"audio_sha256": "1", "notes": {"drive_db": 2.0}},
    ):
        assert insight_task(tmp_path, audio, record).path != first.path
    audio.unlink()
    assert "abc.wav" in inspect_one(first)


def test_a_network_that_cannot_be_looked_into_is_told_of_and_stops_nothing(tmp_path: Path) -> None:
    options = kinds()["checkpoint"].options.model_validate(
        {"path": a_controlled_net(tmp_path / "n")}
    )
    (task,) = system_tasks(tmp_path, [SystemSpec("net", "checkpoint", options)])
    (tmp_path / "n" / "golden.safetensors").write_bytes(b"damaged")
    assert "golden.safetensors" in inspect_system(task)
    assert not task.path.exists()
    # Kinds that are no networks have nothing to be looked into.
    assert system_tasks(tmp_path, [SystemSpec("mix", "unprocessed", NoOptions())]) == []
