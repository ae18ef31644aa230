"""How a ratings file was read, before anything is tested: one account for terminal and report."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .layouts.contract import Form, Unfolded
from .scales import Scale
from .table import Ratings
from .tables import personal
from .tables.roles import RatingsColumn

_REFERENCE = re.compile(r"^(hidden[\W_]*)?(ref|reference|orig|original)([\W_]\w*)?$", re.IGNORECASE)
_ANCHOR = re.compile(r"anchor", re.IGNORECASE)
_ORDER = (
    *(RatingsColumn.LISTENER, RatingsColumn.PASSAGE, RatingsColumn.SYSTEM, RatingsColumn.SYSTEM_A),
    *(RatingsColumn.SYSTEM_B, RatingsColumn.QUESTION, RatingsColumn.VALUE, RatingsColumn.WINNER),
    *(RatingsColumn.REPEAT, RatingsColumn.PAGE, RatingsColumn.POSITION, RatingsColumn.SECONDS),
    *(RatingsColumn.LISTENED, RatingsColumn.SIMULATED),
)
_TITLES = {RatingsColumn.VALUE.value: "score", "system_a": "system a", "system_b": "system b"}
_MOST_FILES = 5


@dataclass(frozen=True)
class AccountLine:
    """One line of the account: what it is about, and what was understood."""

    about: str
    said: str


@dataclass(frozen=True)
class Account:
    """What was understood of files: lines to read, and the systems that look like references.

    ``notes`` are joined, left out, coded and guessed things; they also stand among the lines.
    """

    layout: str
    files: tuple[str, ...]
    lines: tuple[AccountLine, ...]
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()


def account(
    unfolded: Unfolded,
    ratings: Ratings,
    scales: Mapping[str, Scale],
    files: Sequence[str],
    counts: tuple[int, int, int],
    notes: Sequence[str],
) -> Account:
    """The account of ratings; ``counts`` are rows, missing ratings and rows sent twice."""
    _, missing, twice = counts
    lines = [
        AccountLine("files", _few(files)),
        AccountLine("layout", unfolded.layout),
        *(
            AccountLine(_TITLES.get(role, role.value), unfolded.roles[role])
            for role in _ORDER
            if role in unfolded.columns
            and unfolded.roles.get(role)
            and not (unfolded.form is Form.ANSWERS and role is RatingsColumn.SYSTEM)
        ),
    ]
    if RatingsColumn.PASSAGE not in unfolded.columns:
        lines.append(AccountLine("passage", "none: all ratings are taken to be of one"))
    what = "answers" if unfolded.form is Form.ANSWERS else "ratings"
    what = "votes" if unfolded.form is Form.VOTES else what
    number = len(ratings) // 2 if unfolded.form is Form.VOTES else len(ratings)
    gone = missing // 2 if unfolded.form is Form.VOTES else missing
    lines.append(
        AccountLine(
            "found",
            f"{_count(len(ratings.listeners), 'listener')}, "
            f"{_count(len(ratings.passages), 'passage')}, "
            f"{_count(_systems(unfolded, ratings), 'system')}, "
            f"{_count(len(ratings.questions), 'question')}, {number} {what}, {gone} missing",
        )
    )
    lines += _scale_lines(unfolded, ratings, scales)
    references = tuple(one for one in ratings.systems if _REFERENCE.match(one))
    anchors = tuple(one for one in ratings.systems if _ANCHOR.search(one))
    every = [*unfolded.notes, *notes, *_look(references, anchors), *_personal(ratings)]
    if ratings.repeat.max(initial=0) > 0 and unfolded.form is Form.SCORES:
        cells = int((ratings.repeat == 1).sum())
        every.append(f"{cells} cells were rated more than once: repeats.")
    if twice:
        every.append(f"{twice} rows equal in all cells to an earlier one: each counts once.")
    if left := _unused(unfolded):
        every.append(f"Columns without a role: {left}.")
    lines += [AccountLine("note", note) for note in every]
    return Account(
        layout=unfolded.layout,
        files=tuple(files),
        lines=tuple(lines),
        notes=tuple(every),
        references=references,
        anchors=anchors,
    )


def _systems(unfolded: Unfolded, ratings: Ratings) -> int:
    """How many systems there are; an answer is about two of them."""
    if unfolded.form is not Form.ANSWERS:
        return len(ratings.systems)
    at = [unfolded.columns[role] for role in (RatingsColumn.SYSTEM_A, RatingsColumn.SYSTEM_B)]
    return len({row[one].strip() for _, row in unfolded.rows for one in at})


def _scale_lines(
    unfolded: Unfolded, ratings: Ratings, scales: Mapping[str, Scale]
) -> list[AccountLine]:
    if unfolded.form is not Form.SCORES:
        return []
    lines = []
    for code, question in enumerate(ratings.questions):
        scale = scales[question]
        mine = ratings.value[ratings.question == code]
        guess = scale.origin in ("inferred", "the range of the ratings")
        why = "a guess from the values: --scale LOW HIGH states it" if guess else scale.origin
        named = f"scale of {question}" if len(ratings.questions) > 1 else "scale"
        lines.append(
            AccountLine(
                named,
                f"{scale.low:g} to {scale.high:g} ({why}); ratings lie from {mine.min():g} to "
                f"{mine.max():g}",
            )
        )
    return lines


def _look(references: Sequence[str], anchors: Sequence[str]) -> list[str]:
    notes = []
    if references:
        notes.append(
            f"{personal.names(references)} looks like the reference (--reference {references[0]})."
        )
    if anchors:
        verb = "looks like an anchor" if len(anchors) == 1 else "look like anchors"
        notes.append(f"{personal.names(anchors)} {verb} (--anchors {','.join(anchors)}).")
    return notes


def _personal(ratings: Ratings) -> list[str]:
    kind = personal.kind_of_all(ratings.listeners)
    if not kind:
        return []
    each = f"{kind}es" if kind.endswith("address") else f"{kind}s"
    return [
        f"Listeners are called by {each}: personal data, which result.json and tables then hold."
    ]


def _unused(unfolded: Unfolded) -> str:
    titles = [unfolded.header[at] for at in unfolded.unknown]
    titles = [title for title in titles if title.strip() and not title.startswith("(")]
    return personal.names(titles) if titles else ""


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_FILES} more" if len(names) > _MOST_FILES else ""
    return ", ".join(names[:_MOST_FILES]) + more


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
