"""One song's page: what each system made of it, to hear and to see."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ....evaluation.insights.band_levels import BANDS_HZ
from ....models.content_key import content_key
from ...presentation.looks import REFERENCE, Look
from ...presentation.numbers import NumberFormat, hertz_text, number_format
from ..panels import figures
from ..panels.overview import badges
from ..panels.registry import Table, render
from ..panels.sides.addresses import player_of
from ..result.columns import Column
from ..result.document import Result
from ..result.tables import records
from .audio_plan import AudioPlan
from .media import Media
from .pictures import CEILING_DB, DIFFERENCE_DB, FLOOR_DB, HIGHEST_HZ, LOWEST_HZ

_KEYS = "123456789abcdefghijklnopqstuvwxyz"  # m is the mix, r the reference
_MIX = "mix"


@dataclass(frozen=True)
class Player:
    """One row of the song's page; ``look`` is None for the mix, which is no system.

    ``spectrum`` are the levels of :data:`~earmark.evaluation.insights.band_levels.BANDS_HZ`.
    A system that leaves the mix as it is, is the mix as well.
    """

    id: str
    name: str
    key: str
    look: Look | None
    badges: tuple[str, ...]
    media: Media
    spectrum: tuple[float | None, ...] = ()
    mix: bool = False
    reference: bool = False
    system: bool = False
    warnings: tuple[str, ...] = ()


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
    seconds = max((player.media.seconds for player in players), default=0.0)
    data: dict[str, Any] = {
        "players": [_player_data(player, players) for player in players],
        "mix": _index(players, "mix"),
        "reference": _index(players, "reference"),
        "first": _first(players),
        "seconds": seconds,
        "sound": _sound([player.media for player in players if player.media.sound]),
        "ticks": {"y": _frequency_ticks(), "x": _time_ticks(seconds)},
        "chart": _spectra(players),
    }
    scores = {variant: _scores(result, columns, song, variant) for variant in ("raw", "aligned")}
    return SongPage(song, players, {"song": data, "scores": scores}, bool(columns), seconds)


def song_html(
    result: Result,
    page: SongPage,
    pages: Mapping[str, str],
    scales: Mapping[str, str],
    plan: AudioPlan,
    **frame: Any,
) -> str:
    """The HTML of a page; ``frame`` is what every page needs (assets, scripts)."""
    heard = [player.media for player in page.players if player.media.sound]
    start, end = _span(heard)
    songs = list(pages)
    at = songs.index(page.song)
    row = records(result.songs)[at]
    has_reference = any(player.reference for player in page.players)
    tiles = [("mix", "Mix"), ("system", "System"), ("reference", "Reference")]
    tiles += [("difference", "Difference from the reference")] if has_reference else []
    failures = result.failures[result.failures["song"] == page.song]
    levelled = next((p.name for p in page.players if p.reference and p.media.lufs is not None), "")
    return render(
        "song.html",
        benchmark=result.benchmark,
        song={"id": page.song},
        facts=_facts(row, page.seconds),
        before=_neighbour(pages, songs, at - 1),
        after=_neighbour(pages, songs, at + 1),
        players=[_player_view(i, player) for i, player in enumerate(page.players)],
        failures=records(failures),
        heard={
            "there": bool(heard),
            "note": plan.song_note(page.song),
            "start": f"{start:.3f}",
            "end": f"{end:.3f}",
            "clock": f"{_clock(start)} / {_clock(end)}",
        },
        reference=has_reference,
        levelled=levelled,
        tiles=[{"id": name, "title": title} for name, title in tiles],
        scales=scales,
        levels=[f"−{-FLOOR_DB:.0f}", f"−{-CEILING_DB:.0f}"],
        difference=f"{DIFFERENCE_DB:.0f}",
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
        words = (*badges(system), *(("the mix as it is",) if is_mix else ()))
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
                warnings=tuple(json.loads(render["sidecar"]).get("warnings", ())),
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


def _levels(result: Result, key: str) -> tuple[float | None, ...]:
    return tuple(result.insights.renders.get(key, {}).get("spectrum_db", ()))


def _player_data(player: Player, players: Sequence[Player]) -> dict[str, Any]:
    target = next((other.media.lufs for other in players if other.reference), None)
    lufs = player.media.lufs
    facts = asdict(player.media)
    kept = ("lufs", "low", "high", "spectrogram", "difference", "sound")
    return {name: facts[name] for name in kept} | {
        "id": player.id,
        "name": player.name,
        "system": player.system,
        "mix": player.mix,
        "reference": player.reference,
        # What brings it to the loudness of the reference.
        "align": None if lufs is None or target is None else round(target - lufs, 3),
    }


def _player_view(index: int, player: Player) -> dict[str, Any]:
    lufs = player.media.lufs
    return {
        "index": index,
        "name": player.name,
        "anchor": player_of(player.name) if player.look else "",
        "key": player.key,
        "look": player.look,
        "badges": player.badges,
        "system": player.system,
        "warnings": player.warnings,
        "overs": player.media.overs if player.media.sound else 0,
        "lufs": "no loudness (silent or too short)"
        if lufs is None
        else f"{NumberFormat(1)(lufs)} LUFS",
    }


def _spectra(given: Sequence[Player]) -> dict[str, Any]:
    players = [player for player in given if player.spectrum]
    lines = {player.id: player.spectrum for player in players}
    looks = {player.id: player.look for player in players if player.look is not None}
    figure = figures.spectra(lines, looks, BANDS_HZ)
    header = ["band (Hz)", *(player.name for player in players)]
    rows = [
        [hertz_text(band), *(player.spectrum[at] for player in players)]
        for at, band in enumerate(BANDS_HZ)
    ]
    return {"figure": figure, "table": Table(header, rows, (None, *[1] * len(players))).as_json()}


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


def _sound(heard: Sequence[Media]) -> dict[str, Any] | None:
    """The clock of the players: where in the song it begins, its rate, frames of the longest."""
    if not heard:
        return None
    start, end = _span(heard)
    # Renders of one song have one rate; where not, the browser brings all to the highest.
    rate = max(media.rate for media in heard)
    return {"start": start, "rate": rate, "frames": round((end - start) * rate)}


def _span(heard: Sequence[Media]) -> tuple[float, float]:
    """From where to where the song can be heard, in seconds."""
    start = heard[0].start if heard else 0.0
    return start, start + max((media.heard_seconds for media in heard), default=0.0)


def _index(players: Sequence[Player], what: str) -> int | None:
    return next((i for i, player in enumerate(players) if getattr(player, what)), None)


def _first(players: Sequence[Player]) -> int:
    made = [i for i, player in enumerate(players) if player.system]
    return next((i for i in made if not players[i].mix), made[0] if made else 0)


def _facts(row: Mapping[str, Any], seconds: float) -> list[str]:
    tags = [f"{name}: {value}" for name, value in row["tags"].items()]
    length = seconds or row["seconds"]
    excerpt = f"{length:.1f} s from {row['start_seconds']:.1f} s" if length else ""
    return [part for part in (*tags, excerpt, f"{row['sample_rate'] / 1000:g}\u202fkHz") if part]


def _neighbour(pages: Mapping[str, str], songs: Sequence[str], at: int) -> tuple[str, str] | None:
    if not 0 <= at < len(songs):
        return None
    return songs[at], pages[songs[at]].removeprefix("songs/")


def _frequency_ticks() -> list[tuple[str, float]]:
    span = math.log(HIGHEST_HZ / LOWEST_HZ)
    return [
        (
            f"{hertz} Hz" if hertz < 1000 else f"{hertz / 1000:g} kHz",
            round(1 - math.log(hertz / LOWEST_HZ) / span, 4),
        )
        for hertz in (50, 200, 1000, 4000, 16000)
    ]


def _time_ticks(seconds: float) -> list[tuple[str, float]]:
    if seconds <= 0:
        return []
    step = next((s for s in (0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120) if seconds / s <= 6), 300)
    count = int(seconds / step + 1e-9)
    return [(f"{i * step:g} s", round(i * step / seconds, 4)) for i in range(count + 1)]


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
