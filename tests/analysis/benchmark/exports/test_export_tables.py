"""The headline table as LaTeX and Markdown says what the report says, whatever names there are."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from exported import ATTACKED, EIGHT, exported, found
from markdown_it import MarkdownIt
from report_fixtures import SYSTEMS, Fake, FakeSystem, all_failed, build

from earmark.analysis.benchmark.exports.headline_table import headline_table, rank_text
from earmark.analysis.benchmark.exports.table_text import latex_text, markdown_text
from earmark.analysis.presentation.numbers import NONE
from earmark.models.errors import UserError


def cells_of(markdown: str) -> list[list[str]]:
    """The cells of the table as GitHub shows them, the header first."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    rows: list[list[str]] = []
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        if token.type in ("td_open", "th_open"):
            inline = tokens[at + 1].children or []
            assert {one.type for one in inline} <= {"text", "strong_open", "strong_close"}
            rows[-1].append("".join(one.content for one in inline))
    return rows


def test_rows_are_ranks_medians_and_intervals_of_the_result(tmp_path: Path) -> None:
    result, run = found(tmp_path)
    table = headline_table(result, run)
    assert table.caption == "small, run 1: medians over 8 SIMULATED songs"
    assert [row[1].text for row in table.rows] == list(result.by_rank)
    decisive = result.decisive
    assert decisive is not None
    for row in table.rows:
        assert row[0].text == rank_text(result, decisive, row[1].text)
        median = result.cells[row[1].text, decisive.id, "raw"].median
        numbers = [float(one) for one in re.findall(r"\d+\.\d+", row[3].text)]
        assert numbers == pytest.approx([median.centre, median.low, median.high], abs=0.006)
    assert result.finding in table.notes
    assert "tell" in result.finding


def test_bold_are_those_that_nobody_beats_and_nothing_where_all_tie(tmp_path: Path) -> None:
    result, run = found(tmp_path / "a")
    table = headline_table(result, run)
    for at, column in enumerate(result.headline, start=3):
        ranking = result.standings[column.id, column.variants[0]].ranking
        bold = {row[1].text for row in table.rows if row[at].strong}
        assert bold in ({*ranking.first}, set())
        assert bool(bold) == (ranking.why is None and len(ranking.first) < len(ranking.ranks))
    clones = [FakeSystem(f"clone {number}") for number in range(4)]
    result, run = found(tmp_path / "b", replace(EIGHT, systems=clones, metrics=["mrstft_music"]))
    cells = [cell for row in headline_table(result, run).rows for cell in row[3:4]]
    assert not any(cell.strong for cell in cells)


def test_markdown_shows_every_name_as_it_is(tmp_path: Path) -> None:
    result, run = found(tmp_path, ATTACKED)
    table = headline_table(result, run)
    text = markdown_text(table)
    header, *rows = cells_of(text)
    assert header == [" ".join(column.heading.split()) for column in table.columns]
    assert rows == [[" ".join(cell.text.split()) for cell in row] for row in table.rows]
    shown = MarkdownIt("commonmark").enable("table").render(text)
    assert "<f>" not in shown
    assert "<em>" not in shown


def test_latex_escapes_every_name(tmp_path: Path) -> None:
    result, run = found(tmp_path, ATTACKED)
    table = headline_table(result, run)
    text = latex_text(table)
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(rows) == len(table.rows) + 1
    assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(table.columns)}
    assert text.count(r"\end{tabular}") == 1
    assert "|" not in text  # an early font of LaTeX has a dash in its place
    assert r"\textbar{} \textbar{} \textbar{}" in text


def test_a_row_that_begins_with_a_bracket_or_a_star_is_no_option(tmp_path: Path) -> None:
    names = ("[x]", "*y")
    systems = [FakeSystem(name) for name in names]
    fake = replace(EIGHT, systems=systems, metrics=["lufs_integrated"], all_null=())
    result, run = found(tmp_path, fake)
    lines = latex_text(headline_table(result, run)).splitlines()
    assert result.decisive is None
    assert [line for line in lines if line.startswith("{}[x] &")]
    assert [line for line in lines if line.startswith("{}*y &")]


def test_latex_compiles(tmp_path: Path, pdflatex: str) -> None:
    plain = replace(EIGHT, systems=[FakeSystem("[x]"), FakeSystem("*y")], metrics=["plr"])
    fakes = (ATTACKED, replace(plain, all_null=()), replace(EIGHT, songs=("one",)))
    texts = [
        latex_text(headline_table(*found(tmp_path / str(at), fake)))
        for at, fake in enumerate(fakes)
    ]
    (tmp_path / "all.tex").write_text(
        "\\documentclass{article}\\usepackage[utf8]{inputenc}\\usepackage{booktabs,graphicx}\n"
        f"\\begin{{document}}{''.join(texts)}\\end{{document}}\n",
        encoding="utf-8",
    )
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_few_songs_claim_nothing(tmp_path: Path) -> None:
    result, run = found(tmp_path, replace(EIGHT, songs=("a", "b", "c")))
    table = headline_table(result, run)
    assert {row[0].text for row in table.rows} == {NONE}
    assert not [cell for row in table.rows for cell in row if cell.strong or "[" in cell.text]
    assert table.notes == (result.finding,)


def test_a_system_that_lacks_songs_says_so_in_its_cells(tmp_path: Path) -> None:
    failing = {(f"song {at}", "tcn small"): "out of memory" for at in range(3)}
    result, run = found(tmp_path, replace(EIGHT, failing=failing))
    table = headline_table(result, run)
    (row,) = [row for row in table.rows if row[1].text == "tcn small"]
    assert row[0].text == NONE
    assert row[3].text.endswith("(n = 5)")
    assert "Not ranked, for want of songs: tcn small (5 of 8)" in table.notes[0]


def test_one_system_and_one_song_are_a_table(tmp_path: Path) -> None:
    build(tmp_path, replace(EIGHT, systems=[SYSTEMS[3]], songs=("one",)))
    for name in ("t.tex", "t.md"):
        assert "a table of 1 system" in exported(tmp_path, "--out", tmp_path / name)[0]


@pytest.mark.parametrize("format_", ["latex", "markdown", "every-eval-ever", "model-card", "wandb"])
@pytest.mark.parametrize(
    ("fake", "why"),
    [
        (all_failed(Fake(audio=False)), "18 failures"),
        (
            Fake(metrics=(), plugin=False, audio=False),
            "6 silent_reference",
        ),
    ],
)
def test_without_any_value_there_is_one_line(
    tmp_path: Path, format_: str, fake: Fake, why: str
) -> None:
    systems = [s for s in fake.systems if s.role == "system"] if why[0] == "6" else fake.systems
    build(tmp_path / "r", replace(fake, systems=systems))
    _, said = exported(tmp_path / "r", "--out", tmp_path / "o", "--format", format_)
    assert "no score of the audio has a value" in said
    assert why in said
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give --out PATH, or --scores FILE.csv"),
        (["--out", "a.csv", "--scores", "b.csv"], "not both"),
        (["--scores", "b.csv", "--format", "latex"], "--scores takes no --format"),
        (["--out", "a.xlsx"], "its ending tells no format, as .csv (csv), .parquet"),
        (["--out", "a.csv", "--format", "markdwn"], "unknown; did you mean 'markdown'?"),
        (["--out", "{folder}", "--format", "csv"], "is a folder; give a file, such as"),
        (["--out", "{file}", "--format", "mlflow"], "is a file, but --format mlflow writes a f"),
        (["--out", "{file}/x/y.md"], "cannot be written (Not a directory)"),
        (["--out", "{file}/x", "--format", "tensorboard"], "cannot be made (Not a directory)"),
        (["--out", " ", "--format", "csv"], "give the file or folder to write"),
        (["--out", "http://x/y", "--format", "csv"], "writes to this machine; give a path"),
        (["--out", "http://x/y.csv"], "its ending tells no format"),
        (["--out", "a.csv", "--baseline", "unprocessed"], "no meaning for --format csv"),
        (["--out", "a.md", "--system", "x"], "no meaning for --format markdown, only for every-"),
        (["--out", "a.md", "--developer", "x"], "only for every-eval-ever"),
        (["--out", "a.md", "--baseline", "unprocesed"], "did you mean 'unprocessed'?"),
        (["--out", "a.md", "--benchmark", "big"], "choose from small"),
        (["--out", "a", "--format", "model-card", "--system", "tcn smal"], "mean 'tcn small'?"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    results = build(tmp_path / "r", replace(EIGHT, songs=("one",)))
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    places = {"folder": tmp_path / "folder", "file": tmp_path / "file"}
    _, refused = exported(results, *(word.format(**places) for word in words))
    assert said in refused
    assert (tmp_path / "file").read_text() == "mine"


def test_a_mistake_is_an_error_of_the_user(tmp_path: Path) -> None:
    from earmark.analysis.benchmark.exports.asked import choose_format

    with pytest.raises(UserError):
        choose_format(None, "x")
