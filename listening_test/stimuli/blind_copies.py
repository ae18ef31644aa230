"""Which files a version needs, so that no file tells that two stimuli are the same.

A listener who sees one address, size or hash twice knows that both stimuli are one. So a stimulus
that is shown without its name gets a file of its own on every page: for the page's first time, its
repeat and its practice, and for each of the pairs that a version of a passage takes part in. Copies
differ in their dither. An open reference is known anyway; one file for each use is enough.
"""

from collections.abc import Sequence

from ..kinds import PageItem, Unit, kind_of, opens, units_of
from ..study.study import REFERENCE, Study


def copies_of(study: Study, passage: str, system: str) -> list[str]:
    """For which uses a version of a passage needs a file of its own."""
    kind = kind_of(study)
    drawn = kind.draws_hidden_copy
    opened = drawn or (system == REFERENCE and opens(kind, study))
    parts = [""]
    if study.file.design.repeats:
        parts.append("repeat")
    if any(step.type == "training" for step in study.file.before):
        parts.append("practice")
    pages = len(_pages_with(study, passage, system))
    uses = []
    for part in parts:
        uses += [_name("main", part, page) for page in range(pages)]
        uses += [_name("open", part, page) for page in range(pages if drawn else 1) if opened]
    return uses


def copy_for(study: Study, slot: PageItem, unit: Unit, part: str) -> str:
    """The use of a page's slot; ``part`` is repeat, practice, or nothing for the page itself."""
    pages = _pages_with(study, unit.passage, slot.system)
    page = pages.index(unit) if slot.shown == "stimulus" and unit in pages else 0
    return _name(slot.copy, part, page)


def _pages_with(study: Study, passage: str, system: str) -> Sequence[Unit]:
    return [unit for unit in units_of(study) if unit.passage == passage and system in unit.systems]


def _name(copy: str, part: str, page: int) -> str:
    words = (part if copy == "main" else f"{copy}-{part}") if part else copy
    return f"{words}:{page}" if page else words
