"""Makes a system of a network: what it expects at its input, its controls, its Spec."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import torch
from pydantic import Field, ValidationError, model_validator
from torch import Tensor

from ..architectures import Network
from ..audio.loudness import integrated_loudness
from ..configuration import Strict
from ..errors import UserError
from ..systems.contract import Control, Material, Spec


class ControlCard(Strict):
    """A control of a network, in its own unit; the network sees it scaled to its range.

    That is -1 .. 1, but for networks of others that were trained with another one.
    """

    minimum: float
    maximum: float
    default: float

    @model_validator(mode="after")
    def _ordered(self) -> "ControlCard":
        if not self.minimum <= self.default <= self.maximum or self.minimum == self.maximum:
            raise ValueError("needs minimum < maximum with default between them")
        return self


class SystemCard(Strict):
    """What must be known beside the hyper-parameters to run a network.

    ``input_lufs``: the song as a whole is brought to this integrated loudness before the network
    sees it, by one gain for all of it; null leaves it as it is. What comes out is left alone:
    the network itself has learned how loud a master is.
    """

    name: str = ""
    sample_rate: Annotated[int, Field(ge=8000, le=192_000)] = 44_100
    input_lufs: Annotated[float, Field(ge=-40, le=0)] | None = None
    delay: Annotated[int, Field(ge=-(2**20), le=2**20)] = 0
    controls: dict[str, ControlCard] = Field(default_factory=dict)
    licence: str = ""

    def over(self, stored: Mapping[str, Any], origin: str) -> "SystemCard":
        """What a user has said, and where nothing, what the file says of itself.

        Raises:
            UserError: if that cannot be used.
        """
        said = {name: getattr(self, name) for name in self.model_fields_set}
        try:
            return SystemCard.model_validate({**stored, **said})
        except ValidationError as error:
            raise UserError(
                f"{origin}: what it says of rate and controls cannot be used "
                f"({error.errors()[0]['msg']}); give it under system"
            ) from None


@dataclass(frozen=True)
class SongState:
    """What the blocks of one song share."""

    gain: float
    controls: Tensor | None
    notes: Mapping[str, Any]
    latent: Any = None


@dataclass(frozen=True)
class NetworkOrigin:
    """How a network was read from a file that does not describe itself.

    ``remarks`` are notes that every render of it has: whose weights, what was left out.
    """

    architecture: str
    hyperparameters: Mapping[str, Any]
    remarks: Mapping[str, Any]


class NetworkSystem:
    """A network as a system of the runner; in evaluation mode from here on."""

    def __init__(
        self,
        network: Network,
        card: SystemCard,
        spec: Spec,
        origin: NetworkOrigin | None = None,
    ) -> None:
        geometry = network.geometry
        if network.sample_rate not in (None, card.sample_rate):
            raise UserError(
                f"system {spec.name!r}: its network is built for {network.sample_rate} Hz and its "
                f"description says {card.sample_rate}; give both the same sample_rate"
            )
        self.network = network.eval()
        self.card = card
        self.origin = origin
        self._spec = replace(
            spec,
            sample_rate=card.sample_rate,
            channels=network.channels,
            mode=geometry.mode,
            left=geometry.left,
            right=geometry.right,
            stride=geometry.stride,
            minimum=geometry.minimum,
            delay=geometry.delay + card.delay,
            window=geometry.window,
            input=network.input,
            controls=spec.controls or controls_of(card),
            licence=card.licence,
            parameters=sum(weight.numel() for weight in network.parameters()),
        )

    @property
    def spec(self) -> Spec:
        """What the runner must know."""
        return self._spec

    def to(self, device: str) -> None:
        """Move the weights."""
        self.network.to(device)

    def prepare(self, material: Material, controls: Mapping[str, float]) -> SongState:
        """The gain that brings the song to ``input_lufs``, the controls scaled, what the network
        makes of the song as a whole.
        """
        gain, notes = input_gain(material.audio, material.sample_rate, self.card.input_lufs)
        scaled = self._scaled(controls)
        latent = self.network.analyse(_louder(material, gain), scaled)
        found = self.network.describe(latent, 20 * math.log10(gain))
        remarks = {} if self.origin is None else dict(self.origin.remarks)
        return SongState(gain, scaled, remarks | notes | found, latent)

    def render(self, block: Tensor, state: SongState) -> Tensor:
        """``(channels, samples)`` in, ``(channels, samples - left - right)`` out."""
        return self.render_batch(block.unsqueeze(0), state).squeeze(0)

    def render_batch(self, blocks: Tensor, state: SongState) -> Tensor:
        """As ``render``, for ``(batch, channels, samples)``."""
        controls = state.controls
        if controls is not None:
            controls = controls.to(blocks.device).expand(blocks.shape[0], -1)
        return self.network.render(blocks * state.gain, controls, state.latent)

    def finish(self, audio: Tensor, material: Material, state: SongState) -> Tensor:
        """What the network does to the joined blocks."""
        return self.network.finish(audio, _louder(material, state.gain), state.latent)

    def notes(self, state: SongState) -> dict[str, Any]:
        """The song's loudness, the gain before the network, what the network found."""
        return dict(state.notes)

    def _scaled(self, controls: Mapping[str, float]) -> Tensor | None:
        if not self._spec.controls:
            return None
        low, high = self.network.control_range
        values = [
            (high - low) * (controls[name] - known.minimum) / (known.maximum - known.minimum) + low
            for name, known in self._spec.controls.items()
        ]
        return torch.tensor([values], dtype=torch.float32)


def controls_of(card: SystemCard) -> dict[str, Control]:
    """The controls of a card as a Spec has them."""
    return {
        name: Control(one.minimum, one.maximum, one.default) for name, one in card.controls.items()
    }


def _louder(material: Material, gain: float) -> Material:
    return material if gain == 1.0 else replace(material, audio=material.audio * gain)


def input_gain(
    audio: Tensor, sample_rate: int, input_lufs: float | None
) -> tuple[float, dict[str, Any]]:
    """The linear gain that brings ``(channels, samples)`` to ``input_lufs``, and notes of it.

    Of stems, ``(stems, channels, samples)``, the loudness is that of their sum.
    1.0 where no loudness is asked for, or the song has none (silence, less than 400 ms).
    """
    if input_lufs is None:
        return 1.0, {}
    heard = audio.sum(dim=0) if audio.ndim == 3 else audio
    loudness = float(integrated_loudness(heard, sample_rate))
    if loudness != loudness:
        return 1.0, {"input_gain_db": 0.0, "input_loudness": "undefined: silent or below 400 ms"}
    gain_db = input_lufs - loudness
    notes = {"input_gain_db": round(gain_db, 3), "input_lufs": round(loudness, 3)}
    return 10 ** (gain_db / 20), notes
