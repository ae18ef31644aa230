"""Writes the events of a session as the JSON that :mod:`.everything` gives, right from the journal.

Of a session, nearly all is events: this is what an export of thousands costs.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

from ..session.clean_input import LARGEST, plain
from ..storage.journal import MOVE, Pack, entries_in, moment, whole, whole_about
from .json_text import Written, json_at


def events_text(
    packs: Sequence[Pack], shown: Mapping[int, Sequence[str]], arrivals: Iterator[int], depth: int
) -> Written:
    """The list of events, its lines indented by ``depth``."""
    line = "\n" + " " * (depth + 1)
    fields = _Fields(line + " ")
    found: list[str] = []
    at, about, client = -1, None, None
    received = place = sender = ""
    kinds: dict[Any, str] = {}
    for of, when, what, (name, seq, at_ms, kind, *rest) in entries_in(packs):
        if of != client:
            client, sender = of, json_at(plain(of))
        if when != at:
            at, received = when, moment(when)
        if what is not about:
            about = what
            place = fields.about(*map(plain, whole_about(what, shown)))
        if kind not in kinds:
            kinds[kind] = encode_basestring(plain(kind or MOVE))
        value = _number(rest[0]) if rest and rest[0] is not None else "null"
        data = json_at(plain(rest[2]), depth + 2) if len(rest) > 2 else "{}"
        found.append(
            f"{line}{{{fields.arrival}{next(arrivals)}{fields.id}{_id(name)}{fields.client}{sender}"
            f"{fields.seq}{seq if -LARGEST <= seq <= LARGEST else 'null'}"
            f'{fields.at_ms}{_number(at_ms)}{fields.received_at}"{received}"'
            f"{fields.type}{kinds[kind]}{place}{fields.value}{value}{fields.data}{data}{line}}}"
        )
    return Written(f"[{','.join(found)}{line[:-1]}]" if found else "[]")


def _number(value: float) -> str:
    """A number as a fraction; one that is not finite is null."""
    return float.__repr__(float(value)) if math.isfinite(value) else "null"


def _id(name: str) -> str:
    known = whole(name)
    # What was no UUID may be any text.
    return encode_basestring(plain(known)) if name[0] == "=" else f'"{known}"'


class _Fields:
    """What stands before each value of an event."""

    def __init__(self, line: str) -> None:
        self.arrival = f'{line}"arrival": '
        self.id, self.client, self.seq, self.at_ms, self.received_at, self.type = (
            f',{line}"{name}": ' for name in ("id", "client", "seq", "at_ms", "received_at", "type")
        )
        self.page, self.stimulus, self.question, self.value, self.data = (
            f',{line}"{name}": ' for name in ("page", "stimulus", "question", "value", "data")
        )

    def about(self, page: Any, stimulus: Any, question: Any) -> str:
        """What an event is about."""
        return (
            f"{self.page}{json_at(page)}{self.stimulus}{json_at(stimulus)}"
            f"{self.question}{json_at(question)}"
        )
