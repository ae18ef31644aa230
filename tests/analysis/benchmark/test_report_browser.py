"""The report in headless Chromium: from files and from a server, on a desk and on a phone."""

import functools
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, sync_playwright
from report_fixtures import (
    SYSTEMS,
    UNITS,
    Fake,
    FakeSystem,
    all_failed,
    build,
    many_systems,
)

from earmark.analysis.benchmark.report import write_report
from earmark.evaluation.results.store import Store

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1400, "height": 900}
DRAWN = "document.documentElement.dataset.drawn === '{}'"
FAKE = Fake(
    songs=("amber street", "blue hour"),
    seconds=1.2,
    metrics=tuple(name for name in UNITS if name != "si_sdr_db"),
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two songs and six systems."""
    with Store(build(tmp_path_factory.mktemp("results"), FAKE)) as store:
        return write_report(store).parent


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that lets no error of its scripts pass, and no request to a network."""
    context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.extend(_failed(request)))
    page.on("request", lambda request: wrong.append(request.url) if _far(request.url) else None)
    yield page
    context.close()
    assert wrong == []


def _failed(request: Request) -> list[str]:
    """What a page could not load; what it no longer wants, because it is left, is no failure."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"failed: {request.url}"]


def _far(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:"))


def opened(page: Page, folder: Path, metric: str = "mrstft_music/raw") -> Page:
    page.goto((folder / "report.html").as_uri())
    page.wait_for_function(DRAWN.format(metric))
    return page


def song_page(page: Page, folder: Path, name: str = "blue-hour") -> Page:
    (path,) = (folder / "songs").glob(f"{name}*.html")
    page.goto(path.as_uri())
    page.wait_for_selector("[data-tile=system] img[src]", state="attached")
    return page


def state(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("earmark.players.state()")
    return found


def overflow(page: Page) -> int:
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def systems(page: Page) -> list[str]:
    return page.locator("table.headline tbody th .system").all_text_contents()


def test_the_headline_table_sorts_both_ways(page: Page, folder: Path) -> None:
    opened(page, folder)
    heading = page.locator("table.headline thead th", has_text="mrstft_music")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert systems(page)[0] == "reference"
    assert systems(page)[-1] == "lowpass_3500"
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert systems(page)[0] == "lowpass_3500"


def test_a_metric_with_a_target_sorts_by_distance_from_it(page: Page, folder: Path) -> None:
    opened(page, folder)
    page.locator("table.headline thead th", has_text="lufs_error").get_by_role("button").click()
    cells = page.locator("table.headline tbody tr")
    at = page.locator("table.headline thead th .label").all_text_contents().index("lufs_error")
    values = [
        abs(float(row.locator("td").nth(at).get_attribute("data-raw") or "nan"))
        for row in cells.all()
    ]
    assert values == sorted(values)


def test_the_switch_changes_numbers_and_figures(page: Page, folder: Path) -> None:
    opened(page, folder)
    cell = page.locator("table.headline tbody tr", has_text="tcn small").locator("td").nth(1)
    raw = cell.inner_text()
    page.locator("label", has_text="aligned").click()
    page.wait_for_function(DRAWN.format("mrstft_music/aligned"))
    aligned = cell.inner_text()
    assert raw != aligned
    assert float(aligned.split()[0]) == pytest.approx(0.8 * float(raw.split()[0]), abs=0.01)
    assert "aligned" in page.locator("[data-about]").first.inner_text()


def test_another_metric_is_loaded_when_it_is_chosen(page: Page, folder: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(Path(request.url).name.split(".")[0]))
    opened(page, folder)
    assert [name for name in asked if name.startswith("metric-")] == ["metric-mrstft_music"]
    page.select_option("#metric", "sparkle")
    page.wait_for_function(DRAWN.format("sparkle/raw"))
    assert "metric-sparkle" in asked
    assert page.locator("[data-chart=distribution] .main-svg").count() > 0


def test_a_metric_without_a_value_says_so_and_the_next_is_drawn(page: Page, folder: Path) -> None:
    opened(page, folder)
    page.select_option("#metric", "si_sdr_db")
    page.wait_for_function(DRAWN.format("si_sdr_db/raw"))
    assert "no value" in page.locator("[data-chart=distribution]").inner_text()
    page.select_option("#metric", "plr")
    page.wait_for_function(DRAWN.format("plr/raw"))
    assert page.locator("[data-chart=distribution] .main-svg").count() > 0


def test_a_figure_has_its_table_under_it_and_a_csv_to_copy(page: Page, folder: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, folder)
    chart = page.locator("[data-chart=distribution]")
    assert chart.locator("table").count() == 0
    chart.get_by_role("button", name="Table").click()
    assert chart.locator("tbody tr").count() == len(FAKE.systems)
    chart.get_by_role("button", name="Copy as CSV").click()
    page.wait_for_function("document.body.innerText.includes('Copied')")
    text: str = page.evaluate("navigator.clipboard.readText()")
    assert text.splitlines()[0] == "system,songs,median,95 % low,95 % high,mean,missing"
    assert len(text.splitlines()) == len(FAKE.systems) + 1


def test_the_theme_can_be_chosen_and_figures_follow(page: Page, folder: Path) -> None:
    opened(page, folder)
    page.locator("[data-chart]").first.scroll_into_view_if_needed()
    page.wait_for_selector(".ytick text", state="attached")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    label = "getComputedStyle(document.querySelector('.ytick text')).fill"
    light = page.evaluate(paper), page.evaluate(label)
    page.locator("#theme").click()  # automatic -> light
    page.locator("#theme").click()  # light -> dark
    page.wait_for_function(f"{label} !== {light[1]!r}")
    assert page.evaluate(paper) != light[0]
    assert page.locator("#theme").inner_text() == "Theme: dark"


@pytest.mark.parametrize("served", [False, True])
def test_players_switch_and_keep_the_place(page: Page, folder: Path, *, served: bool) -> None:
    song_page(page, folder)
    with _server(folder) as address:
        if served:
            page.goto(f"{address}/songs/{Path(page.url).name}")
        page.locator("#loop").uncheck()
        page.locator(".player .choose").nth(2).click()
        page.wait_for_function("earmark.players.state().position > 0.3")
        page.keyboard.press("m")
        page.wait_for_function("earmark.players.state().current === 0")
        after = state(page)
        assert after["playing"]
        assert 0.25 < after["position"] < 1.25
        page.keyboard.press(" ")
        page.wait_for_function("!earmark.players.state().playing")
        page.locator("#position").fill("0.5")
        page.keyboard.press("2")
        page.wait_for_function("earmark.players.state().current === 2")
        assert state(page)["position"] >= 0.45


def test_loudness_is_matched_by_attenuation_to_the_quietest(page: Page, folder: Path) -> None:
    song_page(page, folder)
    facts = page.evaluate("earmark.get('song').players.map((player) => player.lufs)")
    page.locator(".player .choose").first.click()
    page.wait_for_function("earmark.players.state().playing")
    levels = page.evaluate("earmark.players.engine().deck.levels")
    quietest = min(facts)
    for lufs, level in zip(facts, levels, strict=True):
        assert level == pytest.approx(10 ** ((quietest - lufs) / 20), rel=1e-6)
    page.locator("#match").uncheck()
    assert set(page.evaluate("earmark.players.engine().deck.levels")) == {1}


def test_a_song_is_opened_from_its_point_and_shows_its_pictures(page: Page, folder: Path) -> None:
    opened(page, folder)
    page.locator("[data-chart=matrix]").scroll_into_view_if_needed()
    page.locator("[data-chart=matrix] .main-svg").first.scroll_into_view_if_needed()
    box = page.locator("[data-chart=matrix] .heatmaplayer image").bounding_box(timeout=5000)
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5)
    page.wait_for_url("**/songs/blue-hour*.html")
    page.wait_for_selector("[data-tile=difference] img[src]", state="attached")
    for tile in ("mix", "system", "reference", "difference"):
        image = page.locator(f"[data-tile={tile}] img")
        image.scroll_into_view_if_needed()
        page.wait_for_function(
            f"document.querySelector('[data-tile={tile}] img').naturalWidth === 600"
        )
    page.select_option("#shown", label="tcn small")
    assert page.locator("[data-tile=system] figcaption").inner_text() == "tcn small"


@pytest.mark.slow
@pytest.mark.parametrize("case", ["usual", "many", "failed"])
def test_nothing_overflows_on_a_phone(page: Page, tmp_path: Path, folder: Path, case: str) -> None:
    if case != "usual":
        fake = replace(many_systems(14), songs=("x" * 40,), seconds=0.5, metrics=FAKE.metrics)
        with Store(build(tmp_path, fake if case == "many" else all_failed(fake))) as store:
            folder = write_report(store).parent
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto((folder / "report.html").as_uri())
    if case != "failed":
        page.wait_for_function(DRAWN.format("mrstft_music/raw"))
    assert overflow(page) == 0
    page.goto(sorted((folder / "songs").glob("*.html"))[0].as_uri())
    page.wait_for_load_state("load")
    assert overflow(page) == 0


def test_the_keyboard_alone_reaches_everything(page: Page, folder: Path) -> None:
    opened(page, folder)
    reached: set[str] = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
    assert {"theme", "metric", "Copy as CSV", "SVG", "system"} <= reached


class _server:  # noqa: N801  a context manager, used like a function
    """The folder over HTTP by Python's own server."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(_Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


EQUALISED = {
    "eq_bands": [
        {"kind": "low_shelf", "frequency_hz": 80.0, "gain_db": 2.0, "q": 0.7, "gate": 0.9},
        {"kind": "peak", "frequency_hz": 2500.0, "gain_db": -3.0, "q": 2.0, "gate": 0.2},
    ],
    "console": {"stems": [{"name": "bass", "gain_db": -3.0}, {"name": "voice", "pan": 0.5}]},
}


@pytest.fixture(scope="module")
def insights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two systems that set an equaliser and a console, one of them of a long name."""
    names = ("short", "a system of a name of forty characters..")
    systems = [FakeSystem(name, notes=EQUALISED, tilt=0.1 * at) for at, name in enumerate(names)]
    fake = replace(FAKE, systems=[SYSTEMS[0], *systems, SYSTEMS[-1]], seconds=0.4)
    with Store(build(tmp_path_factory.mktemp("insights"), fake)) as store:
        return write_report(store).parent


def panel(page: Page, name: str, choice: str = "") -> Locator:
    """A panel of the report, in view, with its choice drawn."""
    found = page.locator(f"[data-insight={name}]")
    found.scroll_into_view_if_needed()
    if choice:
        found.locator("[data-choice]").select_option(label=choice)
    value = found.locator("[data-choice]").input_value()
    drawn = f"document.querySelector('[data-insight={name}]').dataset.drawn === '{value}'"
    page.wait_for_function(drawn)
    return found


def test_a_panel_is_loaded_when_it_is_seen_and_drawn_for_the_choice(
    page: Page, insights: Path
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(Path(request.url).name.split(".")[0]))
    opened(page, insights)
    assert [name for name in asked if name.startswith("consoles")] == []
    equaliser = panel(page, "equalisers", "short")
    assert "equalisers-1" in asked
    assert equaliser.locator("h3").count() == equaliser.locator(".main-svg").count() // 3 == 3
    equaliser.get_by_role("button", name="Table").nth(1).click()
    cells = equaliser.locator("tbody tr").first.locator("td").all_text_contents()
    assert cells == ["1", "low shelf", "80.0", "2.00", "0.70", "yes"]


def test_a_console_is_shown_song_by_song_with_a_file_to_edit(page: Page, insights: Path) -> None:
    opened(page, insights)
    console = panel(page, "consoles", "short")
    assert "2 songs" in console.locator("h3").first.inner_text()
    console.locator("[data-group]").select_option("blue hour")
    console.get_by_role("link", name="Settings of this song").wait_for()
    address = console.get_by_role("link", name="Settings of this song").get_attribute("href")
    assert (insights / str(address)).is_file()
    assert "voice has the highest gain, +0.0 dB" in console.locator("h3").first.inner_text()


def test_panels_fit_a_phone_follow_the_theme_and_can_be_used_by_keyboard(
    page: Page, insights: Path
) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    opened(page, insights)
    for name in ("spectra", "equalisers", "consoles"):
        found = panel(page, name)
        assert found.locator("[data-choice]").bounding_box()["height"] >= 44  # type: ignore[index]
        found.locator("[data-choice]").focus()
        page.keyboard.press("ArrowDown")
        panel(page, name)
        assert found.locator("[data-choice]").evaluate("select => select.selectedIndex") == 1
        assert overflow(page) == 0
    label = "getComputedStyle(document.querySelector('#spectra .ytick text')).fill"
    light = page.evaluate(label)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("document.dispatchEvent(new Event('earmark:theme'))")
    page.wait_for_function(
        f"document.querySelector('#spectra .ytick text') && {label} !== {light!r}"
    )
