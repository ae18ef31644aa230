"""What a page asks and says, worked out once for each unit and language of a study.

A kind's questions, words and rules follow from the study alone, which never changes.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from ..kinds import Question, Rules, Unit, kind_of, part_of
from ..study.study import Study
from ..study.texts import html_of

T = TypeVar("T")


def _once(study: Study, key: tuple[object, ...], make: Callable[[], T]) -> T:
    memory = study.memory
    if key not in memory:
        memory[key] = make()
    return cast(T, memory[key])


def questions(study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
    """What is asked on a page of a unit, in the listener's language."""
    part = part_of(study, unit.block)
    return _once(
        part,
        ("questions", unit.key, language),
        lambda: kind_of(part).questions(part, unit, language),
    )


def rules(part: Study) -> Rules:
    """What must be done before a page of this kind or block can be left."""
    return _once(part, ("rules",), lambda: kind_of(part).rules(part))


def unit_named(study: Study, key: str) -> Unit:
    """The unit of a stored key."""
    return _once(study, ("unit", key), lambda: Unit.parse(key))


def title(part: Study, language: str) -> str:
    """The question that stands over a page."""
    return _once(part, ("title", language), lambda: kind_of(part).title(part, language))


def help_html(part: Study, language: str) -> str:
    """The instruction below it, as HTML."""
    return _once(part, ("help", language), lambda: html_of(kind_of(part).help(part, language)))
