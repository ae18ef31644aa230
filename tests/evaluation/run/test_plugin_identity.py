"""A plug-in is its bytes and those of what it imports: what changed is made again, never mixed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fad_files import PLUGIN
from registries import registries_kept
from runs import Make

import earmark as em
from earmark.evaluation.metrics import METRICS
from earmark.evaluation.results.runs import opened_at
from earmark.evaluation.results.set_records import read_sets
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.score import Score, Scored, of_this_code
from earmark.models.errors import UserError
from earmark.models.plugins import load_plugin

METRIC = """
from earmark.evaluation.metrics import metric
@metric
def glow(audio):
    "How much it glows."
    from helper_of_glow import GAIN
    return GAIN * audio.abs().amax(dim=(1, 2))
"""
KIND = """
from dataclasses import dataclass
from earmark.models.systems.contract import NoOptions, Spec, kind
from helper_of_quiet import GAIN

@dataclass(frozen=True)
class Quiet:
    spec: Spec
    def prepare(self, material, controls):
        return None
    def render(self, block, state):
        return block * GAIN

@kind("quiet", NoOptions)
def quiet(options):
    "Softer."
    return Quiet(Spec("quiet", "quiet"))
"""


@pytest.fixture
def registry() -> Iterator[None]:
    with registries_kept():
        yield


def run(bench: Path, results: Path, *, check: bool = True) -> dict[str, Any]:
    """Run in a process of its own and in another folder: plug-ins are loaded once in each."""
    code = (
        "import json, sys, earmark as em\n"
        "done = em.run(sys.argv[1], sys.argv[2], device='cpu')\n"
        "print(json.dumps([done.rendered, done.scored, len(done.failures)]))\n"
    )
    (bench.parent / "elsewhere").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", code, bench, results],
        cwd=bench.parent / "elsewhere",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stderr
    rendered, scored, failed = json.loads(done.stdout.splitlines()[-1])
    return {"rendered": rendered, "scored": scored, "failed": failed}


def glow(results: Path, number: int, system: str = "unprocessed") -> float:
    frame = em.results(results, run=number).scores()
    (value,) = frame[(frame.metric == "glow") & (frame.system == system)]["value"]
    return float(value)


@pytest.mark.slow
def test_a_metric_whose_module_changed_measures_anew_and_the_old_scores_stay_with_their_run(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "mine.py").write_text(METRIC)
    helper = tmp_path / "helper_of_glow.py"
    helper.write_text("GAIN = 1\n")
    more = "plugins: [mine.py]\nmetrics: [mae, glow]\n"
    bench = make_benchmark("unprocessed", more=more)
    results = tmp_path / "r"
    assert run(bench, results) == {"rendered": 2, "scored": 2, "failed": 0}
    # Neither a time, nor a system's name, nor what is nobody's code is a change.
    for path in tmp_path.glob("*.py"):
        os.utime(path, (1, 1))
    (tmp_path / "unrelated.py").write_text("GAIN = 3\n")
    renamed = make_benchmark("{name: as it is, kind: unprocessed}", more=more)
    assert run(renamed, results) == {"rendered": 0, "scored": 0, "failed": 0}
    helper.write_text("GAIN = 2\n")
    assert run(renamed, results) == {"rendered": 0, "scored": 2, "failed": 0}
    first, second, third = (
        glow(results, 1),
        glow(results, 2, "as it is"),
        glow(results, 3, "as it is"),
    )
    assert first == second == pytest.approx(third / 2)
    # No table holds both, and the code stands in the record of each run.
    assert (em.results(results).scores()["metric"] == "glow").sum() == 2
    records = em.results(results).runs()["record"]
    codes = [record["code"]["plugins"][0]["files"] for record in records]
    assert [set(files) for files in codes] == [{"mine.py", "helper_of_glow"}] * 3
    assert codes[1] == codes[2] != codes[0]
    # Put back, the old scores hold again.
    helper.write_text("GAIN = 1\n")
    assert run(renamed, results) == {"rendered": 0, "scored": 0, "failed": 0}
    assert glow(results, 4, "as it is") == first


@pytest.mark.slow
def test_a_kind_whose_module_changed_renders_anew(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "mine.py").write_text(KIND)
    (tmp_path / "helper_of_quiet.py").write_text("GAIN = 0.5\n")
    bench = make_benchmark("quiet", more="plugins: [mine.py]\nmetrics: [sample_peak_dbfs]\n")
    results = tmp_path / "r"
    assert run(bench, results)["rendered"] == 3
    assert run(bench, results)["rendered"] == 0
    (tmp_path / "helper_of_quiet.py").write_text("GAIN = 0.25\n")
    assert run(bench, results) == {"rendered": 1, "scored": 1, "failed": 0}
    peaks = []
    for number in (1, 2, 3):
        frame = em.results(results, run=number).scores()
        peaks.append(float(frame[frame.system == "quiet"]["value"].iloc[0]))
    assert peaks[0] == peaks[1] == pytest.approx(peaks[2] + 6.02, abs=0.01)


@pytest.mark.slow
def test_an_embedding_whose_module_changed_embeds_anew(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2, seconds=2.0)
    (tmp_path / "bands.py").write_text(
        "from helper_of_bands import FLOOR\n" + PLUGIN.replace("1e-9", "FLOOR")
    )
    helper = tmp_path / "helper_of_bands.py"
    helper.write_text("FLOOR = 1e-9\n")
    fad = "metrics: [{name: fad, embedding: bands, channels: m}]\nplugins: [bands.py]\n"
    bench = make_benchmark("unprocessed", more=fad)
    results = tmp_path / "r"

    def value(number: int) -> float | None:
        with opened_at(results, number) as (store, name):
            (found,) = read_sets(store, name)
        assert found.record["channels"][0]["fad"] == found.value
        return found.value

    def embedded() -> int:
        return len(list((results / "embeddings").glob("bands-*/*/*.npy")))

    run(bench, results)
    before = embedded()
    helper.write_text("FLOOR = 1e-1\n")
    run(bench, results)
    assert embedded() == 2 * before
    first, second = value(1), value(2)
    assert first is not None
    assert second is not None
    assert first != second
    run(bench, results)
    assert embedded() == 2 * before
    assert value(3) == second


@pytest.mark.usefixtures("registry")
def test_what_a_worker_measured_with_other_code_is_a_failure_and_no_score(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.py").write_text(METRIC.replace("glow", "glow_of_workers"))
    (tmp_path / "helper_of_glow_of_workers.py").write_text("GAIN = 1\n")
    load_plugin(tmp_path / "mine.py")
    metric = METRICS["glow_of_workers"]
    score = Score("key", "", metric.name, "raw", {}, 1, 0.5, "", "", metric.source)
    kept = of_this_code(Scored((score,), {}), [metric])
    assert kept == Scored((score,), {})
    other = of_this_code(Scored((replace(score, source="other"),), {}), [metric])
    assert other.scores == ()
    assert "mine.py: changed while the run was at work" in other.failures["score:glow_of_workers"]


@pytest.mark.usefixtures("registry")
def test_code_that_changed_since_it_was_loaded_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from helper_that_changes import X\n")
    (tmp_path / "helper_that_changes.py").write_text("X = 1\n")
    load_plugin(tmp_path / "mine.py")
    load_plugin(tmp_path / "mine.py")
    (tmp_path / "helper_that_changes.py").write_text("X = 2\n")
    with pytest.raises(UserError, match=r"helper_that_changes.py has changed since this plug-in"):
        load_plugin(tmp_path / "mine.py")


@pytest.mark.usefixtures("registry")
def test_two_modules_of_one_name_are_refused_not_mistaken(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"plug_{name}.py").write_text("from helper_of_both import X\n")
        (tmp_path / name / "helper_of_both.py").write_text(f"X = {name!r}\n")
    load_plugin(tmp_path / "a" / "plug_a.py")
    with pytest.raises(UserError, match=r"imports 'helper_of_both', and another one of that name"):
        load_plugin(tmp_path / "b" / "plug_b.py")


@pytest.mark.slow
def test_scores_of_a_plug_in_from_before_its_code_counted_are_measured_again(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "mine.py").write_text(METRIC)
    (tmp_path / "helper_of_glow.py").write_text("GAIN = 1\n")
    bench = make_benchmark("unprocessed", more="plugins: [mine.py]\nmetrics: [mae, glow]\n")
    run(bench, tmp_path / "r")
    with Store(tmp_path / "r") as store, store.transaction():
        for table in ("score", "selection"):
            store.connection.execute(f"UPDATE {table} SET source = '' WHERE metric = 'glow'")
        store.connection.execute("UPDATE score SET value = 77 WHERE metric = 'glow'")
    assert run(bench, tmp_path / "r")["scored"] == 2
    assert glow(tmp_path / "r", 1) == 77
    assert glow(tmp_path / "r", 2) != 77
