"""APE: all versions of a passage as markers on one axis per attribute (De Man & Reiss 2014)."""

import random
from collections.abc import Sequence
from typing import ClassVar

from ..study.file import Axis
from ..study.orders import start_positions
from ..study.study import Study, in_language
from ..study.texts import text
from .contract import Kind, kind
from .for_analysis import ForAnalysis
from .pages import Question, Rules, Unit

PRODUCTION = ("production_value", "clarity", "excitement")


def axes(study: Study, language: str) -> tuple[Question, ...]:
    """The study's axes as questions; one named ``preference`` where it names none."""
    test, languages = study.test, study.file.languages
    names = PRODUCTION if test.preset == "production" else ("preference",)
    said = test.axes or [Axis(name=name) for name in names]
    return tuple(
        Question(
            axis.name,
            in_language(axis.label, language, languages) or _known(language, axis.name, "label"),
            left=in_language(axis.left, language, languages) or _known(language, axis.name, "left"),
            right=in_language(axis.right, language, languages)
            or _known(language, axis.name, "right"),
        )
        for axis in said
    )


def _known(language: str, axis: str, part: str) -> str:
    found = text(language, f"scale.{axis}.{part}", missing="")
    return found or (axis if part == "label" else text(language, f"scale.{part}"))


@kind
class Ape(Kind):
    """Markers begin at positions that the server drew; a marker counts once it was moved."""

    name: ClassVar[str] = "ape"
    summary: ClassVar[str] = "all versions as markers on one axis per attribute"
    default_rules: ClassVar[Rules] = Rules(start_hollow=True)
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(scale=(0.0, 100.0, "MUSHRA or APE"))
    view: ClassVar[str] = "ape"
    most_axes: ClassVar[int | None] = None
    may_crossfade: ClassVar[bool] = True

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        return axes(study, language)

    def starts(
        self, questions: Sequence[Question], places: int, draw: random.Random
    ) -> list[dict[str, float | None]]:
        drawn = {one.id: start_positions(places, draw) for one in questions}
        return [{name: spots[index] for name, spots in drawn.items()} for index in range(places)]
