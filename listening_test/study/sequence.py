"""The sequence of a study: blocks of pages, each with a kind of its own, and steps between them.

A block is one of three things: pages of one test, a step such as a questionnaire, or blocks in an
order of their own.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator, model_validator

from ...models.configuration import Key, Strict, YamlLines
from .design import Declared, Label, StudyDesign, Test
from .steps import BETWEEN, Step, as_text, step_of, was_made

Order = Literal["random", "williams", "latin", "fixed"]
_ITSELF = ("pages", "training", "test", "passages", "systems", "order", "design", "analysis")
_DEEPEST, _MOST = 5, 200


class Block(Strict):
    """One entry of ``sequence``: pages of one kind of test, a step, or blocks in an order."""

    pages: str | None = None
    training: StrictBool = False
    test: Test | None = None
    passages: Literal["all"] | Annotated[list[Label], Field(min_length=1)] = "all"
    systems: Literal["all"] | Annotated[list[Label], Field(min_length=1)] = "all"
    order: Order | None = None
    design: StudyDesign = StudyDesign()
    analysis: Declared | None = None
    sequence: list["Block"] = Field(default_factory=list)
    step: Step | None = None

    @field_validator("pages", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        value = as_text(value)
        fits = not isinstance(value, str) or re.fullmatch(r"\w[\w .-]{0,59}", value)
        if value is not None and (not fits or value != value.strip()):
            raise ValueError(
                "a block's name is 1 to 60 letters, digits, spaces, '-', '_' or '.', and begins "
                "with a letter or digit"
            )
        return value

    @field_validator("sequence", mode="before")
    @classmethod
    def _entries(cls, value: Any) -> Any:
        return [block_of(one) for one in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one_thing(self, info: ValidationInfo) -> "Block":
        if sum((self.pages is not None, bool(self.sequence), self.step is not None)) != 1:
            raise ValueError(
                "a block is either pages: NAME with its test, or sequence: [...], or one step "
                f"({', '.join(BETWEEN)})"
            )
        if self.pages is not None:
            self._of_pages()
        else:
            more = [n for n in _ITSELF if n in self.model_fields_set - {"order", "pages"}]
            if more:
                raise ValueError(f"{more[0]} belongs to a block of pages; name it: pages: NAME")
        if self.step is not None and self.step.type not in BETWEEN and not was_made(info):
            raise ValueError(_elsewhere(self.step.type))
        return self

    def _of_pages(self) -> None:
        if self.test is None:
            raise ValueError(f"block {self.pages!r}: needs test: {{kind: ...}}")
        if self.training and self.design.repeats:
            raise ValueError(f"block {self.pages!r}: training has no repeats; leave them out")
        if self.design.abandoned_after_minutes is not None:
            raise ValueError(
                f"block {self.pages!r}: abandoned_after_minutes is of the whole study; put it "
                "under the study's own design"
            )
        for name, given in (("passages", self.passages), ("systems", self.systems)):
            twice = sorted({one for one in given if given.count(one) > 1}) if given != "all" else ()
            if twice:
                raise ValueError(f"block {self.pages!r}: {name} name {twice[0]!r} twice")


def _elsewhere(kind: str) -> str:
    if kind == "training":
        return "training: here it is a block of pages: {pages: NAME, training: true, test: ...}"
    if kind == "thanks":
        return "thanks comes last; put it under after"
    return f"{kind} comes before the pages; put it under before"


def block_of(entry: Any) -> Any:
    """An entry of a sequence as :class:`Block` names it: a step stands under ``step``."""
    if isinstance(entry, str):
        return {"step": step_of(entry)}
    if not isinstance(entry, dict) or {"step", "sequence"} & set(entry):
        return entry
    alone = len(entry) == 1 and "training" in entry
    if not alone and set(_ITSELF) & set(entry):
        return entry
    return {"step": step_of(entry)}


def with_blocks(data: Any, lines: YamlLines, at: tuple[Key, ...] = ("sequence",)) -> None:
    """Rewrite the file's sequence as the models name it, so that a mistake finds its own line."""
    found = data.get("sequence") if isinstance(data, dict) else None
    inside: list[Any] = found if isinstance(found, list) else []
    for index, entry in enumerate(inside):
        here = (*at, index)
        if isinstance(entry, dict) and len(entry) == 1 and "sequence" not in entry:
            ((name, value),) = entry.items()
            named = ("questions",) if isinstance(value, list) else ()
            lines.also((*here, str(name)), (*here, "step", *named))
        elif isinstance(entry, dict) and "step" not in entry:
            lines.also(here, (*here, "step"))
        inside[index] = block_of(entry)
        if len(at) < 2 * _DEEPEST:
            with_blocks(inside[index], lines, (*here, "sequence"))


def walk(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every block, in the order in which they stand in the file."""
    for one in blocks:
        yield one
        yield from walk(one.sequence)


def problems(blocks: Sequence[Block], passages: Sequence[str]) -> Iterator[str]:
    """What is wrong with a sequence as a whole; ``passages`` are those of the file, if it has any.

    Where passages are songs of a benchmark, who looks for these judges their names.
    """
    every = list(walk(blocks))
    if len(every) > _MOST:
        yield f"sequence: has {len(every)} blocks, more than {_MOST}"
    if _depth(blocks) > _DEEPEST:
        yield f"sequence: blocks stand in blocks more than {_DEEPEST} deep"
    names = [one.pages for one in every if one.pages is not None]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        yield f"sequence: two blocks are named {twice[0]!r}; give each a name of its own"
    if all(one.training for one in every if one.pages is not None):
        yield "sequence: has no block of pages that count; add one: {pages: NAME, test: ...}"
    for one in every:
        unknown = [n for n in one.passages if n not in passages] if one.passages != "all" else ()
        if passages and unknown:
            yield (
                f"block {one.pages!r}: unknown passage {unknown[0]!r}; the file has "
                f"{', '.join(passages)}"
            )


def _depth(blocks: Sequence[Block]) -> int:
    return max((1 + _depth(one.sequence) for one in blocks), default=0)
