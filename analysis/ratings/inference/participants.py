"""Who took part: how many came how far, and what their questionnaires say of them together.

Nothing here names a person. Free text, in which people identify themselves, is only counted unless
it is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....listening_test.export.participants import Person
from ....listening_test.study.file import Ask
from ....listening_test.study.study import in_language
from ..reading.people import JoinedPeople, Trait
from ..result.blocks import Flow
from ..result.note_words import noted
from ..result.notes import Headphones, NoteCode, Said
from ..result.people import Answers, FlowStage, OptionCount, Participants, Spread, Texts

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


def summarised(
    people: Sequence[Person], asked: Sequence[Ask], counted: Counted, *, free_text: bool = False
) -> Participants:
    """The flow of participants, the time they took, and their questionnaires as counts.

    ``free_text`` adds what people wrote, without their sessions.
    """
    mine = [one for one in people if one.counts_as == counted.sessions]
    finished = [one for one in mine if one.state == "complete"]
    others: dict[str, int] = {}
    for one in people:
        if one.counts_as != counted.sessions:
            others[one.counts_as] = others.get(one.counts_as, 0) + 1
    texts: dict[str, Any] = {"texts": _texts(asked, finished)} if free_text else {}
    return Participants(
        sessions=counted.sessions,
        flow=_flow(mine, finished, counted),
        others=dict(sorted(others.items())),
        minutes=_spread([one.minutes for one in finished if one.minutes is not None]),
        questionnaire=tuple(_answers(ask, finished) for ask in asked if ask.type != "statement"),
        **texts,
    )


def joined(people: Sequence[JoinedPeople], flow: Flow) -> Participants:
    """The listeners of ratings of other tools, as files about people describe them together."""
    stages: list[tuple[str, int]] = [("rated", flow.listeners)]
    stages += [(f"described in {one.file}", one.joined) for one in people]
    stages += [("screened out", len(flow.excluded)), ("analysed", flow.analysed)]
    return Participants(
        sessions="real",
        flow=tuple(FlowStage(stage=stage, count=count, note="") for stage, count in stages),
        others={},
        minutes=None,
        questionnaire=tuple(
            Answers(
                id=trait.title,
                label=trait.title,
                type="choice" if trait.counts else "number",
                answered=trait.answered,
                of=one.joined,
                **_described(trait),
            )
            for one in people
            for trait in one.traits
        ),
        source=", ".join(one.file for one in people),
    )


def _described(trait: Trait) -> dict[str, Any]:
    if trait.counts:
        return {"counts": tuple(OptionCount(option=o, count=count) for o, count in trait.counts)}
    if trait.quartiles is None:
        return {}
    q1, median, q3 = trait.quartiles
    return {"spread": Spread(median=median, q1=q1, q3=q3)}


def _texts(asked: Sequence[Ask], finished: Sequence[Person]) -> tuple[Texts, ...]:
    return tuple(
        Texts(id=ask.id, answers=tuple(sorted(str(value) for value in _given(ask, finished))))
        for ask in asked
        if ask.type in _WRITTEN
    )


def _flow(
    mine: Sequence[Person], finished: Sequence[Person], counted: Counted
) -> tuple[FlowStage, ...]:
    """One entry per stage; a count of None was not asked for or is not known, with the reason."""
    consents = [one.consented for one in mine if one.consented is not None]
    heard = [one.headphones for one in mine if one.headphones is not None]
    unknown = None if counted.invited is not None else NoteCode.NOT_RECORDED
    stages: list[tuple[str, int | None, Said | None]] = [
        ("invited", counted.invited, unknown),
        ("started", len(mine), None),
        (
            "consented",
            sum(consents) if consents else None,
            None if consents else NoteCode.NO_CONSENT,
        ),
    ]
    if heard:
        note = Headphones(failed=heard.count("failed"), skipped=heard.count("skipped"))
        stages.append(("passed the headphone test", heard.count("passed"), note))
    stages += [
        ("finished", len(finished), None),
        ("withdrawn", sum(one.state == "withdrawn" for one in mine), None),
        ("not finished", sum(one.state in ("open", "paused") for one in mine), None),
        ("screened out", counted.screened_out, None),
        ("analysed", counted.analysed, None),
    ]
    return tuple(
        FlowStage(stage=stage, count=count, **noted(note)) for stage, count, note in stages
    )


def _given(ask: Ask, people: Sequence[Person]) -> list[Any]:
    values = [one.answers.get(ask.id) for one in people]
    return [value for value in values if value not in (None, "", [])]


def _answers(ask: Ask, people: Sequence[Person]) -> Answers:
    given = _given(ask, people)
    return Answers(
        id=ask.id,
        label=in_language(ask.label, "en"),
        type=ask.type,
        answered=len(given),
        of=len(people),
        **_together(ask, given),
    )


def _together(ask: Ask, given: Sequence[Any]) -> dict[str, Any]:
    """The answers as counts or as a spread, by the field that holds it; neither of a text."""
    if ask.type in _CHOSEN:
        return {"counts": _counts(ask, given)}
    if ask.type in _NUMBERS:
        return {"spread": _spread([float(value) for value in given])}
    return {}


def _counts(ask: Ask, given: Sequence[Any]) -> tuple[OptionCount, ...]:
    chosen = [value if isinstance(value, list) else [value] for value in given]
    return tuple(
        OptionCount(option=in_language(words, "en"), count=sum(str(index) in one for one in chosen))
        for index, words in enumerate(ask.options)
    )


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    q1, median, q3 = (float(v) for v in np.quantile(values, [0.25, 0.5, 0.75]))
    return Spread(median=median, q1=q1, q3=q3)
