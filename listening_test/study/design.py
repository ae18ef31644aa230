"""What a study asks and who hears what: the test, its design, and the declared analysis."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, StrictBool, StrictInt, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from ...models.configuration import Strict
from ...models.errors import UserError
from .exclusion import read_exclusions
from .steps import Words, was_made

Label = Annotated[str, Field(min_length=1, max_length=200)]
Pair = Annotated[list[Label], Field(min_length=2, max_length=2)]


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
    pairs: Literal["all", "balanced"] | Annotated[list[Pair], Field(min_length=1)] = "all"
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
        pairs = [frozenset(one) for one in self.pairs if not isinstance(one, str)]
        if any(len(one) < 2 for one in pairs) or len(set(pairs)) < len(pairs):
            raise ValueError("pairs: each pair is of two systems, and comes once")
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
