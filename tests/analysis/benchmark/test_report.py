"""The report's folder: one result behind every number, whole files, nothing done twice."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects
import pytest
from click.testing import CliRunner
from places import ROOT
from report_fixtures import (
    SYSTEMS,
    Fake,
    FakeSystem,
    all_failed,
    build,
    many_systems,
    render_key,
    without_reference,
)

from earmark.analysis.benchmark.panels import registry
from earmark.analysis.benchmark.panels.registry import Section, metric_data
from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.result.document import Result, load
from earmark.analysis.benchmark.result.standings import SongVerdict
from earmark.cli import earmark
from earmark.evaluation.results.store import Store
from earmark.listening_test import TOKENS
from earmark.models.errors import UserError

BRIEF = Fake(songs=("amber street", "blue hour"), seconds=0.5)
# Most of a report's time is its audio; most tests need none.
MUTE = replace(BRIEF, audio=False)
EIGHT = replace(MUTE, songs=tuple(f"song {number}" for number in range(8)))
SWEEP = tuple(
    FakeSystem(f"run step_{step}", step=step, distance=2 - step / 1000) for step in (100, 900, 500)
)


def report(folder: Path, fake: Fake) -> Path:
    """The folder of the report of a simulated benchmark."""
    with Store(build(folder, fake)) as store:
        return write_report(store).parent


def result(folder: Path, fake: Fake) -> Result:
    """The result of a simulated benchmark."""
    with Store(build(folder, fake)) as store:
        return load(store, fake.name)


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One report that tests may read and not change."""
    return report(tmp_path_factory.mktemp("brief"), BRIEF)


def pages(folder: Path) -> list[Path]:
    found = [folder / "report.html", *sorted((folder / "songs").glob("*.html"))]
    found += sorted((folder / "systems").glob("*.html"))
    assert len(found) > 1
    return found


CASES: dict[str, Callable[[], Fake]] = {
    "usual": lambda: BRIEF,
    "one system": lambda: replace(MUTE, systems=SYSTEMS[3:4]),
    "one song": lambda: replace(BRIEF, songs=("only",)),
    "no reference": lambda: without_reference(replace(BRIEF, songs=("only",))),
    "all failed": lambda: all_failed(BRIEF),
    "one failed": lambda: replace(MUTE, failing={("blue hour", "tcn small"): "no memory"}),
    "many systems": lambda: replace(many_systems(14), songs=("one",), audio=False),
    "nothing measured": lambda: replace(MUTE, metrics=(), plugin=False),
    "a sweep": lambda: replace(MUTE, systems=(SYSTEMS[0], *SWEEP, SYSTEMS[-1])),
    "odd names": lambda: replace(
        BRIEF,
        name="../a/b: <c>",
        songs=("<script>alert(1)</script>", "..", "Ümlaut/ö", "ümlaut/ö"),
        systems=(FakeSystem("<b>&amp;"), FakeSystem("unprocessed", "unprocessed", "baseline")),
        seconds=0.2,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_benchmark_gets_a_whole_report(case: str, tmp_path: Path) -> None:
    fake = CASES[case]()
    folder = report(tmp_path / "results", fake)
    assert folder.parent == tmp_path / "results" / "reports"
    for page in pages(folder):
        text = page.read_text(encoding="utf-8")
        assert "NaN" not in text
        assert "None" not in text
        assert "<script>alert" not in text
        for link in re.findall(r'(?:href|src|data-src)="([^"#:]+)(?:#[^"]*)?"', text):
            assert (page.parent / link).is_file(), link
    json.loads((folder / "result.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    for part in (folder / "data").glob("*.js"):
        for line in part.read_text(encoding="utf-8").splitlines():
            name, value = re.fullmatch(r'earmark\.put\(("[^"]+"), (.*)\);', line).groups()  # type: ignore[union-attr]
            assert json.loads(name)
            json.loads(value, parse_constant=pytest.fail)
    assert (folder / "report.html").stat().st_size < 1_500_000


def test_every_page_starts_with_the_colours_of_the_listening_pages(brief: Path) -> None:
    (sheet,) = (brief / "assets").glob("tokens.*.css")
    assert sheet.read_bytes() == TOKENS.read_bytes()
    for page in pages(brief):
        first, *_ = re.findall(r'rel="stylesheet" href="([^"]+)"', page.read_text(encoding="utf-8"))
        assert (page.parent / first).resolve() == sheet.resolve()


def test_no_page_asks_the_network_or_runs_inline_script(brief: Path) -> None:
    for page in pages(brief):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
        assert not re.search(r"<script(?![^>]* src=)", text)
        assert " style=" not in text
        assert "<style" not in text


@pytest.mark.slow
def test_the_page_stays_small_with_many_systems_and_metrics(tmp_path: Path) -> None:
    systems = [FakeSystem(f"a network with quite a long name {i:03d}") for i in range(120)]
    names = [f"metric_{i}" for i in range(30)]
    fake = replace(MUTE, systems=systems, songs=("one",), metrics=(), all_null=names)
    assert (report(tmp_path, fake) / "report.html").stat().st_size < 1_500_000


def test_the_same_results_give_the_same_bytes_whenever_they_were_made(tmp_path: Path) -> None:
    later = replace(MUTE, run="run-2", started="2031-05-06T07:08:09+00:00", rtf=0.9)
    first, second = report(tmp_path / "a", MUTE), report(tmp_path / "b", later)
    for name in ("result.json", "tables/systems.csv", "tables/differences.csv"):
        text = (first / name).read_text(encoding="utf-8")
        if name == "result.json":
            assert text == (second / name).read_text(encoding="utf-8")
            assert "2030" not in text
            assert "rtf" not in text
    assert "2031" in (second / "provenance.json").read_text(encoding="utf-8")


def test_another_seed_moves_intervals_and_nothing_else(tmp_path: Path) -> None:
    with Store(build(tmp_path, MUTE)) as store:
        one = load(store, "small")
        with store.transaction():
            store.put("benchmark", [{"name": "small", "config": {"seed": 9}, "updated": "x"}])
        other = load(store, "small")
    assert other.seed == 9
    assert {k: c.median.centre for k, c in one.cells.items()} == {
        k: c.median.centre for k, c in other.cells.items()
    }


def test_text_table_plot_and_json_show_one_number(brief: Path) -> None:
    content = json.loads((brief / "result.json").read_text(encoding="utf-8"))
    (row,) = (
        row
        for row in content["summary"]
        if (row["system"], row["metric"], row["variant"]) == ("tcn small", "mrstft_music", "raw")
    )
    table = csv.DictReader(io.StringIO((brief / "tables/headline.csv").read_text(encoding="utf-8")))
    (cell,) = (
        line
        for line in table
        if (line["system"], line["metric"], line["variant"]) == ("tcn small", "mrstft_music", "raw")
    )
    assert float(cell["median"]) == row["median"]
    html = (brief / "report.html").read_text(encoding="utf-8")
    assert f'data-raw="{row["median"]!r}"' in html
    assert f"{row['mean']:.2f} (tcn small)" in content["finding"]
    assert content["finding"] in html
    (part,) = (brief / "data").glob("metric-mrstft_music.*.js")
    data = json.loads(part.read_text(encoding="utf-8").split(", ", 1)[1].removesuffix(");\n"))
    drawn = data["variants"]["raw"]["distribution"]["table"]["rows"]
    assert [line[2] for line in drawn if line[0] == "tcn small"] == [row["median"]]


def test_the_best_neither_sees_the_reference_nor_is_it_nor_is_an_anchor(tmp_path: Path) -> None:
    found = result(tmp_path, EIGHT)
    first = {name for standing in found.standings.values() for name in standing.ranking.first}
    assert "tcn small" in first
    assert first <= {"unprocessed", "loudness", "tcn small"}
    distance = next(c for c in found.columns if c.metric == "mrstft_music")
    closer = found.cells["eq_match", distance.id, "raw"].median.centre
    ours = found.cells["tcn small", distance.id, "raw"].median.centre
    assert closer is not None
    assert ours is not None
    assert closer < ours


def test_differences_from_unprocessed_are_paired(tmp_path: Path) -> None:
    found = result(tmp_path, MUTE)
    column = next(c for c in found.columns if c.metric == "mrstft_music")
    ours = found.values.of(column.id, "raw", "tcn small")
    base = found.values.of(column.id, "raw", "unprocessed")
    against = {one.system: one for one in found.standings[column.id, "raw"].against}
    assert against["tcn small"].median.centre == pytest.approx(sum(ours - base) / 2)
    assert against["tcn small"].difference.mean == pytest.approx(sum(ours - base) / 2)
    assert against["tcn small"].verdict is SongVerdict.NO_CLAIM
    assert "unprocessed" not in against


def test_a_second_report_writes_nothing_and_redoes_only_what_is_gone(tmp_path: Path) -> None:
    folder = report(tmp_path, BRIEF)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    lost = sorted((folder / "pictures").glob("*-*.webp"))[0]
    lost.unlink()
    with Store(tmp_path) as store:
        write_report(store)
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert lost in after
    assert {path for path in after if after[path] != before[path]} <= {
        lost,
        # A render's pictures are made together.
        lost.with_name(f"{lost.stem.split('-')[0]}.webp"),
    }


def test_what_an_earlier_report_left_goes_and_what_others_put_there_stays(tmp_path: Path) -> None:
    folder = report(tmp_path, BRIEF)
    note = folder / "songs" / "my notes.txt"
    note.write_text("mine")
    listed = json.loads((folder / "files.json").read_text(encoding="utf-8"))["files"]
    with Store(tmp_path) as store:
        with store.transaction():
            store.connection.execute("DELETE FROM song WHERE id = 'blue hour'")
        write_report(store)
    gone = {name for name in listed if not (folder / name).is_file()}
    assert any(name.startswith("songs/blue-hour") for name in gone)
    assert sum(name.startswith("audio/") for name in gone) == len(BRIEF.systems) + 1
    assert note.read_text() == "mine"


def test_a_doctored_list_of_files_cannot_remove_files_outside(tmp_path: Path) -> None:
    folder = report(tmp_path / "results", MUTE)
    outside = tmp_path / "precious"
    outside.write_text("keep")
    listing = {"files": ["../../../precious", str(outside)]}
    (folder / "files.json").write_text(json.dumps(listing))
    with Store(tmp_path / "results") as store:
        write_report(store)
    assert outside.read_text() == "keep"


def test_a_render_that_is_damaged_is_left_out_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(build(tmp_path, BRIEF)) as store:
        store.render_path(render_key(BRIEF, "blue hour", "tcn small")).write_bytes(b"no audio")
        store.render_path(render_key(BRIEF, "amber street", "reference")).write_bytes(b"")
        folder = write_report(store).parent
    assert caplog.text.count("not audio") + caplog.text.count("is empty") >= 2
    (page,) = (folder / "songs").glob("blue-hour*.html")
    text = page.read_text(encoding="utf-8")
    assert 'data-index="5"' in text
    assert 'data-index="6"' not in text


def test_songs_that_are_not_synthetic_carry_no_band(brief: Path, tmp_path: Path) -> None:
    for page in pages(brief):
        assert "SIMULATED" in page.read_text(encoding="utf-8")
    for page in pages(report(tmp_path, replace(MUTE, simulated=False))):
        assert "SIMULATED" not in page.read_text(encoding="utf-8")


def test_a_metric_of_a_plug_in_that_is_not_loaded_keeps_its_unit(tmp_path: Path) -> None:
    found = result(tmp_path, MUTE)
    column = next(c for c in found.columns if c.metric == "sparkle")
    assert (column.unit, column.better, column.summary) == ("sp", "none", "")


def test_plotly_accepts_every_figure(tmp_path: Path) -> None:
    found = result(tmp_path, replace(EIGHT, systems=(SYSTEMS[0], *SWEEP, *SYSTEMS[2:])))
    names = set()
    for column in found.columns:
        for charts in metric_data(found, column)["variants"].values():
            for name, chart in charts.items():
                text = json.dumps(chart["figure"])
                for theme in ("ink", "muted", "line", "paper"):
                    text = re.sub(rf'(color": )"{theme}"', r'\1"#123456"', text)
                text = text.replace('"ink"', '"#123456"')
                plotly.graph_objects.Figure(json.loads(text))
                names.add(name)
    assert names == {"distribution", "matrix", "differences", "master", "ranks", "sweep", "wins"}


def test_a_sweep_is_drawn_in_the_order_of_its_steps(tmp_path: Path) -> None:
    found = result(tmp_path, replace(MUTE, systems=(SYSTEMS[0], *SWEEP, SYSTEMS[-1])))
    column = next(c for c in found.columns if c.metric == "mrstft_music")
    (line,) = metric_data(found, column)["variants"]["raw"]["sweep"]["figure"]["data"]
    assert line["x"] == [100, 500, 900]
    assert line["y"] == sorted(line["y"], reverse=True)


def test_a_section_adds_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SECTIONS", dict(registry.SECTIONS))
    registry.section(order=55)(
        lambda context: Section("mine", "A question?", "<p>An answer</p>", data={"mine": {"a": 1}})
    )
    folder = report(tmp_path, replace(MUTE, songs=("one",)))
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert html.index('id="songs"') < html.index('id="mine"') < html.index('id="failures"')
    assert "<p>An answer</p>" in html
    (data,) = (folder / "data").glob("report.*.js")
    assert 'earmark.put("mine", {"a":1});' in data.read_text(encoding="utf-8")


def test_the_section_of_the_documentation_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "SECTIONS", dict(registry.SECTIONS))
    monkeypatch.setattr(registry, "CHARTS", dict(registry.CHARTS))
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(code, {})
    folder = report(tmp_path, replace(MUTE, songs=("one",)))
    assert 'data-chart="histogram"' in (folder / "report.html").read_text(encoding="utf-8")
    (part,) = (folder / "data").glob("metric-plr.*.js")
    assert '"histogram":{"figure"' in part.read_text(encoding="utf-8")


def test_two_sections_cannot_want_one_place() -> None:
    with pytest.raises(ValueError, match="place 10"):
        registry.section(order=10)(lambda context: None)


def test_report_and_export_are_commands(tmp_path: Path) -> None:
    build(tmp_path / "results", MUTE)
    results, out = str(tmp_path / "results"), tmp_path / "out"
    runner = CliRunner()
    done = runner.invoke(earmark, ["report", "--results", results, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(out / "report.html")
    table = tmp_path / "scores.csv"
    done = runner.invoke(earmark, ["export", results, "--scores", str(table)])
    assert done.exit_code == 0, done.output
    assert table.read_bytes() == (out / "tables" / "scores.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--benchmark", "big"], "choose from small"),
        (["--baseline", "unprocesed"], "did you mean 'unprocessed'?"),
        (["--out", "{results}/results.sqlite"], "is a file"),
        (["--results", "{results}/nowhere"], "holds no results"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    results = build(tmp_path / "results", replace(MUTE, songs=("one",)))
    told: list[Any] = [text.format(results=results) for text in arguments]
    if "--results" not in told:
        told += ["--results", str(results)]
    done = CliRunner().invoke(earmark, ["report", *told])
    assert isinstance(done.exception, UserError)
    assert words in str(done.exception)
