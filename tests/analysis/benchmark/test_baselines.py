"""Any system can be the baseline, one or several; ranks and differences agree with each other."""

from dataclasses import replace
from pathlib import Path

import pytest
from report_fixtures import Fake, build

from earmark.analysis.benchmark.result.document import Result, load
from earmark.analysis.benchmark.result.standings import SongVerdict
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

EIGHT = Fake(
    songs=tuple(f"song {number}" for number in range(8)),
    audio=False,
    metrics=("mrstft_music", "lufs_integrated"),
)


def found(folder: Path, *baselines: str, fake: Fake = EIGHT) -> Result:
    build(folder, fake)
    with Store(folder) as store:
        return load(store, "small", baselines)


def test_the_mix_is_the_baseline_unless_another_is_named(tmp_path: Path) -> None:
    assert found(tmp_path).baselines == ("unprocessed",)
    with Store(tmp_path) as store:
        with store.transaction():
            config = {"seed": 0, "baseline": ["loudness"]}
            store.put("benchmark", [{"name": "small", "config": config, "updated": "x"}])
        assert load(store, "small").baselines == ("loudness",)
        assert load(store, "small", ["tcn small"]).baselines == ("tcn small",)
        assert load(store, "small", "tcn small, loudness").baselines == ("tcn small", "loudness")


def test_without_the_mix_there_is_no_baseline_and_no_difference(tmp_path: Path) -> None:
    result = found(tmp_path, fake=replace(EIGHT, systems=EIGHT.systems[1:]))
    assert result.baselines == ()
    assert result.difference_rows() == []
    assert "closest" in result.finding


def test_an_unknown_baseline_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'loud': no system of this benchmark; did you mean"):
        found(tmp_path, "loud")


def test_several_baselines_are_compared_with_each_other_once(tmp_path: Path) -> None:
    result = found(tmp_path, "unprocessed", "loudness")
    pairs = [(row["system"], row["baseline"]) for row in result.difference_rows()]
    assert ("loudness", "unprocessed") in pairs
    assert ("unprocessed", "loudness") not in pairs
    assert "closer than unprocessed" in result.finding
    assert "closer than loudness" in result.finding


def test_ranks_and_differences_never_contradict_each_other(tmp_path: Path) -> None:
    result = found(tmp_path, "tcn small", "loudness")
    seen = 0
    for column in result.columns:
        for variant in column.variants:
            standing = result.standings[column.id, variant]
            pairs = {(one.first, one.second): one.difference for one in standing.ranking.pairs}
            pairs |= {(b, a): one.turned() for (a, b), one in pairs.items()}
            for one in standing.against:
                if (one.system, one.baseline) in pairs:
                    assert one.difference == pairs[one.system, one.baseline]
                    seen += one.verdict in (SongVerdict.BETTER, SongVerdict.WORSE)
    assert seen > 4


def test_a_metric_without_a_better_direction_is_higher_or_lower_and_never_better(
    tmp_path: Path,
) -> None:
    result = found(tmp_path)
    rows = [row for row in result.difference_rows() if row["metric"] == "lufs_integrated"]
    assert {row["verdict"] for row in rows} >= {SongVerdict.HIGHER}
    assert not {row["verdict"] for row in rows} & {SongVerdict.BETTER, SongVerdict.WORSE}
    assert all(row["metric"] != "lufs_integrated" for row in result.ranking_rows())
