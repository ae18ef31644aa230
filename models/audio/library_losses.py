"""The losses of auraloss by name, for training and as metrics, with the library's traps handled.

A loss is built for one sample rate (its mel bands and its A-weighting are those of that rate) and
called on one item at a time: over a batch, auraloss takes one ratio of all items together, and an
item's value would depend on its neighbours. What it does with the channels of an item is its own
business, and is left alone.

Of version 0.4.0: ``ChromaSTFTLoss`` cannot be built (its bank is no tensor); ``scale_invariance``
works for one channel only; mel bands need librosa, and without it the library prints and fails;
``RandomResolutionSTFTLoss`` draws from numpy's global generator.
"""

import difflib
import importlib.util
import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError

Parameter = float | int | bool | str | tuple[Any, ...] | None

# What is not the user's to choose: the rate is the audio's, the value one number, the place ours.
_OURS = ("sample_rate", "output", "device", "randomize_rate")
# Classes that hand further arguments on to another, and those among them that they set themselves.
_HANDS_ON = {
    "MelSTFTLoss": ("STFTLoss", ("scale", "n_bins")),
    "ChromaSTFTLoss": ("STFTLoss", ("scale", "n_bins")),
    "MultiResolutionSTFTLoss": ("STFTLoss", ("fft_size", "hop_size", "win_length")),
    "SumAndDifferenceSTFTLoss": ("MultiResolutionSTFTLoss", ()),
}
_OF_SPECTRA = ("SpectralConvergenceLoss", "STFTMagnitudeLoss")
RANDOM = ("RandomResolutionSTFTLoss",)
STEREO = ("SumAndDifferenceSTFTLoss",)
RATIOS = ("ESRLoss", "DCLoss", "SNRLoss", "SISDRLoss", "SDSDRLoss")
"""Losses that divide by the energy of the target, channel by channel."""


@dataclass(frozen=True)
class LibraryLoss:
    """A loss of auraloss by name, with the parameters that differ from the library's defaults."""

    name: str
    weight: float = 1.0
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How losses and metrics of the library are called."""
        return f"auraloss:{self.name}"

    def __call__(self, audio: Tensor, target: Tensor, sample_rate: int) -> Tensor:
        """The value of each item, ``(batch, channels, samples)`` to ``(batch,)``, in float32.

        Raises:
            UserError: for an unknown name or parameter.
        """
        loss = built(self.name, frozen(self.parameters), sample_rate, audio.device)
        with _seeded(_seed() if self.name in RANDOM else None):
            values = [
                loss(one[None].float().contiguous(), other[None].float().contiguous())
                for one, other in zip(audio, target, strict=True)
            ]
        return torch.stack([value.reshape(()) for value in values])

    def try_on(self, channels: int, samples: int, sample_rate: int) -> None:
        """Refuse a loss that does not work for audio of this shape.

        Raises:
            UserError: with what the library said.
        """
        shape = (1, channels, samples)
        noise = torch.Generator().manual_seed(0)
        one, other = (0.1 * torch.randn(shape, generator=noise) for _ in range(2))
        try:
            with torch.no_grad():
                value = self(one, other, sample_rate)
        except UserError:
            raise
        except Exception as error:
            # The library checks by assert, prints and lets torch raise whatever it raises.
            raise UserError(self._refusal(channels, samples, error)) from None
        if not torch.isfinite(value).all():
            raise UserError(f"{self.label} has no value even for noise; change its parameters")

    def _refusal(self, channels: int, samples: int, error: Exception) -> str:
        if self.name in STEREO and channels != 2:
            return f"{self.label} compares L + R and L - R: it needs 2 channels, not {channels}"
        if self.parameters.get("scale_invariance") and channels > 1:
            return (
                f"{self.label}: scale_invariance of auraloss {library_version()} works for one "
                f"channel only, and there are {channels}; leave it out"
            )
        shortest = shortest_samples(self.name, self.parameters)
        if samples <= shortest:
            return f"{self.label} needs more than {shortest} samples, and there are {samples}"
        words = " ".join(str(error).split())
        return f"{self.label} does not work ({words or type(error).__name__}); see its parameters"


@lru_cache(maxsize=1)
def library_version() -> str:
    """The version of auraloss, which decides its values."""
    return version("auraloss")


@lru_cache(maxsize=1)
def losses() -> Mapping[str, type[torch.nn.Module]]:
    """Every loss of the library by name, those of no use here included."""
    import auraloss

    return {
        name: value
        for module in (auraloss.time, auraloss.freq)
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, torch.nn.Module)
        and value.__module__ == module.__name__
        and name.endswith("Loss")
    }


def why_not(name: str) -> str:
    """Why a loss of the library can be used for nothing here; '' where it can."""
    if name in _OF_SPECTRA:
        return "compares spectra, not audio; take STFTLoss, which contains it"
    if name == "ChromaSTFTLoss" and library_version() == "0.4.0":
        return "cannot be built by auraloss 0.4.0, whose bank of filters is no tensor"
    if name == "MelSTFTLoss" and importlib.util.find_spec("librosa") is None:
        return "needs the package librosa for its mel bands; run pip install librosa"
    return ""


def usable() -> tuple[str, ...]:
    """The losses that compare audio, by name."""
    return tuple(name for name in losses() if not why_not(name))


def defaults(name: str) -> Mapping[str, Parameter]:
    """The parameters that a user may set, with the library's defaults.

    Raises:
        UserError: if there is no such loss, or it is of no use.
    """
    reason = why_not(name)
    if name not in losses():
        close = difflib.get_close_matches(name, usable(), n=3, cutoff=0.4)
        hint = f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
        reason = f"is no loss of auraloss {library_version()}{hint}; choose from "
        reason += ", ".join(usable())
    if reason:
        raise UserError(f"auraloss:{name} {reason}")
    found: dict[str, Parameter] = {}
    for key, parameter in _arguments(name).items():
        default = parameter.default
        if default is inspect.Parameter.empty:
            default = _arguments("MultiResolutionSTFTLoss")[key].default
        found[key] = tuple(default) if isinstance(default, list) else default
    return found


def shortest_samples(name: str, parameters: Mapping[str, Parameter]) -> int:
    """Audio must be longer than this: half a transform is reflected at its ends."""
    chosen = {**defaults(name), **parameters}
    if "max_fft_size" in chosen:
        return int(str(chosen["max_fft_size"]))
    sizes = chosen.get("fft_sizes", (chosen.get("fft_size", 0),))
    return max(int(size) for size in sizes) // 2 if isinstance(sizes, tuple | list) else 0


def frozen(parameters: Mapping[str, Parameter]) -> str:
    """Parameters as one text: equal parameters, equal text."""
    return json.dumps(dict(parameters), sort_keys=True)


@lru_cache(maxsize=16)
def built(name: str, parameters: str, sample_rate: int, device: torch.device) -> torch.nn.Module:
    """The library's object, for audio of one rate on one device.

    Raises:
        UserError: for an unknown name or parameter, or values that it cannot be built with.
    """
    given = json.loads(parameters)
    known = defaults(name)
    for key in given:
        if key in _OURS:
            why = "is the audio's" if key == "sample_rate" else "is chosen by Earmark"
            raise UserError(f"auraloss:{name}: {key} {why}; leave it out")
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise UserError(
                f"auraloss:{name}: unknown parameter {key!r}{hint}; it has {', '.join(known)}"
            )
    if given.get("reduction") == "none":
        raise UserError(f"auraloss:{name}: reduction none gives no single value; mean or sum does")
    if given.get("scale") == "mel" and importlib.util.find_spec("librosa") is None:
        raise UserError(f"auraloss:{name}: mel bands need librosa; run pip install librosa")
    chosen = {**known, **given}
    chosen = {key: list(one) if isinstance(one, tuple) else one for key, one in chosen.items()}
    if "sample_rate" in _arguments(name, every=True):
        chosen["sample_rate"] = sample_rate
    try:
        # Made once and kept: were it made in inference mode, training could not use it.
        with torch.inference_mode(mode=False), _seeded(0 if name in RANDOM else None):
            loss = losses()[name](**chosen).to(device)
            for part in loss.modules():
                window = getattr(part, "window", None)
                if isinstance(window, Tensor):  # no buffer, so .to() leaves it where it was
                    part.window = window.to(device)
    except Exception as error:
        words = " ".join(str(error).split()) or type(error).__name__
        said = ", ".join(f"{key} {value!r}" for key, value in given.items()) or "its defaults"
        raise UserError(f"auraloss:{name} cannot be built with {said} ({words})") from None
    return loss


def _arguments(name: str, *, every: bool = False) -> dict[str, inspect.Parameter]:
    """The arguments of a class and of the one that it hands further ones on to."""
    own = inspect.signature(losses()[name]).parameters
    found = {key: one for key, one in own.items() if one.kind is not one.VAR_KEYWORD}
    if name in _HANDS_ON:
        other, taken = _HANDS_ON[name]
        further = _arguments(other, every=True)
        found |= {key: one for key, one in further.items() if key not in (*found, *taken)}
    return found if every else {key: one for key, one in found.items() if key not in _OURS}


def _seed() -> int:
    """Of random resolutions: from torch's generator, which a training seeds for every step.

    Without a gradient it is always the same, so that validations compare.
    """
    return int(torch.randint(2**31, ())) if torch.is_grad_enabled() else 0


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Numpy's global generator at ``seed``, put back afterwards; untouched for None."""
    if seed is None:
        yield
        return
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
