"""Data sets of Netflix's sureal as JSON: contents, versions of them, and who gave which score."""

import re
from collections.abc import Mapping
from typing import Any

from ..tables.documents import Json, Row, TextTable
from ..tables.grids import bare
from ..tables.json_values import text
from ..tables.roles import RatingsColumn
from .assemble import Draft, assembled
from .contract import Hints, Unfolded, stop


def read(document: Json, told: Hints) -> Unfolded | None:
    """The ratings of a sureal data set; None for other JSON files.

    Raises:
        UserError: one line, for a version without scores or of an unknown content.
    """
    data = document.value
    if not isinstance(data, Mapping) or not isinstance(data.get("dis_videos"), list):
        return None
    contents = {
        str(one.get("content_id")): str(one.get("content_name") or bare(str(one.get("path", ""))))
        for one in data.get("ref_videos") or []
        if isinstance(one, Mapping)
    }
    rows: list[Row] = [(0, ["listener", "passage", "system", "score", "repeat"])]
    for number, version in enumerate(data["dis_videos"], 1):
        if not isinstance(version, Mapping):
            raise stop(f"{document.place}", f"version {number} is no object with os and path")
        passage = contents.get(str(version.get("content_id")))
        if passage is None:
            raise stop(document.place, f"version {number} is of a content that ref_videos lacks")
        system = _system(version, passage)
        for listener, answers in _scores(version, number, document.place):
            for repeat, answer in enumerate(answers, 1):
                rows.append((number, [listener, passage, system, text(answer), str(repeat)]))
    columns: dict[str, int] = {
        RatingsColumn.LISTENER: 0,
        RatingsColumn.PASSAGE: 1,
        RatingsColumn.SYSTEM: 2,
        RatingsColumn.VALUE: 3,
        RatingsColumn.REPEAT: 4,
    }
    roles = {
        "listener": "the keys of os", "passage": "content_name",
        "system": "path less content_name and ending", "value": "os",
        "repeat": "the place in a list of os",
    }  # fmt: skip
    notes = []
    if "ref_score" in data:
        notes.append(f"ref_score {text(data['ref_score'])} is no rating and is not used.")
    table = TextTable(document.place, tuple(rows))
    draft = Draft("sureal data set", columns, roles=roles, notes=tuple(notes), tool=True)
    return assembled(table, draft, told)


def _system(version: Mapping[str, Any], passage: str) -> str:
    name = bare(str(version.get("path", ""))) or str(version.get("asset_id", ""))
    found = re.sub(rf"^{re.escape(passage)}[\W_]+|[\W_]+{re.escape(passage)}$", "", name)
    return found or name


def _scores(version: Mapping[str, Any], number: int, place: str) -> list[tuple[str, list[Any]]]:
    found = version.get("os")
    if isinstance(found, Mapping):
        pairs = list(found.items())
    elif isinstance(found, list):
        pairs = [(str(at), answer) for at, answer in enumerate(found, 1)]
    else:
        raise stop(place, f"version {number} has no os: a score by listener, or a list of scores")
    return [
        (str(listener), answer if isinstance(answer, list) else [answer])
        for listener, answer in pairs
    ]
