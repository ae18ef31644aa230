"""The result of ``earmark validate`` as a document: what was judged by what, and the finding."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, StrictBool, StrictInt, ValidationError

from ...models.errors import UserError
from ..ratings.result.validity import Following
from ..result.parts import Number, ResultPart

SCHEMA: Literal[1] = 1


class ValidityInput(ResultPart):
    """The ratings: the file, the question, and how many listeners screening left out."""

    file: str
    sha256: str
    rows: StrictInt
    missing: StrictInt
    duplicates: StrictInt
    question: str
    scale: tuple[Number, Number]
    screened_out: StrictInt


class ValidityOptions(ResultPart):
    """What was asked."""

    reference: str | None
    anchors: tuple[str, ...]
    alpha: Number
    seed: StrictInt


class MatchedStimuli(ResultPart):
    """Stimuli that were rated, those among them that have a metric, and those that have none.

    ``merged`` are systems that are one: the same audio on every passage.
    """

    rated: StrictInt
    matched: StrictInt
    unmatched: tuple[tuple[str, str], ...]
    unrated: tuple[tuple[str, str], ...]
    twins: tuple[tuple[str, str, str], ...]
    merged: tuple[tuple[str, ...], ...]


class ValidityDocument(ResultPart):
    """How far metrics follow the ratings of one set; what ``earmark schema validity`` describes."""

    schema_number: Literal[1] = Field(alias="schema")
    name: str
    simulated: StrictBool
    label: str | None
    source: str
    input: ValidityInput
    options: ValidityOptions
    stimuli: MatchedStimuli
    following: Following
    notes: tuple[str, ...]

    def json_text(self) -> str:
        """The text of ``result.json``: equal results give equal bytes."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> "ValidityDocument":
        """The document in a ``result.json`` of ``earmark validate``.

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
        raise UserError(f"{path}: is not a result.json of 'earmark validate' ({why})")


def json_schema() -> dict[str, Any]:
    """The JSON schema of the document."""
    return ValidityDocument.model_json_schema(by_alias=True)
