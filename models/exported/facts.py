"""What is known of a model file beside its graph, where each fact is from, and where it lies."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from ..checkpoints.formats import ModelFormat
from ..checkpoints.network_system import ControlCard
from ..configuration import Strict, load_yaml
from ..errors import UserError

SUFFIX = ".facts.yaml"
_HEAD = (
    "# What Earmark knows of {name}, and where each fact is from: the file, a probe, or you.\n"
    "# Correct what is wrong here; write 'given' under sources.\n"
)


class FactSource(StrEnum):
    """Where a fact is from."""

    FILE = "file"
    PROBED = "probed"
    GIVEN = "given"


class ModelFacts(Strict):
    """How to run a model file; samples are at its own ``sample_rate``.

    ``layout`` is the shape of its audio: ``BCN`` (batch, channels, samples), ``CN`` or ``N``;
    ``control_axes`` the number of axes of its controls. ``left`` and ``right`` are the context of
    an output sample, ``delay`` what the runner takes back. ``measured_delay`` is what a probe found
    with noise: it is told, not taken back, because that is for you to say.
    """

    earmark_facts: Literal[1] = 1
    format: ModelFormat
    sha256: str
    sample_rate: Annotated[int, Field(ge=8000, le=192_000)]
    channels: Annotated[int, Field(ge=1, le=64)] | None = None
    layout: Literal["BCN", "CN", "N"] = "BCN"
    control_axes: Literal[1, 2, 3] = 2
    mode: Literal["whole", "context", "strided"] = "whole"
    left: Annotated[int, Field(ge=0)] = 0
    right: Annotated[int, Field(ge=0)] = 0
    stride: Annotated[int, Field(ge=1)] = 1
    minimum: Annotated[int, Field(ge=1)] = 1
    delay: int = 0
    causal: bool | None = None
    measured_delay: float | None = None
    parameters: int = 0
    controls: dict[str, ControlCard] = Field(default_factory=dict)
    licence: str = ""
    sources: dict[str, FactSource] = Field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def facts_path(path: Path) -> Path:
    """Where the facts of a model file lie: beside it."""
    return path.with_name(path.name + SUFFIX)


def read_facts(path: Path) -> ModelFacts | None:
    """The facts beside a model file; None where there are none.

    Raises:
        UserError: if they are not valid, with file and line.
    """
    beside = facts_path(path)
    return load_yaml(beside, ModelFacts) if beside.is_file() else None


def write_facts(path: Path, facts: ModelFacts) -> Path:
    """Write the facts of a model file beside it.

    Raises:
        UserError: if that cannot be written.
    """
    beside = facts_path(path)
    data = facts.model_dump(mode="json")
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    try:
        beside.write_text(_HEAD.format(name=path.name) + text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{beside}: cannot be written ({error.strerror})") from None
    return beside


def corrected(facts: ModelFacts, given: Mapping[str, Any]) -> ModelFacts:
    """The facts with those that the user gives."""
    changed = {name: value for name, value in given.items() if value is not None}
    sources = facts.sources | dict.fromkeys(changed, FactSource.GIVEN)
    return facts.model_copy(update={**changed, "sources": sources})
