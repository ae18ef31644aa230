"""Every loss of auraloss as a metric: ``auraloss:NAME``, one value per item, lower is better.

Values are the library's own for a batch of one, in its precision (float32). Its version is one of
the parameters, so that scores of another version are other scores. What our own policy leaves
undefined stays so: silence, a silent channel below a ratio, no side to compare, audio shorter than
half a transform.
"""

import inspect
import math
from typing import Any

import torch
from torch import Tensor

from ...models.audio.library_losses import (
    RANDOM,
    RATIOS,
    STEREO,
    LibraryLoss,
    defaults,
    library_version,
    losses,
    shortest_samples,
    why_not,
)
from ...models.audio.loudness import SILENCE
from ...models.errors import UserError
from .registry import REFUSED, Requires, UndefinedError, metric

PREFIX = "auraloss:"
VERSION = 1
_DECIBELS = ("SNRLoss", "SISDRLoss", "SDSDRLoss")


def _register(name: str) -> None:
    """Add a loss under its name, with its parameters as the library has them."""
    parameters = {**defaults(name), "auraloss": library_version()}

    def measured(audio: Tensor, reference: Tensor, sample_rate: int, **given: Any) -> Tensor:
        return _measured(name, audio, reference, sample_rate, given)

    inputs = ("audio", "reference", "sample_rate")
    taken = [inspect.Parameter(one, inspect.Parameter.POSITIONAL_OR_KEYWORD) for one in inputs]
    chosen = [
        inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY, default=value)
        for one, value in parameters.items()
    ]
    measured.__signature__ = inspect.Signature([*taken, *chosen])  # type: ignore[attr-defined]
    unit = "dB" if name in _DECIBELS else ""
    turned = ": a ratio in dB with its sign turned" if unit else ""
    measured.__doc__ = f"{name} of auraloss, of each item on its own{turned}."
    requires = Requires()
    if name in STEREO:
        requires = Requires(channels=2, nan="mono_reference")
    elif name in RATIOS:
        requires = Requires(nan="silent_reference")
    described = metric(
        name=PREFIX + name, unit=unit, better="lower", version=VERSION, requires=requires
    )
    described(measured)


def _measured(
    name: str, audio: Tensor, reference: Tensor, sample_rate: int, given: dict[str, Any]
) -> Tensor:
    asked = given.pop("auraloss")
    if asked != library_version():
        raise UserError(f"auraloss {library_version()} is installed, not {asked}; leave it out")
    usual = defaults(name)
    changed = {key: value for key, value in given.items() if value != usual[key]}
    if changed.get("scale_invariance") and audio.shape[1] > 1:
        raise UserError(
            f"scale_invariance of auraloss {library_version()} works for one channel only, and "
            f"there are {audio.shape[1]}; leave it out"
        )
    if audio.shape[-1] <= shortest_samples(name, changed):
        raise UndefinedError("too_short")
    values = LibraryLoss(name, parameters=changed)(audio, reference, sample_rate).double()
    return torch.where(_comparable(name, reference), values, math.nan)


def _comparable(name: str, reference: Tensor) -> Tensor:
    """Of each item, whether the loss divides by something that sounds, ``(batch,)``."""
    signals = reference
    if name in STEREO:
        left, right = reference.unbind(dim=1)
        signals = torch.stack([left + right, left - right], dim=1)
    elif name not in RATIOS:
        return torch.ones(len(reference), dtype=torch.bool, device=reference.device)
    peaks: Tensor = signals.abs().amax(dim=-1)
    return (peaks > SILENCE).all(dim=1)


for _name in losses():
    if _reason := why_not(_name):
        REFUSED[PREFIX + _name] = _reason
    elif _name in RANDOM:
        REFUSED[PREFIX + _name] = "draws its resolutions at random, so that no two values compare"
    else:
        _register(_name)
