"""The training file: what is trained, on which audio, by which loss, for how long."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, field_validator, model_validator

from ..architectures import Network, architecture, outline_network
from ..audio.library_losses import LibraryLoss, library_version
from ..audio.losses import PARTS, RESOLUTIONS, Objective
from ..checkpoints.folders import Description
from ..checkpoints.network_system import SystemCard
from ..configuration import Strict, YamlPath, load_yaml, read_yaml
from ..errors import UserError
from ..training_data import DataRequest, TrainingSongs, check

FORMAT = 1
Count = Annotated[StrictInt, Field(ge=1)]
Whole = Annotated[StrictInt, Field(ge=0)]
Weight = Annotated[float, Field(ge=0)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**31)]
Transform = Annotated[StrictInt, Field(ge=16, le=65536)]


class LossWeights(Strict):
    """The weights of the parts of the loss (:mod:`earmark.models.audio.losses`).

    ``penalty`` weighs the network's own regularisation of its settings. ``transforms`` are the FFT
    sizes of ``mrstft``, with a hop of a quarter. ``auraloss`` holds losses of that library by name,
    each with its weight, or with ``weight`` and the parameters to change.
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
    auraloss: dict[str, Any] = Field(default_factory=dict)

    @field_validator("auraloss")
    @classmethod
    def _weighed(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, entry in value.items():
            weight = entry.get("weight", 1.0) if isinstance(entry, dict) else entry
            number = isinstance(weight, int | float) and not isinstance(weight, bool)
            if not number or not 0 <= weight < float("inf"):
                raise ValueError(
                    f"the weight of {name} should be a number of 0 or more, not {weight!r}"
                )
        return value

    @model_validator(mode="after")
    def _some(self) -> "LossWeights":
        weights = [*self.weights.values(), *(one.weight for one in self.library)]
        if not any(weights):
            raise ValueError(
                f"at least one weight of {', '.join(PARTS)} must be above 0, or one under auraloss"
            )
        return self

    @property
    def library(self) -> tuple[LibraryLoss, ...]:
        """The losses of auraloss."""
        found = []
        for name, entry in self.auraloss.items():
            given = dict(entry) if isinstance(entry, dict) else {"weight": entry}
            found.append(LibraryLoss(name, float(given.pop("weight", 1.0)), given))
        return tuple(found)

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
    the network hears and that are not scored. ``context: full`` gives it the song around them that
    its output depends on when it renders, ``none`` lets crops begin and end in silence, except for
    networks of mode ``context``. The learning rate rises over the first ``warmup`` steps and then
    follows ``schedule``; ``clip`` is the largest norm of the gradient, null for any.
    From the share ``hold_statistics`` of the steps on, batch normalisation no longer gathers
    statistics but uses those it has, as it will when it renders. ``mixup`` mixes the items of a
    batch by a share drawn from a beta distribution of this parameter. Every ``validate_every``
    steps (or every ``epoch``) all validation songs are rendered, every ``save_every`` steps a
    checkpoint folder is written. ``patience`` validations without improvement end the training; 0
    never does.

    ``autoencoder`` is the number of first steps in which a network that can trains its front and
    back end alone. ``encoder_weights`` is a VGGish state dict for the encoder of a mixing console.
    ``workers`` are processes that read and prepare audio; their number does not change the result.
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
    context: Literal["full", "none"] = "full"
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    warmup: Whole = 20
    schedule: Schedule = Schedule()
    clip: Annotated[float, Field(gt=0)] | None = 1.0
    mixup: Annotated[float, Field(ge=0, le=10)] = 0.0
    hold_statistics: Annotated[float, Field(ge=0, le=1)] = 0.5
    autoencoder: Whole = 0
    encoder_weights: YamlPath | None = None
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    workers: Annotated[StrictInt, Field(ge=0, le=64)] = 0
    validate_every: Count | Literal["epoch"] = 100
    save_every: Count | Literal["epoch"] = 100
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
        said = _without_paths(self.model_dump(mode="python"))
        if self.loss.auraloss:
            said["loss"]["auraloss_version"] = library_version()
        else:
            # A recipe without them is the one it was before there were any.
            del said["loss"]["auraloss"]
        return dict(json.loads(json.dumps(said)))

    @property
    def objective(self) -> Objective:
        """What is minimised of the audio."""
        return Objective(self.loss.weights, self.loss.resolutions, self.loss.library)


def context_of(recipe: Recipe, network: Network) -> tuple[int, int]:
    """Samples before and after a crop (and its lead) that the network is given and leaves out."""
    needed = network.geometry.mode == "context" or recipe.context == "full"
    return network.around if needed else (0, 0)


def request_of(recipe: Recipe, network: Network) -> DataRequest:
    """The crops that the recipe's network trains on."""
    rate = recipe.system.sample_rate
    left, right = context_of(recipe, network)
    controls = {
        name: (card.minimum, card.maximum, card.default)
        for name, card in recipe.system.controls.items()
    }
    return DataRequest(
        samples=round(recipe.crop * rate),
        left=left + round(recipe.lead * rate),
        right=right,
        channels=network.channels,
        sample_rate=rate,
        input_lufs=recipe.system.input_lufs,
        stems=network.input == "stems",
        most_stems=network.most_stems,
        controls=controls,
    )


def load_recipe(path: Path) -> Recipe:
    """Read and check a training file, the hyper-parameters and the network's size included.

    Nothing is allocated and no audio is read.

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
        network, complete = outline_network(recipe.architecture, recipe.hyperparameters)
    except UserError as error:
        raise UserError(f"{lines.where('hyperparameters')}: {error}") from None
    for keys, problem in _problems(recipe, network):
        raise UserError(f"{lines.where(*keys)}: {problem}")
    return recipe.model_copy(update={"hyperparameters": complete})


def _problems(recipe: Recipe, network: Network) -> Iterator[tuple[tuple[str, ...], str]]:
    """What of a recipe does not suit its network: the key, and what to do."""
    rate, named = recipe.system.sample_rate, len(recipe.system.controls)
    if network.controls != named:
        yield (
            ("system", "controls"),
            f"the network has {network.controls} controls and system.controls names {named}; name "
            "each with its range, or set hyperparameters.controls",
        )
    if network.sample_rate not in (None, rate):
        yield (
            ("hyperparameters", "sample_rate"),
            f"the network is built for {network.sample_rate} Hz and system says {rate}; give "
            "hyperparameters and system the same sample_rate",
        )
    try:
        check(recipe.songs, request_of(recipe, network))
    except UserError as error:
        yield ("songs", recipe.songs.source), str(error)
    for name, able in (("autoencoder", "reconstruct"), ("encoder_weights", "encoder_layout")):
        if getattr(recipe, name) and not hasattr(network, able):
            yield (name,), f"{recipe.architecture} has nothing for {name} to train; leave it out"
    if recipe.autoencoder >= recipe.steps:
        yield (
            ("autoencoder",),
            f"all {recipe.steps} steps are for the autoencoder; give steps more than "
            f"{recipe.autoencoder}",
        )
    if recipe.loss.penalty and not network.regularised:
        yield (
            ("loss", "penalty"),
            f"{recipe.architecture} has no settings to regularise; leave penalty out",
        )
    if recipe.mixup and (network.input == "stems" or recipe.batch == 1):
        why = "stems of two songs make no song" if recipe.batch > 1 else "a batch of 1 has no other"
        yield ("mixup",), f"{why}; leave mixup out"
    longest = max(recipe.loss.transforms)
    if recipe.loss.mrstft and round(recipe.crop * rate) <= longest // 2:
        yield (
            ("crop",),
            f"{recipe.crop:g} s is too short for an FFT of {longest} samples; lengthen crop, or "
            "give loss.transforms",
        )
    for one in recipe.loss.library:
        try:
            one.try_on(network.channels, round(recipe.crop * rate), rate)
        except UserError as error:
            yield ("loss", "auraloss", one.name), str(error)


def _without_paths(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_paths(one) for key, one in value.items() if not isinstance(one, Path)}
    if isinstance(value, list | tuple):
        return [_without_paths(one) for one in value]
    return value
