"""The command writes files that agree with each other, and a page that works offline."""

import csv
import hashlib
import json
import re
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from playwright.sync_api import sync_playwright
from ratings_simulation import simulated_cells, written_ratings

from earmark.analysis.presentation.latex_text import escaped
from earmark.analysis.presentation.numbers import p_apa, p_text
from earmark.analysis.ratings.beside_master.compare import KnownOfPassages, with_master
from earmark.analysis.ratings.beside_master.genres import Genres
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.reading.files import RatingsFile, read_ratings
from earmark.analysis.ratings.reading.scales import declared_scale
from earmark.analysis.ratings.report.export import csv_table, labelled, sentences, write_result
from earmark.analysis.ratings.report.html import Extras, page, write_page
from earmark.analysis.ratings.report.rating_figures import answers, box
from earmark.analysis.ratings.report.tables.latex import latex_table
from earmark.analysis.ratings.report.tables.sheet import Sheet, SheetColumn, shown
from earmark.analysis.ratings.report.tables.sheets import sheets
from earmark.analysis.ratings.report.words.answer import answer
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.cli import earmark
from earmark.listening_test import TOKENS
from earmark.models.errors import UserError

EFFECTS = np.array([0, 0, 6, 12, -20.0])
NASTY = ['=1+1 & "x"', "<b>bold</b>", "50 % {a}_b", "Ümlaut, š", "<!--<script>"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> RatingsFile:
    folder = tmp_path_factory.mktemp("ratings")
    cells = simulated_cells(1, effects=EFFECTS, listener_system=4)
    return read_ratings(written_ratings(folder / "ratings.csv", cells))


@pytest.fixture(scope="module")
def result(file: RatingsFile) -> RatingsResult:
    return analyse(file, RatingsOptions(margin=10.0, baseline="A"))


def test_the_command_writes_result_tables_sentences_and_page(tmp_path: Path) -> None:
    source = written_ratings(tmp_path / "r.csv", simulated_cells(1, effects=EFFECTS))
    out = tmp_path / "out"
    arguments = ["analyse", str(source), "--out", str(out), "--margin", "5", "--simulated"]
    done = CliRunner().invoke(earmark, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "highest mean rating" in done.output
    data = json.loads((out / "result.json").read_text())
    assert data["simulated"]
    assert data["options"]["margin"] == 5
    assert json.loads((out / "provenance.json").read_text())["versions"]["scipy"]
    with (out / "tables" / "pairs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 10
    for row, pair in zip(rows, data["primary"]["pairs"], strict=True):
        assert float(row["P_adj"]) == pair["p_adj"]
        assert float(row["Mean Diff."]) == pair["mean_diff"]
    assert "SIMULATED" in (out / "report.html").read_text()
    assert "SIMULATED" in (out / "sentences.txt").read_text()


def test_columns_scope_and_declared_options_reach_the_result(tmp_path: Path) -> None:
    source = written_ratings(tmp_path / "r.csv", simulated_cells(1, effects=EFFECTS))
    text = source.read_text().replace("system,question,value", "what,question,how good")
    source.write_text(text)
    (tmp_path / "declared.yaml").write_text("scope: music\nalpha: 0.01\n")
    out = tmp_path / "out"
    done = CliRunner().invoke(
        earmark,
        [
            *("analyse", str(source), "--out", str(out), "--folder", "--system", "what"),
            *("--score", "how good", "--declared", str(tmp_path / "declared.yaml")),
            *("--alpha", "0.05"),
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    data = json.loads((out / "result.json").read_text())
    assert data["primary"]["scope"] == "music"
    assert data["input"]["columns"]["system"] == "what"
    assert "alpha is 0.05; the study declared 0.01" in done.output
    assert (out / "plotly.min.js").stat().st_size > 3e6
    assert (out / "report.html").stat().st_size < 1e6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("power: 0.8", "declared 'power' is unknown; choose from primary"),
        ("alpha: five", "alpha 'five' is not a number between 0 and 0.5; write 'alpha: 0.05'"),
        ('alpha: "0.05"', "alpha '0.05' is not a number"),
        ("alpha: [1]", r"alpha \[1\] is not a number"),
        ("margin: yes", "margin True is not a positive number"),
        ("margin: .nan", "margin nan is not a positive number"),
        ("scope: [music]", r"scope \['music'\] is not a scope; choose from auto"),
        ("adjust: tukey", "adjust 'tukey' is not an adjustment; choose from bonferroni"),
        ("anchors: 7", "anchors 7 is not names of systems"),
        ("baseline: 7", "baseline 7 is not a system's name"),
        ("primary: nothing", "declared primary 'nothing' is in no row; the questions are"),
        ("[scope]", "must hold names and values"),
        ("a: b: c", "not valid YAML"),
    ],
)
def test_a_declaration_that_cannot_be_followed_is_refused_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    source = written_ratings(tmp_path / "r.csv", simulated_cells(1))
    declared = tmp_path / "declared.yaml"
    declared.write_text(text + "\n")
    words = ["analyse", str(source), "--out", str(tmp_path / "out"), "--declared", str(declared)]
    with pytest.raises(UserError, match=message) as caught:
        CliRunner().invoke(earmark, words, catch_exceptions=False)
    assert "\n" not in str(caught.value)
    place = f"{declared}: " if text.startswith("[") else f"{declared}:1: "
    assert text.startswith("primary") or str(caught.value).startswith(place)


@pytest.mark.parametrize("anchors", ["D,E", "[D, E]", '"D, E"'])
def test_anchors_declared_as_text_or_as_a_list_are_those_of_the_option(
    tmp_path: Path, anchors: str
) -> None:
    source = written_ratings(tmp_path / "r.csv", simulated_cells(1))
    declared = tmp_path / "declared.yaml"
    declared.write_text(f"anchors: {anchors}\nmargin: null\nquestion: overall\n")
    words = ["analyse", str(source), "--out", str(tmp_path / "out"), "--declared", str(declared)]
    done = CliRunner().invoke(earmark, [*words, "--anchors", "D,E"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    data = json.loads((tmp_path / "out" / "result.json").read_text())
    assert data["deviations"] == []
    assert data["design"]["set_aside"] == ["D", "E"]


def test_the_page_is_one_deterministic_file_of_at_most_seven_megabytes(
    tmp_path: Path, file: RatingsFile, result: RatingsResult
) -> None:
    first = write_page(result, file, tmp_path / "a").read_bytes()
    second = write_page(result, file, tmp_path / "b").read_bytes()
    assert first == second
    assert len(first) <= 7e6
    text = page(result, file, bundle="")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert text.count(TOKENS.read_text(encoding="utf-8")) == 1


def test_every_p_of_the_page_is_one_of_the_result(file: RatingsFile, result: RatingsResult) -> None:
    text = page(result, file, bundle="")
    for pair in result.primary.pairs:
        assert pair.p_adj is not None
        assert f">{p_text(pair.p_adj)}</td>" in text.replace("&lt;", "<")
    assert "These 400 ratings come from 16 listeners" in text
    assert text.count("equivalent within ±10 points") >= 1


def test_hostile_names_stay_text_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "nasty.csv"
    cells = simulated_cells(1, (6, 2, 5))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["listener", "passage", "system", "value"])
        for (listener, passage, system), value in np.ndenumerate(cells):
            row = [f"@{listener}", f"</script>{passage}", NASTY[system]]
            writer.writerow([*row, f"{np.clip(value, 0, 100):.1f}"])
    file = read_ratings(path)
    result = analyse(file, RatingsOptions())
    text = page(result, file, bundle="")
    assert "<b>bold</b>" not in text
    assert "</script>0" not in text
    assert "<!--" not in text
    made = {sheet.name: sheet for sheet in sheets(result)}
    for line in csv_table(made["pairs"]).splitlines()[1:]:
        assert not line.startswith(("=", "@", '"=', '"@'))
    assert r"50 \% \{a\}\_b" in latex_table(made["systems"])
    write_result(result, tmp_path / "out", path, ["test"])


def test_latex_escapes_what_latex_would_execute() -> None:
    assert escaped(r"\input{x} & 5% #1 ~^ $y$") == (
        r"\textbackslash{}input\{x\} \& 5\% \#1 \textasciitilde{}\textasciicircum{} \$y\$"
    )


def test_latex_tables_have_as_many_cells_in_every_row(result: RatingsResult) -> None:
    for sheet in sheets(result):
        lines = latex_table(sheet).splitlines()
        rows = [line for line in lines if line.endswith(r"\\")]
        # Each of its parts has a head of its own.
        assert len(rows) == len(sheet.rows) + -(-len(sheet.rows) // 40)
        cells = {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows}
        assert cells == {len(sheet.paper or sheet.columns)}


def test_latex_prints_the_five_columns_of_pairs_and_csv_all(result: RatingsResult) -> None:
    (pairs,) = (sheet for sheet in sheets(result) if sheet.name == "pairs")
    head = latex_table(pairs).partition(r"\toprule")[2].splitlines()[1]
    assert head == r"Group 1 & Group 2 & Mean Diff. & P\_adj & Reject \\"
    assert csv_table(pairs).splitlines()[0].count(",") == len(pairs.columns) - 1 == 18
    marked = latex_table(labelled(pairs, "SIMULATED"))
    assert marked.count("SIMULATED") == len(pairs.rows) + 1, "a label is never left out"


def test_no_two_things_of_a_report_are_called_alike(result: RatingsResult) -> None:
    """Neither columns of a table, nor ranks of different things, nor different tests."""
    made = {sheet.name: sheet for sheet in sheets(result)}
    assert len(made) == len(sheets(result))
    ranks: dict[str, str] = {}
    for name, sheet in made.items():
        titles = [column.title for column in sheet.columns]
        assert len(set(titles)) == len(titles), name
        if name in ("systems", "pairs", "classical"):
            ranks |= {title: name for title in titles if "rank" in title.lower()}
    assert len(ranks) == 3, "one name for ranks in each of the tables that have them"
    values: dict[str, set[float]] = {}
    for row in made["tests"].rows:
        values.setdefault(row[1], set()).add(round(row[4], 9))
    twice = {name: found for name, found in values.items() if len(found) > 1}
    assert twice == {}, "tests of one name with two values"
    assert sum(name.startswith("linear mixed model") for name in values) == 2


def test_five_columns_of_pairs_stand_open_before_the_table_of_all(
    file: RatingsFile, result: RatingsResult
) -> None:
    html = unescape(page(result, file, bundle=""))
    captions = [sheet.caption for sheet in sheets(result) if sheet.name.startswith("pairs")]
    five, every = (html.index(f">{caption}") for caption in captions)
    assert five < every
    assert "<details><summary>Table" not in html[five:every].partition("</table>")[0]
    assert "<details><summary>Table" in html[every:].partition("<table")[0]


def test_every_column_that_a_paper_prints_is_there(result: RatingsResult) -> None:
    for sheet in sheets(result):
        assert set(sheet.paper) <= {column.title for column in sheet.columns}, sheet.name


def test_a_name_is_never_an_option_of_the_row_before_or_a_dash() -> None:
    rows = (("[x]",), ("*y",), ("a---b–c",))
    text = latex_table(Sheet("t", "t", (SheetColumn("Name"),), rows))
    body = text.split("\\midrule\n")[1].split("\\bottomrule")[0]
    assert body.splitlines() == [r"{}[x] \\", r"{}*y \\", r"a-{}-{}-b--c \\"]


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["", "[twocolumn]"], ids=["one column", "two columns"])
def test_no_latex_table_is_wider_than_its_place(
    tmp_path: Path, pdflatex: str, columns: str
) -> None:
    """Twelve systems with long names, 66 pairs: no box is overfull, no float too large."""
    names = [f"{NASTY[at % 5]} with a long name of its own {at:02}" for at in range(12)]
    cells = simulated_cells(13, (7, 6, 12), effects=np.linspace(0, 30, 12))
    source = written_ratings(tmp_path / "r.csv", cells, systems="ABCDEFGHIJKL")
    found = read_ratings(source)
    renamed = replace(found, ratings=replace(found.ratings, systems=tuple(names)))
    options = RatingsOptions(reference_master=names[3], margin=8.0, baseline=names[3])
    known = KnownOfPassages((), Genres({f"song {at}": f"genre {at // 3}" for at in range(6)}, "x"))
    made = with_master(analyse(renamed, options), renamed, options, known)
    body = "\\clearpage\n".join(latex_table(labelled(one, "SIMULATED")) for one in sheets(made))
    (tmp_path / "all.tex").write_text(
        f"\\documentclass{columns}{{article}}\\usepackage[utf8]{{inputenc}}"
        "\\usepackage{booktabs,graphicx}\n"
        f"\\begin{{document}}{body}\\end{{document}}\n",
        encoding="utf-8",
    )
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said[-2000:]
    tables = [line for line in said.splitlines() if line.startswith(("Overfull", "LaTeX Warning"))]
    assert [line for line in tables if "Float too large" in line or "\\hbox" in line] == []


def test_latex_tables_compile(tmp_path: Path, result: RatingsResult, pdflatex: str) -> None:
    letters = "".join(chr(code) for code in (*range(0x20, 0x250), *range(0x370, 0x3FF), 0x65E5))
    every = Sheet("every letter", "αρτ σ₂ ≤ √2", (SheetColumn("Name"),), ((letters,), ("名前 🎧",)))
    body = "".join(latex_table(sheet) for sheet in [*sheets(result), every])
    (tmp_path / "all.tex").write_text(
        "\\documentclass{article}\\usepackage[utf8]{inputenc}\\usepackage{booktabs,graphicx}\n"
        f"\\begin{{document}}{body}\\end{{document}}\n",
        encoding="utf-8",
    )
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(
    ("p", "text", "apa"),
    [(0.0, "<1e-16", "p < .001"), (0.0123, "0.012", "p = .012"), (4e-7, "4.0e-07", "p < .001")],
)
def test_p_values_are_never_printed_as_zero(p: float, text: str, apa: str) -> None:
    assert p_text(p) == text
    assert p_apa(p) == apa
    assert shown(None, "p") == "–"
    assert shown(-0.0001, "points") == "0.00"


def test_sentences_carry_statistic_interval_and_verdict(result: RatingsResult) -> None:
    text = sentences(result, {"earmark": "0"})
    assert re.search(r"The 5 systems differed \(Friedman F .*\): F\(4, 60\) = ", text)
    assert re.search(
        r"A − D: −?-?\d+\.\d\d points, 95 % CI \[.*\], t\(15\) = .*adjusted by holm", text
    )
    assert "D was rated higher" in text


def test_the_statement_holds_the_hashes_of_ratings_and_plan(tmp_path: Path) -> None:
    source = written_ratings(tmp_path / "r.csv", simulated_cells(1, (6, 2, 3)), systems="ABC")
    plan = tmp_path / "plan.yaml"
    plan.write_text("alpha: 0.01\n")
    words = ["analyse", str(source), "--out", str(tmp_path / "out"), "--declared", str(plan)]
    done = CliRunner().invoke(earmark, [*words, "--scope", "music"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    said = (tmp_path / "out" / "sentences.txt").read_text().partition("# Data and declaration")[2]
    for path in (source, plan):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in said
    assert "The analysis does not differ from it." in said
    assert said.strip() in unescape((tmp_path / "out" / "report.html").read_text())
    plan.write_text("alpha: 0.01\nscope: passages\n")
    CliRunner().invoke(earmark, [*words, "--scope", "music"], catch_exceptions=False)
    again = (tmp_path / "out" / "sentences.txt").read_text()
    assert "Deviations from it: scope is 'music'; the study declared 'passages'." in again


def test_without_a_plan_the_statement_says_exploratory(result: RatingsResult) -> None:
    assert "No plan was declared before the data: the analysis is exploratory." in sentences(
        result, {"earmark": "0"}
    )


def test_the_box_is_tukeys() -> None:
    found = box(np.array([1, 2, 3, 4, 5, 6, 7, 8, 100.0]))
    assert (found["q1"], found["median"], found["q3"]) == ([3], [5], [7])
    assert (found["lowerfence"], found["upperfence"]) == ([1], [8])


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("brief", [False, True], ids=["whole", "brief"])
def test_the_answer_of_forty_systems_fits_a_screen(
    tmp_path: Path, chromium: str, *, brief: bool
) -> None:
    """On a phone: the finding, who was heard, the figure and a verdict; on a desk all of it."""
    names = [f"neural-mastering-tcn-large-{at:02}-epoch-{100 + at}" for at in range(40)]
    effects = np.concatenate([np.zeros(31), np.linspace(-30, -10, 9)])
    cells = simulated_cells(3, (8, 2, 40), effects=effects, residual=6)
    found = read_ratings(written_ratings(tmp_path / "r.csv", cells, systems=names))
    options = RatingsOptions(reference_master=names[5])
    result = with_master(analyse(found, options), found, options, KnownOfPassages())
    path = write_page(result, found, tmp_path, Extras(brief=brief))
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        for width, height, last in (
            (390, 844, ".answer .decided li"),
            (1400, 900, ".answer"),
        ):
            tab = browser.new_page(viewport={"width": width, "height": height})
            tab.goto(path.as_uri())
            tab.wait_for_selector("html[data-ready]")
            tab.locator(".answer .seen .main-svg").first.wait_for()
            room = tab.locator(last).first.bounding_box()
            assert room is not None
            assert room["y"] + room["height"] <= height, width
            for part in (".finding", ".answer .facts", ".answer .seen .plot"):
                assert tab.locator(part).first.is_visible()
            drawn = tab.locator(".answer .seen .yaxislayer-above .ytick").count()
            assert drawn == 8
            summary = tab.locator(".answer .seen summary").inner_text()
            assert summary.startswith("and 32 more")
            tab.locator(".answer .seen summary").click()
            tab.locator('[data-figure="q0-answer-all"] .main-svg').first.wait_for()
            assert tab.locator('[data-figure="q0-answer-all"] .ytick').count() == 40
        browser.close()


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_draws_and_drills_down_in_a_browser(
    tmp_path: Path, file: RatingsFile, result: RatingsResult, chromium: str
) -> None:
    path = write_page(result, file, tmp_path)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        for width in (1400, 390):
            errors: list[str] = []
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.on("pageerror", lambda error: errors.append(str(error)))  # noqa: B023
            tab.goto(path.as_uri())
            tab.wait_for_selector("html[data-ready]")
            assert errors == []
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, "nothing but tables scrolls sideways"
            assert tab.locator("details.part[open]").count() == 0, "the answer comes first"
            said = answer(result, result).verdicts
            assert tab.locator(".answer .verdicts li").count() == len(said) > 3
            tab.click("[data-open-all]")
            plots = tab.locator(".plot").all()
            assert len(plots) > 6
            for plot in plots:
                plot.scroll_into_view_if_needed()
                plot.locator(".main-svg").first.wait_for()
            tab.select_option("select[name=passage]", "1")
            cells = result.design.listeners
            assert tab.locator(".drilled tbody tr").count() == cells
            pairs = tab.locator("#q0-pairs table.pairs")
            pairs.locator("thead button", has_text="P_adj").first.click()
            column = pairs.locator("tbody tr td:nth-child(12)")
            keys = [float(str(cell.get_attribute("data-raw"))) for cell in column.all()]
            assert keys == sorted(keys)
            tab.close()
        browser.close()


@pytest.mark.slow
@pytest.mark.browser
def test_a_chosen_theme_colours_page_and_figures_and_is_remembered(
    tmp_path: Path, file: RatingsFile, result: RatingsResult, chromium: str
) -> None:
    path = write_page(result, file, tmp_path)
    ink = "[document.querySelector('.answer .plot')].map((plot) => plot._fullLayout.font.color)"
    drawn = ".answer .plot .main-svg"
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        tab = browser.new_page(color_scheme="light")
        tab.goto(path.as_uri())
        tab.wait_for_selector("html[data-ready]")
        tab.locator(drawn).first.wait_for()
        light = set(tab.evaluate(ink))
        for theme in ("light", "dark"):
            tab.click("#theme")
            assert tab.inner_text("#theme") == f"Theme: {theme}"
        tab.wait_for_function(f"{ink}.every((colour) => colour === '#eceff0')")
        assert light == {"#16191b"}
        tab.reload()
        tab.wait_for_selector("html[data-ready][data-theme=dark]")
        assert tab.inner_text("#theme") == "Theme: dark"
        tab.locator(drawn).first.wait_for()
        assert set(tab.evaluate(ink)) == {"#eceff0"}
        # A link into a folded part opens it; so does printing, with every figure drawn.
        tab.goto(f"{path.as_uri()}#q0-pairs")
        tab.locator("#q0-pairs[open] .plot .main-svg").first.wait_for()
        tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert tab.locator("details:not([open])").count() == 0
        for plot in tab.locator(".plot").all():
            plot.locator(".main-svg").first.wait_for(state="attached")
        browser.close()


def test_scales_of_few_steps_are_drawn_as_shares_that_add_up(tmp_path: Path) -> None:
    path = tmp_path / "acr.csv"
    r = np.random.default_rng(0)
    rows = [f"L{n},p,{s},{r.integers(1, 6)}" for n in range(30) for s in "xyz"]
    path.write_text("\n".join(["listener,passage,system,value", *rows]))
    file = read_ratings(path)
    figure = answers(file.ratings, declared_scale(1, 5))
    shares = np.array([trace["x"] for trace in figure["data"]])
    np.testing.assert_allclose(shares.sum(axis=0), 100, atol=0.01)
    assert '"q0-answers"' in page(analyse(file, RatingsOptions()), file, bundle="")


def test_where_pairs_are_many_the_page_draws_those_with_the_best(tmp_path: Path) -> None:
    cells = simulated_cells(1, (8, 3, 9), effects=np.linspace(0, 20, 9))
    path = written_ratings(tmp_path / "many.csv", cells, systems="ABCDEFGHI")
    file = read_ratings(path)
    result = analyse(file, RatingsOptions())
    text = page(result, file, bundle="")
    figures = json.loads(text.split('id="figures">')[1].split("</script>")[0])
    forest = figures["q0-forest"]
    means = {row.system: row.mean for row in result.descriptives.systems}
    best = max(means, key=lambda name: means[name])
    assert forest["layout"]["xaxis"]["title"]["text"] == f"Difference in points from {best}"
    for trace, name in zip(forest["data"], forest["layout"]["yaxis"]["ticktext"], strict=True):
        assert trace["x"][0] == pytest.approx(means[name] - means[best], abs=0.001)


def test_a_brief_page_holds_the_answers_alone(file: RatingsFile, result: RatingsResult) -> None:
    whole = page(result, file, "")
    brief = page(result, file, "", Extras(brief=True))
    said = answer(result, result)
    assert len(said.verdicts) + said.more == len(result.primary.pairs)
    for words in (said.finding, said.heard, said.holds_for, said.resolution):
        assert words
        assert words in unescape(whole)
        assert words in unescape(brief)
    for one in said.verdicts:
        assert one.words in unescape(brief)
    assert "<details" not in brief
    assert '"q0-answer"' in brief
    assert '"q0-forest"' not in brief
    assert "<details" in whole
    assert len(brief) < len(whole) / 2


def test_warnings_stand_on_the_first_screen(tmp_path: Path) -> None:
    cells = simulated_cells(3, (4, 4, 3), residual=6)
    few = analyse(
        read_ratings(written_ratings(tmp_path / "r.csv", cells)), RatingsOptions(margin=9)
    )
    said = answer(few, few)
    assert said.finding.endswith("Only 4 listeners rated.")
    assert "Nothing showed that the listeners could hear a difference" in " ".join(said.warnings)
    broken = few.checks[0].model_copy(update={"passed": False, "detail": "fails at A"})
    bad = few.model_copy(update={"checks": (broken, *few.checks[1:]), "deviations": ("x is y",)})
    warned = answer(bad, bad).warnings
    assert warned[0].startswith("This report does not agree with itself: ")
    assert warned[1] == "Differs from what was declared: x is y."
