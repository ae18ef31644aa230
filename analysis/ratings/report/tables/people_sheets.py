"""Tables of who took part: how far people came, and what their questionnaires say."""

from typing import Any

from ...result.people import Answers, Participants
from .sheet import Sheet, columns_of


def people_sheet(people: Participants | None) -> Sheet | None:
    """What the questionnaires say of those who finished; None where there were none."""
    rows = [row for asked in (people.questionnaire if people else ()) for row in _rows(asked)]
    if people is None or not rows:
        return None
    columns = columns_of(
        *("Question", "Answered/count", "FirstScreen", "Count/count", "Share/share"),
        *("Median/number", "Q1/number", "Q3/number"),
    )
    caption = f"Questionnaires of the {people.questionnaire[0].of} who finished"
    if people.source:
        caption = f"What {people.source} says of {people.questionnaire[0].of} listeners together"
    return Sheet("participants", caption, columns, tuple(rows))


def _rows(asked: Answers) -> list[tuple[Any, ...]]:
    head = (asked.label or asked.id, asked.answered)
    if asked.spread:
        middle = asked.spread
        words = "median and quartiles"
        return [(*head, words, None, None, middle.median, middle.q1, middle.q3)]
    if asked.counts is None:
        return [(*head, "not shown" if asked.answered else "nobody", *[None] * 5)]
    return [
        (
            *(*head, entry.option, entry.count),
            *(entry.count / asked.answered if asked.answered else None, None, None, None),
        )
        for entry in asked.counts
    ]


def flow_sheet(people: Participants | None) -> Sheet | None:
    """How many people came how far; None where the ratings do not say."""
    if people is None:
        return None
    columns = columns_of("Stage", "Sessions/count", "Note")
    rows = tuple((one.stage, one.count, one.note) for one in people.flow)
    return Sheet("participant-flow", "Flow of participants", columns, rows)
