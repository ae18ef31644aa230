"""One song's page: what each system made of it, to hear and to see."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....evaluation.doctor.findings import badge, findings_of
from ....models.content_key import content_key
from ...presentation.looks import REFERENCE
from ...presentation.numbers import number_format
from ..panels.overview import badges
from ..panels.registry import Table, render
from ..result.columns import Column
from ..result.document import Result
from ..result.tables import records
from .audio_plan import AudioPlan
from .media import Media
from .players import Player, longest, players_data, players_view

_KEYS = "123456789abcdefghijklnopqstuvwxyz"  # m is the mix, r the reference
_MIX = "mix"


@dataclass(frozen=True)
class SongPage:
    """A song's page: its HTML needs the names of assets, its data does not."""

    song: str
    players: tuple[Player, ...]
    data: Mapping[str, Any]
    scored: bool
    seconds: float


def page_names(songs: Sequence[str]) -> dict[str, str]:
    """The address of each song's page in the report: readable, unique, safe on any file system."""
    plain = {song: re.sub(r"[^a-z0-9]+", "-", song.lower()).strip("-")[:48] for song in songs}
    names = {song: song for song in songs if song and plain[song] == song}
    taken = set(names)
    for song in songs:
        if song not in names:
            # The digest tells apart what only case or punctuation does; of a thousand names in
            # other scripts, two may begin with the same six digits.
            digest = content_key(song)
            tried = (f"{plain[song] or 'song'}-{digest[:size]}" for size in range(6, len(digest)))
            names[song] = next(name for name in tried if name not in taken)
            taken.add(names[song])
    return {song: f"songs/{names[song]}.html" for song in songs}


def song_page(result: Result, song: str, media: Mapping[tuple[str, str], Media]) -> SongPage:
    """What the page of ``song`` holds; ``media`` is by render key and reference key."""
    players = _players(result, song, media)
    columns = [c for c in result.columns if _scored(result, c, song)]
    scores = {variant: _scores(result, columns, song, variant) for variant in ("raw", "aligned")}
    data = {"song": players_data(players), "scores": scores}
    return SongPage(song, players, data, bool(columns), longest(players))


def song_html(
    result: Result,
    page: SongPage,
    pages: Mapping[str, str],
    scales: Mapping[str, str],
    plan: AudioPlan,
    **frame: Any,
) -> str:
    """The HTML of a page; ``frame`` is what every page needs (assets, scripts)."""
    songs = list(pages)
    at = songs.index(page.song)
    row = records(result.songs)[at]
    failures = result.failures[result.failures["song"] == page.song]
    return render(
        "song.html",
        title=result.benchmark,
        back="../report.html#songs",
        song={"id": page.song},
        facts=_facts(row, page.seconds),
        before=_neighbour(pages, songs, at - 1),
        after=_neighbour(pages, songs, at + 1),
        failures=records(failures),
        scales=scales,
        **players_view(page.players, plan.song_note(page.song)),
        scored=page.scored,
        **frame,
    )


def _players(
    result: Result, song: str, media: Mapping[tuple[str, str], Media]
) -> tuple[Player, ...]:
    against = result.references.get(song, "")
    mine = records(result.renders[result.renders["song"] == song])
    renders = {row["system"]: row for row in mine}
    keys = {row["key"] for row in mine}
    mix_key = dict(zip(result.songs["song"], result.songs["mix_key"], strict=True))[song] or ""
    players: list[Player] = []
    if (mix_key, against) in media and mix_key not in keys:
        found = media[mix_key, against]
        levels = _levels(result, mix_key)
        players.append(Player(_MIX, _MIX, "m", None, ("before",), found, levels, mix=True))
    count = 0
    for system in records(result.systems):
        name, role = system["system"], system["role"]
        render = renders.get(name, {"key": "", "sidecar": "{}"})
        shown = media.get((render["key"], against))
        if shown is None:
            continue
        is_mix = render["key"] == mix_key
        record = json.loads(render["sidecar"])
        words = (*badges(system), *(("the mix as it is",) if is_mix else ()), *_marks(record, role))
        key = "r" if role == "reference" else _KEYS[count] if count < len(_KEYS) else ""
        count += role != "reference"
        players.append(
            Player(
                name,
                name,
                key,
                result.looks[name],
                words,
                shown,
                _levels(result, render["key"]),
                mix=is_mix,
                reference=role == "reference",
                system=role != "reference",
                warnings=tuple(record.get("warnings", ())),
            )
        )
    if against and against not in keys and (against, against) in media:
        # Scores compare with the human master even where the benchmark gives it no row.
        found = media[against, against]
        words = ("human master",)
        levels = _levels(result, against)
        players.append(
            Player("reference", "reference", "r", REFERENCE, words, found, levels, reference=True)
        )
    return tuple(players)


def _marks(record: Mapping[str, Any], role: str) -> tuple[str, ...]:
    """What the check of this render found, in a few words; a human master is not judged."""
    probes = findings_of(record) or () if role != "reference" else ()
    return tuple(badge(one) for one in probes if one.found)


def _levels(result: Result, key: str) -> tuple[float | None, ...]:
    return tuple(result.insights.renders.get(key, {}).get("spectrum_db", ()))


def _scores(result: Result, columns: Sequence[Column], song: str, variant: str) -> dict[str, Any]:
    at = result.song_names.index(song)
    rows: list[list[Any]] = []
    for name in result.system_names:
        row: list[Any] = [name]
        for column in columns:
            shown = variant if variant in column.variants else column.variants[0]
            value = float(result.values.of(column.id, shown, name)[at])
            row.append(value if value == value else None)
        rows.append(row)
    digits = [
        number_format((row[i] for row in rows), column.unit).decimals
        for i, column in enumerate(columns, 1)
    ]
    header = ["system", *(column.heading for column in columns)]
    return Table(header, rows, (None, *digits)).as_json()


def _scored(result: Result, column: Column, song: str) -> bool:
    at = result.song_names.index(song)
    tables = (result.values.tables[column.id, variant] for variant in column.variants)
    return any((table[at] == table[at]).any() for table in tables)


def _facts(row: Mapping[str, Any], seconds: float) -> list[str]:
    tags = [f"{name}: {value}" for name, value in row["tags"].items()]
    length = seconds or row["seconds"]
    excerpt = f"{length:.1f} s from {row['start_seconds']:.1f} s" if length else ""
    return [part for part in (*tags, excerpt, f"{row['sample_rate'] / 1000:g}\u202fkHz") if part]


def _neighbour(pages: Mapping[str, str], songs: Sequence[str], at: int) -> tuple[str, str] | None:
    if not 0 <= at < len(songs):
        return None
    return songs[at], pages[songs[at]].removeprefix("songs/")
