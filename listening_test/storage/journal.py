"""Events in packs of lines: a fifth of the room of rows, and one statement stores a batch.

A pack holds the events of one client in the order of their arrival, as text of which each line is
JSON. A number is the time at which what follows was received: ms since 1970 (UTC), or, if it is
small, ms since the first such time of the pack. An event is a list: id, seq, at_ms, type, value,
about, data. Type 0 is ``move``. ``about`` is page, stimulus and question; 0, or nothing, stands for
those of the event before. A stimulus of its page is its position there. What is empty at the end
is left out. An id is written short if it is a UUID: ``u`` and 22 characters if it has hyphens,
``h`` without; ``=`` and the id itself if it is none.

Two packs fill a page of SQLite; a pack that is full is followed by another.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

LONGEST = 1_900
MOVE = "move"
_SMALL = 100_000_000_000  # no time after 1973 is smaller, and no pack takes three years
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The position of each stimulus by page number and token.
Places = Mapping[tuple[int | None, str | None], int]


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it was stored; ``data`` holds what else was sent, text under ``text``."""

    id: str
    client: str
    seq: int
    at_ms: float
    received_at: str
    type: str
    page: int | None
    stimulus: str | None
    question: str | None
    value: float | None
    data: Mapping[str, Any]


@dataclass(slots=True)
class Pack:
    """A row of the journal; ``lines`` ends with a new line."""

    number: int
    client: str
    lines: str


class Journal:
    """The packs of one session, to which events are added."""

    def __init__(self, packs: Iterable[tuple[int, str, str]]) -> None:
        self._packs = [Pack(*one) for one in packs]
        self._there = len(self._packs)
        self._before = "".join(one.lines for one in self._packs)
        self._added: set[str] = set()
        self._changed: list[Pack] = []
        self._client = self._at = ""
        self._about: object = None

    def knows(self, name: str) -> bool:
        """Whether an event of this id is stored."""
        return name in self._added or f"\n[{_text(short(name))}," in self._before

    def add(self, event: Stored, places: Places) -> None:
        """Add one; :meth:`changes` says what then has to be written."""
        about = _about(event, places)
        again = (event.client, event.received_at) == (self._client, self._at)
        line = _line(event, about, same=again and about == self._about)
        pack = self._packs[-1] if self._packs else None
        head = "" if again else _head(event.received_at, pack)
        if (
            pack is None
            or pack.client != event.client
            or len(pack.lines) + len(head) + len(line) > LONGEST
        ):
            head, line = _head(event.received_at, None), _line(event, about, same=False)
            pack = Pack(pack.number + 1 if pack else 0, event.client, "")
            self._packs.append(pack)
        if pack not in self._changed:
            self._changed.append(pack)
        pack.lines += head + line
        self._added.add(event.id)
        self._client, self._at, self._about = event.client, event.received_at, about

    def changes(self) -> tuple[Pack | None, list[Pack]]:
        """The pack that was there and is longer now, and the new ones."""
        old = [one for one in self._changed if one.number < self._there]
        return (old[0] if old else None), [one for one in self._changed if one not in old]

    def later(self, about: "Said") -> bool:
        """Whether this client has said the like, of the same, with this or a later number."""
        packs = [one for one in self._packs if one.client == about.client]
        return any(
            event[0] >= about.seq and event[1:] == (about.type, *about.about)
            for event in _said(packs)
        )


@dataclass(frozen=True, slots=True)
class Said:
    """What is asked of :meth:`Journal.later`; ``about`` as the journal has it."""

    client: str
    seq: int
    type: str
    about: tuple[Any, ...]


def about_of(page: int | None, stimulus: str | None, question: str | None, places: Places) -> Any:
    """Page, stimulus and question as the journal has them."""
    return page, places.get((page, stimulus), stimulus), question


class Sign(NamedTuple):
    """What an event says of what was heard."""

    client: str
    seq: int
    at_ms: float
    type: str
    page: int | None
    stimulus: str | None
    data: Mapping[str, Any]


def events_in(packs: Sequence[Pack], shown: Mapping[int, Sequence[str]]) -> Iterator[Stored]:
    """The events of packs in their order; ``shown`` are the tokens of each page by position."""
    for client, at, about, (name, seq, at_ms, kind, *rest) in entries_in(packs):
        page, stimulus, question = whole_about(about, shown)
        value = rest[0] if rest else None
        yield Stored(
            whole(name),
            client,
            seq,
            float(at_ms),
            moment(at),
            kind or MOVE,
            page,
            stimulus,
            question,
            None if value is None else float(value),
            rest[2] if len(rest) > 2 else {},
        )


def signs_in(packs: Sequence[Pack], shown: Mapping[int, Sequence[str]]) -> Iterator[Sign]:
    """The same events as far as they tell what was heard, at a fifth of the cost.

    Of moves that follow each other by number, the last alone is given: that it was heard until then
    is all that they tell.
    """
    last: tuple[str, int, list[Any], list[Any]] | None = None
    for entry in entries_in(packs):
        client, _, about, found = entry
        if last is not None:
            follows = found[1] == last[3][1] + 1 and client == last[0] and about == last[2]
            if found[3] != 0 or not follows:
                yield _sign(last, shown)
        if found[3] == 0:
            last = entry
        else:
            last = None
            yield _sign(entry, shown)
    if last is not None:
        yield _sign(last, shown)


def _sign(entry: tuple[str, int, list[Any], list[Any]], shown: Mapping[int, Sequence[str]]) -> Sign:
    client, _, about, found = entry
    page, stimulus, _ = whole_about(about, shown)
    data = found[6] if len(found) > 6 else {}
    return Sign(client, found[1], float(found[2]), found[3] or MOVE, page, stimulus, data)


def entries_in(packs: Sequence[Pack]) -> Iterator[tuple[str, int, list[Any], list[Any]]]:
    """Every event as it is written, with its client, when it came, and what it is about."""
    for pack in packs:
        at, first = 0, 0
        about: list[Any] = []
        # One list of all lines is read much faster than each line alone.
        for found in json.loads(f"[{pack.lines.removesuffix(chr(10)).replace(chr(10), ',')}]"):
            if isinstance(found, int):
                first = first or found
                at = found + (first if found < _SMALL else 0)
                continue
            about = _about_in(found[4:], about)
            yield pack.client, at, about, found


def whole_about(about: Sequence[Any], shown: Mapping[int, Sequence[str]]) -> tuple[Any, Any, Any]:
    """Page, stimulus and question of what an event is about."""
    page, stimulus, question = (*about, None, None, None)[:3]
    return page, shown[page][stimulus] if isinstance(stimulus, int) else stimulus, question


def _said(packs: Sequence[Pack]) -> Iterator[tuple[Any, ...]]:
    for _, _, about, (_, seq, _, kind, *_) in entries_in(packs):
        yield (seq, kind or MOVE, *(*about, None, None, None)[:3])


def _about_in(rest: Sequence[Any], before: list[Any]) -> list[Any]:
    """What an event is about, given what follows its type and what the one before was about."""
    if len(rest) < 2 or rest[1] == 0:
        return before
    found: list[Any] = rest[1]
    return found


def _head(at: str, pack: Pack | None) -> str:
    """The line before what was received at a time, in a pack that is there or a new one."""
    number = milliseconds(at)
    if pack is None:
        return f"{number}\n"
    first = int(pack.lines[: pack.lines.index("\n")])
    return f"{number - first}\n" if 0 <= number - first < _SMALL else f"{number}\n"


@lru_cache(maxsize=1024)
def short(name: str) -> str:
    """An id as it is written."""
    if len(name) in (32, 36):
        try:
            given = uuid.UUID(name)
        except ValueError:
            return "=" + name
        mark = {str(given): "u", given.hex: "h"}.get(name)
        if mark is not None:
            return mark + base64.urlsafe_b64encode(given.bytes).decode().rstrip("=")
    return "=" + name


def whole(name: str) -> str:
    """The id that :func:`short` wrote."""
    if name[0] == "=":
        return name[1:]
    # As base64.urlsafe_b64decode, at a third of its cost: an export does little else.
    said = name[1:].replace("-", "+").replace("_", "/")
    digits = binascii.a2b_base64(said + "==").hex()
    if name[0] == "h":
        return digits
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def milliseconds(at: str) -> int:
    """A time in ISO 8601 as milliseconds since 1970."""
    return (datetime.fromisoformat(at) - _EPOCH) // timedelta(milliseconds=1)


def moment(number: int) -> str:
    """Milliseconds since 1970 as ISO 8601 in UTC, as :func:`.tables.now` writes it."""
    return (_EPOCH + timedelta(milliseconds=number)).isoformat(timespec="milliseconds")


def _about(event: Stored, places: Places) -> Any:
    return about_of(event.page, event.stimulus, event.question, places)


def _line(event: Stored, about: Sequence[Any], *, same: bool) -> str:
    of = list(about)
    while of and of[-1] is None:
        of.pop()
    kind = 0 if event.type == MOVE else event.type
    fields = [
        *(short(event.id), event.seq, _number(event.at_ms), kind, _number(event.value)),
        *(0 if same else of, event.data),
    ]
    if not event.data:
        fields.pop()
        if same:
            fields.pop()
            if event.value is None:
                fields.pop()
    return _text(fields) + "\n"


def _number(value: float | None) -> float | None:
    """Without the ``.0`` that a whole number has."""
    return int(value) if value is not None and value == int(value) else value


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
