"""Which items are judged by which standard; a plug-in's kind may judge itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from ..kinds import Kind, kind_of, parts, units_of
from ..kinds.conformance import ConformanceItem
from ..study.study import Study, StudyFolder
from .bs1534 import bs1534
from .evidence import StudyEvidence, TakeTrials

STANDARDS: Mapping[str, Callable[[StudyEvidence], tuple[ConformanceItem, ...]]] = {
    "BS.1534-3": bs1534
}


def has_standard(study: Study) -> bool:
    """Whether any of the study's kinds is held against anything."""
    kinds = [kind_of(part) for part in parts(study)]
    return any(
        one.standard in STANDARDS or type(one).conformance is not Kind.conformance for one in kinds
    )


def conformance_of(
    study: Study, folder: StudyFolder, take_trials: TakeTrials
) -> tuple[ConformanceItem, ...]:
    """What the standards of the study's kinds ask, item by item; nothing where there are none.

    The study is made: its files lie in ``folder`` as it names them. They are read, its plans are
    drawn, and a SIMULATED listener takes it in each language, in a copy that is thrown away. Of a
    sequence, each block of pages that counts is judged by itself, and its items name it.
    """
    training = [one.pages for one in study.file.blocks if one.training]
    taken = cache(lambda: take_trials(study, folder))
    found = []
    for part in parts(study):
        if not units_of(part) or part.block in training:
            continue
        kind = kind_of(part)
        items = STANDARDS.get(kind.standard)
        whole = study if part.block else None
        judged = (
            kind.conformance(part)
            if items is None
            else items(StudyEvidence(part, folder, lambda *_: taken(), whole))
        )
        found += [_in_block(item, part.block) for item in judged]
    return tuple(found)


def _in_block(item: ConformanceItem, block: str) -> ConformanceItem:
    """The item with the name of the block that it is about, where there are several."""
    if not block:
        return item
    return replace(item, id=f"{block}: {item.id}")
