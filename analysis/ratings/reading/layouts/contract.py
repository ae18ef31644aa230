"""What every reader of a layout is given and gives: a document and what the user says; ratings.

A reader is a function ``read(document, told) -> Unfolded | None``; None says that the document has
another layout. It computes nothing and leaves nothing out without a note.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from .....models.errors import UserError
from ..tables.documents import Row

MOST_LETTERS = 400
_LONGEST_PLACE = 60


class Form(StrEnum):
    """What a row says of systems: a score, who won, or whether an answer was right."""

    SCORES = "scores"
    VOTES = "votes"
    ANSWERS = "answers"


@dataclass(frozen=True)
class Hints:
    """What the user says of a file: columns by role, and what the file itself cannot tell.

    ``columns`` holds names, ``COLUMN:PATTERN`` or for the listener ``@rows`` (every row is of
    another one) and ``@blocks`` (a new one wherever a page comes again). ``words`` are answers from
    worst to best. ``names`` is how columns or files are called, as ``{passage}_{system}``.
    ``where`` keeps the rows with these values. ``presentations`` names what each row of a matrix is
    of, ``key`` what A and B were.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    names: str = ""
    sheet: str = ""
    presentations: Path | None = None
    key: Path | None = None
    where: tuple[tuple[str, str], ...] = ()
    training: bool = False
    unfinished: bool = False


@dataclass(frozen=True)
class ToolScale:
    """The scale that a tool has, and which tool."""

    low: float
    high: float
    tool: str


@dataclass(frozen=True)
class Unfolded:
    """The ratings of one file, one a row: cells by role, and how they were found.

    ``columns`` gives the index of each role in a row; cells without a role stay, as they may tell
    repeats apart. ``roles`` says for people where each role is from. ``notes`` is what must be
    told: joined, left out, coded, guessed. ``unknown`` are columns of which nobody knows what they
    hold; where one tells repeats apart, they are none.
    """

    layout: str
    header: tuple[str, ...]
    columns: Mapping[str, int]
    rows: tuple[Row, ...]
    roles: Mapping[str, str]
    notes: tuple[str, ...] = ()
    scale: ToolScale | None = None
    form: Form = Form.SCORES
    milliseconds: bool = False
    unknown: tuple[int, ...] = ()
    delimiter: str = ""


Reader = Callable[[Any, Hints], Unfolded | None]


class NoRatingsError(UserError):
    """A file, sheet or document that holds no ratings; others of the same study may."""


class UnfinishedError(NoRatingsError):
    """A session that was not completed, and is left out unless it is asked for."""


def stop(place: str, reason: str, *mends: str) -> UserError:
    """One line of at most 400 letters: where, why reading stops, and what to do instead."""
    said = f"{short(place)}: {reason}"
    if some := [mend for mend in mends if mend.strip()]:
        said += ": " + ", or ".join(some)
    return UserError(said if len(said) <= MOST_LETTERS else f"{said[: MOST_LETTERS - 1]}…")


def short(place: str) -> str:
    """A place as messages name it: the whole path, or the file's name where the path is long."""
    return place if len(place) <= _LONGEST_PLACE else Path(place).name
