"""Trained networks on disk: the checkpoint folder, the shipped ones, and other people's files.

A checkpoint folder holds ``model.safetensors`` (weights), ``model.json`` (a :class:`Card`) and
``golden.safetensors``: about 0.1 s of input with the output it had when it was saved, which must
come out again whenever it is loaded. A network is built from the stored hyper-parameters and its
weights are loaded strictly.
"""

import copy
import functools
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, field_validator, model_validator
from safetensors.torch import save_file
from torch import Tensor

from ..architectures import Network, build_network
from ..configuration import Strict, YamlPath, load_yaml, nearest
from ..content_key import path_sha256
from ..errors import UserError
from ..rendering.runner import check_controls, run
from ..systems.contract import Material, Options, Spec, kind
from .containers import open_weights
from .fitting import fitted, hyperparameters_for, whose
from .formats import IN_WORDS, model_format
from .network_system import NetworkOrigin, NetworkSystem, SystemCard, controls_of
from .weights import WEIGHTS_SUFFIXES, check_finite, put_weights, read_safetensors

FORMAT: Literal[1] = 1
GOLDEN_SECONDS = 0.1
_SHIPPED = Path(__file__).parent.parent / "weights"
_CARD, _WEIGHTS, _GOLDEN = "model.json", "model.safetensors", "golden.safetensors"
# Where other people's folders say what their weights are; no code that it names is run.
CONFIG = "config.json"
_DESCRIPTIONS = (".yaml", ".yml", ".json")


class Description(Strict):
    """What a network is, beside its weights; also the file beside a bare ``.pt``."""

    architecture: str
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    system: SystemCard = SystemCard()


class TrainingCard(Strict):
    """Where the weights come from; ``data`` is the content key of the songs.

    ``validation`` are means over the ``validation_songs``, ``unprocessed`` the same of the songs as
    they are; ``history`` are the curves, columns of numbers of bounded length. ``training_audio``
    and ``validation_audio`` are the files that were used, by their decoded content (see
    :class:`~earmark.models.audio.identity.AudioIdentity`); both are empty on older cards.
    """

    step: Annotated[int, Field(ge=0)]
    data: str = ""
    songs: str = ""
    git: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    validation: dict[str, float] = Field(default_factory=dict)
    unprocessed: dict[str, float] = Field(default_factory=dict)
    validation_songs: int = 0
    training_audio: tuple[str, ...] = ()
    validation_audio: tuple[str, ...] = ()
    device: str = ""
    precision: str = ""
    seconds_per_step: float = 0.0
    seconds_per_epoch: float = 0.0
    history: dict[str, dict[str, list[float]]] = Field(default_factory=dict)
    recipe: dict[str, Any] = Field(default_factory=dict)


class Card(Description):
    """``model.json``; ``sha256`` is that of ``model.safetensors``."""

    format: Literal[1]
    training: TrainingCard
    sha256: str
    golden_tolerance: Annotated[float, Field(gt=0)] = 1e-4


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise ValueError(f"no such file or folder: {path}")


class CheckpointOptions(Options):
    """Options of kind ``checkpoint``: ``path`` or ``shipped``.

    ``architecture``, ``hyperparameters`` and ``system`` describe a bare weights file that has no
    description beside it; ``controls`` sets the controls of the network. ``weights`` says which of
    several networks in a file: the entry, or the prefix of its names.
    """

    path: YamlPath | None = None
    shipped: str | None = None
    controls: dict[str, float] = Field(default_factory=dict)
    architecture: str | None = None
    hyperparameters: dict[str, Any] | None = None
    system: SystemCard | None = None
    description: YamlPath | None = None
    weights: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _shipped_path(cls, data: Any) -> Any:
        """A shipped network counts by its content too, so that new weights are new work."""
        given = data if isinstance(data, dict) else {}
        if (given.get("path") is None) == (given.get("shipped") is None):
            raise ValueError("give either path, a checkpoint, or shipped, the name of one of ours")
        if given.get("shipped") is not None:
            name, known = data["shipped"], shipped_names()
            if name not in known:
                hint = nearest(str(name), known)
                raise ValueError(f"no network named {name!r} ships with Earmark{hint}")
            return {**given, "path": str((_SHIPPED / name).absolute())}
        return given

    @field_validator("path")
    @classmethod
    def _one_file(cls, path: Path | None) -> Path | None:
        try:
            return None if path is None else weights_of_folder(path)
        except UserError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _described(self) -> "CheckpointOptions":
        path = self.path
        if path is None:
            raise ValueError("path must not be empty")
        _check_exists(path)
        graph = model_format(path) if path.is_file() else None
        # With an architecture it is the weights alone that are wanted of it.
        if graph is not None and self.architecture is None and self.description is None:
            raise ValueError(f"{IN_WORDS[graph]} holds its own network: write kind: exported")
        bare = path.suffix in WEIGHTS_SUFFIXES and not (path.parent / _CARD).is_file()
        if not bare:
            said = (self.architecture, self.hyperparameters, self.system, self.description)
            if any(said) or self.weights:
                raise ValueError("a checkpoint folder describes itself: leave architecture out")
        elif self.architecture is None and self.description is None:
            # Part of the options, so that a change of it is a change of the system.
            self.__dict__["description"] = _beside(path)
        elif self.architecture is not None and self.description is not None:
            raise ValueError("give either architecture or description")
        if self.description is not None:
            _check_exists(self.description)
        return self


def _identity(options: CheckpointOptions) -> Any:
    """What of a checkpoint makes its audio: not its card's prose, nor where it lies."""
    path = options.path
    if path is None or path.suffix in WEIGHTS_SUFFIXES:
        found = {name: getattr(options, name) for name in type(options).model_fields}
        if options.weights is None:
            # Where it is not said, what was rendered before there was this option still counts.
            del found["weights"]
        said = options.system
        return found | {"system": None if said is None else said.model_dump(mode="json")}
    folder = path.parent if path.is_file() else path
    card = read_card(folder)
    system = card.system.model_dump(mode="json")
    return [
        card.architecture,
        card.hyperparameters,
        system,
        path_sha256(folder / _WEIGHTS),
        options.controls,
    ]


def card_of(options: CheckpointOptions) -> Card | None:
    """The card of a checkpoint folder that the options name; None for bare weights.

    Raises:
        UserError: as :func:`read_card`.
    """
    path = options.path
    if path is None or path.suffix in WEIGHTS_SUFFIXES:
        return None
    return read_card(path.parent if path.is_file() else path)


def _step(options: CheckpointOptions) -> int | None:
    card = card_of(options)
    return None if card is None else card.training.step


@kind("checkpoint", CheckpointOptions, identity=_identity, step=_step)
def build_checkpoint(options: CheckpointOptions) -> NetworkSystem:
    """A trained network: a checkpoint folder, a shipped one, or a state_dict with a description."""
    return built_network(options)


def built_network(options: CheckpointOptions) -> NetworkSystem:
    """The network that ``options`` describe, as a system.

    Raises:
        UserError: if its files are missing, damaged or do not fit.
    """
    path = options.path
    if path is None:
        raise UserError("kind checkpoint: give path or shipped")
    if options.architecture is not None:
        described = Description(
            architecture=options.architecture,
            hyperparameters=options.hyperparameters or {},
            system=options.system or SystemCard(),
        )
        system = _bare_system(path, described, options.weights)
    elif options.description is not None:
        described = load_yaml(options.description, Description)
        system = _bare_system(path, described, options.weights)
    else:
        system = load_checkpoint(path)
    _check_config(path, system.card)
    return with_controls(system, options.controls) if options.controls else system


def weights_of_folder(path: Path) -> Path:
    """Of a folder with ``config.json``, as Hugging Face has them, its one file of weights.

    Any other path is given back.

    Raises:
        UserError: if there is none, or more than one.
    """
    if (path / _CARD).is_file() or not (path / CONFIG).is_file():
        return path
    found = sorted(one for one in path.iterdir() if one.suffix in WEIGHTS_SUFFIXES)
    best = [one for one in found if one.suffix == ".safetensors"] or found
    if len(best) != 1:
        said = ", ".join(one.name for one in best) or "none"
        raise UserError(f"{path}: needs one file of weights beside {CONFIG}, and has {said}")
    return best[0]


def config_beside(path: Path) -> dict[str, Any]:
    """What the ``config.json`` beside a file of weights says; empty where there is none.

    Raises:
        UserError: if it is no JSON.
    """
    beside = path.parent / CONFIG
    if path.suffix not in WEIGHTS_SUFFIXES or not beside.is_file():
        return {}
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{beside}: cannot be read ({error})") from None
    return found if isinstance(found, dict) else {}


def _check_config(path: Path, card: SystemCard) -> None:
    config = config_beside(path)
    rate = config.get("sampling_rate", config.get("sample_rate"))
    if isinstance(rate, int) and rate != card.sample_rate:
        raise UserError(
            f"{path.parent / CONFIG}: its weights are for {rate} Hz and the description says "
            f"{card.sample_rate}; write system: {{sample_rate: {rate}}}"
        )


def description_of(options: CheckpointOptions) -> Description:
    """What the options, or the file beside the weights, say of a bare file of weights.

    Raises:
        UserError: if nothing does.
    """
    if options.architecture is not None:
        return Description(
            architecture=options.architecture,
            hyperparameters=options.hyperparameters or {},
            system=options.system or SystemCard(),
        )
    if options.description is None:
        raise UserError(f"{options.path}: describe it: give architecture and hyperparameters")
    return load_yaml(options.description, Description)


def shipped_names() -> list[str]:
    """The names of the trained networks that come with the package."""
    return sorted(card.parent.name for card in _SHIPPED.glob(f"*/{_CARD}"))


def load_checkpoint(path: Path) -> NetworkSystem:
    """The network of a checkpoint folder (or of a file in it), or of a bare weights file with a
    description beside it, as a system in evaluation mode.

    Raises:
        UserError: if anything is missing, damaged, unsafe or does not fit.
    """
    if path.suffix in WEIGHTS_SUFFIXES and path.is_file() and not (path.parent / _CARD).is_file():
        beside = _beside(path)
        if beside is None:
            raise UserError(f"{path}: {whose(open_weights(path))}")
        return _bare_system(path, load_yaml(beside, Description), None)
    folder = path.parent if path.name in (_CARD, _WEIGHTS) else path
    card = read_card(folder)
    weights = read_safetensors(folder / _WEIGHTS)
    sizes = hyperparameters_for(card.architecture, card.hyperparameters, weights)
    network = _network(card.model_copy(update={"hyperparameters": sizes}), folder)
    put_weights(network, weights, str(folder / _WEIGHTS))
    if path_sha256(folder / _WEIGHTS) != card.sha256:
        raise UserError(
            f"{folder / _WEIGHTS}: not the weights that {_CARD} describes (sha256 differs); "
            "copy the folder again"
        )
    spec = Spec(
        name=card.system.name or folder.name,
        kind="checkpoint",
        sha256=card.sha256,
        step=card.training.step,
    )
    system = NetworkSystem(network, card.system, spec)
    verify(system, folder, card.golden_tolerance)
    return system


def read_card(folder: Path) -> Card:
    """The card of a checkpoint folder.

    Raises:
        UserError: if the folder is not one, or the card is not valid.
    """
    if not folder.exists():
        raise UserError(f"{folder}: no such checkpoint")
    for name in (_CARD, _WEIGHTS, _GOLDEN):
        if not (folder / name).is_file():
            raise UserError(
                f"{folder}: not a checkpoint folder, {name} is missing; 'earmark train' writes "
                f"such folders ({_CARD}, {_WEIGHTS}, {_GOLDEN})"
            )
    return _parsed(folder / _CARD)


def _parsed(path: Path) -> Card:
    # A card may name thousands of files, which the parser of YAML reads a hundred times slower.
    try:
        return Card.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return load_yaml(path, Card)  # which says where a mistake stands


def verify(system: NetworkSystem, folder: Path, tolerance: float) -> float:
    """Render the golden input and compare; the largest difference.

    Raises:
        UserError: if it is larger than ``tolerance``.
    """
    golden = read_safetensors(folder / _GOLDEN)
    if set(golden) != {"input", "output"} or golden["input"].ndim not in (2, 3):
        raise UserError(f"{folder / _GOLDEN}: must hold 'input' and 'output'")
    out = _golden_output(system, golden["input"])
    wanted = golden["output"]
    difference = float((out - wanted).abs().max()) if out.shape == wanted.shape else float("inf")
    if not difference <= tolerance:
        raise UserError(
            f"{folder}: the golden pair does not come out again: it differs by {difference:.2g}, "
            f"allowed are {tolerance:g}; the code or the weights have changed"
        )
    return difference


def save_checkpoint(
    folder: Path,
    network: Network,
    about: Description,
    training: TrainingCard,
    beside: Mapping[str, str] | None = None,
) -> None:
    """Write a checkpoint folder, whole or not at all; one that is there is replaced.

    ``beside`` are texts that are written into it too, by file name.

    Raises:
        UserError: if the folder cannot be written, or the weights are not finite.
    """
    kept = copy.deepcopy(network).to("cpu")
    weights = {name: value.detach().contiguous() for name, value in kept.state_dict().items()}
    check_finite(weights, str(folder))
    system = NetworkSystem(kept, about.system, Spec(name=folder.name, kind="checkpoint"))
    excitation = _golden_input(kept.channels, about.system.sample_rate)
    if kept.input == "stems":
        excitation = torch.stack([excitation, excitation.flip(-1), 0.5 * excitation.roll(99, -1)])
    golden = {"input": excitation, "output": _golden_output(system, excitation)}
    scratch = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        scratch.mkdir(parents=True)
        save_file(weights, scratch / _WEIGHTS)
        save_file(golden, scratch / _GOLDEN)
        card = Card(
            format=FORMAT,
            **about.model_dump(),
            training=training,
            sha256=path_sha256(scratch / _WEIGHTS),
        )
        text = json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False)
        (scratch / _CARD).write_text(text + "\n", encoding="utf-8")
        for name, words in (beside or {}).items():
            (scratch / name).write_text(words, encoding="utf-8")
        # safetensors writes for the owner alone; others on the machine shall render too.
        mode = (scratch / _CARD).stat().st_mode & 0o777
        for name in (_WEIGHTS, _GOLDEN):
            (scratch / name).chmod(mode)
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def with_controls(system: NetworkSystem, controls: dict[str, float]) -> NetworkSystem:
    """The same network with other values for its controls.

    Raises:
        UserError: for an unknown control or a value out of its range.
    """
    values = check_controls(system.spec, controls)
    changed = {
        name: replace(known, default=values[name]) for name, known in system.spec.controls.items()
    }
    spec = replace(system.spec, controls=changed)
    return NetworkSystem(system.network, system.card, spec, system.origin)


def _bare_system(path: Path, about: Description, part: str | None) -> NetworkSystem:
    found = fitted(open_weights(path, part), about.architecture, about.hyperparameters, part)
    card = about.system.over(found.system, str(path))
    settled = Description(
        architecture=found.architecture, hyperparameters=dict(found.hyperparameters), system=card
    )
    network = _network(settled, path)
    put_weights(network, found.weights, str(path))
    spec = Spec(name=card.name or path.stem, kind="checkpoint", sha256=path_sha256(path))
    origin = NetworkOrigin(found.architecture, found.hyperparameters, found.remarks)
    return NetworkSystem(network, card, spec, origin)


def _network(about: Description, origin: Path) -> Network:
    try:
        network, _ = build_network(about.architecture, about.hyperparameters)
    except UserError as error:
        raise UserError(f"{origin}: {error}") from None
    if network.controls != len(about.system.controls):
        raise UserError(
            f"{origin}: the network has {network.controls} controls and the description names "
            f"{len(about.system.controls)} under system.controls"
        )
    return network


def _beside(path: Path) -> Path | None:
    """The description beside a bare weights file."""
    found = (path.with_suffix(suffix) for suffix in _DESCRIPTIONS)
    return next((one for one in found if one.is_file()), None)


@functools.cache
def _golden_input(channels: int, sample_rate: int) -> Tensor:
    """A seeded excitation at about -18 dBFS that decays: loud, soft and all frequencies."""
    samples = round(GOLDEN_SECONDS * sample_rate)
    noise = torch.randn(channels, samples, generator=torch.Generator().manual_seed(0))
    return noise * torch.logspace(-0.5, -2.5, samples)


def _golden_output(system: NetworkSystem, audio: Tensor) -> Tensor:
    """What comes out of the golden input, which is too short to have a loudness: no gain."""
    controls = {name: known.default for name, known in controls_of(system.card).items()}
    return run(system, Material(audio, system.card.sample_rate), controls).audio
