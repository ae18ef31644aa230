"""What a checkpoint says of itself: the training card of ``model.json``, and a README to read.

The README sets the checkpoint beside doing nothing, on songs that it has not been trained on, and
says in one sentence which of the two is better.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from ..architectures import Network
from ..audio.identity import AudioIdentity
from ..checkpoints.folders import TrainingCard
from ..training_data import Dataset
from .curves import NAMES, draw_curves
from .resume import Progress
from .training_file import Recipe


@dataclass(frozen=True)
class Setting:
    """What stays the same during a training."""

    recipe: Recipe
    songs: Dataset
    device: torch.device
    epoch_steps: int


def training_card(
    setting: Setting, progress: Progress, validation: dict[str, float]
) -> TrainingCard:
    """The card of a checkpoint of this moment, with its validation."""
    songs, recipe = setting.songs, setting.recipe
    trained, validated = songs.audio
    each = progress.seconds / max(progress.step, 1)
    return TrainingCard(
        step=progress.step,
        data=songs.key,
        songs=songs.summary,
        git=_revision(),
        versions={name: version(name) for name in ("earmark", "torch")},
        validation=validation,
        unprocessed=progress.unprocessed,
        validation_songs=songs.validation_items,
        training_audio=_identities(trained),
        validation_audio=_identities(validated),
        device=_device_name(setting.device),
        precision=recipe.precision,
        seconds_per_step=float(f"{each:.4g}"),
        seconds_per_epoch=float(f"{each * setting.epoch_steps:.4g}"),
        history=progress.history.card(),
        recipe=recipe.said(),
    )


def card_files(setting: Setting, progress: Progress, network: Network) -> dict[str, str]:
    """The files beside a card, by name: the README and the curves."""
    recipe = setting.recipe
    curves = draw_curves(
        f"{recipe.name}, step {progress.step}", progress.history, progress.unprocessed
    )
    return {"README.md": _readme(setting, progress, network), "curves.svg": curves}


def verdict(validation: dict[str, float], unprocessed: dict[str, float]) -> str:
    """Whether a checkpoint is better than nothing, in one sentence."""
    got, plain = validation["loss"], unprocessed["loss"]
    said = f"its loss is {got:.4g}, that of the songs as they are {plain:.4g}"
    if got < plain:
        lower = 100 * (1 - got / plain)
        share = f"{lower:.0f} %" if lower >= 1 else "less than 1 %"
        return (
            f"On the validation songs {said}: better than leaving them as they are (lower by "
            f"{share})."
        )
    if got == plain:
        return f"On the validation songs {said}: it changes nothing for better or worse."
    return (
        f"On the validation songs {said}: **it is not better than leaving them as they are**, "
        "and should not be used to process music."
    )


def _readme(setting: Setting, progress: Progress, network: Network) -> str:
    recipe, songs = setting.recipe, setting.songs
    weights = sum(weight.numel() for weight in network.parameters())
    channels = {1: "mono", 2: "stereo"}.get(network.channels, f"{network.channels} channels")
    field = network.receptive_field
    heard = f", receptive field {field:,} samples" if field else ""
    licence = recipe.system.licence or "not stated"
    parts = [
        f"# {recipe.system.name or recipe.name}",
        f"`{recipe.architecture}`, {weights:,} parameters, {recipe.system.sample_rate} Hz, "
        f"{'stems in, stereo out' if network.input == 'stems' else channels}{heard}. "
        f"Licence: {licence}.",
        f"Trained for {progress.step} steps on {songs.summary} (content key `{songs.key[:12]}`).",
        *_measured(progress, songs.validation_items),
        "![Curves of the training](curves.svg)",
        f"Steps of {recipe.batch} × {recipe.crop:g} s took "
        f"{progress.seconds / max(progress.step, 1):.2g} s each on {_device_name(setting.device)} "
        f"in {recipe.precision}; {setting.epoch_steps:,} make an epoch. The recipe, the versions "
        "and the curves as numbers are in `model.json`.",
    ]
    return "\n\n".join(parts) + "\n"


def _measured(progress: Progress, songs: int) -> list[str]:
    """The table and the verdict, where this step has been validated."""
    last = progress.history.validations[-1] if progress.history.validations else None
    if last is None or last["step"] != progress.step:
        return ["It has not been measured: at this step its front and back end alone are trained."]
    names = [name for name in NAMES if name in last and name in progress.unprocessed]
    rows = [
        f"| {NAMES[name]} | {progress.unprocessed[name]:.4g} | {last[name]:.4g} |" for name in names
    ]
    head = f"| mean of {songs} validation songs | unprocessed | this checkpoint |"
    return ["\n".join([head, "|---|---|---|", *rows]), verdict(last, progress.unprocessed)]


def _identities(audio: Sequence[AudioIdentity]) -> tuple[str, ...]:
    """Each audio once; sorted, so that it tells nothing of names and order."""
    return tuple(sorted({str(one) for one in audio}))


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"the CPU ({threads} thread{'' if threads == 1 else 's'})"


def _revision() -> str:
    """The git revision of this code where it is a clone; else nothing."""
    here = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=40"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
