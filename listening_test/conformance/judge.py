"""Which items are judged by which standard; a plug-in's kind may judge itself."""

from collections.abc import Callable, Mapping

from ..kinds import Kind, kind_of
from ..kinds.conformance import ConformanceItem
from ..study.study import Study, StudyFolder
from .bs1534 import bs1534
from .evidence import StudyEvidence, TakeTrials

STANDARDS: Mapping[str, Callable[[StudyEvidence], tuple[ConformanceItem, ...]]] = {
    "BS.1534-3": bs1534
}


def has_standard(study: Study) -> bool:
    """Whether the study's kind is held against anything."""
    kind = kind_of(study)
    return kind.standard in STANDARDS or type(kind).conformance is not Kind.conformance


def conformance_of(
    study: Study, folder: StudyFolder, take_trials: TakeTrials
) -> tuple[ConformanceItem, ...]:
    """What the standard of the study's kind asks, item by item; nothing where there is none.

    The study is made: its files lie in ``folder`` as it names them. They are read, its plans are
    drawn, and a SIMULATED listener takes it in each language, in a copy that is thrown away.
    """
    kind = kind_of(study)
    items = STANDARDS.get(kind.standard)
    if items is None:
        return kind.conformance(study)
    return items(StudyEvidence(study, folder, take_trials))
