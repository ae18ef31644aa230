"""Trains a network of ours on pairs of mix and reference, to the same weights each time.

Every random draw is made from the recipe's seed and the number of the step, so a training that
was killed and goes on ends with the weights of one that was not (on one machine, with as many
threads). What a training leaves behind, below ``runs/NAME``: a checkpoint folder ``step_000100``
every ``save_every`` steps, ``best`` (that of the smallest validation loss), ``state.pt`` to go on
from, TensorBoard scalars, and the demo songs it made.
"""

import math
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.utils.tensorboard.writer import SummaryWriter

from .architectures import Network, build_network
from .checkpoints import TrainingCard, save_checkpoint
from .devices import exact_float32, resolve_device
from .errors import UserError
from .keys import content_key
from .losses import Losses, mastering_loss
from .training_recipe import Recipe
from .training_songs import Cut, Pair, Songs, batch, collect, crop
from .training_state import Progress, load_state, save_state

# Grows whenever the same recipe and songs train to something else.
VERSION = 1
_VALIDATION_SECONDS = 8.0


class Watch(Protocol):
    """Who is told how a training goes."""

    def songs(self, done: int, total: int) -> None:
        """So many demo songs are made."""

    def started(self, step: int, steps: int, songs: str) -> None:
        """Training begins at ``step``."""

    def step(self, step: int, losses: dict[str, float]) -> None:
        """A step is done."""

    def validated(self, step: int, values: dict[str, float]) -> None:
        """The validation songs were rendered; at step 0 they are as they were."""


@dataclass(frozen=True)
class Limits:
    """When to stop before the recipe's last step; ``stop`` is asked after each step."""

    steps: int | None = None
    seconds: float | None = None
    stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Result:
    """What a training has come to; ``finished`` unless a limit or a stop ended it early."""

    folder: Path
    step: int
    best_step: int
    best: float
    finished: bool


def train(
    recipe: Recipe, folder: Path, watch: Watch, limits: Limits | None = None, device: str = "cpu"
) -> Result:
    """Train in ``folder``, going on from what is there.

    Raises:
        UserError: if songs or the folder cannot be used, or the training diverges.
    """
    limits = limits or Limits()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror})") from None
    songs = collect(recipe, folder / "songs", watch.songs)
    with exact_float32():
        return _Training(recipe, folder, songs, resolve_device(device)).run(watch, limits)


class _Training:
    def __init__(self, recipe: Recipe, folder: Path, songs: Songs, device: torch.device) -> None:
        self.recipe, self.folder, self.songs, self.device = recipe, folder, songs, device
        with torch.random.fork_rng():
            torch.manual_seed(recipe.seed)
            self.network: Network
            self.network, _ = build_network(recipe.architecture, recipe.hyperparameters)
        self.network.to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), recipe.learning_rate)
        geometry = self.network.geometry
        rate = recipe.system.sample_rate
        # Only a network in mode ``context`` gives less than it is given.
        around = (geometry.left, geometry.right) if geometry.mode == "context" else (0, 0)
        self.cut = Cut(round(recipe.crop * rate), *around, self.network.channels, rate)
        said = recipe.model_dump(mode="json", exclude={"name", "save_every"})
        said["songs"].pop("folder")  # its songs count, wherever they lie
        self.key = content_key(VERSION, said, songs.key)
        self.progress = load_state(folder, self.key, self.network, self.optimizer) or Progress()

    def run(self, watch: Watch, limits: Limits) -> Result:
        progress, recipe = self.progress, self.recipe
        last = min(recipe.steps, limits.steps or recipe.steps)
        begin = time.monotonic()
        watch.started(progress.step, last, self.songs.summary)
        with SummaryWriter(str(self.folder), purge_step=progress.step + 1) as writer:
            if progress.step == 0:
                values = self._validate(None)
                self._log(writer, "unprocessed", values)
                watch.validated(0, values)
            while progress.step < last and not self._out_of_patience():
                losses = self._step(progress.step)
                progress.step += 1
                self._log(writer, "train", losses)
                watch.step(progress.step, losses)
                late = limits.seconds is not None and time.monotonic() - begin >= limits.seconds
                stopped = limits.stop()
                self._keep(writer, watch, final=late or progress.step == last, stopped=stopped)
                if stopped or late:
                    break
        finished = progress.step >= recipe.steps or self._out_of_patience()
        return Result(self.folder, progress.step, progress.best_step, progress.best, finished)

    def _step(self, step: int) -> dict[str, float]:
        generator = torch.Generator().manual_seed(_draw(self.recipe.seed, step))
        rate = self.recipe.learning_rate * _schedule(self.recipe, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        mix, target = batch(self.songs.training, self.cut, self.recipe.batch, generator)
        self.network.train()
        if step >= self.recipe.hold_statistics * self.recipe.steps:
            for part in self.network.modules():
                if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                    part.eval()
        with torch.random.fork_rng():
            torch.manual_seed(_draw(self.recipe.seed, step))
            out = self.network(mix.to(self.device))
        losses = self._losses(out, target.to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        values = _values(losses)
        if not math.isfinite(values["loss"]) or not math.isfinite(float(norm)):
            raise UserError(
                f"{self.folder}: the training diverged at step {step + 1} (loss "
                f"{values['loss']:g}); lower learning_rate in the training file"
            )
        self.optimizer.step()
        return {**values, "learning_rate": rate}

    def _losses(self, out: Tensor, target: Tensor) -> Losses:
        weights = self.recipe.loss
        return mastering_loss(
            out, target, self.cut.sample_rate, (weights.mrstft, weights.l1, weights.loudness)
        )

    def _keep(self, writer: SummaryWriter, watch: Watch, *, final: bool, stopped: bool) -> None:
        """Validate, write the checkpoint and the state where the recipe or the end asks for it."""
        step, recipe = self.progress.step, self.recipe
        validate = step % recipe.validate_every == 0 or step == recipe.steps
        save = step % recipe.save_every == 0 or final
        if validate:
            values = self._validate(self.network)
            self._log(writer, "validation", values)
            watch.validated(step, values)
            better = values["loss"] < self.progress.best
            self.progress.misses = 0 if better else self.progress.misses + 1
            if better:
                self.progress.best, self.progress.best_step = values["loss"], step
                self._save(self.folder / "best", values)
        if save:
            self._save(self.folder / f"step_{step:06d}", {})
        if validate or save or stopped:
            writer.flush()
            save_state(self.folder, self.key, self.network, self.optimizer, self.progress)

    def _validate(self, network: Network | None) -> dict[str, float]:
        """Means over the validation songs, the same middle of each; of the mix where no network."""
        values: list[dict[str, float]] = []
        if network is not None:
            network.eval()
        for pair in self.songs.validation:
            mix, target = (one.to(self.device) for one in self._middle(pair))
            with torch.no_grad():
                if network is None:
                    out = mix[None, :, self.cut.left : mix.shape[-1] - self.cut.right] / pair.gain
                else:
                    out = network(mix[None])
                values.append(_values(self._losses(out, target[None])))
        return {name: sum(one[name] for one in values) / len(values) for name in values[0]}

    def _middle(self, pair: Pair) -> tuple[Tensor, Tensor]:
        seconds = min(_VALIDATION_SECONDS, pair.samples / pair.sample_rate)
        return crop(pair, replace(self.cut, samples=int(seconds * self.cut.sample_rate)), 0.5)

    def _save(self, folder: Path, validation: dict[str, float]) -> None:
        card = TrainingCard(
            step=self.progress.step,
            data=self.songs.key,
            songs=self.songs.summary,
            git=_revision(),
            versions={name: version(name) for name in ("earmark", "torch")},
            validation=validation,
            recipe=self.recipe.model_dump(mode="json", exclude={"songs": {"folder"}}),
        )
        save_checkpoint(folder, self.network, self.recipe.description, card)

    def _log(self, writer: SummaryWriter, group: str, values: dict[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(f"{group}/{name}", value, self.progress.step)

    def _out_of_patience(self) -> bool:
        return 0 < self.recipe.patience <= self.progress.misses


def begin_again(folder: Path) -> None:
    """Remove what a training of ours wrote to ``folder``, except the demo songs."""
    for path in _written(folder):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _written(folder: Path) -> Iterator[Path]:
    kept = ("step_*", "best", "state.pt", "events.out.tfevents.*")
    for pattern in (*kept, ".step_*", ".best.*", ".state.pt.*"):  # the latter left by a kill
        yield from folder.glob(pattern)


def _values(losses: Losses) -> dict[str, float]:
    return {
        "loss": losses.total.item(),
        "mrstft": losses.mrstft.item(),
        "l1": losses.l1.item(),
        "loudness_db": losses.loudness_db.item(),
    }


def _schedule(recipe: Recipe, step: int) -> float:
    """The share of the learning rate at ``step``: a linear rise, then a cosine down to 2 %."""
    rise = min((step + 1) / (recipe.warmup + 1), 1.0)
    through = max(step - recipe.warmup, 0) / max(recipe.steps - recipe.warmup, 1)
    return rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(through, 1.0))))


def _draw(seed: int, step: int) -> int:
    return int(content_key("training step", seed, step)[:15], 16)


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
