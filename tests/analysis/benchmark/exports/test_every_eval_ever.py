"""Records of Every Eval Ever are valid by its published schema and hold our uncertainty."""

import copy
import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from exported import ATTACKED, EIGHT, HOSTILE, STEPS, exported, found
from published_schemas import EVALUATION, bounds_faults, faults, path_faults
from report_fixtures import SYSTEMS, build

from earmark.analysis.benchmark.exports.every_eval_ever import (
    EvaluationRecord,
    Source,
    evaluation_records,
)
from earmark.analysis.benchmark.result.document import Result

NOW = datetime(2030, 5, 6, tzinfo=UTC)


def records(
    folder: Path, fake: Any = EIGHT, *systems: str
) -> tuple[Result, list[EvaluationRecord]]:
    result, run = found(folder, fake)
    names = systems or result.system_names
    return result, evaluation_records(result, run, names, Source("", "", NOW))


def by_metric(record: EvaluationRecord) -> dict[str, dict[str, Any]]:
    return {one["evaluation_result_id"]: one for one in record.content["evaluation_results"]}


@pytest.mark.parametrize("songs", [1, 5, 8])
def test_every_record_is_valid(tmp_path: Path, songs: int) -> None:
    fake = replace(ATTACKED, songs=ATTACKED.songs[:songs])
    result, made = records(tmp_path, fake)
    assert {one.content["model_info"]["name"] for one in made} == {*result.system_names}
    for one in made:
        data = json.loads(one.text())
        assert [*faults(data, EVALUATION), *bounds_faults(data), *path_faults(one.path)] == []
    assert len({one.path for one in made}) == len(made)


Spoil = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.pop("eval_library"),
        lambda data: data.update(extra="x"),
        lambda data: data.update(schema_version="0.2.0"),
        lambda data: data["model_info"]["additional_details"].pop("deployment_type"),
        lambda data: data["model_info"]["additional_details"].update(step=3),
        lambda data: data["source_metadata"].update(evaluator_relationship="self"),
        lambda data: data["evaluation_results"][0]["metric_config"].update(lower_is_better=1),
        lambda data: data["evaluation_results"][0]["metric_config"].pop("min_score"),
        lambda data: data["evaluation_results"][0]["score_details"].update(score=None),
        lambda data: data["evaluation_results"][0]["score_details"].update(score=math.nan),
        lambda data: data["evaluation_results"][0]["score_details"]["details"].update(median=1.0),
    ],
)
def test_the_check_finds_each_fault(tmp_path: Path, spoil: Spoil) -> None:
    data = json.loads(records(tmp_path, EIGHT, "tcn small")[1][0].text())
    spoiled = copy.deepcopy(data)
    spoil(spoiled)
    assert not [*faults(data, EVALUATION)]
    assert [*faults(spoiled, EVALUATION)]


def test_a_score_is_the_mean_with_its_uncertainty(tmp_path: Path) -> None:
    result, (one,) = records(tmp_path, EIGHT, "tcn small")
    score = by_metric(one)["mrstft_music/raw"]["score_details"]
    values = result.values.of("mrstft_music", "raw", "tcn small")
    assert score["score"] == pytest.approx(values.mean())
    spread = score["uncertainty"]
    assert spread["num_samples"] == 8
    assert spread["standard_error"]["value"] == pytest.approx(values.std(ddof=1) / 8**0.5)
    mean = result.cells["tcn small", "mrstft_music", "raw"].mean
    interval = spread["confidence_interval"]
    assert (interval["lower"], interval["upper"]) == (mean.low, mean.high)
    rank = result.standings["mrstft_music", "raw"].ranking.rank_of("tcn small")
    assert rank is not None
    assert score["details"]["rank_low"] == str(rank.low)
    assert score["details"]["tied_first"] == "true"


def test_closest_to_zero_is_scored_by_its_size(tmp_path: Path) -> None:
    result, (one,) = records(tmp_path, EIGHT, "unprocessed")
    entry = by_metric(one)["lufs_error/raw"]
    values = result.values.of("lufs_error", "raw", "unprocessed")
    assert (values < 0).any()
    assert entry["score_details"]["score"] == pytest.approx(np.abs(values).mean())
    assert entry["metric_config"]["lower_is_better"] is True
    assert entry["metric_config"]["min_score"] == 0.0
    assert entry["metric_config"]["metric_name"] == "|lufs_error|"


def test_few_songs_have_no_interval_and_one_has_no_error(tmp_path: Path) -> None:
    for count, known in ((1, {"num_samples"}), (5, {"num_samples", "standard_error"})):
        fake = replace(EIGHT, songs=EIGHT.songs[:count])
        _, (one,) = records(tmp_path / str(count), fake, "tcn small")
        spread = by_metric(one)["mrstft_music/raw"]["score_details"]["uncertainty"]
        assert spread.keys() - {"standard_deviation"} == known


def test_what_has_no_direction_or_no_value_is_left_out(tmp_path: Path) -> None:
    _, (one,) = records(tmp_path, EIGHT, "tcn small")
    kept = {name.partition("/")[0] for name in by_metric(one)}
    assert kept == {"mrstft_music", "logmel_db", "lufs_error"}


def test_a_simulated_record_says_so_in_its_name_and_place(tmp_path: Path) -> None:
    _, (one,) = records(tmp_path, EIGHT, "tcn small")
    assert one.path.parts[1] == "small-SIMULATED"
    assert one.content["evaluation_results"][0]["source_data"]["dataset_name"] == "small-SIMULATED"
    _, (real,) = records(tmp_path / "real", replace(EIGHT, simulated=False), "tcn small")
    assert real.path.parts[1] == "small"


def test_a_record_replaces_itself_and_no_other(tmp_path: Path) -> None:
    build(tmp_path / "r", replace(EIGHT, systems=(*SYSTEMS, *STEPS)))
    words = ("--out", tmp_path / "o", "--format", "every-eval-ever")
    for _ in range(2):
        said, _ = exported(tmp_path / "r", *words)
        assert "4 records" in said
    assert len([*(tmp_path / "o").rglob("*.json")]) == 4
    exported(tmp_path / "r", *words, "--developer", "us", "--organization", "them")
    assert len([*(tmp_path / "o").rglob("*.json")]) == 8


def test_the_command_says_what_it_left_out(tmp_path: Path) -> None:
    build(tmp_path / "r", EIGHT)
    said, _ = exported(tmp_path / "r", "--out", tmp_path / "o", "--format", "every-eval-ever")
    assert said.splitlines() == [
        f"{tmp_path / 'o'}: 1 record",
        "Left out, not under test, add them by --system: unprocessed, loudness, eq_match, "
        "lowpass_3500, reference",
        "Left out, no direction is better: lufs_integrated, plr, sparkle",
    ]


def test_a_benchmark_of_baselines_asks_for_a_system(tmp_path: Path) -> None:
    build(tmp_path / "r", replace(EIGHT, systems=SYSTEMS[:2]))
    words = ("--out", tmp_path / "o", "--format", "every-eval-ever")
    assert (
        "name what to export with --system: unprocessed, loud"
        in exported(tmp_path / "r", *words)[1]
    )
    assert "1 record" in exported(tmp_path / "r", *words, "--system", "loudness")[0]


def test_metrics_without_direction_alone_are_one_line(tmp_path: Path) -> None:
    fake = replace(EIGHT, metrics=["lufs_integrated"], all_null=(), plugin=False)
    build(tmp_path / "r", fake)
    _, said = exported(tmp_path / "r", "--out", tmp_path / "o", "--format", "every-eval-ever")
    assert "no value of tcn small in a metric with a better direction" in said


@pytest.mark.parametrize(
    ("organization", "developer", "relationship"),
    [("", "", "other"), ("a", "", "other"), ("a", "a", "first_party"), ("a", "b", "third_party")],
)
def test_who_measured_whom_is_told_only_where_both_are_known(
    organization: str, developer: str, relationship: str
) -> None:
    assert Source(organization, developer, NOW).relationship == relationship


def test_hostile_names_stay_in_the_record_and_out_of_the_path(tmp_path: Path) -> None:
    _, made = records(tmp_path, ATTACKED, *HOSTILE)
    assert [one.content["model_info"]["name"] for one in made] == [*HOSTILE]
    assert not [*path_faults(PurePosixPath("data/a/b/c/00000000-0000-4000-8000-000000000000.json"))]
    assert [*path_faults(PurePosixPath("data/a/CON/c/00000000-0000-4000-8000-000000000000.json"))]
    assert all(".." not in one.path.parts for one in made)
