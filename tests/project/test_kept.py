"""What users have on their disks is still read: a results folder and a study that are kept.

Both were written by an earlier version (see README.md beside them) on another machine, in folders
that are gone. They are copied before anything opens them.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from goldens import RENDERED, Goldens, difference, without_costs
from places import DATA
from study_fixtures import served

from earmark.cli import earmark
from earmark.evaluation.metrics import METRICS
from earmark.listening_test.study.study import StudyFolder

KEPT = DATA / "kept"
# What a sidecar says of its run and machine; the audio is compared by its samples.
OF_THE_RUN = ("wall_seconds", "rtf", "peak_memory_mb", "versions", "audio_sha256")
RUNNING = ("--results", "stored", "--workers", "1", "--device", "cpu")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of everything that is kept, in which commands run."""
    shutil.copytree(KEPT, tmp_path / "kept")
    monkeypatch.chdir(tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture
def bench(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home / "benchmark")
    return home / "benchmark"


@pytest.fixture
def study(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of results that holds the study."""
    monkeypatch.chdir(home / "study")
    return home / "study"


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(earmark, [*map(str, words)])
    assert done.exit_code == status, (done.output, done.exception)
    return done.output


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def table(database: Path, columns: str, name: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return sorted(connection.execute(f"SELECT {columns} FROM {name}").fetchall(), key=repr)


# Metrics whose values changed since the results were kept, and their version with them.
RAISED = tuple(name for name, one in METRICS.items() if one.version > 1)


def test_kept_data_is_small_and_whole() -> None:
    held = files(KEPT)
    assert sum(map(len, held.values())) < 450_000
    assert sum(name.endswith(".wav") and "/renders/" in name for name in held) == 5
    assert sum(name.endswith(".flac") for name in held) == 3


# ---- a results folder


def test_a_run_again_finds_nothing_to_do(bench: Path) -> None:
    stored = bench / "stored"
    parts = ("renders", "insights")
    before = [files(stored / part) for part in parts]
    columns = "subject, reference, metric, variant, parameters, version, value, reason, run"
    scores = table(stored / "results.sqlite", columns, "score")
    assert len(before[0]) == 10
    assert len(scores) > 30
    assert "5 there, 0 to do" in run("check", "bench.yaml", "--results", "stored")
    assert "0 rendered and " in run("run", "bench.yaml", *RUNNING)
    # Metrics with a new version since then are measured anew; all other scores stay.
    after = table(stored / "results.sqlite", columns, "score")
    assert [row for row in after if row[2] not in RAISED] == [
        row for row in scores if row[2] not in RAISED
    ]
    anew = {row[2] for row in after if row[5] == 2}
    assert anew == {row[2] for row in scores if row[2] in RAISED} != set()
    said = run("run", "bench.yaml", *RUNNING)
    assert "0 rendered and 0 scored of 5 renders" in said
    assert [files(stored / part) for part in parts] == before
    assert table(stored / "results.sqlite", columns, "score") == after
    assert table(stored / "results.sqlite", "*", "failure") == []


def test_a_system_that_changed_is_seen_as_another(bench: Path) -> None:
    """The test above can fail: of another option, nothing is there."""
    file = bench / "bench.yaml"
    file.write_text(file.read_text().replace("target: -14", "target: -13"))
    assert "4 there, 1 to do" in run("check", "bench.yaml", "--results", "stored")


def test_a_render_that_is_lost_is_made_again_as_it_was(bench: Path) -> None:
    renders = bench / "stored" / "renders"
    before = {path: (sidecar(path), soundfile.read(path)[0]) for path in renders.rglob("*.wav")}
    shutil.rmtree(renders)
    assert "5 rendered" in run("run", "bench.yaml", *RUNNING)
    assert set(renders.rglob("*.wav")) == set(before)
    for path, (record, audio) in before.items():
        again = sidecar(path)
        # What a render was found to be is recorded since then; nothing else came or went.
        assert [name for name in again if name != "findings"] == list(record)
        for name in (one for one in record if one not in OF_THE_RUN):
            was, now = (json.dumps(one[name], indent=1) for one in (record, again))
            assert difference(was, now, RENDERED) == "", name
        np.testing.assert_allclose(soundfile.read(path)[0], audio, rtol=0, atol=1e-5)


def sidecar(path: Path) -> dict[str, Any]:
    """What stands beside a render, without the options that name folders of a machine."""
    found: dict[str, Any] = json.loads(text_of(path.with_suffix(".json")))
    assert found["system"].pop("options") is not None
    return found


@pytest.mark.parametrize("gone", [(), ("songs", "masters", "network", "bench.yaml")])
def test_a_kept_results_folder_is_reported_and_exported_as_it_was(
    bench: Path, gone: tuple[str, ...], goldens: Callable[[str], Goldens]
) -> None:
    for name in gone:
        path = bench / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    run("report", "--results", "stored")
    run("export", "stored", "--scores", "scores.csv")
    report = bench / "stored" / "reports" / "kept"
    kept = goldens("kept")
    kept.check("benchmark-result.json", text_of(report / "result.json"))
    kept.check("benchmark-scores.csv", without_costs(text_of(bench / "scores.csv")))
    for page in (report / "report.html", next((report / "songs").glob("*.html"))):
        assert "my network" in page.read_text(encoding="utf-8")


# ---- a study


def test_a_kept_study_is_checked_and_its_state_told(study: Path) -> None:
    assert "kept: ape, 1 passages, 2 systems (soft, hard)" in run(
        "study", "check", "kept", "--results", study
    )
    found = json.loads(run("study", "status", "kept", "--results", study, "--json"))
    assert found["study"] == "kept"
    assert found["ratings"]["SIMULATED"] == 6


def test_a_kept_study_exports_the_same_bytes(study: Path) -> None:
    run("study", "export", "kept", "--results", study, "--simulated", "--ratings", "new.csv",
        "--json", "new.json")  # fmt: skip
    assert (study / "new.csv").read_bytes() == (study / "ratings.csv").read_bytes()
    assert (study / "new.json").read_bytes() == (study / "export.json").read_bytes()


@pytest.mark.parametrize("source", ["ratings.csv", "studies/kept"])
def test_a_kept_study_is_analysed_as_it_was(
    study: Path, source: str, goldens: Callable[[str], Goldens]
) -> None:
    run("analyse", source, "--out", "out", "--simulated")
    name = f"study-result-of-{source.split('/')[0].split('.')[0]}.json"
    goldens("kept").check(name, text_of(study / "out" / "result.json"))
    assert (study / "out" / "report.html").is_file()


@pytest.mark.slow
def test_a_kept_study_goes_on_being_served(study: Path) -> None:
    folder = StudyFolder(study / "studies" / "kept")
    keys = json.loads(text_of(folder.path / "keys.json"))
    with served(folder) as server:
        with urlopen(f"{server.url}/s/{keys['study']}/") as answer:
            page = answer.read().decode()
        assert "Which version do you prefer?" in page
        assert server.links["progress"] == f"{server.url}/progress/{keys['admin']}/"
    run("study", "simulate", "kept", "--results", study, "--listeners", "1", "--seed", "9")
    run("study", "export", "kept", "--results", study, "--simulated", "--ratings", "new.csv")
    before, after = text_of(study / "ratings.csv"), text_of(study / "new.csv")
    assert after.startswith(before)
    assert len(after.splitlines()) == len(before.splitlines()) + 2


def text_of(path: Path) -> str:
    return path.read_bytes().decode()
