"""The study files that ship, and every key of a whole one, on a benchmark of SIMULATED renders."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from places import ROOT
from report_fixtures import Fake, FakeSystem, build, render_key
from study_fixtures import links

from earmark.cli import earmark
from earmark.evaluation.demo import BASELINES, NETWORKS
from earmark.evaluation.results.store import Store
from earmark.listening_test.check import Report, check
from earmark.listening_test.create import make_study
from earmark.listening_test.kinds import rated
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import simulate
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.study.study import load_study
from earmark.models.errors import UserError

EXAMPLES = ROOT / "examples"
RATE = 44_100

WHOLE = """\
earmark: 1
study: pilot-2026
title: Which master do you prefer?
from: {benchmark: demo, systems: [unprocessed, loud-14, tcn small, reference], songs: all}
excerpts: {select: loudest, seconds: 1, fade_ms: 50}
loudness: {mode: matched, tolerance_lu: 0.1, ceiling_dbtp: -1}
test: {kind: ape, axes: [{name: preference, left: worse, right: better}], reference: optional, \
comments: per_stimulus}
design: {pages_per_listener: 4, order: williams, repeats: 1, pool: least_used}
before: [consent, volume, headphone_check, {questionnaire: [{id: age, type: number, label: Age}]}, \
{training: {pages: 2}}]
after: [{questionnaire: [{id: remarks, label: Remarks}]}, thanks]
languages: [en, uk, de]
analysis: {primary: preference, scope: music, alpha: 0.05, adjust: holm, margin: 5}
"""


def benchmark(folder: Path, systems: tuple[str, ...], songs: int, seconds: float) -> Path:
    """A results folder that holds a benchmark ``demo``; its renders are shaped noise."""
    shapes = [
        FakeSystem(name, role="reference" if name == "reference" else "baseline")
        for name in systems
    ]
    fake = Fake("demo", shapes, [f"song {n}" for n in range(songs)], seconds=seconds, audio=False)
    build(folder, fake)
    time = np.arange(round(seconds * RATE)) / RATE
    swell = (0.6 + 0.4 * np.sin(2 * np.pi * time / seconds))[:, None]
    with Store(folder) as store:
        for number, song in enumerate(fake.songs):
            noise = np.random.default_rng(number).normal(0, 1, (len(time), 2)) * swell
            for place, name in enumerate(("mix", *systems)):
                path = store.render_path(render_key(fake, song, name))
                path.parent.mkdir(parents=True, exist_ok=True)
                loud = noise * (0.06 + 0.008 * place)
                soundfile.write(path, loud.astype(np.float32), RATE, subtype="FLOAT")
    return folder


def looked(path: Path, results: Path) -> Report:
    return check(read_study_file(path), results)


@pytest.mark.slow
def test_the_mushra_example_meets_every_item_that_software_can_meet(tmp_path: Path) -> None:
    systems = ("unprocessed", "eq_comp", "limiter", "tcn", "reference")
    results = benchmark(tmp_path, systems, songs=8, seconds=11)
    report = looked(EXAMPLES / "mushra.yaml", results)
    assert report.problems == ()
    verdicts = {item.id: item.verdict for item in report.conformance}
    people = {name for name, verdict in verdicts.items() if verdict == "needs people"}
    assert people == {
        *("assessors", "room", "screening", "report", "loudness", "level", "trim", "transducer"),
        *("range", "loop", "switch", "enabled", "playing"),
    }
    assert {verdict for name, verdict in verdicts.items() if name not in people} == {"met"}
    assert report.conformant is True
    assert report.systems == (*systems, "lowpass_3500", "lowpass_7000")


@pytest.mark.slow
def test_the_preference_example_has_no_problem(tmp_path: Path) -> None:
    systems = ("unprocessed", "loud-14", "tcn", "reference")
    results = benchmark(tmp_path, systems, songs=8, seconds=13)
    report = looked(EXAMPLES / "study.yaml", results)
    assert report.problems == ()
    assert report.systems == systems
    assert report.minutes <= 45


@pytest.mark.parametrize("name", ["study.yaml", "mushra.yaml"])
def test_an_example_names_systems_that_the_demo_has(name: str) -> None:
    source = read_study_file(EXAMPLES / name).source
    assert source is not None
    known = {one.split(":")[1].split(",")[0].strip() if ":" in one else one for one in BASELINES}
    assert set(source.systems) <= {*known, *NETWORKS, "reference"}


@pytest.mark.slow
def test_every_key_of_a_whole_study_file_does_what_it_says(tmp_path: Path) -> None:
    systems = ("unprocessed", "loud-14", "tcn small", "reference")
    results = benchmark(tmp_path / "results", systems, songs=6, seconds=2)
    path = tmp_path / "study.yaml"
    path.write_text(WHOLE)
    assert looked(path, results).problems == ()
    folder = make_study(read_study_file(path), results)
    study = load_study(folder)
    assert rated(study) == systems
    assert {one.samples for one in study.passages} == {RATE}
    for passage in study.passages:
        mine = [one for one in study.stimuli if one.passage == passage.id]
        levels = [one.lufs for one in mine if one.lufs is not None]
        assert len(levels) == len(mine)
        assert max(levels) - min(levels) <= 0.1
    assert all(one.dbtp is not None and one.dbtp <= -1 for one in study.stimuli)
    with in_background(folder) as address:
        done = simulate(addresses_of(folder), links(folder, address)["simulated"], 4, 0)
    # Two of training, four of the six songs, one of them again.
    assert [one.pages for one in done] == [7] * 4
    csv = str(tmp_path / "r.csv")
    words = ("export", "pilot-2026", "--results", str(results), "--simulated", "--ratings", csv)
    run = CliRunner().invoke(earmark, ["study", *words])
    assert run.exit_code == 0, run.output
    assert f"{4 * 5 * 4} ratings of 4 sessions" in run.output


def test_what_is_declared_about_the_analysis_is_part_of_the_studys_hash(tmp_path: Path) -> None:
    results = benchmark(tmp_path / "results", ("a", "reference"), songs=2, seconds=1.5)
    path = tmp_path / "study.yaml"
    text = (
        "earmark: 1\nstudy: s\ntitle: T\nfrom: {benchmark: demo}\nmetrics: none\nseed: 1\n"
        "test: {kind: ape}\nanalysis: {primary: preference, margin: 5}\n"
    )
    path.write_text(text)
    first = load_study(make_study(read_study_file(path), results))
    path.write_text(text.replace("margin: 5", "margin: 10"))
    with pytest.raises(UserError, match="of this name is there and differs"):
        make_study(read_study_file(path), results)
    second = load_study(make_study(read_study_file(path), results, again=True))
    assert first.sha256 != second.sha256
    assert second.file.analysis is not None
    assert second.file.analysis.margin == 10
