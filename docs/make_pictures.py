"""Makes the pictures of the documentation: a report, a listening page, a significance report.

``make pictures`` runs it. It makes songs, masters them, measures, asks simulated listeners, and
photographs the pages in Chromium, all in a folder that is gone afterwards. To change how pictures
are taken, keep that folder: ``python docs/make_pictures.py /tmp/pictures``. All data is SIMULATED.
"""

import contextlib
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import click
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, sync_playwright
from playwright.sync_api import TimeoutError as TookTooLong

from earmark.listening_test.server.serve import in_background
from earmark.listening_test.study.study import folder_of, load_keys
from earmark.models.demo_songs.songs import write_demo_songs

PICTURES = Path(__file__).parent / "pictures"
LARGEST_BYTES = 200_000
WIDTH, HEIGHT = 1120, 800
TABLE_WIDTH = 1400  # in which all columns of the headline table fit
ABOVE = 16  # pixels above what a picture is of
PLACES = {"A": 0.62, "B": 0.31, "C": 0.74}  # of the versions that the listener has rated
SONGS, SONG_SECONDS, SEED = 5, 12.0, 1
LISTENERS = 14
PATIENCE_MS = 120_000
STEP_MS = 5_000

BENCHMARK = """\
earmark: 1
name: masters
sample_rate: 44100
songs: {folder: songs/}
excerpt: {start: 4, seconds: 8}
systems:
  - unprocessed
  - {name: loud-14, kind: loudness, target: -14}
  - limiter
  - eq_match
  - multiband
  - tcn
  - hybrid_1a
  - greybox
  - overlimited
reference: true
metrics: default
"""
STUDY = """\
earmark: 1
study: masters
title: Which master do you prefer?
seed: 1
from: {benchmark: masters, systems: [unprocessed, limiter, multiband, tcn, reference], songs: all}
excerpts: {select: loudest, seconds: 5, fade_ms: 50}
test: {kind: ape, axes: [{name: preference, left: worse, right: better}], reference: none}
analysis: {primary: preference, scope: passages, margin: 5}
"""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
def main(folder: Path | None) -> None:
    """Make every picture anew; what was made in FOLDER before is used again."""
    with contextlib.ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        chromium = stack.enter_context(browser())
        make(folder)
        take(folder, chromium)


def take(folder: Path, chromium: Browser) -> None:
    """Photograph what lies in ``folder``."""
    results, rated = folder / "results", folder / "rated" / "report.html"
    report = results / "reports" / "masters" / "report.html"
    page = opened(chromium, report.as_uri())
    page.wait_for_selector("[data-drawn]")
    save(page, "report-light", between(page, ".band", "#spread .plotly-figure"))
    page = opened(chromium, report.as_uri(), "dark", TABLE_WIDTH)
    page.wait_for_selector("[data-drawn]")
    save(page, "report-dark", between(page, "#headline", "#headline .scroll"))
    page = opened(chromium, rated.as_uri())
    page.locator(".answer .main-svg").first.wait_for()
    save(page, "significance", between(page, ".band", ".answer"))
    listening(chromium, results)


def make(folder: Path) -> None:
    """Songs, masters, their report, a listening test with its ratings, and the report of those."""
    folder.mkdir(parents=True, exist_ok=True)
    write_demo_songs(folder / "songs", SONGS, SEED, SONG_SECONDS)
    (folder / "masters.yaml").write_text(BENCHMARK, encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    earmark(folder, "run", "masters.yaml")
    if not (folder / "results" / "studies" / "masters").exists():
        earmark(folder, "study", "new", "study.yaml")
        earmark(folder, "study", "simulate", "masters", "--listeners", str(LISTENERS))
    earmark(folder, "report", "masters", "--simulated", "--out", "rated")


def earmark(folder: Path, *words: str) -> None:
    """Run a command of Earmark in ``folder``."""
    click.echo(f"earmark {' '.join(words)}")
    subprocess.run([sys.executable, "-m", "earmark", *words], cwd=folder, check=True)


def listening(chromium: Browser, results: Path) -> None:
    """Rate a page half through as a listener does."""
    folder = folder_of(results, "masters")
    with in_background(folder) as address:
        page = opened(chromium, f"{address}/s/{load_keys(folder).preview}/")
        page.get_by_role("button", name="Start", exact=True).click()
        while not page.locator(".page").count():
            shown = page.locator(".content > *").first.element_handle()
            page.locator(".next").click()
            # The next page, or what this one asks for first. A press too early would count for
            # the page that comes.
            with contextlib.suppress(TookTooLong):
                page.wait_for_function("shown => !shown.isConnected", arg=shown, timeout=STEP_MS)
            page.wait_for_selector(".content > *")
        page.wait_for_selector('.page[data-ready="true"]')
        for label, place in PLACES.items():
            drag(page, label, place)
            page.wait_for_selector(f'.marker[data-label="{label}"][data-state="rated"]')
        page.wait_for_timeout(800)
        save(page, "listening-page", between(page, "body", ".foot"))


def drag(page: Page, label: str, place: float) -> None:
    """Drag the marker of a version to a share of its scale, by way of another place.

    A marker that starts near there would take it for a press, and stay unrated.
    """
    marker = page.locator(f'.marker[data-label="{label}"]')
    here, rail = marker.bounding_box(), page.locator(".rail").first.bounding_box()
    if here is None or rail is None:
        raise RuntimeError(f"marker {label} is not on the page")
    level = rail["y"] + rail["height"] / 2
    page.mouse.move(here["x"] + here["width"] / 2, here["y"] + here["height"] / 2)
    page.mouse.down()
    for share in (0.5, place):
        page.mouse.move(rail["x"] + rail["width"] * share, level, steps=8)
    page.mouse.up()


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium, else the one that Playwright has installed."""
    own = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=own,
            args=["--no-sandbox", "--mute-audio"],
        )
        yield found
        found.close()


def opened(
    chromium: Browser, address: str, theme: Literal["light", "dark"] = "light", width: int = WIDTH
) -> Page:
    """A page at the width of its picture, sharper than a screen."""
    page = chromium.new_page(
        viewport={"width": width, "height": HEIGHT},
        color_scheme=theme,
        device_scale_factor=1.5,
        reduced_motion="reduce",
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    return page


def between(page: Page, first: str, last: str) -> FloatRect:
    """The page's whole width, from above one element to the lower edge of another."""
    page.evaluate("scrollTo(0, 0)")
    begins = page.locator(first).first.bounding_box()
    ends = page.locator(last).first.bounding_box()
    if begins is None or ends is None:
        raise RuntimeError(f"{first} or {last} is not on the page")
    top = max(0.0, begins["y"] - ABOVE)
    width = page.evaluate("document.documentElement.clientWidth")
    return {"x": 0, "y": top, "width": width, "height": ends["y"] + ends["height"] - top}


def save(page: Page, name: str, part: FloatRect) -> None:
    """Write a part of the page as a WebP file, as well as its size allows."""
    shot = page.screenshot(full_page=True, clip=part)
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    path = PICTURES / f"{name}.webp"
    path.parent.mkdir(exist_ok=True)
    for quality in (90, 80, 70, 60):
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size < LARGEST_BYTES:
            break
    click.echo(f"{path.relative_to(PICTURES.parent)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
