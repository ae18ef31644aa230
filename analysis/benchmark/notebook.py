"""How the results of a benchmark show themselves in a notebook: headline table, figure, players."""

import math
from pathlib import Path

import pandas as pd

from ...models.audio.files import info, read
from ...models.audio.loudness import integrated_loudness
from ...models.errors import UserError
from ..presentation import notebook
from ..presentation.numbers import number_format
from .result.columns import Column
from .result.document import Result
from .result.tables import records

PLAYED_SECONDS = 6.0
MOST_PLAYED = 8


def results_html(result: Result, folder: Path) -> str:
    """The finding, medians over songs, the first metric's intervals, and players of one song."""
    songs, systems = len(result.song_names), len(result.system_names)
    simulated = " · SIMULATED songs" if result.simulated else ""
    failed = f" · {len(result.failures)} failed" if len(result.failures) else ""
    parts = [notebook.paragraph(result.finding)] if result.finding else []
    parts.append(_medians(result))
    if result.columns:
        parts.append(_intervals(result, result.headline[0]))
    parts.append(_players(result, folder))
    title = f"{result.benchmark}: {systems} systems, {songs} songs{simulated}{failed}"
    return notebook.framed(title, parts)


def _medians(result: Result) -> str:
    shown = result.headline
    formats = {
        column.id: number_format(
            [_centre(result, name, column) for name in result.system_names], column.unit
        )
        for column in shown
    }
    rows = [
        [name, *(formats[column.id](_centre(result, name, column)) for column in shown)]
        for name in result.system_names
    ]
    header = ["system", *(f"{column.heading} {column.arrow}".strip() for column in shown)]
    return notebook.table(header, rows) + notebook.paragraph("Medians over songs.")


def _centre(result: Result, name: str, column: Column) -> float | None:
    cell = result.cells.get((name, column.id, column.variants[0]))
    return None if cell is None else cell.median.centre


def _intervals(result: Result, column: Column) -> str:
    bars = [
        notebook.Bar(name, result.looks[name], result.cells[name, column.id, variant].median)
        for name in result.system_names
        for variant in column.variants[:1]
        if (name, column.id, variant) in result.cells
    ]
    return notebook.intervals(bars, f"{column.heading}, median and 95 % interval over songs")


def _players(result: Result, folder: Path) -> str:
    """The first song by each system, at the loudness of the softest, cut short to stay small."""
    for song in result.song_names:
        mine = result.renders[result.renders["song"] == song]
        files = _audible(mine, folder)[:MOST_PLAYED]
        if files:
            break
    else:
        return ""
    heard = []
    for name, path in files:
        rate = info(path).sample_rate
        audio, _ = read(path, samples=round(PLAYED_SECONDS * rate))
        heard.append((name, audio, rate, float(integrated_loudness(audio, rate))))
    known = [lufs for *_, lufs in heard if math.isfinite(lufs)]
    softest = min(known, default=0.0)
    rows = [
        (
            name,
            notebook.player(
                audio.numpy(),
                rate,
                f"{song}, {name}",
                10 ** ((softest - lufs) / 20) if math.isfinite(lufs) else 1.0,
            ),
        )
        for name, audio, rate, lufs in heard
    ]
    note = f"{song}: the first {PLAYED_SECONDS:g} s at equal loudness, as MP3."
    return notebook.players(rows, note)


def _audible(renders: pd.DataFrame, folder: Path) -> list[tuple[str, Path]]:
    found = []
    for row in records(renders):
        path = folder / row["path"]
        try:
            info(path)
        except UserError:
            continue  # renders may be deleted to save space; the numbers stay
        found.append((row["system"], path))
    return found
