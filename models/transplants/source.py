"""What is known of one publisher's weights: how to recognise them, what they do not tell."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..errors import UserError

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class WeightsTold:
    """What is said of weights: ``stored`` beside them in their file, ``given`` by the user.

    ``origin`` is the file, for messages.
    """

    origin: str
    architecture: str
    stored: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Transplant:
    """Weights under our names, with all that their network is built from.

    ``dropped`` are weights that the original stores and does not use: names and reason.
    ``system`` is what the original says of rate and controls, as a description has it.
    """

    architecture: str
    hyperparameters: dict[str, Any]
    weights: dict[str, Tensor]
    dropped: Mapping[str, str] = field(default_factory=dict)
    system: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Publisher:
    """A publisher's code whose weights Earmark reads.

    Weights are of this source if each of ``marks`` is found in their names and ``known`` matches
    every name; both are regular expressions. ``of`` says which architecture weights that fit are
    of.
    """

    name: str
    address: str
    architectures: tuple[str, ...]
    marks: tuple[str, ...]
    known: str
    of: Callable[[Weights], str]
    convert: Callable[[Weights, WeightsTold], Transplant]


class UntoldError(UserError):
    """Weights do not tell all that their network needs; ``needs`` are what is missing."""

    def __init__(self, message: str, needs: "list[Need]") -> None:
        super().__init__(message)
        self.needs = needs


@dataclass(frozen=True)
class Need:
    """What weights do not tell: a name, what it is, a value for the example of a message."""

    name: str
    example: Any
    about: str = ""


def settled(
    told: WeightsTold,
    shapes: Mapping[str, Any],
    needs: tuple[Need, ...] = (),
    known: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The hyper-parameters of weights: what their shapes say, then the user, then the file.

    ``known`` are names that may be given or stored besides.

    Raises:
        UserError: if a given value contradicts a shape, is unknown, or one that is needed is
            nowhere said.
    """
    allowed = [*shapes, *(need.name for need in needs), *known]
    for name, value in told.given.items():
        if name not in allowed:
            raise UserError(
                f"{told.origin}: unknown hyper-parameter {name!r} of {told.architecture}; what may "
                f"be given is {', '.join(allowed)}"
            )
        if name in shapes and shapes[name] != value:
            raise UserError(
                f"{told.origin}: hyper-parameter {name} is {value!r}, and the shapes of the "
                f"weights say {shapes[name]!r}; leave it out"
            )
    found = dict(shapes)
    for name in (*(need.name for need in needs), *known):
        said = told.given.get(name, told.stored.get(name))
        if said is not None:
            found[name] = said
    missing = [need for need in needs if need.name not in found]
    if missing:
        raise UntoldError(
            f"{told.origin}: the weights do not tell {listed(missing)}; give the values of their "
            f"training, for example hyperparameters: {example(missing)}",
            missing,
        )
    return found


def listed(needs: list[Need]) -> str:
    """Names with what they are, for a message."""
    return ", ".join(f"{one.name} ({one.about})" if one.about else one.name for one in needs)


def example(needs: list[Need]) -> str:
    """A YAML mapping in one line."""
    return json.dumps({one.name: one.example for one in needs}).replace('"', "")


def numbered(weights: Weights, before: str) -> int:
    """How many numbers follow ``before`` in the names: the blocks of a list."""
    found = {name.removeprefix(before).split(".")[0] for name in weights if name.startswith(before)}
    return len({one for one in found if one.isdigit()})


def without_counters(weights: Weights) -> dict[str, Tensor]:
    """Less BatchNorm's counters of batches, which nothing reads in evaluation."""
    return {
        name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")
    }
