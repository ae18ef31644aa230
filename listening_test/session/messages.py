"""What the browser sends and is answered: events in batches, and what became of each.

Each event is checked alone, so that a bad one refuses no other. Refusals are words for whoever
writes a page; a listener never sees them.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from .clean_input import bounded, clean

MOST_EVENTS = 500
LONGEST_COMMENT = 20_000
_LONGEST_ID, _LONGEST_TEXT = 64, 200
_TYPE = r"[a-z][a-z_-]{0,39}"
_LARGEST = 2**53


class BadEventError(Exception):
    """Why an event cannot be taken."""


def _id(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_ID or clean(value) != value:
        raise ValueError("id: 1 to 64 characters")
    return value


def _type(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_TYPE, value):
        raise ValueError("type: a word")
    return value


def _seq(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        raise ValueError("seq: a whole number from 0")
    return value


def _page(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        raise ValueError("page: a number")
    return value


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name}: a number")
    if not (abs(value) < _LARGEST and math.isfinite(value)):
        raise ValueError(f"{name}: a finite number")
    return float(value)


def _at_ms(value: Any) -> float:
    return _number(value, "at_ms")


def _value(value: Any) -> float | str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return _number(value, "value")
    if len(value) > LONGEST_COMMENT:
        raise ValueError(f"value: at most {LONGEST_COMMENT} characters")
    return clean(value)


def _text(value: Any, name: str) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > _LONGEST_TEXT):
        raise ValueError(f"{name}: text")
    return None if value is None else clean(value)


def _whole(least: int) -> dict[str, int | str]:
    return {"type": "integer", "minimum": least, "exclusiveMaximum": _LARGEST}


class Event(BaseModel):
    """One thing that happened on a listener's page.

    ``at_ms`` is milliseconds of the page's clock. ``page`` is the number of the page from 1, None
    outside pages. ``stimulus`` is the token of what was played or rated. What else was sent lies
    in ``data``, bounded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, BeforeValidator(_id), Field(min_length=1, max_length=_LONGEST_ID)]
    type: Annotated[str, BeforeValidator(_type), Field(pattern=f"^{_TYPE}$")]
    seq: Annotated[int, BeforeValidator(_seq), WithJsonSchema(_whole(0))]
    at_ms: Annotated[float, BeforeValidator(_at_ms)]
    page: Annotated[int | None, BeforeValidator(_page)] = None
    value: Annotated[float | str | None, BeforeValidator(_value)] = None
    stimulus: Annotated[str | None, BeforeValidator(lambda v: _text(v, "stimulus"))] = None
    question: Annotated[str | None, BeforeValidator(lambda v: _text(v, "question"))] = None
    data: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, sent: Any) -> Any:
        known = {name: sent[name] for name in _FIELDS if name in sent}
        for name in ("id", "type", "seq", "at_ms"):
            known.setdefault(name, None)
        return known | {"data": bounded({k: v for k, v in sent.items() if k not in _FIELDS})}

    @classmethod
    def read(cls, sent: Any) -> Self:
        """The event that was sent.

        Raises:
            BadEventError: if it is none; the words name the field and what it may be.
        """
        if not isinstance(sent, Mapping):
            raise BadEventError("an event is an object")
        try:
            more = {name: value for name, value in sent.items() if name not in _FIELDS}
            found: dict[str, Any] = {name: check(sent.get(name)) for name, check in _CHECKS.items()}
            # What pydantic would check a second time, at twenty times the cost.
            return cls.model_construct(None, **found, data=bounded(more) if more else {})
        except ValueError as error:
            raise BadEventError(str(error)) from None


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "id": _id,
    "type": _type,
    "seq": _seq,
    "at_ms": _at_ms,
    "page": _page,
    "value": _value,
    "stimulus": lambda value: _text(value, "stimulus"),
    "question": lambda value: _text(value, "question"),
}
_FIELDS = tuple(name for name in Event.model_fields if name != "data")


class Batch(BaseModel):
    """The events that a page sends at once, from one window (``client``)."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    client: str = ""
    events: Annotated[list[Any], Field(max_length=MOST_EVENTS)]


@dataclass(frozen=True)
class Refusal:
    """An event that was not taken, and why."""

    id: str
    why: str


@dataclass(frozen=True)
class Receipt:
    """What became of a batch; every id stands in one of the lists, and in no two.

    ``unknown`` are events that are stored and change nothing. ``revision`` is that of the last
    page named.
    """

    acknowledged: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    revision: int | None = None
