"""Figures of both reports keep their height and fill their width, however the window changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from listening_visits import running
from playwright.sync_api import Browser, Page
from ratings_simulation import simulated_cells, written_ratings
from report_fixtures import Fake, build

from earmark.analysis.benchmark.report import write_report
from earmark.analysis.ratings.analyse import Request, analyse_file
from earmark.evaluation.results.store import Store

pytestmark = pytest.mark.browser

# Ends when no more figures come.
STILL = """() => new Promise((done) => {
  let count = -1;
  const look = () => {
    const now = document.querySelectorAll(".js-plotly-plot .main-svg").length;
    if (now === count) return done(true);
    count = now;
    setTimeout(look, 1000);
  };
  look();
})"""
WIDE = {"width": 1400, "height": 900}
# Of each figure: the width of its place and of its drawing, the height of both and as it was made.
SIZES = """() => [...document.querySelectorAll(".js-plotly-plot")].map((place) => {
  const drawing = place.querySelector(".main-svg");
  return [place.clientWidth, drawing.clientWidth, place.clientHeight, drawing.clientHeight,
          place.layout.height];
})"""
FILLED = f"({SIZES})().every(([place, drawing]) => place === drawing)"
COUNTS = {"benchmark": 3, "ratings": 6}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    # Six songs, so that ranks have figures too.
    fake = Fake(songs=tuple(f"song {number}" for number in range(6)), audio=False)
    with Store(build(folder / "results", fake)) as store:
        benchmark = write_report(store)
    file = written_ratings(folder / "ratings.csv", simulated_cells(1, (6, 3, 5)))
    analyse_file(Request(file, folder / "rated"), [])
    return {"benchmark": benchmark, "ratings": folder / "rated" / "report.html"}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.fixture(params=["benchmark", "ratings"])
def page(
    request: pytest.FixtureRequest, browser: Browser, reports: dict[str, Path]
) -> Iterator[Page]:
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(reports[request.param].as_uri())
    page.wait_for_selector("[data-drawn], [data-ready]")
    for every in page.locator("[data-open-all]").all():  # a rated test's are folded
        every.click()
    for place in page.locator(".plot").all():
        place.scroll_into_view_if_needed()
        place.locator(".main-svg").first.wait_for(state="attached")
    for place in page.locator("[data-chart]").all():  # a benchmark's are drawn when they are seen
        place.scroll_into_view_if_needed()
        place.locator(".main-svg").first.wait_for(state="attached")
    for place in page.locator("[data-insight]").all():
        place.scroll_into_view_if_needed()
        place.locator(".main-svg, table").first.wait_for(state="attached")
    page.evaluate(STILL)
    page.evaluate("scrollTo(0, 0)")
    assert len(page.evaluate(SIZES)) >= COUNTS[request.param]
    yield page
    context.close()


def test_figures_keep_their_height_however_often_the_window_changes(page: Page) -> None:
    before = page.evaluate(SIZES)
    for width, height in ((1300, 900), (1300, 2400), (1200, 700), (1250, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(FILLED)
        now = page.evaluate(SIZES)
        assert [figure[2:] for figure in now] == [figure[2:] for figure in before]
    assert all(figure[2] == figure[3] == figure[4] > 150 for figure in before)
    assert all(new[0] < old[0] for new, old in zip(now, before, strict=True))


@pytest.mark.slow
def test_figures_are_drawn_anew_for_a_phone_and_back(page: Page) -> None:
    before = page.evaluate(SIZES)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(FILLED)
    assert all(figure[0] < 390 for figure in page.evaluate(SIZES))
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.wait_for_function(f"({SIZES})()[0][1] === {before[0][1]} && {FILLED}")
    assert page.evaluate(SIZES) == before


def test_figures_fit_on_paper_and_come_back(page: Page) -> None:
    before = page.evaluate(SIZES)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = page.evaluate(SIZES)
    assert page.evaluate("document.querySelector('main').clientWidth") == 960
    for new in paper:
        assert 150 < new[1] <= 960
        assert new[3] > 150
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(SIZES) == before


def test_a_narrow_window_prints_as_a_wide_one(page: Page) -> None:
    """The paper is as wide for both: else figures are cut or lie over each other."""
    found = []
    for size in (WIDE, {"width": 390, "height": 844}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.wait_for_function(FILLED)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        found.append(page.evaluate(SIZES))
        page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert found[0] == found[1]
