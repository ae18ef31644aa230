"""MUSHRA: several versions, a hidden reference and anchors on a scale with five bands (BS.1534)."""

from collections.abc import Iterator
from typing import ClassVar

from ..study.file import Test
from ..study.study import Study, in_language
from ..study.texts import text
from .contract import Kind, bands, kind
from .for_analysis import ForAnalysis
from .pages import Question, Rules, Unit

BANDS = tuple(f"scale.quality.{name}" for name in ("bad", "poor", "fair", "good", "excellent"))


@kind
class Mushra(Kind):
    """One attribute; the hidden reference and both anchors are added, one item must be at 100."""

    name: ClassVar[str] = "mushra"
    summary: ClassVar[str] = "multi-stimulus test with hidden reference and anchors (BS.1534-3)"
    for_analysis: ClassVar[ForAnalysis] = ForAnalysis(
        scale=(0.0, 100.0, "MUSHRA or APE"), held_against=True
    )
    view: ClassVar[str] = "mushra"
    standard: ClassVar[str] = "BS.1534-3"
    default_rules: ClassVar[Rules] = Rules(only_playing_enabled=True, one_at_maximum=True)
    default_order: ClassVar[str] = "random"
    adds_anchors: ClassVar[bool] = True
    needs_reference: ClassVar[bool] = True
    hides_reference: ClassVar[bool] = True
    most_axes: ClassVar[int | None] = 1
    natural_anchors: ClassVar[bool] = True
    fade_ms: ClassVar[float] = 5.0

    def problems(self, test: Test) -> Iterator[str]:
        if len(test.axes) > 1:
            yield "a MUSHRA page asks for one attribute; use kind: attributes or ape"
        if test.crossfade:
            yield "a MUSHRA page never cross-fades (BS.1534-3); leave crossfade out"

    def questions(self, study: Study, unit: Unit, language: str) -> tuple[Question, ...]:
        axis = study.test.axes[0] if study.test.axes else None
        name = in_language(axis.label, language, study.file.languages) if axis else ""
        return (
            Question(
                axis.name if axis else "quality",
                name or (axis.name if axis else text(language, "scale.quality.label")),
                labels=bands(language, BANDS),
            ),
        )

    def rules(self, study: Study) -> Rules:
        rules = super().rules(study)
        if study.test.strict:
            return rules
        return Rules(**{**rules.__dict__, "one_at_maximum": False})
