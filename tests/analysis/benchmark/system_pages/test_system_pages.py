"""A page per system says what the records know, and no more. SIMULATED scores."""

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from report_fixtures import SYSTEMS, Fake, FakeSystem, build

from earmark.analysis.benchmark.panels.sides.addresses import player_of, system_page_names
from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.result.document import Result, load
from earmark.analysis.benchmark.song_pages.page import page_names
from earmark.analysis.benchmark.system_pages.page import system_page
from earmark.evaluation.results.store import Store
from earmark.models.architectures import build_network
from earmark.models.checkpoints.folders import Description, TrainingCard, save_checkpoint

NOTES = {"gain_db": 1.5, "matched": True, "eq_bands": [{"kind": "peak"}], "why": "<b>loud</b>"}
FAKE = replace(
    Fake(),
    songs=tuple(f"song {i}" for i in range(7)),
    systems=(
        FakeSystem("unprocessed", "unprocessed", "baseline", distance=1.6),
        FakeSystem("Net", distance=0.5, notes=NOTES),
        FakeSystem("net", distance=1.0),
        SYSTEMS[-1],
    ),
    audio=False,
    failing={("song 2", "net"): "RuntimeError: it <i>broke</i>"},
)


def result_of(folder: Path, fake: Fake = FAKE, **sidecar: Any) -> Result:
    """The result, with more in the records of Net's renders."""
    build(folder, fake)
    if sidecar:
        with sqlite3.connect(folder / "results.sqlite") as database:
            database.execute(
                "UPDATE render SET sidecar = json_patch(sidecar, ?) WHERE key IN"
                " (SELECT render FROM placement WHERE system = 'Net')",
                (json.dumps(sidecar),),
            )
    with Store(folder, create=False) as store:
        return load(store, fake.name)


def page_of(result: Result, system: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    made = system_page(result, system, page_names(result.song_names))
    return made.data, made.view


def test_names_that_differ_only_in_case_or_punctuation_have_pages_of_their_own() -> None:
    names = system_page_names(["net", "Net", "n/e:t", "n e t", "ネット", "", "net-"])
    assert len({address.lower() for address in names.values()}) == len(names)
    assert names["net"] == "systems/net.html"
    assert all(re.fullmatch(r"systems/[a-z0-9-]+\.html", one) for one in names.values())


def test_scores_by_song_lead_to_the_songs_and_are_those_of_the_result(tmp_path: Path) -> None:
    result = result_of(tmp_path)
    data, view = page_of(result, "net")
    table = data["song-scores"]["raw"]
    assert [row[0]["v"] for row in table["rows"]] == list(FAKE.songs)
    assert all(row[0]["href"].startswith("../songs/song-") for row in table["rows"])
    at = table["header"].index("mrstft_music")
    values = result.values.of("mrstft_music", "raw", "net")
    assert [row[at] for row in table["rows"]] == [None if v != v else v for v in values]
    assert table["rows"][2][at] is None
    assert view["failed"] == 1
    assert view["renders"] == 6


def test_ranks_are_those_of_the_report_and_who_lacks_a_song_has_none(tmp_path: Path) -> None:
    result = result_of(tmp_path)
    standing = page_of(result, "Net")[0]["standing"]["raw"]
    row = next(row for row in standing["rows"] if row[0] == "mrstft_music")
    assert row[3:] == ["1 of 2", "best"]
    standing = page_of(result, "net")[0]["standing"]["raw"]
    row = next(row for row in standing["rows"] if row[0] == "mrstft_music")
    assert row[3:] == ["", "lacks a song"]
    standing = page_of(result, "reference")[0]["standing"]["raw"]
    row = next(row for row in standing["rows"] if row[0] == "mrstft_music")
    assert row[3:] == ["", "does not compete"]


def test_notes_warnings_and_the_checkpoint_come_from_the_records(tmp_path: Path) -> None:
    result = result_of(tmp_path, system={"sha256": "ab" * 32}, warnings=["clipped"])
    data, view = page_of(result, "Net")
    assert ("Checkpoint sha256", "ab" * 32) in view["identity"]
    assert data["notes"]["raw"]["header"] == ["song", "gain_db", "matched", "why"]
    assert data["notes"]["raw"]["rows"][0][1:] == [1.5, "yes", "<b>loud</b>"]
    assert view["more_notes"] == ["eq_bands"]
    assert view["warnings"][0] == ("song 0", "clipped")
    assert view["warned"] == 7
    # Another system's records say nothing of this one.
    other = dict(page_of(result, "net")[1]["identity"])
    assert "Checkpoint sha256" not in other


def test_whose_weights_a_network_has_stands_among_its_facts(tmp_path: Path) -> None:
    remarks = {
        "network_version": "signaltrain 1 is not the published network",
        "weights_of": "micro-tcn (csteinmetz1/micro-tcn)",
        "hyperparameters": {"causal": True},
    }
    data, view = page_of(result_of(tmp_path, notes=remarks), "Net")
    facts = dict(view["identity"])
    assert facts["Version of the network"] == "signaltrain 1 is not the published network"
    assert facts["Weights of"] == "micro-tcn (csteinmetz1/micro-tcn)"
    assert facts["Hyper-parameters"] == '{"causal": true}'
    # They are alike for every song, so they are no column of the songs.
    assert data["notes"]["raw"]["header"] == ["song", "gain_db", "matched", "why"]
    assert view["more_notes"] == ["eq_bands"]


def test_a_card_is_shown_only_of_the_weights_that_were_rendered(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, hyperparameters = build_network("tcn", {"channels": 2, "width": 4, "blocks": 2})
    folder = tmp_path / "checkpoint"
    about = Description(architecture="tcn", hyperparameters=hyperparameters)
    save_checkpoint(folder, network, about, TrainingCard(step=7, songs="12 SIMULATED songs"))
    sha256 = json.loads((folder / "model.json").read_text())["sha256"]
    for name, known in (("same", sha256), ("other", "00" * 32)):
        result = result_of(tmp_path / name, system={"sha256": known})
        options = result.systems["options"].copy()
        options[1] = {"path": str(folder)}
        found = dict(
            page_of(replace(result, systems=result.systems.assign(options=options)), "Net")[1][
                "training"
            ]
        )
        if name == "same":
            assert found["Trained on"] == "12 SIMULATED songs"
            assert found["Architecture"] == "tcn"
        else:
            assert "Trained on" not in found
            assert "of other weights" in found["Model card"]


def test_songs_of_a_training_and_code_are_said_or_said_to_be_unknown(tmp_path: Path) -> None:
    result = result_of(tmp_path)
    runs = result.runs
    known = {"trained on": {"Net": ["song 1"]}, "validated on": {}, "unknown": ["net"]}
    code = {"systems": {"Net": {"files": {"a.py": "cd" * 32}, "unknown": "what it imports"}}}
    record = dict(runs["record"][0])
    more = {"training songs": known, "code": code, "songs": {"audio files not used": 0}}
    runs = runs.assign(record=pd.Series([record | more], dtype=object))
    result = replace(result, runs=runs)
    view = page_of(result, "Net")[1]
    assert ("Songs trained on", "song 1") in view["training"]
    assert ("Code", f"a.py {'cd' * 6}") in view["identity"]
    assert ("Not known", "what it imports") in view["identity"]
    assert "trained on 1 of the songs" in view["badges"]
    view = page_of(result, "net")[1]
    assert ("Songs of this benchmark in training", "not known") in view["training"]


def test_the_report_writes_a_page_for_each_system_and_tables_lead_there(tmp_path: Path) -> None:
    heard = replace(FAKE, audio=True, seconds=0.4, songs=FAKE.songs[:3])
    build(tmp_path / "results", heard)
    with Store(tmp_path / "results", create=False) as store:
        report = write_report(store, FAKE.name, tmp_path / "report")
    text = report.read_text(encoding="utf-8")
    names = system_page_names([one.name for one in FAKE.systems])
    for address in names.values():
        assert f'href="{address}"' in text
        page = (report.parent / address).read_text(encoding="utf-8")
        assert 'data-label="SIMULATED"' in page
        for linked in re.findall(r'(?:href|src)="(\.\./[^"#]+)', page):
            assert (report.parent / "systems" / linked).is_file(), linked
    # A song in a system's table leads to its row among the song's players.
    song = (report.parent / page_names(["song 0"])["song 0"]).read_text(encoding="utf-8")
    assert f'id="{player_of("Net")}"' in song
    assert f"#{player_of('Net')}" in "".join(
        path.read_text(encoding="utf-8") for path in (report.parent / "data").glob("system-*.js")
    )
    broken = (report.parent / names["net"]).read_text(encoding="utf-8")
    assert "it &lt;i&gt;broke&lt;/i&gt;" in broken
    # Pages of systems that are gone go with them.
    listing = json.loads((report.parent / "files.json").read_text())["files"]
    assert set(names.values()) <= set(listing)
