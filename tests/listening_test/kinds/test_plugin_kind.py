"""A kind that nobody ships, in a user's own file: made, checked, served, simulated, analysed."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from documented_plugin import documented, write_plugin_study
from listening_client import Client
from listening_visits import running, visit
from playwright.sync_api import Browser
from registries import registries_kept
from study_fixtures import hosted, write_study

from earmark.cli import earmark
from earmark.listening_test.create import make_study as make
from earmark.listening_test.kinds import kinds
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.session.view import script_of
from earmark.listening_test.study.study import (
    StudyFolder,
    load_keys,
    load_study,
    stored_study,
)
from earmark.models.errors import UserError

MORE = "languages: [en, de]"


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    with registries_kept():
        yield


def run(*words: object) -> str:
    done = CliRunner().invoke(earmark, [str(one) for one in words])
    assert done.exit_code == 0, done.output
    return done.output


def refused(*words: object) -> str:
    done = CliRunner().invoke(earmark, [str(one) for one in words])
    assert isinstance(done.exception, UserError), done.output
    return str(done.exception)


def made(folder: Path, **more: str) -> StudyFolder:
    return make(read_study_file(write_plugin_study(folder, **more)), folder / "results")


@pytest.mark.slow
def test_every_command_works_with_it_in_processes_that_know_nothing_of_it(tmp_path: Path) -> None:
    """SIMULATED listeners. What one command loaded is gone when the next begins."""
    path, results = write_plugin_study(tmp_path, more=MORE), tmp_path / "results"
    ratings, place = tmp_path / "ratings.csv", ("--results", results)
    with registries_kept():
        run("study", "new", path, *place)
    shutil.move(tmp_path / "best.py", tmp_path / "moved.py")
    (tmp_path / "best.js").unlink()
    study = results / "studies" / "small"
    with registries_kept():
        told = json.loads(run("study", "check", "small", *place, "--json"))
        assert (told["kind"], told["pages"], told["stimuli"]) == ("best", 2, 4)
    with registries_kept():
        run("study", "simulate", "small", *place, "--listeners", 6)
    with registries_kept():
        run("study", "export", "small", *place, "--simulated", "--ratings", ratings)
    with ratings.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 2 * 3
    pages: dict[tuple[str, str], float] = {}
    for row in rows:
        key = row["session"], row["page"]
        pages[key] = pages.get(key, 0.0) + float(row["value"])
        assert (row["kind"], row["question"]) == ("best", "best")
    assert set(pages.values()) == {1.0}
    with registries_kept():
        run("report", study, "--simulated", "--out", tmp_path / "direct")
    with registries_kept():
        words = ("analyse", ratings, "--simulated", "--out", tmp_path / "through")
        line = refused(*words)
        assert "unknown kind of test 'best'" in line
        assert "--plugin FILE.py" in line
        run(*words, "--plugin", tmp_path / "moved.py")
    direct, through = (
        json.loads((tmp_path / name / "result.json").read_text()) for name in ("direct", "through")
    )
    assert direct["study"]["kind"] == "best"
    scale = direct["descriptives"]["scale"]
    assert (scale["low"], scale["high"]) == (0.0, 1.0)
    assert scale["name"] == "share of pages on which it was chosen"
    assert direct["descriptives"] == through["descriptives"]
    assert direct["primary"] == through["primary"]
    assert "best" in (tmp_path / "direct" / "report.html").read_text()


def test_a_value_made_of_several_answers_is_exported_as_nobodys_own(tmp_path: Path) -> None:
    """SIMULATED listeners."""
    code = (
        "\n\nBest.rows = lambda self, page, questions: [\n"
        "    Row(place.slot.system, 'net', 7.0, place) for place in page.places[1:]\n]\n"
    )
    path, place = write_plugin_study(tmp_path, code=code), ("--results", tmp_path / "results")
    ratings = tmp_path / "ratings.csv"
    run("study", "new", path, *place)
    run("study", "simulate", "small", *place, "--listeners", 1)
    run("study", "export", "small", *place, "--simulated", "--ratings", ratings)
    with ratings.open(encoding="utf-8-sig", newline="") as file:
        found = {(row["question"], row["value"], row["changes"], row["rated_at"])
                 for row in csv.DictReader(file)}  # fmt: skip
    assert found == {("net", "7.0", "0", "")}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.mark.slow
@pytest.mark.browser
def test_a_listener_rates_a_page_that_its_own_script_draws(
    browser: Browser, tmp_path: Path
) -> None:
    folder = made(tmp_path, more=MORE)
    with hosted(folder) as server, visit(browser, server.links["study"]) as one:
        one.begin()
        page = one.page
        assert page.locator("h1").inner_text() == "Which version is the best?"
        for label in ("R", *one.labels):
            page.locator(f'.best .play[data-label="{label}"]').click()
            page.wait_for_selector(f'.play[data-label="{label}"][data-heard="playing"]')
        page.get_by_role("button", name="B is the best", exact=True).click()
        page.wait_for_selector('.best [aria-pressed="true"] >> text="B is the best"')
        assert one.ratings()["", "best"] == 1.0
        page.keyboard.press("Delete")
        page.wait_for_selector(".said >> text=/./")
        assert one.ratings()["", "best"] is None
        page.get_by_role("button", name="C is the best", exact=True).click()
        assert one.fits()
        one.next()
        one.page.select_option("footer select", "de")
        one.page.wait_for_selector('button:has-text("A ist die beste")')
        assert page.locator("h1").inner_text() == "Welche Fassung ist die beste?"


@pytest.mark.slow
@pytest.mark.browser
def test_a_script_that_cannot_be_fetched_is_fetched_again_on_request(
    browser: Browser, tmp_path: Path
) -> None:
    folder = made(tmp_path)
    forgiven = ("Failed to load resource", "ERR_FAILED")
    with hosted(folder) as server, visit(browser, server.links["study"], forgiven) as one:
        page = one.page
        page.route("**/kinds/*/best.js", lambda route: route.abort())
        page.goto(one.link)
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_selector(".loading button")
        assert page.locator(".best").count() == 0
        page.unroute("**/kinds/*/best.js")
        page.click(".loading button")
        one.arrived()
        assert page.locator(".best .play").count() == 4


@pytest.mark.slow
def test_its_files_lie_in_the_study_and_decide_what_it_is(tmp_path: Path) -> None:
    folder = made(tmp_path)
    study = load_study(folder)
    assert [one.name for one in study.plugins] == ["best.py", "best.js"]
    for one, name in zip(study.plugins, ("python", "js"), strict=True):
        assert (folder.plugins / one.place).read_text(encoding="utf-8") == documented()[name]
    told = json.loads(folder.study.read_text())
    assert told["plugins"] == [{"name": one.name, "sha256": one.sha256} for one in study.plugins]
    with registries_kept():
        shutil.rmtree(folder.path)
        # As one study without another script: all else is as it was.
        other = made(tmp_path, script="// changed\n")
        assert stored_study(other).plugins[0] == study.plugins[0]
        assert stored_study(other).plugins[1] != study.plugins[1]


def test_a_study_without_plugins_does_not_speak_of_them(tmp_path: Path) -> None:
    file = read_study_file(write_study(tmp_path, "ape", seconds=0.6))
    folder = make(file, tmp_path / "results")
    told = json.loads(folder.study.read_text())
    assert "plugins" not in told
    assert "plugins" not in told["config"]
    assert not folder.plugins.exists()


@pytest.mark.slow
def test_a_changed_plugin_is_another_study_which_replaces_it_on_request(tmp_path: Path) -> None:
    place = ("--results", tmp_path / "results")
    path = write_plugin_study(tmp_path)
    folder = StudyFolder(tmp_path / "results" / "studies" / "small")
    with registries_kept():
        run("study", "new", path, *place)
    first = stored_study(folder)
    with registries_kept():
        run("study", "new", path, *place)
    assert stored_study(folder) == first
    write_plugin_study(tmp_path, code="\n\nBest.minutes_per_page = 2.0\n")
    with registries_kept():
        assert "differs from this file" in refused("study", "new", path, *place)
    with registries_kept():
        assert load_study(folder) == first
    with registries_kept():
        run("study", "new", path, *place, "--replace")
        second = load_study(folder)
        assert kinds()["best"].minutes_per_page == 2.0
    assert second.plugins[0] != first.plugins[0]
    left = {f.relative_to(folder.plugins).as_posix() for f in folder.plugins.rglob("*.*")}
    assert left == {one.place for one in second.plugins}


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("fate", ["gone", "changed"])
def test_a_copy_that_was_changed_or_is_gone_is_refused(
    tmp_path: Path, number: int, fate: str
) -> None:
    folder = made(tmp_path)
    path = folder.plugins / stored_study(folder).plugins[number].place
    if fate == "gone":
        path.unlink()
    else:
        path.write_text("# not mine\n")
    words = "is gone" if fate == "gone" else "was changed after the study was made"
    with registries_kept(), pytest.raises(UserError) as caught:
        load_study(folder)
    assert str(caught.value) == f"{path}: {words}; restore it from a backup"


@pytest.mark.slow
def test_only_scripts_are_served_and_only_under_their_own_address(tmp_path: Path) -> None:
    folder = made(tmp_path)
    study = load_study(folder)
    python, script = study.plugins
    app = create_app(folder)
    try:
        one = Client(app, load_keys(folder).preview)
        page = one.step()
        assert page["view"] == script_of(study) == f"/kinds/{script.place}"
        with one.http.get(page["view"]) as answer:
            assert answer.mimetype == "text/javascript"
            assert answer.get_data(as_text=True) == documented()["js"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        digest = script.place.partition("/")[0]
        for place in (
            python.place,
            f"{digest}/best.py",
            "best.js",
            f"{digest}/../../keys.json",
            f"{digest}/%2e%2e/{python.place}",
        ):
            assert one.http.get(f"/kinds/{place}").status_code == 404, place
        words = one.http.get("/languages/de.json").get_json()
        assert words["best.choose"] == "{label} ist die beste"
        assert one.http.get("/languages/uk.json").get_json()["best.choose"] == "{label} is the best"
    finally:
        held: ServedStudy = app.extensions["earmark"]
        held.database.close()


@pytest.mark.slow
def test_a_backup_holds_the_plugins(tmp_path: Path) -> None:
    path, place = write_plugin_study(tmp_path), ("--results", tmp_path / "results")
    with registries_kept():
        run("study", "new", path, *place)
        run("study", "backup", "small", *place, "--out", tmp_path / "copy")
    with registries_kept():
        assert load_study(StudyFolder(tmp_path / "copy")).test.kind == "best"


BAD: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "a file that is not there": ("", {"best.py": ""}, ["the plug-in cannot be read"]),
    "one that raises": ("x = 1\n1 / 0\n", {}, ["best.py:2: the plug-in fails: ZeroDivision"]),
    "one that needs a package": (
        "import nowhere_to_be_found\n",
        {},
        ["best.py:1: the plug-in needs the package 'nowhere_to_be_found'"],
    ),
    "one that takes our name": (
        "from earmark.listening_test.kinds import Kind, kind\n\n\n@kind\nclass Mine(Kind):\n"
        "    name = 'abx'\n\n    def questions(self, study, unit, language):\n        return ()\n",
        {},
        ["best.py:4: the plug-in fails: two kinds of test are named 'abx'"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_plugin_that_cannot_be_used_is_one_line_with_both_places(
    tmp_path: Path, case: str
) -> None:
    text, gone, parts = BAD[case]
    path = write_plugin_study(tmp_path)
    (tmp_path / "best.py").write_text(text)
    for name in gone:
        (tmp_path / name).unlink()
    number = path.read_text().splitlines().index("plugins: [best.py]") + 1
    (line,) = refused("study", "check", path, "--results", tmp_path / "results").splitlines()
    assert line.startswith(f"{path}:{number}: {tmp_path / 'best.py'}")
    assert [part for part in parts if part not in line] == []


WORKS_NOT: dict[str, tuple[str, str]] = {
    "raises in questions": (
        "Best.questions = lambda self, study, unit, language: 1 / 0",
        ":LINE: kind of test 'best' fails: ZeroDivisionError: division by zero",
    ),
    "raises in rows": (
        "Best.rows = lambda self, page, questions: page.nothing",
        ":LINE: kind of test 'best' fails: AttributeError: 'Answered' object has no attribute",
    ),
    "answers what it does not allow": (
        "Best.simulated = lambda self, page, question, felt, draw: 7.0",
        ": kind of test 'best': a simulated listener answers 7.0 to 'best', which the question",
    ),
    "gives two places one label": (
        "from earmark.listening_test.kinds import PageItem\n"
        "Best.slots = lambda self, study, unit, order, draw: [PageItem('A', one) for one in order]",
        ": kind of test 'best': slots() gives two places one label, ['A', 'A', 'A']",
    ),
    "starts nowhere": (
        "Best.starts = lambda self, questions, places, draw: []",
        ": kind of test 'best': starts() does not give one entry for each of 3 places",
    ),
    "says something of nobody": (
        "Best.rows = lambda self, page, questions: [Row('nobody', 'best', 1.0)]",
        ": kind of test 'best': rows() names 'nobody', which is not a system of the study",
    ),
    "has pages of nobody": (
        "from earmark.listening_test.kinds import Unit\n"
        "Best.units = lambda self, study: (Unit('nowhere', ('mix', 'nobody')),)",
        ": kind of test 'best': units() names 'nobody', which is not a system of the study\n",
    ),
}


@pytest.mark.parametrize("command", ["check", "new"])
@pytest.mark.parametrize("case", WORKS_NOT)
def test_a_kind_that_does_not_work_is_told_before_a_listener_comes(
    tmp_path: Path, case: str, command: str
) -> None:
    code, words = WORKS_NOT[case]
    path = write_plugin_study(tmp_path, code=code + "\n")
    line = refused("study", command, path, "--results", tmp_path / "results")
    place = str(tmp_path / "best.py")
    assert line.startswith(place)
    number = len((tmp_path / "best.py").read_text().splitlines())
    assert words.replace(":LINE:", f":{number}:") in line
    assert not (tmp_path / "results" / "studies" / "small").exists()


def test_a_script_that_is_missing_is_told_before_anything_is_made(tmp_path: Path) -> None:
    path = write_plugin_study(tmp_path)
    (tmp_path / "best.js").unlink()
    line = refused("study", "new", path, "--results", tmp_path / "results")
    assert line.startswith("test.kind: pages of kind best are drawn by 'best.js', which is neither")
    assert not (tmp_path / "results" / "studies" / "small").exists()


def test_two_plugins_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_plugin_study(tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "best.py").write_text("x = 1\n")
    text = path.read_text().replace("[best.py]", "[best.py, deep/best.py]")
    path.write_text(text)
    assert "plugins: two files are named 'best.py'; rename" in refused("study", "check", path)


@pytest.mark.parametrize("said", ["best.py", "[7]", "{best: py}"])
def test_plugins_are_a_list_of_paths(tmp_path: Path, said: str) -> None:
    path = write_plugin_study(tmp_path)
    path.write_text(path.read_text().replace("[best.py]", said))
    lines = refused("study", "check", path).splitlines()
    assert any(": plugins" in line for line in lines)


@pytest.mark.slow
def test_a_study_with_a_kind_that_is_nowhere_says_so(tmp_path: Path) -> None:
    with registries_kept():
        study = load_study(made(tmp_path))
    with pytest.raises(UserError, match="unknown kind of test 'best'"):
        script_of(study)
