"""The training file: what is trained, on which songs, by which loss, for how long."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictInt, field_validator, model_validator

from .architectures import architecture, build_network
from .checkpoints import Description
from .configuration import Strict, YamlPath, load_yaml, read_yaml
from .errors import UserError
from .networks import SystemCard

FORMAT = 1
Count = Annotated[StrictInt, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Seed = Annotated[StrictInt, Field(ge=0, lt=2**31)]


class DemoSongs(Strict):
    """Songs that the project makes itself; training and validation differ in their seed."""

    seed: Seed
    validation_seed: Seed
    count: Count = 18
    validation_count: Count = 6
    seconds: Annotated[float, Field(ge=5, le=600)] = 12.0

    @model_validator(mode="after")
    def _apart(self) -> "DemoSongs":
        if self.seed == self.validation_seed:
            raise ValueError("validation_seed must differ from seed: validation is on other songs")
        return self


class TrainingSongs(Strict):
    """``demo``, or ``folder``: song folders with a mix and a reference, or ``mix/`` and
    ``reference/`` with the same file names. ``validation`` is the share of a folder's songs that
    is held out.
    """

    demo: DemoSongs | None = None
    folder: YamlPath | None = None
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @model_validator(mode="after")
    def _one(self) -> "TrainingSongs":
        if (self.demo is None) == (self.folder is None):
            raise ValueError("give either demo, songs of our own, or folder, pairs of yours")
        return self


class LossWeights(Strict):
    """The weights of the parts of the loss (:mod:`earmark.models.losses`)."""

    mrstft: Weight = 1.0
    l1: Weight = 5.0
    loudness: Weight = 0.05

    @model_validator(mode="after")
    def _some(self) -> "LossWeights":
        if self.mrstft == self.l1 == self.loudness == 0:
            raise ValueError("at least one weight must be above 0")
        return self


class Recipe(Strict):
    """The keys of a training file.

    ``crop`` is the seconds of output of one item. The learning rate rises over the first
    ``warmup`` steps and falls along a cosine to a fiftieth of it at ``steps``. From the share
    ``hold_statistics`` of the steps on, batch normalisation no longer gathers statistics but uses
    those it has, as it will when it renders. Every
    ``validate_every`` steps all validation songs are rendered, every ``save_every`` steps a
    checkpoint folder is written. ``patience`` validations without improvement end the training;
    0 never does.
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
    crop: Annotated[float, Field(ge=0.2, le=60)] = 0.75
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    warmup: Annotated[StrictInt, Field(ge=0)] = 20
    clip: Annotated[float, Field(gt=0)] = 1.0
    hold_statistics: Annotated[float, Field(ge=0, le=1)] = 0.5
    validate_every: Count = 100
    save_every: Count = 100
    patience: Annotated[StrictInt, Field(ge=0)] = 0

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
    if network.controls:
        raise UserError(
            f"{lines.where('hyperparameters', 'controls')}: songs have no controls to train on; "
            "set controls to 0"
        )
    if network.input == "stems":
        raise UserError(
            f"{lines.where('architecture')}: {recipe.architecture} mixes stems, and pairs of mix "
            "and reference have none"
        )
    if network.sample_rate not in (None, recipe.system.sample_rate):
        raise UserError(
            f"{lines.where('hyperparameters', 'sample_rate')}: the network is built for "
            f"{network.sample_rate} Hz and system says {recipe.system.sample_rate}; give "
            "hyperparameters and system the same sample_rate"
        )
    return recipe.model_copy(update={"hyperparameters": complete})
