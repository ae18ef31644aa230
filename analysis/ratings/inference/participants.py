"""Who took part: how many came how far, and what their questionnaires say of them together.

Nothing here names a person. Free text, in which people identify themselves, is only counted unless
it is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....listening_test.export.participants import Person
from ....listening_test.study.file import Ask
from ....listening_test.study.study import in_language

_CHOSEN = ("choice", "choices", "likert")
_NUMBERS = ("number", "slider")
_WRITTEN = ("text", "long_text")


@dataclass(frozen=True)
class Counted:
    """Which sort of sessions is counted, and what only the analysis knows of them."""

    sessions: str
    invited: int | None
    screened_out: int
    analysed: int


def summarised(people: Sequence[Person], asked: Sequence[Ask], counted: Counted) -> dict[str, Any]:
    """The flow of participants, the time they took, and their questionnaires as counts."""
    mine = [one for one in people if one.counts_as == counted.sessions]
    finished = [one for one in mine if one.state == "complete"]
    others: dict[str, int] = {}
    for one in people:
        if one.counts_as != counted.sessions:
            others[one.counts_as] = others.get(one.counts_as, 0) + 1
    return {
        "sessions": counted.sessions,
        "flow": _flow(mine, finished, counted),
        "others": dict(sorted(others.items())),
        "minutes": _spread([one.minutes for one in finished if one.minutes is not None]),
        "questionnaire": [_question(ask, finished) for ask in asked if ask.type != "statement"],
    }


def texts(people: Sequence[Person], asked: Sequence[Ask], counted: Counted) -> list[dict[str, Any]]:
    """What people wrote, without their sessions, in alphabetical order."""
    finished = [
        one for one in people if (one.counts_as, one.state) == (counted.sessions, "complete")
    ]
    return [
        {"id": ask.id, "answers": sorted(str(value) for value in _given(ask, finished))}
        for ask in asked
        if ask.type in _WRITTEN
    ]


def _flow(
    mine: Sequence[Person], finished: Sequence[Person], counted: Counted
) -> list[dict[str, Any]]:
    """One entry per stage; a count of None was not asked for or is not known, with the reason."""
    consents = [one.consented for one in mine if one.consented is not None]
    heard = [one.headphones for one in mine if one.headphones is not None]
    stages: list[tuple[str, int | None, str]] = [
        ("invited", counted.invited, "" if counted.invited is not None else "not recorded"),
        ("started", len(mine), ""),
        (
            "consented",
            sum(consents) if consents else None,
            "" if consents else "the study asks for no consent",
        ),
    ]
    if heard:
        words = f"{heard.count('failed')} failed, {heard.count('skipped')} skipped"
        stages.append(("passed the headphone test", heard.count("passed"), words))
    stages += [
        ("finished", len(finished), ""),
        ("withdrawn", sum(one.state == "withdrawn" for one in mine), ""),
        ("not finished", sum(one.state in ("open", "paused") for one in mine), ""),
        ("screened out", counted.screened_out, ""),
        ("analysed", counted.analysed, ""),
    ]
    return [{"stage": stage, "count": count, "note": note} for stage, count, note in stages]


def _given(ask: Ask, people: Sequence[Person]) -> list[Any]:
    values = [one.answers.get(ask.id) for one in people]
    return [value for value in values if value not in (None, "", [])]


def _question(ask: Ask, people: Sequence[Person]) -> dict[str, Any]:
    given = _given(ask, people)
    found: dict[str, Any] = {
        "id": ask.id,
        "label": in_language(ask.label, "en"),
        "type": ask.type,
        "answered": len(given),
        "of": len(people),
    }
    if ask.type in _CHOSEN:
        chosen = [value if isinstance(value, list) else [value] for value in given]
        found["counts"] = [
            {
                "option": in_language(words, "en"),
                "count": sum(str(index) in one for one in chosen),
            }
            for index, words in enumerate(ask.options)
        ]
    elif ask.type in _NUMBERS:
        found["spread"] = _spread([float(value) for value in given])
    return found


def _spread(values: Sequence[float]) -> Mapping[str, float] | None:
    """Median and quartiles; the extremes would point at single people."""
    if not values:
        return None
    q1, median, q3 = (float(v) for v in np.quantile(values, [0.25, 0.5, 0.75]))
    return {"median": median, "q1": q1, "q3": q3}
