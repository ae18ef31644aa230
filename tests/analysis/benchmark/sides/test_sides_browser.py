"""From an outlier to its player, in a browser. SIMULATED scores."""

import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from report_fixtures import SYSTEMS, Fake, FakeSystem, build, render_key

from earmark.analysis.benchmark.report import write_report
from earmark.evaluation.results.store import Store


@pytest.mark.slow
def test_an_outlier_leads_to_its_player_and_its_system(chromium: str, tmp_path: Path) -> None:
    networks = tuple(FakeSystem(f"net {i}", distance=0.5 + 0.2 * i) for i in range(4))
    songs = tuple(f"song {i}" for i in range(4))
    fake = Fake(songs=songs, systems=(*networks, SYSTEMS[-1]), seconds=0.5)
    build(tmp_path / "results", fake)
    with sqlite3.connect(tmp_path / "results" / "results.sqlite") as database:
        database.execute(
            "UPDATE score SET value = 40 * value WHERE subject = ? AND metric = 'mrstft_music'",
            (render_key(fake, "song 3", "net 2"),),
        )
    with Store(tmp_path / "results", create=False) as store:
        report = write_report(store)
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(report.as_uri())
        page.locator("#outliers").scroll_into_view_if_needed()
        page.wait_for_selector("[data-insight=outliers][data-drawn]")
        first = page.locator("#outliers tbody tr").first
        assert first.locator("td a").inner_text() == "net 2"
        first.locator("th a").click()
        page.wait_for_selector(".player:target")
        assert page.locator(".player:target .system").inner_text() == "net 2"
        # Its button is in view, under the transport.
        covered = page.evaluate(
            "document.querySelector('.player:target .choose').getBoundingClientRect().top"
            " - document.querySelector('.transport').getBoundingClientRect().bottom"
        )
        assert covered >= 0
        page.go_back()
        page.wait_for_selector("[data-insight=outliers][data-drawn]")
        page.locator("#outliers tbody tr td a").first.click()
        page.wait_for_selector("[data-table=song-scores] tbody tr")
        assert page.locator("h1").inner_text().strip() == "net 2"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()
    assert errors == []
