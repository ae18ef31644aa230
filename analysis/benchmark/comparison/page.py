"""A comparison as pages: tables and gates, and the songs that moved most, to hear side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ....evaluation.insights.band_levels import band_levels_db
from ....evaluation.results.store import render_path
from ....models.audio.files import read
from ...presentation.assets import SCRIPTS
from ...presentation.looks import REFERENCE, looks
from ...presentation.report_folder import ReportFolder
from ..page_files import ENGINE, script, write_assets, write_scales
from ..panels.registry import TEMPLATES, render
from ..song_pages.media import SongRenders, prepare_media
from ..song_pages.page import page_names
from ..song_pages.players import Player, players_data, players_view
from ..song_pages.sounds import SoundKind
from .compare import SideComparison
from .gates import Judged
from .text import metric_name, notes, pair_names, row_cells

MOST_SONGS = 8
# Of a comparison of many systems, so many pairs are heard in a song: those that moved.
_MOST_PAIRS = 6
_MIX, _REFERENCE = "mix", "reference"


def write_comparison(comparison: SideComparison, judged: Sequence[Judged], out: Path) -> Path:
    """Write ``comparison.html`` and a page for each song that moved most into ``out``.

    Renders that are not there any more are left out of the players. The path of the page.

    Raises:
        UserError: if ``out`` is a file or holds other files.
    """
    folder = ReportFolder(out)
    assets = write_assets(folder)
    frame = {
        "assets": assets,
        "simulated": comparison.a.simulated or comparison.b.simulated,
    }
    moved = _moved(comparison)
    addresses = page_names(list(moved))
    scales = write_scales(folder)
    heard = {song: _players(comparison, folder, song, pairs) for song, pairs in moved.items()}
    pages = {song: addresses[song] for song, players in heard.items() if players}
    for song in pages:
        _write_song(comparison, folder, scales, (song, heard[song]), pages, frame)
    comparison_css = (TEMPLATES / "comparison.css").read_bytes()
    html = render(
        "comparison.html",
        root="",
        scripts=[assets[name] for name in ("cells.js", "tables.js")],
        styles=[folder.hashed("assets/comparison.css", comparison_css)],
        sides=[("A", comparison.a), ("B", comparison.b)],
        notes=notes(comparison),
        pairs=_tables(comparison, pages),
        gates=[
            {"outcome": one.outcome.name.lower(), "said": one.gate.said, "why": one.why}
            for one in judged
        ],
        count=len(comparison.rows),
        **frame,
    )
    folder.text("comparison.html", html)
    folder.finish()
    return folder.path / "comparison.html"


def _moved(comparison: SideComparison) -> dict[str, list[tuple[str, str]]]:
    """The songs that moved most in any row, and the pairs that moved in them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for place in range(max((len(row.moved) for row in comparison.rows), default=0)):
        for row in comparison.rows:
            if place < len(row.moved):
                pairs = found.setdefault(row.moved[place].song, [])
                if (row.system_a, row.system_b) not in pairs:
                    pairs.append((row.system_a, row.system_b))
    return {song: pairs[:_MOST_PAIRS] for song, pairs in list(found.items())[:MOST_SONGS]}


def _players(
    comparison: SideComparison, folder: ReportFolder, song: str, pairs: Sequence[tuple[str, str]]
) -> tuple[Player, ...]:
    a, b = comparison.a, comparison.b
    other = dict(comparison.songs.pairs)[song]
    wanted = [(_MIX, a, a.mixes.get(song))]
    for system_a, system_b in pairs:
        wanted.append((f"A: {system_a}", a, a.renders.get((song, system_a))))
        wanted.append((f"B: {system_b}", b, b.renders.get((other, system_b))))
    wanted.append((_REFERENCE, a, a.references.get(song)))
    there = {
        (name, key): render_path(side.folder, key)
        for name, side, key in wanted
        if key and render_path(side.folder, key).is_file()
    }
    reference = a.references.get(song)
    files: dict[str, Path] = {}
    for (_, key), path in there.items():
        files.setdefault(key, path)
    against = reference if reference in files else None
    media = prepare_media(folder, [SongRenders(files, against, SoundKind.FULL)])
    named = [name for name, _ in there if name not in (_MIX, _REFERENCE)]
    look = looks((name, "system") for name in dict.fromkeys(named))
    players = []
    for number, (name, key) in enumerate(there):
        found = media.get((key, against or ""))
        if found is None:
            continue
        audio, rate = read(there[name, key])
        special = {_MIX: "m", _REFERENCE: "r"}
        players.append(
            Player(
                name,
                name,
                special.get(name, str(number) if number < 10 else ""),
                REFERENCE if name == _REFERENCE else look.get(name),
                {_MIX: ("before",), _REFERENCE: ("human master",)}.get(name, ()),
                found,
                tuple(band_levels_db(audio.numpy(), rate)),
                mix=name == _MIX,
                reference=name == _REFERENCE,
                system=name not in special,
            )
        )
    return tuple(players) if any(player.system for player in players) else ()


def _write_song(
    comparison: SideComparison,
    folder: ReportFolder,
    scales: dict[str, str],
    heard: tuple[str, tuple[Player, ...]],
    pages: dict[str, str],
    frame: dict[str, Any],
) -> None:
    song, players = heard
    assets = frame["assets"]
    songs = list(pages)
    at = songs.index(song)
    near = [
        (songs[one], pages[songs[one]].removeprefix("songs/")) if 0 <= one < len(songs) else None
        for one in (at - 1, at + 1)
    ]
    data = folder.hashed(
        f"data/{Path(pages[song]).stem}.js",
        script({"song": players_data(players), "scores": None}),
    )
    html = render(
        "song.html",
        title=f"{comparison.a.said} and {comparison.b.said}",
        back="../comparison.html",
        song={"id": song},
        facts=[],
        before=near[0],
        after=near[1],
        failures=[],
        scales=scales,
        scored=False,
        root="../",
        scripts=[
            *(assets[name] for name in SCRIPTS),
            data,
            *(assets[name] for name in ("song.js", ENGINE, "player.js")),
        ],
        styles=[assets["song.css"]],
        **players_view(players, ""),
        **frame,
    )
    folder.text(pages[song], html)


def _tables(comparison: SideComparison, pages: dict[str, str]) -> list[dict[str, Any]]:
    names = pair_names(comparison)
    return [
        {
            "name": names[pair],
            "rows": [
                {
                    "metric": f"{metric_name(row)} {row.column.arrow}".strip(),
                    "summary": row.column.summary,
                    "cells": row_cells(row)[:-1],
                    "verdict": str(row.verdict),
                    "moved": [(one.song, pages.get(one.song)) for one in row.moved],
                }
                for row in comparison.rows
                if (row.system_a, row.system_b) == pair
            ],
        }
        for pair in comparison.pairs
    ]
