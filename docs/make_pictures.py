"""Makes the pictures of the documentation: a report, a listening page, a significance report.

``make pictures`` runs it. It makes songs, masters them, measures, asks simulated listeners, and
photographs the pages in Chromium, all in a folder that is gone afterwards. All data is SIMULATED.
"""

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from earmark.listening_test.server.serve import in_background
from earmark.listening_test.study.study import folder_of, load_keys
from earmark.models.demo_songs.songs import write_demo_songs

PICTURES = Path(__file__).parent / "pictures"
LARGEST_BYTES = 200_000
WIDE = {"width": 1280, "height": 800}
SONGS, SONG_SECONDS, SEED = 5, 12.0, 1
LISTENERS = 14
PATIENCE_MS = 120_000

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
  - lowpass_3500
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


def main() -> None:
    """Make every picture anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = folder / "results"
        write_demo_songs(folder / "songs", SONGS, SEED, SONG_SECONDS)
        (folder / "masters.yaml").write_text(BENCHMARK, encoding="utf-8")
        (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
        earmark(folder, "run", "masters.yaml")
        earmark(folder, "study", "new", "study.yaml")
        earmark(folder, "study", "simulate", "masters", "--listeners", str(LISTENERS))
        earmark(folder, "report", "masters", "--simulated", "--out", "rated")
        with browser() as chromium:
            report = results / "reports" / "masters" / "report.html"
            for theme in ("light", "dark"):
                page = opened(chromium, report.as_uri(), theme)
                page.wait_for_selector("[data-drawn]")
                save(page, f"report-{theme}")
            page = opened(chromium, (folder / "rated" / "report.html").as_uri())
            page.wait_for_selector("[data-ready]")
            page.locator("#q0-pairs").evaluate("(section) => section.scrollIntoView()")
            save(page, "significance")
            listening(chromium, results)


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
        while not page.locator(".marker").count():
            page.wait_for_selector(".content > *")
            page.locator(".next").click()
            page.wait_for_timeout(500)
        page.wait_for_selector('.page[data-ready="true"]')
        for label, place in (("A", 0.62), ("B", 0.31), ("C", 0.84)):
            drag(page, label, place)
        page.wait_for_timeout(800)
        save(page, "listening-page")


def drag(page: Page, label: str, place: float) -> None:
    """Drag the marker of a version to a share of its scale."""
    marker = page.locator(f'.marker[data-label="{label}"]')
    here, rail = marker.bounding_box(), page.locator(".rail").first.bounding_box()
    if here is None or rail is None:
        raise RuntimeError(f"marker {label} is not on the page")
    page.mouse.move(here["x"] + here["width"] / 2, here["y"] + here["height"] / 2)
    page.mouse.down()
    page.mouse.move(rail["x"] + rail["width"] * place, rail["y"] + rail["height"] / 2, steps=8)
    page.mouse.up()


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium, else the one that Playwright has installed."""
    own = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=str(own) if own.exists() else None,
            args=["--no-sandbox", "--mute-audio"],
        )
        yield found
        found.close()


def opened(chromium: Browser, address: str, theme: str = "light") -> Page:
    """A page at the size of the pictures, twice as sharp as a screen."""
    page = chromium.new_page(
        viewport=WIDE, color_scheme=theme, device_scale_factor=1.5, reduced_motion="reduce"
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    return page


def save(page: Page, name: str) -> None:
    """Write what the page shows as a WebP file, as well as its size allows."""
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = PICTURES / f"{name}.webp"
    path.parent.mkdir(exist_ok=True)
    for quality in (90, 80, 70, 60):
        shot.save(path, quality=quality, method=6)
        if path.stat().st_size < LARGEST_BYTES:
            break
    click.echo(f"{path.relative_to(PICTURES.parent)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
