"""Attributes: several labelled scales for each version, side by side."""

from dataclasses import replace
from typing import ClassVar

from ..study.file import Axis
from ..study.study import Study
from .ape import PRODUCTION, axes
from .contract import Kind, kind
from .for_analysis import ForAnalysis
from .pages import Question, Unit


@kind
class Attributes(Kind):
    """Sliders of 0 to 100 for each version; without axes: production value, clarity, excitement."""

    name: ClassVar[str] = "attributes"
    summary: ClassVar[str] = "several labelled scales for each version"
    minutes_per_page: ClassVar[float] = 5.0
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(scale=(0.0, 100.0, "MUSHRA or APE"))
    most_axes: ClassVar[int | None] = None

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        if study.test.axes:
            return axes(study, language)
        test = study.test.model_copy(update={"axes": [Axis(name=one) for one in PRODUCTION]})
        return axes(replace(study, file=study.file.model_copy(update={"test": test})), language)
