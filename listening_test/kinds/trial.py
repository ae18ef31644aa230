"""Tries a kind that a plug-in added on one page, before a study is made of it or a listener comes.

Our own kinds have tests; what a user's kind does wrong is told here in one line.
"""

from collections.abc import Iterator
from pathlib import Path

from ...models.errors import UserError
from ...models.plugins import failure_in
from ..study.orders import generator
from ..study.study import Study
from .contract import KINDS, Kind, kind_of
from .pages import Answered, ItemState, PageItem, Question, Unit

_LIKED = 70.0


class _Felt:
    """Somebody who likes all systems alike."""

    def __call__(self, system: str) -> float:
        return _LIKED

    def worth(self, system: str) -> float:
        return _LIKED


def require_working(study: Study) -> None:
    """Refuse a plug-in's kind that cannot make, answer or judge the study's first page.

    Raises:
        UserError: with the plug-in's line where it fails, or what it gives that cannot be.
    """
    kind = kind_of(study)
    source = KINDS.made_by(kind.name)
    if not source:
        return
    try:
        wrong = list(_wrong(kind, study))
    except UserError:
        raise
    except Exception as error:  # whatever a method of the user's raises is the plug-in's fault
        what = f"kind of test {kind.name!r}"
        raise UserError(failure_in(error, Path(source), what)) from None
    if wrong:
        raise UserError("\n".join(f"{source}: kind of test {kind.name!r}: {one}" for one in wrong))


def _wrong(kind: Kind, study: Study) -> Iterator[str]:
    units = kind.units(study)
    for unit in units[:1]:
        yield from _units(unit, study)
        for language in study.file.languages:
            kind.title(study, language)
            kind.help(study, language)
            questions = kind.questions(study, unit, language)
            yield from _page(kind, study, unit, questions)


def _units(unit: Unit, study: Study) -> Iterator[str]:
    unknown = [name for name in unit.systems if name not in study.systems]
    if unknown:
        yield f"units() names {unknown[0]!r}, which is not a system of the study"
    if unit.passage not in {one.id for one in study.passages}:
        yield f"units() names {unit.passage!r}, which is not a passage of the study"


def _page(kind: Kind, study: Study, unit: Unit, questions: tuple[Question, ...]) -> Iterator[str]:
    draw, rules = generator("trial"), kind.rules(study)
    slots = kind.slots(study, unit, unit.systems, draw)
    rated = [one for one in slots if one.shown == "stimulus"]
    labels = [one.label for one in slots]
    if len(set(labels)) < len(labels):
        yield f"slots() gives two places one label, {labels}"
    if len(kind.starts(questions, len(rated), draw)) != len(rated):
        yield f"starts() does not give one entry for each of {len(rated)} places"
    empty = _answered(unit, slots, {}, {})
    kind.missing(empty, questions, rules)
    kind.rows(empty, questions)
    each: dict[str, list[float]] = {}
    whole: dict[str, float] = {}
    by_label = {one.label: one for one in slots}
    for one in questions:
        if one.per == "page":
            whole[one.id] = kind.simulated(by_label, one, _Felt(), draw)
        else:
            each[one.id] = kind.simulated_grades(one, [_LIKED] * len(rated), rules)
        given = [whole[one.id]] if one.per == "page" else each[one.id]
        yield from (
            f"a simulated listener answers {value!r} to {one.id!r}, which the question does not "
            "allow"
            for value in given
            if not one.allows(value)
        )
    page = _answered(unit, slots, each, whole)
    kind.missing(page, questions, rules)
    yield from (
        f"rows() names {row.system!r}, which is not a system of the study"
        for row in kind.rows(page, questions)
        if row.system not in study.systems
    )


def _answered(
    unit: Unit, slots: list[PageItem], each: dict[str, list[float]], whole: dict[str, float]
) -> Answered:
    """The page with these answers: by question for each rated place, and for the page."""
    places, rated = [], 0
    for position, slot in enumerate(slots):
        ratings: dict[str, float | None] = {}
        if slot.shown == "stimulus":
            ratings = {question: values[rated] for question, values in each.items()}
            rated += 1
        places.append(ItemState(slot.label, slot, position, ratings, played=True))
    return Answered(unit, tuple(places), dict(whole))
