"""The pages of a comparison: the same numbers as the text, and players of the songs that moved."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import sync_playwright
from report_fixtures import SYSTEMS, Fake, FakeSystem, build

from earmark.analysis.benchmark.comparison.compare import compare_sides
from earmark.analysis.benchmark.comparison.page import MOST_SONGS, write_comparison
from earmark.analysis.benchmark.comparison.text import row_cells
from earmark.cli import earmark
from earmark.models.errors import UserError

SIX = Fake(
    songs=tuple(f"song {number}" for number in range(6)),
    seconds=0.4,
    metrics=("mrstft_music", "plr"),
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("results"), SIX)


def test_the_page_shows_the_numbers_of_the_text_and_plays_what_moved(
    results: Path, tmp_path: Path
) -> None:
    found = compare_sides("loudness", "tcn small", results)
    page = write_comparison(found, [], tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    for row in found.rows:
        for cell in row_cells(row):
            assert f">{cell}</td>" in text
        for moved in row.moved:
            assert f">{moved.song}</a>" in text
    songs = sorted((tmp_path / "out" / "songs").glob("*.html"))
    assert 1 <= len(songs) <= MOST_SONGS
    first = songs[0].read_text(encoding="utf-8")
    for name in ("A: loudness", "B: tcn small", "mix", "reference"):
        assert f'<span class="system">{name}</span>' in first
    for one in (page, *songs):
        words = one.read_text(encoding="utf-8")
        assert "None" not in words
        for link in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', words):
            assert (one.parent / link).is_file(), link


def test_renders_that_are_gone_leave_the_numbers(tmp_path: Path) -> None:
    folder = build(tmp_path / "results", replace(SIX, audio=False))
    page = write_comparison(compare_sides("loudness", "tcn small", folder), [], tmp_path / "out")
    assert "mrstft_music" in page.read_text(encoding="utf-8")
    assert not (tmp_path / "out" / "songs").exists()


def test_names_of_users_are_no_markup(tmp_path: Path) -> None:
    odd = FakeSystem("<b>&amp;", distance=0.4)
    folder = build(tmp_path / "results", replace(SIX, systems=(*SYSTEMS, odd), audio=False))
    page = write_comparison(compare_sides("loudness", "<b>&amp;", folder), [], tmp_path / "out")
    assert "<b>&amp;" not in page.read_text(encoding="utf-8").replace("<b>best", "")


def test_the_command_writes_it_with_the_gates_and_touches_no_other_folder(
    results: Path, tmp_path: Path
) -> None:
    arguments = ["compare", "loudness", "tcn small", "--results", str(results), "--json"]
    arguments += ["--fail-if", "mrstft_music > 9", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(earmark, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["gates"][0]["outcome"] == "passed"
    text = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    assert "<strong>passed</strong> mrstft_music &gt; 9" in text
    done = CliRunner().invoke(earmark, [*arguments[:-1], str(results)])
    assert isinstance(done.exception, UserError)


@pytest.mark.slow
@pytest.mark.browser
def test_a_song_of_a_comparison_plays_in_a_browser(
    results: Path, tmp_path: Path, chromium: str
) -> None:
    found = compare_sides("loudness", "tcn small", results)
    write_comparison(found, [], tmp_path / "out")
    song = sorted((tmp_path / "out" / "songs").glob("*.html"))[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
        )
        page = browser.new_page(viewport={"width": 390, "height": 844})
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(song.as_uri())
        page.locator("#play").click()
        page.wait_for_selector('#play[aria-pressed="true"]')
        page.locator(".choose", has_text="B: tcn small").click()
        page.wait_for_selector('.choose[aria-pressed="true"] >> text="B: tcn small"')
        wide = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert wrong == []
    assert wide <= 390
