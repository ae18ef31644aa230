"""Reads a study file (YAML) into strict models; every mistake is told with its line."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, field_validator, model_validator

from ..models.configuration import Strict, YamlPath, read_yaml, validate

FORMAT = 1
LANGUAGES = ("en", "uk", "de", "fr", "es", "ar")
ANCHORS = ("lowpass_3500", "lowpass_7000")
KIND_NAMES = (
    "ape",
    "mushra",
    "ab",
    "pairwise",
    "abx",
    "acr",
    "dcr",
    "ccr",
    "bs1116",
    "rank",
    "attributes",
)


def _spoken(words: str | dict[str, str]) -> str | dict[str, str]:
    wrong = [code for code in words if code not in LANGUAGES] if isinstance(words, dict) else []
    if wrong or words == {}:
        raise ValueError(
            f"{wrong[0] if wrong else 'nothing'!r} is no language of ours; choose from "
            f"{', '.join(LANGUAGES)}, or write one text for all"
        )
    return words


# One text for all languages, or one for each of them.
Words = Annotated[str | dict[str, str], AfterValidator(_spoken)]
Label = Annotated[str, Field(min_length=1, max_length=200)]
_STEPS = ("consent", "volume", "headphone_check", "questionnaire", "training", "text", "thanks")


def check_name(value: str) -> str:
    """``value`` if it can be the name of a study, which also names its folder.

    Raises:
        ValueError: if not.
    """
    if not re.fullmatch(r"\w[\w .-]{0,79}", value) or value != value.strip() or value[-1] == ".":
        raise ValueError(
            "a name is 1 to 80 letters, digits, spaces, '-', '_' or '.', and begins with a "
            "letter or digit (no path separators)"
        )
    return value


def _as_text(value: Any) -> Any:
    """Numbers that YAML made of a name become the text that was meant; ids stay text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value!r} is a number to YAML; put the name in quotes")
    return value


class FromBenchmark(Strict):
    """``from``: renders of a benchmark that has been run."""

    benchmark: str
    systems: Literal["all"] | Annotated[list[Label], Field(min_length=1)] = "all"
    songs: Literal["all"] | Annotated[list[Label], Field(min_length=1)] = "all"


class PassageEntry(Strict):
    """One entry of ``passages``: the same stretch of music in several versions."""

    id: Label
    stimuli: Annotated[dict[Label, YamlPath], Field(min_length=1)]
    reference: YamlPath | None = None
    start: Annotated[float, Field(ge=0)] | None = None

    @field_validator("id", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return _as_text(value)


class Excerpts(Strict):
    """``excerpts``: which part of each passage is heard."""

    select: Literal["start", "loudest", "whole"] = "whole"
    start: Annotated[float, Field(ge=0)] = 0.0
    seconds: Annotated[float, Field(gt=0, le=600)] | None = None
    starts: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    fade_ms: Annotated[float, Field(ge=0, le=2000)] | None = None

    @model_validator(mode="after")
    def _length(self) -> "Excerpts":
        if self.select != "whole" and self.seconds is None:
            raise ValueError(f"select: {self.select} needs seconds, the length of the excerpt")
        if self.select == "whole" and (self.seconds is not None or self.starts):
            raise ValueError("seconds and starts need select: start, or select: loudest")
        return self


class Matching(Strict):
    """``loudness``: versions of a passage matched, or left as they are."""

    mode: Literal["matched", "as_delivered"] = "matched"
    tolerance_lu: Annotated[float, Field(gt=0, le=1)] = 0.1
    ceiling_dbtp: Annotated[float, Field(ge=-20, le=0)] = -1.0
    target_lufs: Annotated[float, Field(ge=-60, le=-5)] | None = None


class Axis(Strict):
    """One question on a continuous scale of 0 to 100."""

    name: Label
    label: Words = ""
    left: Words = ""
    right: Words = ""


class Checks(Strict):
    """``test.rules``: what must be done before a page can be left; without, the kind decides."""

    must_play: StrictBool | None = None
    must_rate: StrictBool | None = None
    must_comment: StrictBool | None = None
    only_playing_enabled: StrictBool | None = None


class Test(Strict):
    """``test``: the kind of test and its questions."""

    __test__ = False

    kind: Literal[KIND_NAMES]  # type: ignore[valid-type]
    axes: list[Axis] = Field(default_factory=list)
    preset: Literal["production"] | None = None
    question: Words = ""
    instructions: Words = ""
    reference: Literal["none", "optional", "open"] | None = None
    anchors: list[Literal["lowpass_3500", "lowpass_7000"]] | None = None
    comments: Literal["none", "per_stimulus", "per_page"] = "none"
    strict: StrictBool = True
    forced: StrictBool = True
    strength: StrictBool = False
    pairs: Literal["all", "balanced"] = "all"
    crossfade: StrictBool = False
    loop: StrictBool = True
    back: StrictBool = True
    rules: Checks = Checks()

    @model_validator(mode="after")
    def _fits(self) -> "Test":
        names = [axis.name for axis in self.axes]
        if len(set(names)) < len(names):
            raise ValueError("axes: two axes have one name; give each a name of its own")
        if self.axes and self.kind not in ("ape", "attributes", "mushra"):
            raise ValueError(f"kind {self.kind} has no axes; leave them out")
        if self.kind == "mushra" and len(self.axes) > 1:
            raise ValueError("a MUSHRA page asks for one attribute; use kind: attributes or ape")
        if self.kind == "mushra" and self.crossfade:
            raise ValueError("a MUSHRA page never cross-fades (BS.1534-3); leave crossfade out")
        if self.crossfade and self.kind not in ("ape", "ab", "pairwise"):
            raise ValueError("only ape, ab and pairwise pages may cross-fade; leave it out")
        return self


class Design(Strict):
    """``design``: who hears what, in which order."""

    pages_per_listener: Literal["all"] | Annotated[StrictInt, Field(ge=1, le=500)] = "all"
    order: Literal["random", "williams", "latin", "fixed"] | None = None
    repeats: Annotated[StrictInt, Field(ge=0, le=50)] = 0
    pool: Literal["least_used", "random", "first"] = "least_used"
    break_after: Annotated[StrictInt, Field(ge=1)] | None = None
    minutes_per_page: Annotated[float, Field(gt=0, le=60)] | None = None


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

    @model_validator(mode="after")
    def _complete(self) -> "Ask":
        if self.type in ("choice", "choices", "likert") and not self.options:
            raise ValueError(f"a question of type {self.type} needs options")
        if self.type == "slider" and (self.minimum is None or self.maximum is None):
            raise ValueError("a slider needs a minimum and a maximum")
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


class Declared(Strict):
    """``analysis``: what was declared before there was data."""

    primary: str = ""
    scope: Literal["passages", "music"] = "music"
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    adjust: Literal["holm", "hochberg", "bonferroni", "fdr_bh", "none"] = "holm"
    margin: Annotated[float, Field(gt=0, le=100)] | None = None


class StudyFile(Strict):
    """The keys of a study file."""

    earmark: Any
    study: str
    title: Words
    contact: str = ""
    welcome: Words = ""
    seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] | None = None
    source: FromBenchmark | None = Field(default=None, alias="from")
    passages: list[PassageEntry] = Field(default_factory=list)
    sample_rate: Literal[44100, 48000, 88200, 96000] | None = None
    bits: Literal[16, 24] = 24
    excerpts: Excerpts = Excerpts()
    loudness: Matching = Matching()
    test: Test
    design: Design = Design()
    before: list[Step] = Field(default_factory=list)
    after: list[Step] = Field(default_factory=list)
    languages: Annotated[list[Literal[LANGUAGES]], Field(min_length=1)] = Field(  # type: ignore[valid-type]
        default_factory=lambda: ["en"]
    )
    metrics: Any = "default"
    analysis: Declared | None = None

    @field_validator("earmark")
    @classmethod
    def _format(cls, value: Any) -> Any:
        if value != FORMAT or isinstance(value, bool):
            raise ValueError(f"this Earmark reads study files of format {FORMAT}")
        return value

    @field_validator("study", mode="before")
    @classmethod
    def _safe(cls, value: Any) -> Any:
        value = _as_text(value)
        return check_name(value) if isinstance(value, str) else value

    @field_validator("before", "after", mode="before")
    @classmethod
    def _steps(cls, value: Any) -> Any:
        return [_step(one) for one in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _complete(self) -> "StudyFile":
        if (self.source is None) == (not self.passages):
            raise ValueError("give either from: {benchmark: ...} or passages: [...]")
        ids = [one.id for one in self.passages]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"passages: the id {twice[0]!r} stands there twice")
        asked = [ask.id for step in (*self.before, *self.after) for ask in step.questions]
        twice = sorted({one for one in asked if asked.count(one) > 1})
        if twice:
            raise ValueError(f"questionnaire: the question id {twice[0]!r} stands there twice")
        if any(step.type == "training" for step in self.after):
            raise ValueError("after: training comes before the pages; put it under before")
        if any(step.type == "thanks" for step in self.before):
            raise ValueError("before: thanks comes last; put it under after")
        return self


def _step(entry: Any) -> Any:
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


def read_study_file(path: Path) -> StudyFile:
    """The study file at ``path``; paths in it are relative to it.

    Raises:
        UserError: one line ``file:line: ...`` for each mistake.
    """
    data, lines = read_yaml(path)
    return validate(data, StudyFile, lines)
