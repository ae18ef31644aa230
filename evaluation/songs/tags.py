"""Tags of songs: from ``song.json`` in a song's folder, and from ``tags.csv``."""

import csv
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .song import Song, SongProblem


@dataclass(frozen=True)
class SongCard:
    """What ``song.json`` says; ``problems`` are what is wrong with it, as warnings."""

    tags: Mapping[str, str] = field(default_factory=dict)
    controls: Mapping[str, float] = field(default_factory=dict)
    problems: tuple[SongProblem, ...] = ()


def read_card(song: str, path: Path) -> SongCard:
    """The tags and controls of a song's card; empty where there is none."""
    if not path.is_file():
        return SongCard()
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        tags = card.get("tags", {}).items()
        controls = {str(key): float(value) for key, value in card.get("controls", {}).items()}
        return SongCard({str(k): str(v) for k, v in tags if v is not None}, controls)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        reason = str(error) if isinstance(error, ValueError) else "an object is needed"
        message = f'its tags cannot be read ({reason}); write {{"tags": {{"genre": "rock"}}}}'
        return SongCard(problems=(SongProblem(song, path, message, "warning"),))


def with_table(path: Path, songs: list[Song]) -> tuple[list[Song], list[SongProblem]]:
    """The songs with the tags of ``tags.csv``; a song's own ``song.json`` has the last word."""
    if not path.is_file():
        return songs, []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, ValueError, csv.Error) as error:
        return songs, [SongProblem("", path, f"cannot be read ({error})", "warning")]
    if not rows or "id" not in rows[0]:
        message = "no tags read: the first line must name the columns, the first of them 'id'"
        return songs, [SongProblem("", path, message, "warning")]
    tags: dict[str, Mapping[str, str]] = {}
    for row in rows:
        label = unicodedata.normalize("NFC", (row["id"] or "").strip())
        # DictReader files surplus cells under None and gives None for the missing ones.
        tags[label] = {key: value for key, value in row.items() if key and key != "id" and value}
    known = {song.id for song in songs}
    problems = [
        SongProblem("", path, f"song {label!r} is not among the songs", "warning")
        for label in tags
        if label not in known
    ]
    return [replace(s, tags={**tags.get(s.id, {}), **s.tags}) for s in songs], problems
