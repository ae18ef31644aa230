"""The plan of a session: the steps that a listener will meet, drawn once at the beginning.

It is stored with the session as JSON, one object per step, and read back into these types.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ..storage.rooms import Page, Room
from ..study.file import Step
from ..study.study import Study
from .draws import Between

_BREAK_FROM = 6  # so many pages without a word on breaks get one halfway


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str


class TextStep(_Entry):
    """A step that the study file describes; ``index`` is its place there.

    ``where`` is ``before``, ``after``, or ``between`` for the steps of a sequence.
    """

    type: Literal["consent", "volume", "headphone", "questionnaire", "training", "text"]
    where: Literal["before", "after", "between"]
    index: int


class PageStep(_Entry):
    """A page of the test, by its number from 1."""

    type: Literal["page"] = "page"
    page: int


class BreakStep(_Entry):
    """A break between two pages."""

    type: Literal["break"] = "break"


class ThanksStep(_Entry):
    """The end."""

    type: Literal["thanks"] = "thanks"


PlanEntry = TextStep | PageStep | BreakStep | ThanksStep
_ENTRY: TypeAdapter[PlanEntry] = TypeAdapter(Annotated[PlanEntry, Field(discriminator="type")])


def plan_of(study: Study, met: Sequence[str | Between]) -> list[PlanEntry]:
    """The steps of a session whose pages belong to the parts ``met`` (training or main).

    In a sequence, steps of the study stand between them.
    """
    if study.file.sequence:
        return _of_sequence(study, met)
    file, steps, number = study.file, list[PlanEntry](), 0
    parts = [one for one in met if isinstance(one, str)]
    practice = sum(part == "training" for part in parts)
    for index, step in enumerate(file.before):
        steps.append(_text(step, "before", index))
        if step.type == "training":
            for _ in range(min(step.pages, practice - number)):
                number += 1
                steps.append(_page(number))
    main = len(parts) - practice
    every = file.design.break_after or (-(-main // 2) if main >= _BREAK_FROM else 0)
    for count in range(1, main + 1):
        number += 1
        steps.append(_page(number))
        if every and count % every == 0 and count < main:
            steps.append(BreakStep(id=f"break-{count}"))
    after = [one for one in file.after if one.type != "thanks"]
    steps += [_text(step, "after", file.after.index(step)) for step in after]
    return [*steps, ThanksStep(id="thanks")]


def stored(plan: Sequence[PlanEntry]) -> list[dict[str, Any]]:
    """A plan as it is stored."""
    return [entry.model_dump() for entry in plan]


def entry_at(found: Room, place: int | None = None) -> PlanEntry:
    """The step at a place of the plan, by default where the session stands."""
    return _read(found.plan[found.place if place is None else place])


def entries(found: Room, start: int = 0, stop: int | None = None) -> Iterator[PlanEntry]:
    """The steps of the plan from ``start`` on, ``stop`` left out."""
    return map(_read, found.plan[start:stop])


def page_of(found: Room, step: PageStep) -> Page:
    """The page that a step shows."""
    return found.pages[step.page - 1]


def _read(stored: Mapping[str, Any]) -> PlanEntry:
    return _entry(tuple(stored.items()))


@lru_cache(maxsize=4096)
def _entry(stored: tuple[tuple[str, Any], ...]) -> PlanEntry:
    """An entry as it is stored; those of a study are few, and each is checked once."""
    return _ENTRY.validate_python(dict(stored))


def _page(number: int) -> PageStep:
    return PageStep(id=f"page-{number}", page=number)


def _of_sequence(study: Study, met: Sequence[str | Between]) -> list[PlanEntry]:
    """The plan of a sequence; a long one without any break of its own gets one halfway."""
    file, steps, number, main = study.file, list[PlanEntry](), 0, 0
    pages = sum(one == "main" for one in met)
    rests = any(step.type == "break" for step in file.between)
    rests = rests or any(block.design.break_after for block in file.blocks)
    half = 0 if rests or pages < _BREAK_FROM else -(-pages // 2)
    for place, one in enumerate(met):
        if isinstance(one, Between) and one.index is None:
            steps.append(BreakStep(id=f"break-{main}"))
        elif isinstance(one, Between) and one.index is not None:
            step = file.between[one.index]
            own = BreakStep(id=f"pause-{one.index + 1}") if step.type == "break" else None
            steps.append(own or _text(step, "between", one.index))
        else:
            number, main = number + 1, main + (one == "main")
            steps.append(_page(number))
            goes_on = place + 1 < len(met) and isinstance(met[place + 1], str)
            if goes_on and one == "main" and main == half:
                steps.append(BreakStep(id=f"break-{main}"))
    return [
        *(_text(step, "before", index) for index, step in enumerate(file.before)),
        *steps,
        *_closing(file.after),
        ThanksStep(id="thanks"),
    ]


def _closing(after: Sequence[Step]) -> list[PlanEntry]:
    return [_text(one, "after", at) for at, one in enumerate(after) if one.type != "thanks"]


def _text(step: Step, where: Literal["before", "after", "between"], index: int) -> TextStep:
    name = "headphone" if step.type == "headphone_check" else step.type
    return TextStep.model_validate(
        {"id": f"{where}-{index + 1}", "type": name, "where": where, "index": index}
    )
