"""``earmark doctor``: what it prints, its JSON, its exit status."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import typed
from pydantic import TypeAdapter
from runs import Make

from earmark.evaluation.doctor import examine
from earmark.evaluation.doctor.contract import (
    Diagnosis,
    DoctorDocument,
    Health,
    Probe,
    document,
    worst,
)
from earmark.evaluation.doctor.text import lines


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command with the few probes of a run; all of them have tests of their own."""
    monkeypatch.setattr(examine.diagnose, "__defaults__", ("cpu", examine.QUICK))


@pytest.mark.usefixtures("quick")
def test_one_system_is_a_table_and_ends_well(tmp_path: Path) -> None:
    done = typed("doctor", "unprocessed", cwd=tmp_path)
    assert done.status == 0
    head, *rows = done.stdout.splitlines()
    assert head.startswith("unprocessed (unprocessed): pass (8 pass)")
    assert [row.split()[1] for row in rows if row.startswith("  pass")][:3] == [
        "runs", "delay", "polarity"
    ]  # fmt: skip


@pytest.mark.usefixtures("quick")
def test_a_benchmark_is_examined_whole_and_a_failure_is_the_exit_status(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = make_benchmark(
        "unprocessed", '{name: tool, kind: command, run: "false {input} {output}"}'
    )
    done = typed("doctor", str(bench), "--json", cwd=tmp_path)
    assert done.status == 1
    said = json.loads(done.stdout)
    assert TypeAdapter(DoctorDocument).validate_python(said).verdict is Health.FAIL
    by_name = {one["system"]: one for one in said["systems"]}
    assert by_name["unprocessed"]["verdict"] == "pass"
    assert by_name["tool"]["verdict"] == "fail"
    assert "failed with exit status 1" in by_name["tool"]["probes"][0]["note"]
    shown = typed("doctor", str(bench), cwd=tmp_path).stdout.splitlines()
    assert shown[-1].endswith("1 pass, 0 warn, 1 fail, 1 not run")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["unprocesed"], "did you mean 'unprocessed'?"),
        (["nowhere.yaml"], "no such file"),
        (["unprocessed", "--set", "x=1"], "unknown key 'x'"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    done = typed("doctor", *words, cwd=tmp_path)
    assert done.status == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


def test_the_gravest_verdict_counts_and_nothing_is_no_pass() -> None:
    assert worst([]) is Health.NOT_RUN
    assert worst([Health.NOT_RUN]) is Health.NOT_RUN
    assert worst([Health.NOT_RUN, Health.PASS]) is Health.PASS
    assert worst([Health.WARN, Health.FAIL, Health.PASS]) is Health.FAIL


def test_text_and_json_are_one_result() -> None:
    probe = Probe("delay", Health.WARN, 0.5, "samples", "under 0.25", "pink noise", "lags 0.5")
    made = document([Diagnosis("a", "command", "k", Health.WARN, (probe,))])
    again: Any = TypeAdapter(DoctorDocument).validate_json(json.dumps(made.as_json()))
    assert again == made
    assert any("+0.50 samples" in line and "lags 0.5" in line for line in lines(made, 100))
