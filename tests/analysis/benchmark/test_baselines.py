"""Any system can be the baseline, one or several; ranks and differences agree with each other."""

from dataclasses import replace
from pathlib import Path

import pytest
from report_fixtures import Fake, FakeSystem, build

from earmark.analysis.benchmark.panels.standings.master import closeness
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


def test_a_baseline_that_beats_another_counts_beside_it(tmp_path: Path) -> None:
    result = found(tmp_path, "tcn small", "unprocessed")
    assert "No system is told to be closer than tcn small." in result.finding
    assert "Only tcn small is told to be closer than unprocessed" in result.finding


def test_a_baseline_that_lacks_songs_is_compared_over_those_it_has_and_says_so(
    tmp_path: Path,
) -> None:
    failing = {("song 0", "unprocessed"): "no memory"}
    finding = found(tmp_path, fake=replace(EIGHT, failing=failing)).finding
    assert "closer than unprocessed, over the 7 songs that it has" in finding
    assert "Not ranked, for want of songs: unprocessed (7 of 8)." in finding


def test_a_baseline_of_few_songs_has_no_verdict_of_others(tmp_path: Path) -> None:
    failing = {(f"song {number}", "unprocessed"): "no memory" for number in range(6)}
    finding = found(tmp_path, fake=replace(EIGHT, failing=failing)).finding
    assert "closer than unprocessed" not in finding
    assert "unprocessed has 2 songs, too few to be compared with." in finding


@pytest.mark.parametrize("names", [(), ("tcn small",), ("tcn small", "unprocessed")])
def test_the_master_is_told_of_the_mix_whatever_the_baseline(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    result = found(tmp_path, *names)
    (column,) = [one for one in result.columns if one.metric == "mrstft_music"]
    chart = closeness(result, column, "raw")
    assert chart is not None
    words = {row[0]: row[-1] for row in chart.table.rows}
    assert words["tcn small"] == words["eq_match"] == "closer"
    assert words["lowpass_3500"] == "further away"


def test_constant_differences_of_few_songs_leave_a_result_that_can_be_written(
    tmp_path: Path,
) -> None:
    # Parameters are one number in all songs: with six, no finite t is enough for a lone pair.
    songs = EIGHT.songs[:6]
    failing = {(songs[0], "tcn small"): "no memory"}
    systems = (*(EIGHT.systems[at] for at in (0, 1, 3, 5)), FakeSystem("tcn large"))
    fake = replace(EIGHT, songs=songs, systems=systems, failing=failing)
    result = found(tmp_path, fake=fake)
    rows = {row["metric"]: row for row in result.ranking_rows()}
    assert rows["parameters"]["critical_t"] is None
    assert rows["parameters"]["no_claim"] is None
    assert "Infinity" not in result.to_json()
