"""Writes the report of a benchmark: one folder that works offline, from files or from a server.

``report.html`` and one page per song under ``songs/`` load scripts beside them; a metric's figures
and a song's data are scripts of their own that are loaded when they are asked for, because a page
opened from the file system may load scripts but nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...evaluation.insights.renders import complete
from ...evaluation.results.runs import find_run
from ...evaluation.results.store import Store
from ..presentation.assets import SCRIPTS
from ..presentation.report_folder import ReportFolder, folder_name
from .page_files import ENGINE, script, write_assets, write_scales
from .panels import (  # noqa: F401  they register what a report is made of
    charts,
    console,
    controls,
    distances,
    dynamics,
    effects,
    equaliser,
    filters,
    overview,
    spectrum,
)
from .panels.registry import Context, Section, metric_data, render, sections
from .panels.sides import (  # noqa: F401
    correlation,
    cost,
    delivery,
    listeners,
    outliers,
    strata,
)
from .panels.sides.addresses import system_page_names
from .panels.standings import master, ranks  # noqa: F401
from .result.columns import COSTS, Column
from .result.document import Result, load
from .result.song_facts import song_facts
from .result.tables import as_csv, choose_benchmark, records
from .song_pages.audio_plan import AudioPlan, AudioWish, audio_plan
from .song_pages.media import Media, SongRenders, prepare_media
from .song_pages.page import page_names, song_html, song_page
from .system_pages.page import system_html, system_page

# Titles are questions; the table of contents has room for a word.
_SHORT = {
    "spread": "Spread",
    "ranks": "Ranks",
    "headline": "Headline table",
    "master": "Human master",
    "differences": "Differences",
    "cost": "Cost",
    "strata": "Strata",
    "training": "Training",
    "correlation": "Metrics",
    "outliers": "Outliers",
    "delivery": "Delivery",
    "sets": "Sets",
    "effects": "Effects",
    "spectra": "Spectra",
    "equalisers": "Equalisers",
    "dynamics": "Dynamics",
    "consoles": "Consoles",
    "filters": "Filters",
    "controls": "Controls",
}


def report_folder(results: Path, benchmark: str) -> Path:
    """Where the report of a benchmark lies by default."""
    return results / "reports" / folder_name(benchmark)


def run_folder(store: Store, run: str | int | None) -> Path | None:
    """Where the report of a chosen run lies by default; None for the latest of its benchmark."""
    found = None if run is None else find_run(store, run)
    if found is None or found.latest:
        return None
    # No name of a benchmark has brackets.
    return store.folder / "reports" / folder_name(f"{found.benchmark} (run {found.number})")


def write_report(
    store: Store,
    benchmark: str | None = None,
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    audio: AudioWish | None = None,
    *,
    baselines: str | Sequence[str] = (),
) -> Path:
    """Write or bring up to date the report of a benchmark; the path of its ``report.html``.

    Audio and pictures that are there already stay. ``benchmark`` is the latest by default, ``out``
    is ``reports/BENCHMARK`` in the results folder. ``progress`` is told songs done and in all.
    ``baselines`` are the benchmark file's by default.
    ``audio`` is by default what the report was last asked for.

    Raises:
        UserError: if there is no such benchmark or baseline, or the folder cannot be written.
    """
    name = choose_benchmark(store, benchmark)
    complete(store, name)
    result = load(store, name, baselines)
    folder = ReportFolder(out or report_folder(store.folder, name))
    wish = (audio or AudioWish()).after(folder.wishes)
    folder.wishes = wish.kept()
    found = _render_files(store, result)
    plan = audio_plan(wish, {song: list(files.values()) for song, files in found.items()})
    renders = [
        SongRenders(files, result.references.get(song), plan.of_song(song))
        for song, files in found.items()
    ]
    media = prepare_media(folder, renders, progress)
    assets = write_assets(folder)
    pages = page_names(result.song_names)
    frame = {"simulated": result.simulated, "assets": assets}
    system_pages = system_page_names(result.system_names)
    made = sections(Context(result, pages, system_pages))
    _write_tables(folder, made)
    folder.text("result.json", result.to_json())
    folder.text("provenance.json", result.provenance())
    _write_songs(folder, result, media, pages, plan, frame)
    _write_systems(folder, result, (system_pages, pages), frame)
    path = _write_page(folder, result, made, pages, plan, frame)
    folder.finish()
    return path


def _render_files(store: Store, result: Result) -> dict[str, dict[str, Path]]:
    """The files that are there of each song, by key, the mix first."""
    found = {}
    for row in records(result.songs):
        mine = result.renders[result.renders["song"] == row["song"]]
        reference = result.references.get(row["song"])
        wanted = [row["mix_key"], *mine["key"], reference]
        files = {key: store.render_path(key) for key in wanted if key}
        found[row["song"]] = {key: path for key, path in files.items() if path.is_file()}
    return found


def _write_tables(folder: ReportFolder, made: list[Section]) -> None:
    for section in made:
        for name, frame in section.tables.items():
            folder.text(f"tables/{name}.csv", as_csv(frame))
        for name, content in section.files.items():
            folder.text(name, content)


def _write_songs(
    folder: ReportFolder,
    result: Result,
    media: Mapping[tuple[str, str], Media],
    pages: Mapping[str, str],
    plan: AudioPlan,
    frame: Mapping[str, Any],
) -> None:
    scales = write_scales(folder)
    assets = frame["assets"]
    shared = [assets[name] for name in SCRIPTS]
    own = [assets[name] for name in ("song.js", ENGINE, "player.js")]
    for song, address in pages.items():
        page = song_page(result, song, media)
        data = folder.hashed(f"data/{Path(address).stem}.js", script(page.data))
        html = song_html(
            result,
            page,
            pages,
            scales,
            plan,
            root="../",
            scripts=[*shared, data, *own],
            styles=[assets["song.css"]],
            **frame,
        )
        folder.text(address, html)


def _write_systems(
    folder: ReportFolder,
    result: Result,
    pages: tuple[Mapping[str, str], Mapping[str, str]],
    frame: Mapping[str, Any],
) -> None:
    assets = frame["assets"]
    shared = [assets[name] for name in ("cells.js", "tables.js")]
    for system, address in pages[0].items():
        page = system_page(result, system, pages[1])
        data = folder.hashed(f"data/system-{Path(address).stem}.js", script(page.data))
        html = system_html(
            result, page, pages, root="../", scripts=[*shared, data], styles=[], **frame
        )
        folder.text(address, html)


def _write_page(
    folder: ReportFolder,
    result: Result,
    made: list[Section],
    pages: Mapping[str, str],
    plan: AudioPlan,
    frame: Mapping[str, Any],
) -> Path:
    metrics = {
        column.id: folder.hashed(
            f"data/metric-{column.id}.js",
            script({f"metric/{column.id}": metric_data(result, column)}),
        )
        for column in result.columns
    }
    parts = {
        name: folder.hashed(f"data/{name}.js", script({name: part}))
        for section in made
        for name, part in section.parts.items()
    }
    index = {"metrics": metrics, "songs": dict(pages), "parts": parts}
    data: dict[str, Any] = {"index": index}
    for section in made:
        data |= section.data
    scripts = [frame["assets"][name] for name in SCRIPTS]
    scripts += [folder.hashed("data/report.js", script(data)), frame["assets"]["insights.js"]]
    scripts += [frame["assets"]["report.js"]]
    contents = [
        {"id": s.id, "title": s.title, "short": _SHORT.get(s.id, s.title), "html": s.html}
        for s in made
    ]
    html = render(
        "report.html",
        result=result,
        root="",
        scripts=scripts,
        styles=[],
        sections=contents,
        facts=_facts(result),
        audio_note=plan.note,
        metric_groups=_groups(result),
        first=result.headline[0].id if result.columns else "",
        paired=any("aligned" in column.variants for column in result.columns),
        **frame,
    )
    folder.text("report.html", html)
    return folder.path / "report.html"


def _facts(result: Result) -> list[str]:
    counts = [
        (len(result.system_names), "system", "systems"),
        (len(result.song_names), "song", "songs"),
        (len(result.columns), "metric", "metrics"),
        (len(result.failures), "failure", "failures"),
    ]
    facts = [f"{n} {one if n == 1 else many}" for n, one, many in counts]
    facts += song_facts(result).in_words
    started = [str(started) for started in result.runs["started"]][:1]
    return [*facts, *(f"last run {time[:16].replace('T', ' ')} UTC" for time in started)]


def _groups(result: Result) -> list[tuple[str, list[Column]]]:
    """The metrics as a reader looks for them."""
    groups: dict[str, list[Column]] = {
        "Distance to the reference": [],
        "The master itself": [],
        "Cost of a render": [],
    }
    for column in result.columns:
        if column.metric in (*COSTS, "parameters"):
            groups["Cost of a render"].append(column)
        elif "aligned" in column.variants:
            groups["Distance to the reference"].append(column)
        else:
            groups["The master itself"].append(column)
    return [(name, found) for name, found in groups.items() if found]
