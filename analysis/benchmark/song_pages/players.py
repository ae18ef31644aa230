"""The players of a song: what a page needs to play and show a few renders side by side."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ....evaluation.insights.band_levels import BANDS_HZ
from ...presentation.looks import Look
from ...presentation.numbers import NumberFormat, hertz_text
from ..panels import figures
from ..panels.registry import Table
from ..panels.sides.addresses import player_of
from .media import Media
from .pictures import CEILING_DB, DIFFERENCE_DB, FLOOR_DB, HIGHEST_HZ, LOWEST_HZ


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


def players_data(players: Sequence[Player]) -> dict[str, Any]:
    """What the page's scripts read under the name ``song``."""
    seconds = longest(players)
    return {
        "players": [_player_data(player, players) for player in players],
        "mix": _index(players, "mix"),
        "reference": _index(players, "reference"),
        "first": _first(players),
        "seconds": seconds,
        "sound": _sound([player.media for player in players if player.media.sound]),
        "ticks": {"y": _frequency_ticks(), "x": _time_ticks(seconds)},
        "chart": _spectra(players),
    }


def players_view(players: Sequence[Player], note: str) -> dict[str, Any]:
    """What the template of a song's page shows of them; ``note`` says what of the audio is left."""
    heard = [player.media for player in players if player.media.sound]
    start, end = _span(heard)
    has_reference = any(player.reference for player in players)
    tiles = [("mix", "Mix"), ("system", "System"), ("reference", "Reference")]
    tiles += [("difference", "Difference from the reference")] if has_reference else []
    levelled = next((p.name for p in players if p.reference and p.media.lufs is not None), "")
    return {
        "players": [_player_view(i, player) for i, player in enumerate(players)],
        "heard": {
            "there": bool(heard),
            "note": note,
            "start": f"{start:.3f}",
            "end": f"{end:.3f}",
            "clock": f"{_clock(start)} / {_clock(end)}",
        },
        "reference": has_reference,
        "levelled": levelled,
        "tiles": [{"id": name, "title": title} for name, title in tiles],
        "levels": [f"−{-FLOOR_DB:.0f}", f"−{-CEILING_DB:.0f}"],
        "difference": f"{DIFFERENCE_DB:.0f}",
    }


def longest(players: Sequence[Player]) -> float:
    """Seconds of the longest render."""
    return max((player.media.seconds for player in players), default=0.0)


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
