"""How large a report is, how long it takes to write, and what its pages cost to open.

A report of 40 systems × 60 songs is made of SIMULATED scores and of sounds of 20 s, without audio
and with what ``--audio auto`` takes. Its pages are opened from the disk in headless Chromium, which
says how long its main thread was at work; the peer is an empty page that loads Plotly alone.

    python benchmarks/report_page.py [--systems 40] [--songs 60] [--seconds 20] [--work FOLDER]

Needs Debian's chromium-headless-shell, playwright, and about 5 GB in FOLDER for the renders.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "fixtures" / drawer) for drawer in ("results", "sounds")]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from report_fixtures import SYSTEMS, UNITS, Fake, FakeSystem, build  # noqa: E402

from earmark.analysis.benchmark.report import write_report  # noqa: E402
from earmark.analysis.benchmark.song_pages.audio_plan import AudioWish  # noqa: E402
from earmark.evaluation.results.store import Store  # noqa: E402

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--mute-audio"]
DRAWN = "document.documentElement.dataset.drawn"
SIZES = {"desk": {"width": 1400, "height": 900}, "phone": {"width": 390, "height": 844}}


@dataclass(frozen=True)
class Opened:
    """Seconds of processor time of the main thread until a page was there, and what it drew."""

    task: float
    script: float
    layout: float
    charts: int


def benchmark(systems: int, songs: int, seconds: float) -> Fake:
    """SIMULATED: systems with long names, most of them networks."""
    names = [f"a network with quite a long name, run {at:02d}" for at in range(systems - 2)]
    made = [FakeSystem(name, distance=0.6 + 0.05 * at) for at, name in enumerate(names)]
    return Fake(
        systems=(SYSTEMS[0], *made, SYSTEMS[-1]),
        songs=[f"song number {at:02d} by an artist" for at in range(songs)],
        seconds=seconds,
        metrics=tuple(name for name in UNITS if name != "si_sdr_db"),
    )


def opened(browser: Browser, page: Path, size: str, ready: str) -> Opened:
    """Open a page in a fresh profile and wait until ``ready`` holds and nothing is left to do."""
    context = browser.new_context(viewport=SIZES[size])  # type: ignore[arg-type]
    shown = context.new_page()
    session = context.new_cdp_session(shown)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    shown.goto(page.as_uri())
    shown.wait_for_function(ready, timeout=300_000)
    shown.wait_for_timeout(700)
    found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    charts = shown.evaluate("document.querySelectorAll('.main-svg').length")
    context.close()
    layout = found["LayoutDuration"] + found["RecalcStyleDuration"]
    return Opened(found["TaskDuration"], found["ScriptDuration"], layout, charts)


def size_of(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def folder(given: Path | None) -> Iterator[Path]:
    """The folder that was given, or one that goes."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    made = Path(tempfile.mkdtemp())
    try:
        yield made
    finally:
        shutil.rmtree(made)


def best(times: int, work: Any) -> Opened:
    """The quickest of a few: others share the machine."""
    return min((work() for _ in range(times)), key=lambda one: one.task)


def say(line: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Write, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--systems", type=int, default=40)
    parser.add_argument("--songs", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--audio", nargs="*", default=["none", "auto"])
    parser.add_argument("--work", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    with folder(asked.work) as work, sync_playwright() as playwright:
        build(work, benchmark(asked.systems, asked.songs, asked.seconds))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell"), args=ARGUMENTS
        )
        for audio in asked.audio:
            began = time.process_time(), time.perf_counter()
            with Store(work) as store:
                report = write_report(store, audio=AudioWish(audio))
            cpu, wall = (time.process_time() - began[0], time.perf_counter() - began[1])
            began_again = time.process_time()
            with Store(work) as store:
                write_report(store)
            again = time.process_time() - began_again
            parts = {name: size_of(report.parent / name) / 1e6
                     for name in ("audio", "pictures", "data", "songs", "tables")}  # fmt: skip
            say(
                f"audio {audio}: {size_of(report.parent) / 1e6:.0f} MB ("
                + ", ".join(f"{name} {size:.1f}" for name, size in parts.items())
                + f"), written in {cpu:.0f} s of processor time ({wall:.0f} s), "
                + f"again in {again:.1f} s"
            )
            empty = report.parent / "empty.html"
            empty.write_text('<!doctype html><script src="plotly.min.js"></script>')
            song = sorted((report.parent / "songs").glob("*.html"))[asked.songs // 2]
            for name in SIZES:
                peer = best(asked.repeats, lambda: opened(browser, empty, name, "window.Plotly"))  # noqa: B023
                for page, ready in ((report, DRAWN), (song, "document.querySelector('img[src]')")):
                    one = best(asked.repeats, lambda: opened(browser, page, name, ready))  # noqa: B023
                    say(
                        f"  {page.name if page == report else 'a song'}, {name}: "
                        f"{page.stat().st_size / 1e3:.0f} kB, main thread {one.task:.2f} s (script "
                        f"{one.script:.2f}, style and layout {one.layout:.2f}), "
                        f"{one.charts // 3} charts; "
                        f"{one.task / peer.task:.1f} × Plotly alone ({peer.task:.2f} s)"
                    )
            empty.unlink()
        browser.close()


if __name__ == "__main__":
    main()
