"""TensorBoard, MLflow and Weights & Biases keep a benchmark run once: means, curves and ranks."""

import json
import math
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from exported import ATTACKED, EIGHT, STEPS, exported, found
from report_fixtures import SYSTEMS, Fake, FakeSystem, build
from stand_in_trackers import MlflowClient, stand_in_mlflow, stand_in_wandb
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from earmark.analysis.benchmark.exports.tracked_run import TrackedRun, tracked_run
from earmark.analysis.benchmark.result.document import Result

SWEPT = replace(EIGHT, systems=(*SYSTEMS, *STEPS))


def tracked(folder: Path, fake: Fake = SWEPT) -> tuple[Result, TrackedRun]:
    result, run = found(folder, fake)
    return result, tracked_run(result, run)


def test_means_are_those_of_the_result_and_curves_follow_the_steps(tmp_path: Path) -> None:
    result, run = tracked(tmp_path)
    mean = {one.key: one.value for one in run.means}
    cell = result.cells["tcn small", "mrstft_music", "raw"]
    assert mean["systems/tcn small/mrstft_music"] == cell.mean.centre
    (curve,) = [one for one in run.curves if one.metric == "mrstft_music"]
    assert curve.key == "curves/sweep/mrstft_music"
    assert curve.points == tuple(
        (one.step, result.cells[one.name, "mrstft_music", "raw"].mean.centre) for one in STEPS
    )
    assert (run.title, run.folder, run.project) == ("run 1 SIMULATED", "run 1 SIMULATED", "small")
    assert run.settings["simulated"] == "true"
    assert run.settings["finding"] == result.finding


def test_keys_are_unique_and_plain_whatever_systems_are_called(tmp_path: Path) -> None:
    names = ("a*b", "a?b", "A_B", "a_b", "é", "x" * 300, "x" * 299 + "y", "..")
    fake = replace(ATTACKED, systems=(*ATTACKED.systems, *(FakeSystem(name) for name in names)))
    _, run = tracked(tmp_path, fake)
    keys = [one.key for one in run.means] + [one.key for one in run.curves]
    assert len({key.casefold() for key in keys}) == len(keys)
    assert max(map(len, keys)) <= 250
    allowed = set("/ _.-") | {chr(code) for code in range(128) if chr(code).isalnum()}
    assert set("".join(keys)) <= allowed


def test_a_curve_needs_two_points_that_have_a_value(tmp_path: Path) -> None:
    failing = {(song, name): "out" for song in EIGHT.songs for name in ("sweep 1000", "sweep 2000")}
    _, run = tracked(tmp_path, replace(SWEPT, failing=failing))
    assert run.curves == ()
    assert all(math.isfinite(one.value) for one in run.means)


def test_tensorboard_holds_means_curves_and_the_table(tmp_path: Path) -> None:
    result, run = tracked(tmp_path / "r")
    out = tmp_path / "o"
    said, _ = exported(tmp_path / "r", "--out", out, "--format", "tensorboard")
    folder = out / "small" / "run 1 SIMULATED"
    assert said == f"{folder}: open it with tensorboard --logdir {out}\n"
    curve = events(folder / "curves" / "sweep").Scalars("mrstft_music")
    assert [one.step for one in curve] == [1000, 2000, 3000]
    for name in result.system_names:
        mean = result.cells[name, "mrstft_music", "raw"].mean.centre
        (one,) = events(folder / "systems" / name).Scalars("mrstft_music")
        assert one.value == pytest.approx(mean, rel=1e-6)
    ranks = events(folder / "ranks")
    (text,) = ranks.Tensors("headline table/text_summary")
    assert "tcn small" in text.tensor_proto.string_val[0].decode()
    assert (
        "is there already" in exported(tmp_path / "r", "--out", out, "--format", "tensorboard")[1]
    )
    assert run.table.notes


def events(folder: Path) -> EventAccumulator:
    read = EventAccumulator(str(folder))
    read.Reload()
    return read


def test_mlflow_gets_metrics_with_steps_parameters_and_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = stand_in_mlflow(monkeypatch)
    result, run = tracked(tmp_path / "r")
    words = ("--out", tmp_path / "o", "--format", "mlflow")
    assert "mlflow ui --backend-store-uri sqlite:///" in exported(tmp_path / "r", *words)[0]
    ((kept,),) = client.kept.values()
    assert (kept.name, kept.experiment, kept.ended) == (run.title, run.project, True)
    assert kept.tags == {"earmark.run": run.id}
    logged = {(one.key, one.step): one.value for one in kept.metrics}
    assert len(logged) == len(kept.metrics)
    for one in run.means:
        assert logged[one.key, one.step or 0] == one.value
    for curve in run.curves:
        assert [logged[curve.key, step] for step, _ in curve.points] == [y for _, y in curve.points]
    assert kept.params["finding"] == result.finding
    assert "| rank |" in kept.texts["headline.md"]
    assert "holds run 1 SIMULATED of 'small' already" in exported(tmp_path / "r", *words)[1]


def test_mlflow_takes_more_metrics_than_one_request_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = stand_in_mlflow(monkeypatch)
    many = [FakeSystem(f"network {number}") for number in range(130)]
    build(tmp_path / "r", replace(EIGHT, systems=many, songs=EIGHT.songs[:1]))
    exported(tmp_path / "r", "--out", "http://tracker:5000", "--format", "mlflow")
    ((kept,),) = client.kept.values()
    assert client.kept.keys() == {"http://tracker:5000"}
    assert len(kept.metrics) > 1000


def test_what_mlflow_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_mlflow(monkeypatch)
    monkeypatch.setattr(MlflowClient, "broken", "no such server")
    build(tmp_path / "r", EIGHT)
    _, said = exported(tmp_path / "r", "--out", "http://tracker:5000", "--format", "mlflow")
    assert said == "--out http://tracker:5000: MLflow says: no such server"


def test_wandb_is_offline_with_summary_curves_and_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = stand_in_wandb(monkeypatch)
    _, run = tracked(tmp_path / "r")
    words = ("--out", tmp_path / "o", "--format", "wandb")
    folder = tmp_path / "o" / "wandb" / f"offline-run-20300102_030405-{run.id}"
    assert exported(tmp_path / "r", *words)[0] == f"{folder}: upload it with wandb sync {folder}\n"
    (kept,) = begun
    assert kept.options["mode"] == "offline"
    assert (kept.options["project"], kept.options["name"]) == ("small", "run 1 SIMULATED")
    assert kept.summary == {one.key: one.value for one in run.means}
    points = [row for row in kept.logged if "training step" in row]
    assert [row["training step"] for row in points] == [1000, 2000, 3000]
    assert all(row.keys() - {"training step"} == {c.key for c in run.curves} for row in points)
    assert kept.axes == {"training step": None, "curves/*": "training step"}
    table = kept.logged[-1]["headline table"]
    assert len(table.data) == len(run.table.rows)
    assert kept.ended
    assert "holds run 1 SIMULATED already" in exported(tmp_path / "r", *words)[1]
    assert len(begun) == 1


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb"])
def test_without_the_package_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    build(tmp_path / "r", EIGHT)
    monkeypatch.setitem(sys.modules, name, None)
    _, said = exported(tmp_path / "r", "--out", tmp_path / "o", "--format", name)
    assert said == (
        f"--format {name} needs the package {name}, which is not installed; run pip install "
        f"'earmark[{name}]'"
    )
    assert not (tmp_path / "o").exists()


# Extras that nothing else needs: where they are installed they read what was written; elsewhere the
# stand-ins above have their interface.
if find_spec("mlflow") is not None:

    @pytest.mark.filterwarnings("ignore")
    def test_mlflow_itself_reads_what_was_logged(tmp_path: Path) -> None:
        import mlflow

        _, run = tracked(tmp_path / "r")
        words = ("--out", tmp_path / "o", "--format", "mlflow")
        assert exported(tmp_path / "r", *words)[1] == ""
        client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'o' / 'mlflow.db'}")
        experiment = client.get_experiment_by_name("small")
        (kept,) = client.search_runs([experiment.experiment_id])
        assert {one.key: one.value for one in run.means}.items() <= kept.data.metrics.items()
        key = "curves/sweep/mrstft_music"
        assert [one.step for one in client.get_metric_history(kept.info.run_id, key)] == [
            1000,
            2000,
            3000,
        ]
        assert "already" in exported(tmp_path / "r", *words)[1]


if find_spec("wandb") is not None:

    @pytest.mark.filterwarnings("ignore")
    def test_wandb_itself_keeps_the_table_offline(tmp_path: Path) -> None:
        _, run = tracked(tmp_path / "r")
        words = ("--out", tmp_path / "o", "--format", "wandb")
        assert exported(tmp_path / "r", *words)[1] == ""
        (folder,) = (tmp_path / "o" / "wandb").glob(f"offline-run-*-{run.id}")
        assert list(folder.glob("*.wandb"))
        (table,) = folder.rglob("*.table.json")
        assert len(json.loads(table.read_text())["data"]) == len(run.table.rows)
        assert "already" in exported(tmp_path / "r", *words)[1]
