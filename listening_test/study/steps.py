"""The texts of a study file, and the steps around its pages with their questions."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ...models.configuration import Strict, YamlLines

LANGUAGES = ("en", "uk", "de", "fr", "es", "ar")
_STEPS = (
    *("consent", "volume", "headphone_check", "questionnaire", "training", "text", "thanks"),
    "break",
)
BETWEEN = ("consent", "questionnaire", "text", "break")  # they may stand in a sequence
FIRST = ("volume", "headphone_check", "training")  # they prepare for the pages


def _spoken(words: str | dict[str, str]) -> str | dict[str, str]:
    wrong = [code for code in words if code not in LANGUAGES] if isinstance(words, dict) else []
    if wrong or words == {}:
        raise ValueError(
            f"{wrong[0] if wrong else 'nothing'!r} is not a language of the pages; choose from "
            f"{', '.join(LANGUAGES)}, or write one text for all"
        )
    return words


def as_text(value: Any) -> Any:
    """Text that YAML made a number or a truth of is refused, so that what was meant is kept."""
    if isinstance(value, bool):
        raise ValueError(
            f"{value!r} is what YAML makes of yes, no, on, off, true and false; put the word in "
            "quotes"
        )
    if isinstance(value, int | float):
        raise ValueError(f"{value!r} is a number to YAML; put it in quotes")
    return value


# One text for all languages, or one for each of them.
Words = Annotated[str | dict[str, str], BeforeValidator(as_text), AfterValidator(_spoken)]


def was_made(info: ValidationInfo) -> bool:
    """Whether a study is loaded, not a file read: what is refused today may have ratings then."""
    return info.context is None


class Ask(Strict):
    """One question of a questionnaire."""

    id: Annotated[str, Field(pattern=r"^[\w-]{1,60}$")]
    type: Literal[
        "text", "long_text", "number", "choice", "choices", "likert", "slider", "statement"
    ] = "text"
    label: Words
    options: list[Words] = Field(default_factory=list)
    required: StrictBool = False
    minimum: float | None = None
    maximum: float | None = None
    step: Annotated[float, Field(gt=0)] | None = None

    @field_validator("options", mode="before")
    @classmethod
    def _texts(cls, value: Any, info: ValidationInfo) -> Any:
        for one in value if isinstance(value, list) else []:
            try:
                as_text(one)
            except ValueError as error:
                raise ValueError(f"question {info.data.get('id')!r}: {error}") from None
        return value

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> "Ask":
        if self.type in ("choice", "choices", "likert") and not self.options:
            raise ValueError(f"a question of type {self.type} needs options")
        if self.type == "slider" and (self.minimum is None or self.maximum is None):
            raise ValueError("a slider needs a minimum and a maximum")
        if was_made(info):
            return self
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and low >= high:
            raise ValueError(
                f"question {self.id!r}: no answer lies between a minimum of {low:g} and a maximum "
                f"of {high:g}; the minimum must be the smaller one"
            )
        if self.type == "statement" and self.required:
            raise ValueError(
                f"question {self.id!r}: required: true asks for an answer, and a statement has "
                "none; leave required out, or give another type"
            )
        return self


class Step(Strict):
    """One step before or after the pages; the entry's key says which."""

    type: Literal[_STEPS]  # type: ignore[valid-type]
    text: Words = ""
    version: str = "1"
    questions: list[Ask] = Field(default_factory=list)
    pages: Annotated[StrictInt, Field(ge=1, le=20)] = 1
    method: Literal["huggins", "antiphase"] = "huggins"
    trials: Annotated[StrictInt, Field(ge=3, le=12)] = 6
    pass_at: Annotated[StrictInt, Field(ge=1, le=12)] | None = None
    attempts: Annotated[StrictInt, Field(ge=1, le=5)] = 2
    required: StrictBool = False
    redirect: str = ""
    completion_code: str = ""

    @field_validator("redirect")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.match(r"https?://", value):
            raise ValueError("redirect is an address that begins with https:// or http://")
        return value

    @model_validator(mode="after")
    def _passable(self, info: ValidationInfo) -> "Step":
        if self.pass_at is not None and self.pass_at > self.trials and not was_made(info):
            raise ValueError(
                f"pass_at: {self.pass_at} right answers cannot be given in {self.trials} trials; "
                f"write 1 to {self.trials}, or more trials"
            )
        return self


def step_of(entry: Any) -> Any:
    """``consent``, ``{questionnaire: [...]}`` or ``{training: {pages: 2}}`` as a step."""
    if isinstance(entry, str):
        return {"type": entry}
    if isinstance(entry, dict) and len(entry) == 1 and "type" not in entry:
        ((name, value),) = entry.items()
        if isinstance(value, list):
            return {"type": name, "questions": value}
        if isinstance(value, dict):
            return {"type": name, **value}
        if isinstance(value, str):
            return {"type": name, "text": value}
        if value is None:
            return {"type": name}
    return entry


def with_steps(data: Any, lines: YamlLines) -> Any:
    """The file's data with steps as the models name them, so that a mistake finds its own line."""
    if not isinstance(data, dict):
        return data
    for part in ("before", "after"):
        for index, entry in enumerate(data[part] if isinstance(data.get(part), list) else []):
            if isinstance(entry, dict) and len(entry) == 1:
                ((name, value),) = entry.items()
                named = ("questions",) if isinstance(value, list) else ()
                lines.also((part, index, str(name)), (part, index, *named))
            data[part][index] = step_of(entry)
    return data
