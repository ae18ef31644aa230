"""The training file: what is trained, on which audio, by which loss, for how long."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, field_validator, model_validator

from .architectures import Network, architecture, build_network
from .checkpoints import Description
from .configuration import Strict, YamlPath, load_yaml, read_yaml
from .errors import UserError
from .losses import PARTS, RESOLUTIONS
from .networks import SystemCard
from .training_data import Request, TrainingSongs, check

FORMAT = 1
Count = Annotated[StrictInt, Field(ge=1)]
Whole = Annotated[StrictInt, Field(ge=0)]
Weight = Annotated[float, Field(ge=0)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**31)]
Transform = Annotated[StrictInt, Field(ge=16, le=65536)]


class LossWeights(Strict):
    """The weights of the parts of the loss (:mod:`earmark.models.losses`).

    ``penalty`` weighs the network's own regularisation of its settings. ``transforms`` are the FFT
    sizes of ``mrstft``, with a hop of a quarter.
    """

    mrstft: Weight = 1.0
    l1: Weight = 5.0
    loudness: Weight = 0.05
    mse: Weight = 0.0
    esr: Weight = 0.0
    a_weighted_l1: Weight = 0.0
    penalty: Weight = 0.0
    transforms: Annotated[tuple[Transform, ...], Field(min_length=1, max_length=8)] = tuple(
        size for size, *_ in RESOLUTIONS
    )

    @model_validator(mode="after")
    def _some(self) -> "LossWeights":
        if not any(getattr(self, name) for name in PARTS):
            raise ValueError(f"at least one weight of {', '.join(PARTS)} must be above 0")
        return self

    @property
    def weights(self) -> Mapping[str, float]:
        """The weight of each part of the audio's loss."""
        return {name: float(getattr(self, name)) for name in PARTS}

    @property
    def resolutions(self) -> tuple[tuple[int, int, int], ...]:
        """(FFT size, hop, window) of ``mrstft``."""
        return tuple((size, size // 4, size) for size in self.transforms)


class Schedule(Strict):
    """How the learning rate falls after its rise.

    ``cosine``: to a fiftieth at the last step. ``plateau``: times ``factor`` after ``patience``
    validations without improvement. ``constant``: not at all.
    """

    kind: Literal["cosine", "plateau", "constant"] = "cosine"
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Count = 15


class Recipe(Strict):
    """The keys of a training file.

    ``crop`` is the seconds of output of one item and ``lead`` the seconds of input before it that
    the network hears and that are not scored; a network of mode ``context`` gets its context
    beside. The learning rate rises over the first ``warmup`` steps and then follows ``schedule``.
    From the share ``hold_statistics`` of the steps on, batch normalisation no longer gathers
    statistics but uses those it has, as it will when it renders. ``mixup`` mixes the items of a
    batch by a share drawn from a beta distribution of this parameter. Every ``validate_every``
    steps all validation songs are rendered, every ``save_every`` steps a checkpoint folder is
    written. ``patience`` validations without improvement end the training; 0 never does.

    ``autoencoder`` is the number of first steps in which a network that can trains its front and
    back end alone. ``encoder_weights`` is a VGGish state dict for the encoder of a mixing console.
    """

    earmark: Any
    name: str
    architecture: str
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    system: SystemCard = SystemCard()
    songs: TrainingSongs
    loss: LossWeights = LossWeights()
    seed: Seed = 0
    steps: Count = 1000
    batch: Count = 4
    crop: Annotated[float, Field(ge=0.05, le=60)] = 0.75
    lead: Annotated[float, Field(ge=0, le=60)] = 0.0
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    warmup: Whole = 20
    schedule: Schedule = Schedule()
    clip: Annotated[float, Field(gt=0)] = 1.0
    mixup: Annotated[float, Field(ge=0, le=10)] = 0.0
    hold_statistics: Annotated[float, Field(ge=0, le=1)] = 0.5
    autoencoder: Whole = 0
    encoder_weights: YamlPath | None = None
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    workers: Annotated[StrictInt, Field(ge=0, le=64)] = 0
    validate_every: Count = 100
    save_every: Count = 100
    patience: Whole = 0

    @field_validator("earmark")
    @classmethod
    def _format(cls, value: Any) -> Any:
        if value != FORMAT or isinstance(value, bool):
            raise ValueError(f"this Earmark reads training files of format {FORMAT}")
        return value

    @field_validator("name")
    @classmethod
    def _safe(cls, value: str) -> str:
        if not re.fullmatch(r"\w[\w .-]{0,79}", value):
            raise ValueError(
                "a name is letters, digits, spaces, '-', '_' or '.'; it names a folder"
            )
        return value

    @property
    def description(self) -> Description:
        """What the trained network will be, hyper-parameters complete."""
        return Description(
            architecture=self.architecture, hyperparameters=self.hyperparameters, system=self.system
        )

    def said(self) -> dict[str, Any]:
        """The recipe as a card tells it: without paths, which are nobody's business."""
        said = self.model_dump(mode="json", exclude={"encoder_weights"})
        for section in [said["songs"], *said["songs"].values()]:
            if isinstance(section, dict):
                section.pop("folder", None)
                section.pop("path", None)
        return said


def request_of(recipe: Recipe, network: Network) -> Request:
    """The crops that the recipe's network trains on."""
    rate, geometry = recipe.system.sample_rate, network.geometry
    # Only a network in mode ``context`` gives less than it is given.
    context = (geometry.left, geometry.right) if geometry.mode == "context" else (0, 0)
    controls = {
        name: (card.minimum, card.maximum, card.default)
        for name, card in recipe.system.controls.items()
    }
    return Request(
        samples=round(recipe.crop * rate),
        left=context[0] + round(recipe.lead * rate),
        right=context[1],
        channels=network.channels,
        sample_rate=rate,
        input_lufs=recipe.system.input_lufs,
        stems=network.input == "stems",
        controls=controls,
    )


def load_recipe(path: Path) -> Recipe:
    """Read and check a training file, the hyper-parameters and the network's size included.

    Raises:
        UserError: one line ``file:line: ...`` for each mistake.
    """
    recipe = load_yaml(path, Recipe)
    _, lines = read_yaml(path)
    try:
        architecture(recipe.architecture)
    except UserError as error:
        raise UserError(f"{lines.where('architecture')}: {error}") from None
    try:
        network, complete = build_network(recipe.architecture, recipe.hyperparameters)
    except UserError as error:
        raise UserError(f"{lines.where('hyperparameters')}: {error}") from None
    if network.controls != len(recipe.system.controls):
        raise UserError(
            f"{lines.where('system', 'controls')}: the network has {network.controls} controls and "
            f"system.controls names {len(recipe.system.controls)}; name each with its range, or "
            "set hyperparameters.controls"
        )
    if network.sample_rate not in (None, recipe.system.sample_rate):
        raise UserError(
            f"{lines.where('hyperparameters', 'sample_rate')}: the network is built for "
            f"{network.sample_rate} Hz and system says {recipe.system.sample_rate}; give "
            "hyperparameters and system the same sample_rate"
        )
    try:
        check(recipe.songs, request_of(recipe, network))
    except UserError as error:
        raise UserError(f"{lines.where('songs', recipe.songs.source)}: {error}") from None
    for name, able in (("autoencoder", "reconstruct"), ("encoder_weights", "encoder")):
        if getattr(recipe, name) and not hasattr(network, able):
            raise UserError(
                f"{lines.where(name)}: {recipe.architecture} has no {able} for {name}; leave it out"
            )
    if recipe.loss.penalty and not hasattr(network, "penalty"):
        raise UserError(
            f"{lines.where('loss', 'penalty')}: {recipe.architecture} has no settings to "
            "regularise; leave penalty out"
        )
    shortest = max(size for size in recipe.loss.transforms) // 2
    if recipe.loss.mrstft and round(recipe.crop * recipe.system.sample_rate) <= shortest:
        raise UserError(
            f"{lines.where('crop')}: {recipe.crop:g} s is too short for an FFT of {2 * shortest} "
            "samples; lengthen crop, or give loss.transforms"
        )
    return recipe.model_copy(update={"hyperparameters": complete})
