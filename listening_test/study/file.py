"""Reads a study file (YAML) into strict models; every mistake is told with its line."""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, StrictBool, StrictInt, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from ...models.configuration import Strict, YamlPath, read_yaml, validate
from ...models.errors import UserError
from .exclusion import read_exclusions
from .plugin_files import load_named
from .steps import FIRST, LANGUAGES, Ask, Step, Words, as_text, step_of, was_made, with_steps

FORMAT = 1
ANCHORS = ("lowpass_3500", "lowpass_7000")
Label = Annotated[str, Field(min_length=1, max_length=200)]


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
    genre: Label | None = None

    @field_validator("id", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return as_text(value)


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


class Judge(Protocol):
    """Who knows the kinds of test: which there are, and what each of them cannot do."""

    def names(self) -> Sequence[str]:
        """Every kind that a file may name."""
        ...

    def problems(self, test: "Test") -> Iterable[str]:
        """What the test asks for and its kind cannot do."""
        ...


def judge_of(info: ValidationInfo) -> Judge | None:
    """The judge that a file is read with; none where a study is loaded that was made already."""
    found: Judge | None = (info.context or {}).get("judge")
    return found


class Test(Strict):
    """``test``: the kind of test and its questions."""

    __test__ = False

    kind: str
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

    @field_validator("kind")
    @classmethod
    def _known(cls, value: str, info: ValidationInfo) -> str:
        judge = judge_of(info)
        names = [value] if judge is None else judge.names()
        if value not in names:
            *most, last = map(repr, names)
            expected = f"{', '.join(most)} or {last}"
            close = difflib.get_close_matches(value, names, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise PydanticCustomError(
                "literal_error", "unknown kind of test", {"expected": expected + hint}
            )
        return value

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> "Test":
        names = [axis.name for axis in self.axes]
        if len(set(names)) < len(names):
            raise ValueError("axes: two axes have one name; give each a name of its own")
        judge = judge_of(info)
        for problem in () if judge is None else judge.problems(self):
            raise ValueError(problem)
        if self.rules.must_comment and self.comments != "per_stimulus" and not was_made(info):
            raise ValueError(
                f"rules.must_comment: true asks for a comment on each version, which comments: "
                f"{self.comments} gives no place for; write comments: per_stimulus"
            )
        return self


class StudyDesign(Strict):
    """``design``: who hears what, in which order."""

    pages_per_listener: Literal["all"] | Annotated[StrictInt, Field(ge=1, le=500)] = "all"
    order: Literal["random", "williams", "latin", "fixed"] | None = None
    repeats: Annotated[StrictInt, Field(ge=0, le=50)] = 0
    pool: Literal["least_used", "random", "first"] = "least_used"
    break_after: Annotated[StrictInt, Field(ge=1)] | None = None
    minutes_per_page: Annotated[float, Field(gt=0, le=60)] | None = None
    abandoned_after_minutes: Annotated[float, Field(ge=5, le=10_000_000)] | None = None


class Retention(Strict):
    """``retention``: how long what a person left in a session is kept."""

    days: Annotated[StrictInt, Field(ge=1, le=36_500)]
    ratings: Literal["keep", "erase"] = "keep"


class Declared(Strict):
    """``analysis``: what was declared before there was data."""

    primary: str = ""
    scope: Literal["passages", "music"] = "music"
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    adjust: Literal["holm", "hochberg", "bonferroni", "fdr_bh", "none"] = "holm"
    margin: Annotated[float, Field(gt=0, le=100)] | None = None
    exclude: list[str] | None = None

    @field_validator("exclude", mode="before")
    @classmethod
    def _rules(cls, value: Any) -> Any:
        rules = [value] if isinstance(value, str) else value
        if isinstance(rules, list) and all(isinstance(one, str) for one in rules):
            try:
                read_exclusions(rules)
            except UserError as error:
                raise ValueError(str(error)) from None
        return rules


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
    plugins: list[YamlPath] = Field(default_factory=list)
    sample_rate: Literal[44100, 48000, 88200, 96000] | None = None
    bits: Literal[16, 24] = 24
    excerpts: Excerpts = Excerpts()
    loudness: Matching = Matching()
    test: Test
    design: StudyDesign = StudyDesign()
    before: list[Step] = Field(default_factory=list)
    after: list[Step] = Field(default_factory=list)
    languages: Annotated[list[Literal[LANGUAGES]], Field(min_length=1)] = Field(  # type: ignore[valid-type]
        default_factory=lambda: ["en"]
    )
    metrics: Any = "default"
    analysis: Declared | None = None
    retention: Retention | None = None

    @field_validator("earmark")
    @classmethod
    def _format(cls, value: Any) -> Any:
        if value != FORMAT or isinstance(value, bool):
            raise ValueError(f"this Earmark reads study files of format {FORMAT}")
        return value

    @field_validator("study", mode="before")
    @classmethod
    def _safe(cls, value: Any) -> Any:
        value = as_text(value)
        return check_name(value) if isinstance(value, str) else value

    @field_validator("before", "after", mode="before")
    @classmethod
    def _steps(cls, value: Any) -> Any:
        return [step_of(one) for one in value] if isinstance(value, list) else value

    @field_validator("before")
    @classmethod
    def _opening(cls, steps: list[Step], info: ValidationInfo) -> list[Step]:
        if any(step.type == "thanks" for step in steps):
            raise ValueError("thanks comes last; put it under after")
        # Two headphone checks may differ in their method; two of one method share their sounds.
        once = [s.type if s.type == "volume" else s.method for s in steps if s.type in FIRST[:2]]
        twice = [one for one in once if once.count(one) > 1]
        if twice and not was_made(info):
            name = "volume" if twice[0] == "volume" else f"headphone_check with method {twice[0]}"
            raise ValueError(f"{name} appears twice; remove one of them")
        return steps

    @field_validator("after")
    @classmethod
    def _closing(cls, steps: list[Step], info: ValidationInfo) -> list[Step]:
        late = [step.type for step in steps if step.type in FIRST]
        if late and not was_made(info):
            raise ValueError(f"{late[0]} comes before the pages; put it under before")
        return steps

    @model_validator(mode="after")
    def _complete(self) -> "StudyFile":
        if (self.source is None) == (not self.passages):
            raise ValueError("give either from: {benchmark: ...} or passages: [...]")
        named = [one.name for one in self.plugins]
        twice = sorted({one for one in named if named.count(one) > 1})
        if twice:
            raise ValueError(f"plugins: two files are named {twice[0]!r}; rename one of them")
        ids = [one.id for one in self.passages]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"passages: the id {twice[0]!r} appears twice")
        asked = [ask.id for step in (*self.before, *self.after) for ask in step.questions]
        twice = sorted({one for one in asked if asked.count(one) > 1})
        if twice:
            raise ValueError(f"questionnaire: the question id {twice[0]!r} appears twice")
        return self


def read(path: Path, judge: Judge) -> StudyFile:
    """The study file at ``path``, its plug-ins loaded and its kind of test judged.

    Paths in it are relative to it.

    Raises:
        UserError: one line ``file:line: ...`` for each mistake.
    """
    data, lines = read_yaml(path)
    load_named(data, lines)
    return validate(with_steps(data, lines), StudyFile, lines, context={"judge": judge})


__all__ = ["ANCHORS", "LANGUAGES", "Ask", "Step", "StudyFile", "Words", "check_name"]


def json_schema() -> dict[str, Any]:
    """The JSON schema of a study file."""
    return StudyFile.model_json_schema(by_alias=True)
