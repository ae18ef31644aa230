"""Makes systems of the model objects and functions of a program; they run in that process alone."""

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from pydantic import PrivateAttr, ValidationInfo, model_validator
from torch import Tensor, nn

from ..audio.arrays import whole_rate
from ..content_key import content_key
from ..errors import OutputError, UserError
from .contract import Material, Options, Spec, System, SystemSpec, kind
from .object_identity import callable_identity, module_identity

KIND = "object"
_NOT_IN_A_FILE = (
    "an object lives in a program: give it to earmark.benchmark there; a file can name kind command"
)

Model = nn.Module | Callable[..., Any] | System


class ObjectOptions(Options):
    """What is known of an object: the class or function, and the ``sha256`` that identifies it."""

    source: str
    sha256: str
    _system: System | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _made_in_a_program(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context or not data:
            raise ValueError(_NOT_IN_A_FILE)
        return data

    def holding(self, system: System) -> "ObjectOptions":
        """The same options with the system that they stand for."""
        held = self.model_copy()
        held._system = system
        return held


@kind(
    KIND,
    ObjectOptions,
    identity=lambda options: options.sha256,
    uses_reference=lambda options: (
        options._system is not None and options._system.spec.uses_reference
    ),
)
def held_object(options: ObjectOptions) -> System:
    """A model object or a function of your own program, by earmark.wrap or earmark.system."""
    if options._system is None:
        raise UserError(f"system {options.source}: {_NOT_IN_A_FILE}")
    return options._system


@dataclass(frozen=True, eq=False)
class _Function:
    """A function of ``(channels, samples)``, called as it is, on the CPU."""

    spec: Spec
    function: Callable[..., Any]
    takes_rate: bool

    def prepare(self, material: Material, controls: Mapping[str, float]) -> int:
        return material.sample_rate

    def render(self, block: Tensor, state: int) -> Tensor:
        # A copy: a function that works in place must not change the song for the next system.
        given = block.clone()
        found = self.function(given, sample_rate=state) if self.takes_rate else self.function(given)
        return _output(self.spec.name, found, block)


@dataclass(frozen=True, eq=False)
class _Module:
    """A network of ``(batch, channels, samples)``: a copy of its own, in evaluation mode."""

    spec: Spec
    module: nn.Module

    def to(self, device: str) -> None:
        self.module.to(device)

    def prepare(self, material: Material, controls: Mapping[str, float]) -> None:
        return None

    def render(self, block: Tensor, state: None) -> Tensor:
        found = self.module(block.unsqueeze(0))
        if isinstance(found, Tensor) and found.ndim == 3 and found.shape[0] == 1:
            found = found[0]
        return _output(self.spec.name, found, block)


class _Versioned:
    """A system of the user's own class, with the identity that its version gives it."""

    def __init__(self, system: System, spec: Spec) -> None:
        self._system = system
        self.spec = spec

    def prepare(self, material: Material, controls: Mapping[str, float]) -> Any:
        return self._system.prepare(material, controls)

    def render(self, block: Tensor, state: Any) -> Tensor:
        return self._system.render(block, state)

    def __getattr__(self, name: str) -> Any:
        # What a system may have beside the contract: notes, finish, to, render_batch.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._system, name)


def wrap(
    model: Model,
    *,
    sample_rate: int | None = None,
    channels: int | None = 2,
    version: str | None = None,
    context: int | tuple[int, int] | None = None,
) -> System:
    """A model object or a function as a system.

    A torch module takes ``(1, channels, samples)`` and gives the same shape. It is copied as it is
    now, put in evaluation mode, and known by its weights, its plain attributes and the source of
    its classes. A function takes a tensor ``(channels, samples)``, and ``sample_rate`` where it has
    an argument of that name; it gives a tensor or NumPy array of the same shape. An object with
    ``spec``, ``prepare`` and ``render`` is a system already. These two need a ``version``.

    Args:
        model: the module, the function or the object.
        sample_rate: in Hz, at which it works; the audio is resampled to it and back. A module
            needs one; a function without one is called at any rate.
        channels: how many it takes: a mono model is run on each channel. None is any number.
        version: changes when something changes that Earmark cannot see, such as imported code.
        context: samples before and after that an output sample depends on; with it, long songs are
            rendered in chunks and the result is that of one call. None: one call for the song.

    Raises:
        UserError: if the model is none of these, or something needed is missing.
    """
    if isinstance(model, type):
        raise UserError(f"{model.__qualname__} is a class, not a model; give an instance of it")
    if version is not None and not str(version):
        raise UserError("version is empty; give a text such as '1'")
    if isinstance(model, nn.Module):
        return _wrapped_module(model, sample_rate, channels, version, context)
    name = getattr(model, "__qualname__", type(model).__qualname__).replace("<locals>.", "")
    is_system = isinstance(model, System)
    if not is_system and not callable(model):
        raise UserError(
            f"{name} is not a model: give a torch module, a function of (channels, samples), or an "
            "object with spec, prepare and render"
        )
    if version is None:
        raise UserError(
            f"{name}: Earmark cannot see all that it does; give version='1', and another when it "
            "changes, so that old renders are not taken for new ones"
        )
    sha256 = callable_identity(model, str(version))
    if isinstance(model, System):
        return _Versioned(model, replace(model.spec, kind=KIND, sha256=sha256))
    rate = None if sample_rate is None else whole_rate(sample_rate, name)
    spec = _spec(name, sha256, rate, channels, context)
    return _Function(spec, model, _takes_rate(model))


def system(
    name: str,
    model: Model,
    *,
    sample_rate: int | None = None,
    channels: int | None = 2,
    version: str | None = None,
    context: int | tuple[int, int] | None = None,
) -> SystemSpec:
    """A model object or a function as a named system of a benchmark; arguments as :func:`wrap`."""
    made = wrap(model, sample_rate=sample_rate, channels=channels, version=version, context=context)
    return object_spec(name, made)


def object_spec(name: str, made: System) -> SystemSpec:
    """A wrapped object as a benchmark has it.

    Raises:
        UserError: if it was not made by :func:`wrap`, so that nothing identifies it.
    """
    if not isinstance(made, _Function | _Module | _Versioned):
        raise UserError(
            f"system {name!r}: {type(made).__qualname__} has no identity of its own; give the name "
            "or the path that it was loaded from, or earmark.wrap(it, version='1')"
        )
    options = ObjectOptions(source=made.spec.name, sha256=made.spec.sha256)
    return SystemSpec(name, KIND, options.holding(made))


def _wrapped_module(
    model: nn.Module,
    sample_rate: int | None,
    channels: int | None,
    version: str | None,
    context: int | tuple[int, int] | None,
) -> System:
    name = type(model).__qualname__.replace("<locals>.", "")
    if sample_rate is None:
        raise UserError(f"{name}: a network works at one rate; give its sample_rate in Hz")
    try:
        kept = copy.deepcopy(model).eval()
    except Exception as error:
        raise UserError(
            f"{name}: cannot be copied ({' '.join(str(error).split())}); give a function that "
            "calls it, with a version"
        ) from None
    sha256 = module_identity(kept, version)
    spec = _spec(name, sha256, whole_rate(sample_rate, name), channels, context)
    count = sum(weight.numel() for weight in kept.parameters())
    return _Module(replace(spec, parameters=count), kept)


def _spec(
    name: str,
    sha256: str,
    sample_rate: int | None,
    channels: int | None,
    context: int | tuple[int, int] | None,
) -> Spec:
    left, right = (0, 0)
    if context is not None:
        left, right = (context, context) if isinstance(context, int) else context
        if left < 0 or right < 0:
            raise UserError(f"{name}: context is {context}; give samples, 0 or more")
    if channels is not None and channels < 1:
        raise UserError(f"{name}: channels is {channels}; give 1, 2, or None for any")
    return Spec(
        name,
        KIND,
        sample_rate=sample_rate,
        channels=channels,
        mode="whole" if context is None else "strided",
        left=left,
        right=right,
        sha256=_with_shape(sha256, sample_rate, channels, (left, right)),
    )


def _with_shape(
    sha256: str, sample_rate: int | None, channels: int | None, context: tuple[int, int]
) -> str:
    return content_key(sha256, sample_rate, channels, context)


def _takes_rate(function: Callable[..., Any]) -> bool:
    try:
        return "sample_rate" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _output(name: str, found: Any, block: Tensor) -> Tensor:
    """What a model gave, as a tensor of the shape of its input.

    Raises:
        OutputError: for another type, number of axes or channels, or another length.
    """
    if isinstance(found, np.ndarray) and found.dtype.kind in "fiu":
        found = torch.from_numpy(np.ascontiguousarray(found))
    if not isinstance(found, Tensor):
        raise OutputError(
            f"system {name!r} gave {type(found).__name__}; return a tensor or NumPy array, "
            "(channels, samples)"
        )
    if not found.is_floating_point():
        kind_name = str(found.dtype).removeprefix("torch.")
        raise OutputError(
            f"system {name!r} gave {kind_name} samples; return floats, full scale 1.0"
        )
    channels, samples = block.shape
    made: Tensor = found.unsqueeze(0) if found.ndim == 1 and channels == 1 else found
    shape = tuple(made.shape)
    if shape == (channels, samples):
        return made
    wanted = f"expected ({channels}, {samples})"
    if shape == (samples, channels):
        mend = "its axes are swapped: return (channels, samples), as audio.T"
    elif made.ndim == 1:
        mend = "a vector is one channel: return every channel, or wrap it with channels=1"
    elif made.ndim == 2 and shape[0] == channels:
        mend = "keep the length: cut what is too long, pad what is short, at the end"
    else:
        mend = "return the shape that comes in"
    raise OutputError(f"system {name!r} gave {shape}, {wanted}; {mend}")
