"""The commands from a study file to its ratings, as a user types them."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import typed
from report_fixtures import Fake, build
from study_fixtures import write_study


def earmark(folder: Path, *words: str, status: int = 0) -> tuple[str, str]:
    """What a command prints, and what it says on the error stream."""
    done = typed("study", *words, cwd=folder)
    assert done.status == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def test_a_study_goes_from_its_file_to_a_ratings_file(tmp_path: Path) -> None:
    write_study(tmp_path, "mushra", passages=2, seconds=0.6)
    text, _ = earmark(tmp_path, "check", "small.yaml")
    assert "not met" in text
    assert "BS.1534-3 is not met: " in text
    earmark(tmp_path, "new", "small.yaml")
    assert json.loads(earmark(tmp_path, "check", "small", "--json")[0])["problems"] == []
    assert "No sessions yet." in earmark(tmp_path, "status", "small")[0]
    text, noise = earmark(tmp_path, "simulate", "small", "--listeners", "2")
    assert "SIMULATED: 2 sessions, 4 pages" in text
    assert noise == ""
    assert "SIMULATED: 2 complete; 24 ratings" in earmark(tmp_path, "status", "small")[0]
    assert "0 ratings of 0" in earmark(tmp_path, "export", "small", "--ratings", "none.csv")[0]
    earmark(tmp_path, "export", "small", "--simulated", "--ratings", "r.csv", "--json", "r.json")
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 2 * 2 * 6
    assert len(json.loads((tmp_path / "r.json").read_text())["sessions"]) == 2
    write_study(tmp_path, "ape", passages=2, seconds=0.6)
    earmark(tmp_path, "new", "small.yaml", "--replace")
    said = "Of earlier versions of this study, neither shown nor exported: 2 SIMULATED sessions."
    assert said in earmark(tmp_path, "status", "small")[0]
    assert said in earmark(tmp_path, "export", "small", "--ratings", "none.csv")[1]
    earmark(tmp_path, "backup", "small", "--out", "copy")
    assert (tmp_path / "copy" / "ratings.sqlite").is_file()


@pytest.mark.slow
def test_a_mistake_is_one_line_and_status_one(tmp_path: Path) -> None:
    write_study(tmp_path, "ape", seconds=0.6)
    call = [sys.executable, "-m", "earmark", "study", "serve", "gone"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    for words in (
        ("new", "gone.yaml"),
        ("serve", "gone"),
        ("serve", "../x"),
        ("status", "gone"),
        ("export", "gone", "--ratings", "x.csv"),
        ("check", "gone"),
    ):
        _, error = earmark(tmp_path, *words, status=1)
        assert error.startswith("Error: ")
        assert error.count("\n") == 1


def test_a_study_is_made_straight_from_a_benchmark_and_tells_when_that_changed(
    tmp_path: Path,
) -> None:
    results = build(tmp_path / "results", Fake())
    (tmp_path / "s.yaml").write_text(
        "earmark: 1\nstudy: from bench\ntitle: T\nmetrics: none\n"
        "from: {benchmark: small, systems: [unprocessed, tcn small, reference]}\n"
        "test: {kind: ape, reference: none}\n"
    )
    earmark(tmp_path, "new", "s.yaml")
    assert "SIMULATED music" in earmark(tmp_path, "status", "from bench")[0]
    study = json.loads((results / "studies" / "from bench" / "study.json").read_text())
    assert list(study["systems"]) == ["unprocessed", "tcn small", "reference"]
    assert [one["id"] for one in study["passages"]] == ["amber street", "blue hour", "cinder"]
    render = next(iter((results / "renders").rglob("*.wav")))
    for path in (results / "renders").rglob("*.wav"):
        if path != render:
            path.write_bytes(render.read_bytes())
    text, error = earmark(tmp_path, "check", "from bench")
    assert "changed since the study was made" in error
    assert "unprocessed" in text


def test_an_unknown_benchmark_or_system_is_told_with_the_nearest(tmp_path: Path) -> None:
    build(tmp_path / "results", Fake())
    file = tmp_path / "s.yaml"
    for source, said in (
        ("{benchmark: smal}", "did you mean 'small'?"),
        ("{benchmark: small, systems: [tcn smal]}", "did you mean 'tcn small'?"),
        ("{benchmark: small, songs: [cindr]}", "did you mean 'cinder'?"),
    ):
        file.write_text(f"earmark: 1\nstudy: s\ntitle: T\nfrom: {source}\ntest: {{kind: ape}}\n")
        _, error = earmark(tmp_path, "new", "s.yaml", status=1)
        assert said in error
