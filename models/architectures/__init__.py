"""The network families by name; each is imported only when a checkpoint asks for it."""

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from ..configuration import Strict, nearest
from ..errors import UserError
from ..systems.contract import Material
from .parts.geometry import Geometry


class Network(nn.Module):
    """A network that the runner can run.

    ``forward(audio, controls)`` takes ``(batch, channels, samples)`` and ``(batch, controls)``,
    each control scaled to ``control_range``, or None where ``controls`` is 0. It gives
    ``(batch, channels, samples)``, shorter by ``left + right`` in mode ``context``. A network whose
    ``input`` is ``stems`` takes ``(batch, stems, channels, samples)``. Training calls ``inside``
    (or ``penalised``, where ``regularised``) on a part of a song with ``around`` samples before
    and after it. ``receptive_field`` is the samples that one output sample depends on, None where
    that is the song.

    Rendering a song, the runner calls ``analyse`` once, ``render`` for each block and ``finish``
    once, on the CPU except for ``render``. ``sample_rate`` is the rate in Hz that the network is
    built for, or None where it does not matter.
    """

    channels: int
    controls: int
    control_range: tuple[float, float] = (-1.0, 1.0)
    geometry: Geometry
    input: Literal["mix", "stems"] = "mix"
    most_stems: int | None = None
    sample_rate: int | None = None
    receptive_field: int | None = None
    regularised: bool = False

    def forward(self, audio: Tensor, controls: Tensor | None = None) -> Tensor:
        """See the class."""
        raise NotImplementedError

    def ranged(self, scaled: Tensor | None) -> Tensor | None:
        """Controls of -1 .. 1 in the range that the network was trained with."""
        low, high = self.control_range
        if scaled is None or (low, high) == (-1.0, 1.0):
            return scaled
        return low + (high - low) * (scaled + 1) / 2

    @property
    def around(self) -> tuple[int, int]:
        """Samples before and after a crop that its output depends on when a song is rendered."""
        return self.geometry.left, self.geometry.right

    def inside(self, audio: Tensor, controls: Tensor | None, around: tuple[int, int]) -> Tensor:
        """As ``forward``, less the output of the ``around`` samples of context on either side."""
        out: Tensor = self(audio, controls)
        return out if self.geometry.mode == "context" else without(out, around)

    def penalised(self, audio: Tensor, controls: Tensor | None) -> tuple[Tensor, Tensor]:
        """As ``forward``, and a regularisation of what the network set, ``(batch,)``."""
        raise NotImplementedError

    def settle(self) -> None:
        """Put parameters that have bounds back between them; called after a step of training."""

    def analyse(self, song: Material, controls: Tensor | None) -> Any:
        """What all blocks of a song share (a latent, console settings); ``controls`` of batch 1."""
        return None

    def render(self, blocks: Tensor, controls: Tensor | None, latent: Any) -> Tensor:
        """As ``forward``, with what ``analyse`` gave."""
        out: Tensor = self(blocks, controls)
        return out

    def finish(self, audio: Tensor, song: Material, latent: Any) -> Tensor:
        """The whole output ``(channels, samples)``, of the joined blocks."""
        return audio

    def describe(self, latent: Any, gain_db: float) -> dict[str, Any]:
        """What ``analyse`` found, as values that JSON can hold.

        ``gain_db`` is what the song was raised by before the network heard it; settings that
        stand for themselves hold it.
        """
        return {}

    def filters(self) -> Tensor | None:
        """The learned filters of the front end, ``(filters, parts, taps)``: parts are the two of a
        cosine and a sine, or one; None where the front end is no filter bank.
        """
        return None

    def envelopes(self, audio: Tensor) -> Tensor | None:
        """Z: how strongly each of ``filters`` answers the loudest frame of ``(channels, samples)``.

        ``(filters, places)``, the places evenly over the frame; None for networks without such.
        """
        return None


@dataclass(frozen=True)
class Architecture:
    """A network family: the hyper-parameters it takes, and how it is built from them.

    ``earlier`` are the values, other than the defaults, of hyper-parameters that checkpoints of
    before these existed do not name. ``later`` are hyper-parameters that are not written where they
    have their defaults, so that cards and recipes of before are what they would be today.
    """

    name: str
    hyperparameters: type[Strict]
    build: Callable[[Any], Network]
    summary: str
    earlier: Mapping[str, Any] = field(default_factory=dict)
    later: tuple[str, ...] = ()


# name -> module of this folder, which holds an ``ARCHITECTURE``, or ``ARCHITECTURES`` by name.
_MODULES: dict[str, str] = {
    "cafx": "eqcnn",
    "crnn": "crnn",
    "dmc_basic": "dmc",
    "dmc_full": "dmc",
    "eqcnn2018": "eqcnn",
    "greybox": "greybox",
    "hybrid_1a": "hybrid",
    "hybrid_1b": "hybrid",
    "hybrid_1c": "hybrid",
    "signaltrain": "signaltrain",
    "tcn": "tcn",
    "waveunet": "waveunet",
    "waveunet_demucs": "waveunet_demucs",
    "waveunet_mix": "waveunet_mix",
    "waveunet_seed": "waveunet_seed",
}
# The same for networks of others that are built as they were published; none of them ships.
_PUBLISHED: dict[str, str] = {
    "automix_dmc": "published.automix_dmc",
    "demucs": "published.demucs",
    "microtcn": "published.microtcn",
    "microtcn_lstm": "published.microtcn",
    "mixwaveunet": "published.mixwaveunet",
    "waveunet_f90": "published.waveunet_f90",
}


def architecture_names() -> list[str]:
    """The network families of Earmark: each ships, and has a recipe."""
    return sorted(_MODULES)


def published_names() -> list[str]:
    """The networks of others that a checkpoint may give as its architecture too."""
    return sorted(_PUBLISHED)


def architecture(name: str) -> Architecture:
    """The network family called ``name``.

    Raises:
        UserError: if there is none.
    """
    known = _MODULES | _PUBLISHED
    if name not in known:
        raise UserError(f"unknown architecture {name!r}{nearest(name, sorted(known))}")
    module = importlib.import_module(f".{known[name]}", __name__)
    several: dict[str, Architecture] = getattr(module, "ARCHITECTURES", {})
    found: Architecture = several[name] if several else module.ARCHITECTURE
    return found


def without(audio: Tensor, around: tuple[int, int]) -> Tensor:
    """``(..., samples)`` less the samples ``around`` at its beginning and its end."""
    return audio[..., around[0] : audio.shape[-1] - around[1]]


def build_network(name: str, hyperparameters: Mapping[str, Any]) -> tuple[Network, dict[str, Any]]:
    """A network with fresh weights, and its hyper-parameters with the defaults filled in.

    Raises:
        UserError: as :func:`outline_network`.
    """
    _, complete = outline_network(name, hyperparameters)
    family = architecture(name)
    return family.build(family.hyperparameters.model_validate(complete)), complete


def outline_network(
    name: str, hyperparameters: Mapping[str, Any]
) -> tuple[Network, dict[str, Any]]:
    """As :func:`build_network`, but the weights are on no device: shapes without values.

    Raises:
        UserError: for an unknown architecture or hyper-parameter, one out of its range, or a size
            that this machine cannot hold.
    """
    family = architecture(name)
    try:
        checked = family.hyperparameters.model_validate(dict(hyperparameters))
    except ValidationError as error:
        raise UserError(f"architecture {name!r}: {_first(error, family)}") from None
    with torch.device("meta"):
        network = family.build(checked)
    weights = sum(value.numel() for value in network.state_dict().values())
    memory = memory_bytes()
    if weights * 4 > memory / 2:
        raise UserError(
            f"architecture {name!r}: this size has {weights:,} parameters, {weights * 4:,} bytes "
            f"in float32 ({weights * 4e-9:,.1f} GB), more than this machine can run with its "
            f"{memory * 1e-9:,.1f} GB; choose smaller hyper-parameters"
        )
    written = checked.model_dump(mode="json")
    for later in family.later:
        default = family.hyperparameters.model_fields[later].default
        if later in written and getattr(checked, later) == default:
            del written[later]
    return network, written


def memory_bytes() -> int:
    """The physical memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _first(error: ValidationError, family: Architecture) -> str:
    one = error.errors()[0]
    key = ".".join(str(part) for part in one["loc"])
    if one["type"] == "extra_forbidden":
        known = list(family.hyperparameters.model_fields)
        return f"unknown hyper-parameter {key!r}{nearest(key, known)}"
    message = one["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"hyper-parameter {key}: {message}, not {one['input']!r}" if key else message
