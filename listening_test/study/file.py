"""Reads a study file (YAML) into strict models; every mistake is told with its line."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, ValidationInfo, field_validator, model_validator

from ...models.configuration import Strict, YamlPath, read_yaml, validate
from .design import Axis, Checks, Declared, Judge, Label, StudyDesign, Test
from .plugin_files import load_named
from .sequence import Block, block_of, problems, walk, with_blocks
from .steps import FIRST, LANGUAGES, Ask, Step, Words, as_text, step_of, was_made, with_steps

FORMAT = 1
ANCHORS = ("lowpass_3500", "lowpass_7000")


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


class Retention(Strict):
    """``retention``: how long what a person left in a session is kept."""

    days: Annotated[StrictInt, Field(ge=1, le=36_500)]
    ratings: Literal["keep", "erase"] = "keep"


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
    test: Test | None = None
    design: StudyDesign = StudyDesign()
    sequence: list[Block] = Field(default_factory=list)
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

    @field_validator("sequence", mode="before")
    @classmethod
    def _entries(cls, value: Any) -> Any:
        return [block_of(one) for one in value] if isinstance(value, list) else value

    @field_validator("sequence")
    @classmethod
    def _whole(cls, blocks: list[Block], info: ValidationInfo) -> list[Block]:
        known = [one.id for one in info.data.get("passages", ())]
        for problem in problems(blocks, known) if blocks else ():
            raise ValueError(problem.removeprefix("sequence: "))
        return blocks

    @field_validator("before")
    @classmethod
    def _opening(cls, steps: list[Step], info: ValidationInfo) -> list[Step]:
        _no_break(steps)
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
        _no_break(steps)
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
        if self.test is None and not self.sequence:
            raise ValueError(
                "the key 'test' is missing; give test: {kind: ...}, or sequence: [...] for pages "
                "of several kinds"
            )
        if self.test is not None and self.sequence:
            raise ValueError("give either test or sequence, in which each block has its own test")
        if self.sequence:
            self._of_blocks()
        steps = (*self.before, *self.between, *self.after)
        asked = [ask.id for step in steps for ask in step.questions]
        twice = sorted({one for one in asked if asked.count(one) > 1})
        if twice:
            raise ValueError(f"questionnaire: the question id {twice[0]!r} appears twice")
        return self

    def _of_blocks(self) -> None:
        usual = StudyDesign(abandoned_after_minutes=self.design.abandoned_after_minutes)
        more = [n for n, said in self.design if said != getattr(usual, n)]
        if more:
            raise ValueError(
                f"design.{more[0]}: with sequence it belongs to a block of pages, under the "
                "block's own design"
            )
        if any(step.type == "training" for step in self.before):
            raise ValueError(
                "before: with sequence, training is a block of pages: {pages: NAME, training: "
                "true, test: ...}"
            )

    @property
    def between(self) -> tuple[Step, ...]:
        """The steps of the sequence, in the order in which they stand in the file."""
        return tuple(one.step for one in walk(self.sequence) if one.step is not None)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of pages of the sequence, in the order in which they stand in the file."""
        return tuple(one for one in walk(self.sequence) if one.pages is not None)


def _no_break(steps: list[Step]) -> None:
    if any(step.type == "break" for step in steps):
        raise ValueError("a break stands between pages: in a sequence, or as design.break_after")


def read(path: Path, judge: Judge) -> StudyFile:
    """The study file at ``path``, its plug-ins loaded and its kind of test judged.

    Paths in it are relative to it.

    Raises:
        UserError: one line ``file:line: ...`` for each mistake.
    """
    data, lines = read_yaml(path)
    load_named(data, lines)
    with_blocks(data, lines)
    return validate(with_steps(data, lines), StudyFile, lines, context={"judge": judge})


__all__ = [
    "ANCHORS",
    "LANGUAGES",
    "Ask",
    "Axis",
    "Block",
    "Checks",
    "Step",
    "StudyFile",
    "Test",
    "Words",
    "check_name",
]


def json_schema() -> dict[str, Any]:
    """The JSON schema of a study file."""
    return StudyFile.model_json_schema(by_alias=True)
