"""Everything of a study's sessions as JSON: steps, pages, presentations, ratings, events, answers.

It is written session by session, so that memory holds a hundred of them however many there are.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import count
from typing import Any

from ..kinds import Unit
from ..session.clean_input import plain
from ..storage.journal import Pack, events_in
from ..storage.many import answers_of, packs, rooms
from ..storage.rooms import Item, Page, Rating, Room, shown
from ..storage.tables import Database
from ..study.study import Study
from .event_text import events_text
from .json_text import Written, json_at
from .progress import SESSION_TYPES
from .ratings import SCHEMA, SessionFilter, chosen

_EVENT = ("id", "client", "seq", "at_ms", "received_at", "type", "page", "stimulus", "question",
          "value", "data")  # fmt: skip
_SESSION_DEPTH = 2  # of the lines of a session in the file


def as_json(study: Study, database: Database, choice: SessionFilter) -> dict[str, Any]:
    """Everything of the chosen sessions."""
    return {**_head(study), "sessions": list(whole_sessions(study, database, choice))}


def json_text(data: Mapping[str, Any]) -> str:
    """JSON as text; what is undefined is null."""
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def json_parts(study: Study, database: Database, choice: SessionFilter) -> Iterator[str]:
    """The text of :func:`as_json`, part by part: the head, a part for each session, the end."""
    head = json.dumps({**_head(study), "sessions": []}, indent=1, ensure_ascii=False)
    yield head.removesuffix("]\n}")
    last = ""
    for found, heard, given, arrivals in _read(study, database, choice):
        events = events_text(heard, shown(found.pages), arrivals, _SESSION_DEPTH + 1)
        whole = _whole(found, events, given)
        yield f"{last}\n{' ' * _SESSION_DEPTH}{json_at(whole, _SESSION_DEPTH)}"
        last = ","
    yield ("\n " if last else "") + "]\n}\n"


def whole_sessions(
    study: Study, database: Database, choice: SessionFilter
) -> Iterator[dict[str, Any]]:
    """The chosen sessions, each with everything."""
    for found, heard, given, arrivals in _read(study, database, choice):
        events = [
            {"arrival": next(arrivals), **{name: plain(getattr(one, name)) for name in _EVENT}}
            for one in events_in(heard, shown(found.pages))
        ]
        yield _whole(found, events, given)


def _read(
    study: Study, database: Database, choice: SessionFilter
) -> Iterator[tuple[Room, Sequence[Pack], Sequence[Any], Iterator[int]]]:
    """The chosen sessions with their journals and answers, and what numbers their events."""
    arrivals = count(1)
    with database.reading() as session:
        for tokens in chosen(session, study, choice):
            heard, given = packs(session, tokens), answers_of(session, tokens)
            for found in rooms(session, tokens):
                yield found, heard[found.token], given[found.token], arrivals


def _head(study: Study) -> dict[str, Any]:
    return {"schema": SCHEMA, "study": study.as_json() | {"sha256": study.sha256}}


def _whole(
    found: Room, events: list[dict[str, Any]] | Written, given: Sequence[Any]
) -> dict[str, Any]:
    erased = () if found.erased_at else ("erased_at",)
    # The token opens the session, so it is no part of what is given away.
    return {
        **_fields(found, "token", "pages", "holds", "main_pages", "done_pages", *erased),
        "counts_as": SESSION_TYPES[found.mark],
        "pages": [_page(page) for page in found.pages],
        "events": events,
        "answers": [
            {"step": one.step, "question": one.question, "value": plain(one.value[0]), "at": one.at}
            for one in given
        ],
    }


def _page(page: Page) -> dict[str, Any]:
    block = Unit.parse(page.unit).block
    return {
        **({"block": block} if block else {}),
        **_fields(page, "id", "session_token", "turn", "presentations", "ratings"),
        "presentations": [_fields(one, "page_id") for one in page.presentations],
        "ratings": [_fields(one, "id", "page_id") for one in page.ratings],
    }


def _fields(of: Room | Page | Item | Rating, *left_out: str) -> dict[str, Any]:
    kind: Any = type(of)
    return {name: plain(getattr(of, name)) for name in _names(kind, left_out)}


@lru_cache(maxsize=64)
def _names(of: Any, left_out: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(of) if one.name not in left_out)
