"""What a report of many systems and songs costs when it is opened: only what is in view."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from listening_visits import DESK, PHONE, running
from playwright.sync_api import Browser, Page
from report_fixtures import Fake, build, many_systems

from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.song_pages.audio_plan import AudioWish
from earmark.evaluation.results.store import Store

pytestmark = pytest.mark.browser

SYSTEMS, SONGS = 40, 60
DRAWN = "document.documentElement.dataset.drawn"


def large(**changes: object) -> Fake:
    songs = tuple(f"song number {at:02d} by an artist" for at in range(SONGS))
    fake = replace(many_systems(SYSTEMS), songs=songs, seconds=0.02, metrics=("mrstft_music",))
    return replace(fake, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 systems × 60 songs: every number is there, and no audio file."""
    with Store(build(tmp_path_factory.mktemp("large"), large(audio=False))) as store:
        return write_report(store).parent


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A song of 40 systems, with sounds."""
    fake = large(songs=("one song",), seconds=0.4)
    with Store(build(tmp_path_factory.mktemp("song"), fake)) as store:
        folder = write_report(store, audio=AudioWish("lossy")).parent
    return next((folder / "songs").glob("*.html"))


def asked(browser: Browser, path: Path, size: dict[str, int]) -> tuple[Page, list[str]]:
    """A page, and the names of the files that it asks for."""
    page = browser.new_context(viewport=size).new_page()  # type: ignore[arg-type]
    names: list[str] = []
    page.on("request", lambda request: names.append(Path(request.url).name))
    page.goto(path.as_uri())
    return page, names


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_no_chart_is_drawn_that_is_far_out_of_view(
    browser: Browser, folder: Path, size: dict[str, int]
) -> None:
    page, names = asked(browser, folder / "report.html", size)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(300)
    assert page.locator("[data-chart]").count() >= 3
    assert page.locator("[data-chart] .plotly-figure").count() <= 1
    # The numbers of one metric, not those of all.
    assert sum(name.startswith("metric-") for name in names) == 1
    assert not any(name.startswith("song-") for name in names)
    for chart in ("differences", "matrix"):
        page.locator(f"[data-chart={chart}]").scroll_into_view_if_needed()
        page.wait_for_selector(f"[data-chart={chart}] .main-svg", state="attached")


def test_the_room_of_a_chart_is_kept_until_it_is_drawn(browser: Browser, folder: Path) -> None:
    """Else all of them would be in view at once, and the text would jump."""
    page, _ = asked(browser, folder / "report.html", DESK)
    page.wait_for_function(DRAWN)
    heights = page.evaluate(
        "[...document.querySelectorAll('[data-chart]')].map((place) => place.style.minHeight)"
    )
    undrawn = [float(height.removesuffix("px")) for height in heights if height]
    assert len(undrawn) >= 2
    assert min(undrawn) > 400


def test_a_link_to_a_section_leads_to_it(browser: Browser, folder: Path) -> None:
    page, _ = asked(browser, folder / "report.html", DESK)
    page.wait_for_function(DRAWN)
    page.locator(".contents a", has_text="Song by song").click()
    page.wait_for_selector("[data-chart=matrix] .main-svg", state="attached")
    page.wait_for_timeout(500)
    title = page.locator("#songs-title").bounding_box()
    assert title is not None
    assert -50 <= title["y"] <= DESK["height"]


def test_another_metric_redraws_what_is_in_view_and_the_rest_when_it_comes(
    browser: Browser, folder: Path
) -> None:
    page, _ = asked(browser, folder / "report.html", DESK)
    page.wait_for_function(DRAWN)
    page.locator("[data-chart=matrix]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-chart=matrix] .main-svg", state="attached")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(300)
    page.select_option("#metric", "sparkle")
    page.wait_for_function(f"{DRAWN} === 'sparkle/raw'")
    shows = "document.querySelector('[data-chart=matrix]').dataset.shows"
    assert page.evaluate(shows) == "mrstft_music/raw"
    page.locator("[data-chart=matrix]").scroll_into_view_if_needed()
    page.wait_for_function(f"{shows} === 'sparkle/raw'")


def test_before_printing_every_chart_is_drawn(browser: Browser, folder: Path) -> None:
    page, _ = asked(browser, folder / "report.html", DESK)
    page.wait_for_function(DRAWN)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    drawn = page.evaluate("document.querySelectorAll('[data-chart] .main-svg').length")
    assert drawn >= 3 * page.locator("[data-chart]").count()


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_song_loads_no_sound_and_no_plotly_until_they_are_wanted(
    browser: Browser, song: Path, size: dict[str, int]
) -> None:
    page, names = asked(browser, song, size)
    page.wait_for_selector("[data-tile=system] img[src]", state="attached")
    page.wait_for_timeout(300)
    sounds = {path.name for path in (song.parent.parent / "audio").iterdir()}
    assert len(sounds) == SYSTEMS + 1
    assert not sounds & set(names)
    assert "plotly.min.js" not in names
    page.locator("[data-chart=spectra]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-chart=spectra] .main-svg", state="attached")
    assert "plotly.min.js" in names


def test_pages_stay_small_and_nothing_is_in_them_twice(folder: Path, song: Path) -> None:
    assert (folder / "report.html").stat().st_size < 200_000
    (metric,) = (folder / "data").glob("metric-mrstft_music.*.js")
    # Two variants of six figures with their tables: less than 500 bytes for each value.
    assert metric.stat().st_size < 500 * SYSTEMS * SONGS
    assert song.stat().st_size < 60_000
