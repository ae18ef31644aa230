"""The metrics by name, the decorator that adds one, and the choice a benchmark file makes.

A metric is a function over a batch, ``(batch, channels, samples) -> (batch,)``. Written for
tensors it takes ``audio``, ``sample_rate`` and, if it compares, ``reference``; written for
:class:`Analysis` it takes ``analysis`` (and ``reference``) and shares spectra and loudness with
other metrics. What else it takes are its parameters: each needs a default, and a benchmark file
may give another value.
"""

import dataclasses
import difflib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, overload

import torch
from torch import Tensor

from ...models.audio.loudness import SILENCE
from ...models.errors import UserError
from ...models.plugins import source_of
from ...models.registry import Registry, Sort
from ..results.metric_facts import Better
from .analysis import Analysis

Needs = Literal["audio", "reference", "render", "set"]
Variant = Literal["raw", "aligned"]
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
Entry = str | Mapping[str, Any]

_GIVEN = ("audio", "analysis", "reference", "sample_rate", "record")


class UndefinedError(Exception):
    """A metric's way to say that it has no value for this audio; the argument is a reason code."""


@dataclass(frozen=True)
class Requires:
    """What audio must be for a metric to be defined; where it is not, a reason says so."""

    seconds: float = 0.0
    channels: int | None = None
    sound: bool = True
    # The reason for values that the function itself leaves undefined or infinite.
    nan: str = "undefined"
    infinite: str = "infinite"


@dataclass(frozen=True)
class Metric:
    """A measurement function and all that a table or a score's key must know of it."""

    name: str
    unit: str
    better: Better
    version: int
    parameters: Mapping[str, Any]
    needs: Needs
    summary: str
    function: Callable[..., Any]
    default: bool = False
    variants: tuple[Variant, ...] = ("raw",)
    requires: Requires = dataclasses.field(default_factory=Requires)
    # Whether the function takes many items at once, and one reference for all of them.
    batched: bool = False
    group: str = ""

    @property
    def source(self) -> str:
        """The code of the plug-in that it is from, as hex digits; '' for Earmark's own."""
        return source_of(self.function)

    def __call__(self, audio: Tensor, sample_rate: int, reference: Tensor | None = None) -> Tensor:
        """The raw values of a batch: ``(batch, channels, samples)`` to ``(batch,)`` in float64.

        NaN where a value is undefined; ``reference`` has the shape of ``audio``.
        """
        other = None if reference is None else Analysis(reference, sample_rate)
        return self.evaluate(Analysis(audio, sample_rate), other)[0]

    def evaluate(
        self, analysis: Analysis, reference: Analysis | None = None
    ) -> tuple[Tensor, tuple[str, ...]]:
        """Values ``(batch,)`` in float64 and a reason for each that is undefined, else ''.

        An undefined value is NaN; one that is infinite keeps its sign and has a reason too.
        """
        found, lacks = self.values(analysis, reference)
        values: list[float] = found.tolist()
        reasons = self.explained(values, lacks, analysis, reference)
        return torch.tensor(values, dtype=torch.float64), reasons

    def values(
        self, analysis: Analysis, reference: Analysis | None = None
    ) -> tuple[Tensor, tuple[str, ...]]:
        """Values ``(batch,)`` in float64 on the audio's device, and why an item can have none.

        The value of an item with a reason means nothing. A reference of one item stands for all.
        """
        reasons = [self._lacks(analysis, reference, item) for item in range(len(analysis.audio))]
        undefined = torch.full(
            (len(reasons),), math.nan, dtype=torch.float64, device=analysis.audio.device
        )
        if all(reasons):
            return undefined, tuple(reasons)
        try:
            return self._values(analysis, reference), tuple(reasons)
        except UndefinedError as error:
            return undefined, tuple(reason or str(error) for reason in reasons)

    def explained(
        self,
        values: list[float],
        reasons: Sequence[str],
        analysis: Analysis,
        reference: Analysis | None = None,
    ) -> tuple[str, ...]:
        """A reason for each value that is undefined, else ''; in ``values`` it becomes NaN."""
        found = []
        for item, (value, reason) in enumerate(zip(values, reasons, strict=True)):
            if reason:
                values[item] = math.nan
            elif math.isnan(value):
                reason = _on_a_side(self.requires.nan, analysis, reference, item)
            elif math.isinf(value):
                reason = self.requires.infinite
            found.append(reason)
        return tuple(found)

    def _lacks(self, analysis: Analysis, reference: Analysis | None, item: int) -> str:
        requires = self.requires
        if self.needs == "reference" and reference is None:
            return "no_reference"
        if not analysis.finite[item]:
            return "non_finite"
        if requires.sound and analysis.silent[item]:
            return "silent"
        if analysis.samples < requires.seconds * analysis.sample_rate:
            return "too_short"
        if requires.channels is not None and analysis.channels != requires.channels:
            return "mono" if analysis.channels == 1 else "not_stereo"
        if self.needs != "reference" or reference is None:
            return ""
        item = min(item, len(reference.audio) - 1)
        if analysis.channels != reference.channels:
            return "channel_mismatch"
        if not reference.finite[item]:
            return "non_finite_reference"
        return "silent_reference" if requires.sound and reference.silent[item] else ""

    def _values(self, analysis: Analysis, reference: Analysis | None) -> Tensor:
        given: dict[str, Any] = {
            "analysis": analysis,
            "audio": analysis.audio,
            "sample_rate": analysis.sample_rate,
        }
        accepted = inspect.signature(self.function).parameters
        if reference is not None:
            given["reference"] = reference
            if "analysis" not in accepted:
                given["reference"] = reference.audio.expand(len(analysis.audio), -1, -1)
        result = self.function(
            **{name: value for name, value in given.items() if name in accepted},
            **self.parameters,
        )
        found = torch.as_tensor(math.nan if result is None else result, dtype=torch.float64)
        found = found.detach().to(analysis.audio.device).reshape(-1).clone()
        if len(found) != len(analysis.audio):
            raise ValueError(
                f"metric {self.name} gave {len(found)} values for {len(analysis.audio)} items; "
                "return one number per item of the batch"
            )
        return found


def _on_a_side(reason: str, analysis: Analysis, reference: Analysis | None, item: int) -> str:
    """A reason of silence with the audio that it is about, render or reference, and the channel.

    A metric says what it needs to sound; which of the two does not, and where, is seen here.
    """
    if reason not in ("silent_channel", "silent_reference"):
        return reason
    if reference is not None and (channel := _silent_side(reference, item)):
        return f"silent_reference_{channel}"
    if channel := _silent_side(analysis, item):
        return f"silent_{channel}"
    return reason


def _silent_side(analysis: Analysis, item: int) -> str:
    """Which of two channels is silent; '' where both are, neither is, or there are not two."""
    peaks = analysis.peak_values[min(item, len(analysis.audio) - 1)]
    silent = [peak <= SILENCE for peak in peaks]
    if silent == [True, False]:
        return "left"
    return "right" if silent == [False, True] else ""


GROUPS = ("default", "defects", "features")
"""Names that stand for several metrics."""

# In the order in which tables show them.
METRICS: Registry[Metric] = Registry(
    Sort("metric", "metrics", also=GROUPS),
    (
        *(".delivery", ".stereo", ".bandwidth", ".distance", ".spectrum", ".offset", ".cost"),
        *(".sets", ".defects.clipping", ".defects.impulses", ".defects.dropouts"),
        *(".defects.steady", ".features.spectral", ".features.panning", ".features.dynamics"),
        *(".features.balance", ".features.loudness_dynamics", ".features.filtered_distortion"),
        ".library_losses",
    ),
    __package__,
)
REFUSED: dict[str, str] = {}
"""Names that a library has and that are no metric, each with the reason; filled with METRICS."""


@overload
def metric(function: FunctionT, /) -> FunctionT: ...


@overload
def metric(
    *,
    unit: str = "",
    better: Better = "none",
    version: int = 1,
    needs: Needs | None = None,
    default: bool = False,
    variants: tuple[Variant, ...] | None = None,
    requires: Requires | None = None,
    name: str | None = None,
    batched: bool = False,
    group: str = "",
) -> Callable[[FunctionT], FunctionT]: ...


def metric(
    function: FunctionT | None = None,
    /,
    *,
    unit: str = "",
    better: Better = "none",
    version: int = 1,
    needs: Needs | None = None,
    default: bool = False,
    variants: tuple[Variant, ...] | None = None,
    requires: Requires | None = None,
    name: str | None = None,
    batched: bool = False,
    group: str = "",
) -> FunctionT | Callable[[FunctionT], FunctionT]:
    """Register the function below as a metric under its own name; the function stays as it is.

    ``needs`` follows from its arguments: one named ``reference`` makes it a comparison, which is
    measured raw and aligned unless ``variants`` says otherwise. ``batched`` says that it takes
    many items and one reference for all of them; others are given one item at a time. ``group``
    is one of :data:`GROUPS`, by whose name it is chosen together with others.

    Raises:
        UserError: if the name is taken or an argument is no input and has no default.
    """

    def register(function: FunctionT) -> FunctionT:
        title = name or function.__name__
        if better not in get_args(Better):
            raise UserError(
                f"metric {title!r}: unknown direction {better!r}; choose from "
                f"{', '.join(get_args(Better))}"
            )
        accepted = inspect.signature(function).parameters
        kind: Needs = needs or ("reference" if "reference" in accepted else "audio")
        entry = Metric(
            title,
            unit,
            better,
            version,
            _defaults(title, accepted),
            kind,
            inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " "),
            function,
            default,
            variants or (("raw", "aligned") if kind == "reference" else ("raw",)),
            requires or Requires(),
            batched,
            group,
        )
        METRICS.add(title, entry, function.__module__)
        return function

    return register if function is None else register(function)


def select(entries: Entry | Sequence[Entry]) -> tuple[Metric, ...]:
    """The metrics that a benchmark file asks for, in its order, each once.

    An entry is one of :data:`GROUPS`, a name, or a mapping with ``name`` and the parameters to
    change.

    Raises:
        UserError: for an unknown name or parameter, or a value of another type.
    """
    chosen: list[Metric] = []
    for entry in [entries] if isinstance(entries, str | Mapping) else entries:
        if isinstance(entry, str) and entry in GROUPS:
            found = [one for one in METRICS.values() if _belongs(one, entry)]
        elif isinstance(entry, str):
            found = [_named(entry)]
        else:
            found = [_changed(entry)]
        chosen += [one for one in found if one not in chosen]
    return tuple(chosen)


def _belongs(one: Metric, group: str) -> bool:
    return one.default if group == "default" else one.group == group


def _named(name: str) -> Metric:
    if name not in METRICS and name in REFUSED:
        raise UserError(f"metric {name!r} {REFUSED[name]}")
    return METRICS.named(name)


def _changed(entry: Mapping[str, Any]) -> Metric:
    if not isinstance(entry.get("name"), str):
        raise UserError(f"metric {dict(entry)!r} has no name; write {{name: mrstft_music, ...}}")
    known = _named(entry["name"])
    parameters = dict(known.parameters)
    for name, value in entry.items():
        if name == "name":
            continue
        if name not in parameters:
            allowed = ", ".join(parameters) or "none"
            raise UserError(
                f"metric {known.name!r}: unknown parameter {name!r}"
                f"{_nearest(name, parameters)}; it has {allowed}"
            )
        parameters[name] = _like(known.name, name, value, parameters[name])
    return dataclasses.replace(known, parameters=parameters)


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _like(metric_name: str, name: str, value: Any, default: Any) -> Any:
    """``value`` in the type of the parameter's default."""
    wanted = type(default)
    if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if wanted is tuple and isinstance(value, list | tuple) and value:
        return tuple(_like(metric_name, name, item, default[0]) for item in value)
    if default is None or type(value) is wanted:
        return value
    kind = f"a list like {list(default)}" if wanted is tuple else f"{wanted.__name__}"
    raise UserError(
        f"metric {metric_name!r}: {name} must be {kind}, not {value!r} (default {default!r})"
    )


def _defaults(title: str, accepted: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    defaults = {}
    for name, parameter in accepted.items():
        if name in _GIVEN:
            continue
        if parameter.default is inspect.Parameter.empty:
            raise UserError(
                f"metric {title!r}: argument {name!r} is none of {', '.join(_GIVEN)} and has no "
                "default; give it one and it is a parameter"
            )
        defaults[name] = parameter.default
    return defaults
