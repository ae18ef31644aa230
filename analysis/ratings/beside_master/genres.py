"""The genre of each passage: as a study knows it of its songs, or from a file."""

import csv
import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....models.configuration import nearest
from ....models.errors import UserError


@dataclass(frozen=True)
class Genres:
    """The genre of each passage that has one, and where they are from."""

    of_passage: Mapping[str, str]
    source: str


def read_genres(path: Path, passages: Sequence[str]) -> Genres:
    """The genres in a CSV file with the columns ``id`` and ``genre``, as ``tags.csv`` of songs.

    Raises:
        UserError: one line with the file and line, if it cannot be read, lacks a column, names a
            passage twice, or names none of ``passages``.
    """
    try:
        data = path.read_bytes()
        rows = list(csv.reader(data.decode("utf-8-sig").splitlines(), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    header = [title.strip().lower() for title in rows[0]] if rows else []
    if "id" not in header or "genre" not in header:
        raise UserError(f"{path}:1: lacks a column; the first line must name 'id' and 'genre'")
    at_id, at_genre = header.index("id"), header.index("genre")
    found: dict[str, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(at_id, at_genre):
            raise UserError(f"{path}:{line}: has {len(row)} cells; 'id' and 'genre' are needed")
        name = unicodedata.normalize("NFC", row[at_id].strip())
        if name in found:
            raise UserError(f"{path}:{line}: passage {name!r} stands there twice; keep one line")
        found[name] = row[at_genre].strip()
    known = {name: genre for name, genre in found.items() if name in passages}
    if not known:
        first = next(iter(found), "")
        raise UserError(
            f"{path}: names no passage that was rated, but {first!r}"
            f"{nearest(first, list(passages[:20]))}"
        )
    digest = hashlib.sha256(data).hexdigest()
    return Genres({n: g for n, g in known.items() if g}, f"{path.name}, sha256 {digest}")
