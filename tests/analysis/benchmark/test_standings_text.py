"""The terminal shows the same finding, ranks and medians as the report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from report_fixtures import Fake, FakeSystem, all_failed, build

from earmark.analysis.benchmark.result.document import Result, load
from earmark.analysis.benchmark.text.standings_text import counts_text, standings_lines
from earmark.cli import earmark
from earmark.evaluation.results.store import Store

EIGHT = Fake(songs=tuple(f"song {number}" for number in range(8)), audio=False)


def found(folder: Path, fake: Fake = EIGHT) -> Result:
    with Store(build(folder, fake)) as store:
        return load(store, "small")


def test_rows_stand_by_rank_and_say_what_the_report_says(tmp_path: Path) -> None:
    result = found(tmp_path)
    text = "\n".join(standings_lines(result, 400))
    assert result.finding in text
    rows = [line.split() for line in text.splitlines() if line[:6].strip() in ("1", "2", "3", "–")]
    assert rows[0][:3] == ["1", "tcn", "small"]
    column = result.headline[0]
    median = result.cells["tcn small", column.id, "raw"].median.centre
    assert median is not None
    assert float(rows[0][3]) == pytest.approx(median, abs=0.006)
    assert {row[0] for row in rows[3:]} == {"–"}


@pytest.mark.parametrize("width", [40, 60, 80, 120, 300])
def test_lines_fit_the_window_and_say_what_does_not(tmp_path: Path, width: int) -> None:
    systems = tuple(
        FakeSystem(f"a network with a long name {number} of a sweep") for number in range(12)
    )
    result = found(tmp_path, replace(EIGHT, systems=(*EIGHT.systems, *systems)))
    lines = standings_lines(result, width)
    table = lines[lines.index("") + 1 : -1]
    assert len({line[:40] for line in table}) == len(table)
    assert max(len(line) for line in lines) <= max(width, 64)
    shown = len(result.headline) - (
        int(lines[-1].split("; ")[1].split()[0]) if ";" in lines[-1] else 0
    )
    assert sum(column.heading in table[0] for column in result.headline) == shown


def test_show_prints_it_and_json_is_that_of_the_report(tmp_path: Path) -> None:
    result = found(tmp_path)
    done = CliRunner().invoke(earmark, ["show", "--results", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("small (SIMULATED songs): 6 systems, 8 songs, 0 failures\n")
    assert "tcn small is the closest" in done.output
    done = CliRunner().invoke(
        earmark, ["show", "--results", str(tmp_path), "--baseline", "loudness", "--json"]
    )
    assert json.loads(done.output)["baselines"] == ["loudness"]
    done = CliRunner().invoke(earmark, ["show", "--results", str(tmp_path), "--json"])
    assert done.output == result.to_json()


def test_a_run_of_failures_alone_says_so(tmp_path: Path) -> None:
    found(tmp_path, all_failed(EIGHT))
    done = CliRunner().invoke(earmark, ["show", "--results", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "48 failures" in done.output
    assert "No score was made" in done.output


def test_counts_of_one_are_singular(tmp_path: Path) -> None:
    one = replace(EIGHT, songs=EIGHT.songs[:1], systems=EIGHT.systems[:1])
    assert counts_text(found(tmp_path, one)) == "1 system, 1 song, 0 failures"
