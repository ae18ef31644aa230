"""What the JSON export of a study's sessions holds, as types: for programs that read it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExportedPlace(_Part):
    """A place on a page: which version stood there, where its marker began, how often it played.

    ``shown`` is what the listener knew of it: ``stimulus`` or ``reference``.
    """

    token: str
    position: int
    label: str
    system: str
    shown: str
    audio: str
    start: dict[str, Any]
    comment: str
    plays: int


class ExportedRating(_Part):
    """A question's latest value; ``presentation`` is a place's token, empty for the page's own."""

    presentation: str
    question: str
    value: float | None
    changes: int
    client: str
    seq: int
    at_ms: float | None
    at: str | None


class ExportedPage(_Part):
    """A page as it was drawn and left; ``block`` names its block where a study has several."""

    block: str | None = None
    number: int
    part: str
    kind: str
    passage: str
    unit: str
    repeat: int
    revision: int
    comment: str
    first_at: str | None
    done_at: str | None
    presentations: list[ExportedPlace]
    ratings: list[ExportedRating]


class ExportedEvent(_Part):
    """One event as it arrived: ``at_ms`` by the page's clock, ``received_at`` in UTC."""

    arrival: int
    id: str
    client: str
    seq: int
    at_ms: float | None
    received_at: str
    type: str
    page: int | None
    stimulus: str | None
    question: str | None
    value: Any
    data: Any


class ExportedAnswer(_Part):
    """An answer to a question of a step, such as a questionnaire."""

    step: str
    question: str
    value: Any
    at: str


class ExportedSession(_Part):
    """A session with everything but its token, which would open it.

    ``mark`` and ``counts_as`` say of which sort it is; ``erased_at`` is there where a person's
    traces were erased.
    """

    id: str
    study_version: str
    mark: str
    number: int
    seed: str
    language: str
    plan: list[dict[str, Any]]
    place: int
    state: str
    next_seq: int
    completion_code: str
    agent: str
    created_at: str
    updated_at: str
    completed_at: str | None
    erased_at: str | None = None
    counts_as: str
    pages: list[ExportedPage]
    events: list[ExportedEvent]
    answers: list[ExportedAnswer]


class SessionsDocument(_Part):
    """What ``earmark study export --json`` writes; ``study`` is the study as it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal[1] = Field(alias="schema")
    study: dict[str, Any]
    sessions: list[ExportedSession]


def json_schema() -> dict[str, Any]:
    """The JSON schema of the whole file."""
    return SessionsDocument.model_json_schema(by_alias=True)
