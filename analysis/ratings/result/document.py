"""The document of an analysis: every question's result under a schema number, as JSON text."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from ....models.errors import UserError
from ...result.parts import Free, Maybe, Number, ResultPart
from .blocks import (
    Agreement,
    Check,
    Classical,
    Descriptives,
    Input,
    Primary,
    Screening,
    SystemSummary,
    VarianceComponents,
)
from .design import Design
from .master import AgainstMaster
from .names import Adjust, Scope
from .people import Participants
from .secondary import Secondary
from .tests import Pair

if TYPE_CHECKING:
    from pandas import DataFrame

SCHEMA: Literal[1] = 1


class AllListeners(ResultPart):
    """The analysis with the listeners whom screening excludes."""

    descriptives: Descriptives
    classical: Classical
    primary: Primary


class QuestionResult(ResultPart):
    """Everything that was found of one question.

    ``against_master`` is there where the reference master was among what was rated.
    """

    question: str
    input: Input
    design: Design
    screening: Screening
    descriptives: Descriptives
    classical: Classical
    primary: Primary
    secondary: Secondary
    agreement: Agreement
    variance_components: VarianceComponents
    checks: tuple[Check, ...]
    all_listeners: AllListeners | None
    against_master: AgainstMaster | None = None


class AboutStudy(ResultPart):
    """The study whose ratings these are, and what it ``declared`` before there were any.

    ``block`` is there where it is a sequence, of which one block is analysed.
    """

    id: str
    title: str
    kind: str
    sha256: str
    frozen_at: str | None
    simulated_music: bool
    declared: dict[str, Free] | None
    block: str = ""


class AnalysisOptions(ResultPart):
    """How the ratings were analysed; ``declared`` is what was fixed beforehand.

    ``declared_sha256`` is that of the file in which it stood.
    """

    question: str | None
    reference: str | None
    anchors: tuple[str, ...]
    mid_anchor: str | None = None
    exclude: tuple[str, ...] = ()
    baseline: str | None
    reference_master: str | None = None
    scope: Scope | Literal["auto"]
    alpha: Number
    margin: Maybe
    adjust: Adjust
    seed: int
    abx: bool
    declared: dict[str, Free]
    declared_sha256: str | None = None


class _Head(ResultPart):
    schema_number: Literal[1] = Field(alias="schema")
    simulated: bool
    label: str | None
    sessions: str | None
    study: AboutStudy | None
    participants: Participants | None
    options: AnalysisOptions
    deviations: tuple[str, ...]
    questions: tuple[str, ...]
    questions_adjust: str


class RatingsResult(QuestionResult, _Head):
    """A whole result: the first question lies flat in it, the ``others`` follow.

    ``label`` is the word that everything of a result carries whose ratings do not count.
    """

    others: tuple[QuestionResult, ...]

    @classmethod
    def read(cls, path: Path) -> "RatingsResult":
        """The result in a ``result.json``.

        Raises:
            UserError: one line with the file, if it is none.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            why = type(error).__name__
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            why = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise UserError(f"{path}: is not a result.json of 'earmark analyse' ({why})")

    def json_text(self) -> str:
        """The text of ``result.json``: equal results give equal bytes."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1, allow_nan=False)
        return text + "\n"

    def every_question(self) -> "tuple[QuestionResult, ...]":
        """The result of each question, the first one first."""
        return self, *self.others

    def pairs(self) -> "DataFrame":
        """The pairs of the primary analyses, a row each, with their question and first effect."""
        from pandas import DataFrame

        rows = []
        for one in self.every_question():
            for pair in one.primary.pairs:
                plain, effect = pair.as_json(), pair.effect.as_json().values()
                rows.append((one.question, *map(plain.get, _PAIR), *effect))
        return DataFrame(rows, columns=["question", *_PAIR, *_EFFECT])

    def systems(self) -> "DataFrame":
        """What was rated per system, a row each, with its question."""
        from pandas import DataFrame

        names = list(SystemSummary.model_fields)
        rows = [
            (one.question, *(getattr(row, name) for name in names))
            for one in self.every_question()
            for row in one.descriptives.systems
        ]
        return DataFrame(rows, columns=["question", *names])


_PAIR = [name for name in Pair.model_fields if name not in ("effect", "effects", "equivalence")]
_EFFECT = ("effect", "effect_value", "effect_low", "effect_high")


def json_schema() -> dict[str, Any]:
    """The JSON schema of the ``result.json`` of an analysis."""
    return RatingsResult.model_json_schema(by_alias=True)
