"""Trains a network of ours on inputs and targets, to the same weights each time.

Every random draw is made from the recipe's seed and the number of the step, so a training that
was killed and goes on ends with the weights of one that was not (on one machine, with as many
threads). What a training leaves behind, below ``runs/NAME``: a checkpoint folder ``step_000100``
every ``save_every`` steps, ``best`` (that of the smallest validation loss), ``state.pt`` to go on
from, ``curves.svg``, TensorBoard scalars where that package is installed, and the demo songs it
made.
"""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..architectures import outline_network
from ..checkpoints.folders import save_checkpoint
from ..content_key import content_key, path_sha256
from ..errors import UserError
from ..rendering.devices import exact_float32, resolve_device
from ..training_data import DataRequest, SongPlace, collect
from .batches import Batches, TrainingBatch, load, one_thread
from .curves import draw_curves
from .model_card import Setting, card_files, training_card
from .resume import Progress, load_state, save_state
from .scalars import Scalars, scalars
from .step import Learner, check_memory, check_precision, learning_rate
from .training_file import Recipe, request_of

# Grows whenever the same recipe and songs train to something else.
VERSION = 2


class TrainingWatch(Protocol):
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
class TrainingResult:
    """What a training has come to; ``finished`` unless a limit or a stop ended it early.

    ``best`` and ``unprocessed`` are the validation losses of step ``best_step`` (0: none yet) and
    of the songs as they are.
    """

    folder: Path
    step: int
    best_step: int
    best: float
    unprocessed: float
    finished: bool


def train(
    recipe: Recipe,
    folder: Path,
    watch: TrainingWatch,
    limits: Limits | None = None,
    device: str = "cpu",
) -> TrainingResult:
    """Train in ``folder``, going on from what is there.

    Raises:
        UserError: if songs, the device or the folder cannot be used, the network does not fit, or
            the training diverges.
    """
    limits = limits or Limits()
    place = resolve_device(device)
    check_precision(recipe, place)
    outline, _ = outline_network(recipe.architecture, recipe.hyperparameters)
    check_memory(recipe, sum(weight.numel() for weight in outline.parameters()), place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror})") from None
    request = request_of(recipe, outline)
    songs = collect(recipe.songs, request, SongPlace(folder / "songs", recipe.seed, watch.songs))
    epoch = max(round(songs.seconds / (recipe.batch * recipe.crop)), 1)
    setting = Setting(recipe, songs, place, epoch)
    with exact_float32():
        return _Training(setting, request, folder).run(watch, limits)


class _Training:
    def __init__(self, setting: Setting, request: DataRequest, folder: Path) -> None:
        self.setting, self.request, self.folder = setting, request, folder
        self.recipe, self.songs = setting.recipe, setting.songs
        self.validate_every = _steps(self.recipe.validate_every, setting)
        self.save_every = _steps(self.recipe.save_every, setting)
        self.learner = Learner(self.recipe, request, setting.device)
        self.key = _key(setting)
        found = load_state(folder, self.key)
        self.progress = Progress()
        if found is not None:
            learned, self.progress = found
            self.learner.put_state(learned)

    def run(self, watch: TrainingWatch, limits: Limits) -> TrainingResult:
        progress, recipe = self.progress, self.recipe
        last = min(recipe.steps, limits.steps or recipe.steps)
        watch.started(progress.step, last, self.songs.summary)
        if progress.step < last and not self._out_of_patience():
            with scalars(self.folder, progress.step + 1) as writer:
                self._steps_to(last, writer, watch, limits)
        finished = progress.step >= recipe.steps or self._out_of_patience()
        plain = progress.unprocessed.get("loss", float("nan"))
        best = progress.best_step, progress.best
        return TrainingResult(self.folder, progress.step, *best, plain, finished)

    def _steps_to(self, last: int, writer: Scalars, watch: TrainingWatch, limits: Limits) -> None:
        progress = self.progress
        begin = time.monotonic()
        if progress.step == 0:
            progress.unprocessed = self._validated(processed=False)
            writer.add("unprocessed", progress.unprocessed, progress.step)
            watch.validated(0, progress.unprocessed)
        batches = self._batches(range(progress.step, last))
        while progress.step < last and not self._out_of_patience():
            started = time.monotonic()
            losses = self._step(next(batches))
            progress.seconds += time.monotonic() - started
            writer.add("train", losses, progress.step)
            watch.step(progress.step, losses)
            late = limits.seconds is not None and time.monotonic() - begin >= limits.seconds
            stopped = limits.stop()
            self._keep(writer, watch, final=late or progress.step == last, stopped=stopped)
            if stopped or late:
                break

    def _batches(self, steps: range) -> Iterator[TrainingBatch]:
        recipe = self.recipe
        made = Batches(self.songs, self.request, recipe.seed, recipe.batch, recipe.mixup)
        return load(made, steps, recipe.workers, pin=self.setting.device.type == "cuda")

    def _step(self, batch: TrainingBatch) -> dict[str, float]:
        progress = self.progress
        rate = learning_rate(self.recipe, progress.step, progress.cuts)
        losses = self.learner.step(progress.step, batch, rate)
        progress.step += 1
        progress.history.add_step(progress.step, losses["loss"], rate)
        return losses

    def _keep(self, writer: Scalars, watch: TrainingWatch, *, final: bool, stopped: bool) -> None:
        """Validate, write the checkpoint and the state where the recipe or the end asks for it."""
        progress, recipe = self.progress, self.recipe
        step = progress.step
        # While the autoencoder trains, what the network renders says nothing.
        ready = step > recipe.autoencoder
        due = ready and (step % self.validate_every == 0 or step == recipe.steps)
        save = step % self.save_every == 0 or final
        values: dict[str, float] = {}
        if due or (save and ready):
            values = self._validated()
            progress.history.add_validation(step, values)
            writer.add("validation", values, step)
            watch.validated(step, values)
        if due and self._is_best(values):
            self._save(self.folder / "best", values)
        if save:
            self._save(self.folder / f"step_{step:06d}", values)
        if due or save or stopped:
            writer.flush()
            self._draw()
            save_state(self.folder, self.key, self.learner.state(), progress)

    def _is_best(self, values: dict[str, float]) -> bool:
        """Note a validation that counts; cut the learning rate where it no longer falls."""
        progress, schedule = self.progress, self.recipe.schedule
        if values["loss"] < progress.best:
            progress.best, progress.best_step = values["loss"], progress.step
            progress.misses = progress.flat = 0
            return True
        progress.misses += 1
        progress.flat += 1
        if schedule.kind == "plateau" and progress.flat >= schedule.patience:
            progress.cuts += 1
            progress.flat = 0
        return False

    def _validated(self, *, processed: bool = True) -> dict[str, float]:
        """Means over the validation songs, the same part of each."""
        values: list[dict[str, float]] = []
        judge = self.learner.evaluate if processed else self.learner.evaluate_unprocessed
        for index in range(self.songs.validation_items):
            with one_thread():
                item = self.songs.held_out(index)
            values.append(judge(item))
        return {name: sum(one[name] for one in values) / len(values) for name in values[0]}

    def _save(self, folder: Path, validation: dict[str, float]) -> None:
        network = self.learner.network
        card = training_card(self.setting, self.progress, validation)
        beside = card_files(self.setting, self.progress, network)
        save_checkpoint(folder, network, self.recipe.description, card, beside)

    def _draw(self) -> None:
        """The curves so far, whole or not at all."""
        drawn = draw_curves(self.recipe.name, self.progress.history, self.progress.unprocessed)
        scratch = self.folder / f".curves.svg.{uuid.uuid4().hex[:8]}"
        try:
            scratch.write_text(drawn, encoding="utf-8")
            scratch.replace(self.folder / "curves.svg")
        except OSError as error:
            raise UserError(f"{self.folder}: cannot be written ({error.strerror})") from None
        finally:
            scratch.unlink(missing_ok=True)

    def _out_of_patience(self) -> bool:
        return 0 < self.recipe.patience <= self.progress.misses


def begin_again(folder: Path) -> None:
    """Remove what a training of ours wrote to ``folder``, except the demo songs."""
    for path in _written(folder):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _written(folder: Path) -> Iterator[Path]:
    kept = ("step_*", "best", "state.pt", "curves.svg", "events.out.tfevents.*")
    # What begins with a dot was left by a kill.
    for pattern in (*kept, ".step_*", ".best.*", ".state.pt.*", ".curves.svg.*"):
        yield from folder.glob(pattern)


def _key(setting: Setting) -> str:
    """What decides the weights: the recipe, the songs wherever they lie, the version."""
    recipe = setting.recipe
    said = recipe.said()
    for name in ("name", "save_every", "workers"):
        said.pop(name)
    encoder = recipe.encoder_weights
    given = path_sha256(encoder) if encoder and encoder.is_file() else ""
    return content_key(VERSION, said, setting.songs.key, given)


def _steps(wanted: int | str, setting: Setting) -> int:
    return wanted if isinstance(wanted, int) else setting.epoch_steps
