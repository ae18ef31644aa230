"""ITU-R BS.1534-3, item by item: each is measured on the made study, or it needs people."""

from ..kinds.conformance import ConformanceItem
from . import pages, plans, sound
from .evidence import StudyEvidence


def bs1534(evidence: StudyEvidence) -> tuple[ConformanceItem, ...]:
    """Every item; what could not be measured needs people, and is never called met."""
    return (
        sound.length(evidence),
        pages.open_reference(evidence),
        sound.hidden_reference(evidence),
        *sound.anchors(evidence),
        sound.copies(evidence),
        sound.alignment(evidence),
        plans.signals(evidence),
        plans.number(evidence),
        pages.loop(evidence),
        pages.switch(evidence),
        pages.scale(evidence),
        pages.attribute(evidence),
        pages.told(evidence),
        pages.hundred(evidence),
        pages.every(evidence),
        pages.enabled(evidence),
        pages.playing(evidence),
        plans.training(evidence),
        plans.training_range(evidence),
        plans.discarded(evidence),
        plans.order(evidence),
        plans.replicate(evidence),
        pages.level(evidence),
        pages.trim(evidence),
        sound.loudness(evidence),
        pages.transducer(evidence),
        *_people(),
    )


def _people() -> tuple[ConformanceItem, ...]:
    words = (
        ("assessors", "About 20 experienced assessors (4.1)", "the report counts those who remain"),
        ("room", "Listening conditions and equipment are controlled and reported (8)", "say so"),
        ("screening", "Assessors are screened afterwards, by the standard's rule (4.1.2)",
         "earmark report applies it and says whom it leaves out"),
        ("report", "Median and IQR, means with 95 % intervals, screening, design (9, 10)",
         "earmark report writes them"),
    )  # fmt: skip
    return tuple(
        ConformanceItem(name, requirement, "needs people", note)
        for name, requirement, note in words
    )
