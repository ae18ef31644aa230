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

_BREAK_FROM = 6  # so many pages without a word on breaks get one halfway


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str


class TextStep(_Entry):
    """A step that the study file describes; ``index`` is its place in ``before`` or ``after``."""

    type: Literal["consent", "volume", "headphone", "questionnaire", "training", "text"]
    where: Literal["before", "after"]
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


def plan_of(study: Study, parts: Sequence[str]) -> list[PlanEntry]:
    """The steps of a session whose pages belong to ``parts`` (training or main)."""
    file, steps, number = study.file, list[PlanEntry](), 0
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


def _text(step: Step, where: Literal["before", "after"], index: int) -> TextStep:
    name = "headphone" if step.type == "headphone_check" else step.type
    return TextStep.model_validate(
        {"id": f"{where}-{index + 1}", "type": name, "where": where, "index": index}
    )
