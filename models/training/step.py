"""One step of a training: what a network is given, what it is judged by, how its weights move.

In mixed precision the network computes in bfloat16 or float16 (torch's autocast) and the loss in
float32, of an output that is brought back to it. In float16 small gradients would vanish, so the
loss is scaled up before the gradient is taken; a step whose gradient then overflows is left out
and the scale halved.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..architectures import Network, build_network, memory_bytes, without
from ..audio.losses import Losses, training_loss
from ..embeddings.vggish import read_vggish
from ..errors import UserError
from ..rendering.chunking import is_out_of_memory
from ..training_data import DataRequest, unprocessed
from ..training_data.items import TrainingItem
from .batches import TrainingBatch, draw, side_by_side
from .training_file import Recipe, context_of

# Measured at every validation, whatever the loss is.
LOOKED_AT = ("mrstft", "l1", "loudness")
_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
# Weights, their gradients, and the two moments of Adam, float32 each.
_BYTES_PER_WEIGHT = 16
# Below this scale a float16 training is not unlucky but diverged.
_LEAST_SCALE = 1e-3
_FLOOR = 0.02


class Learner:
    """A network in training on a device."""

    def __init__(self, recipe: Recipe, request: DataRequest, device: torch.device) -> None:
        self.recipe, self.request, self.device = recipe, request, device
        with torch.random.fork_rng():
            torch.manual_seed(recipe.seed)
            self.network: Network
            self.network, _ = build_network(recipe.architecture, recipe.hyperparameters)
        if recipe.encoder_weights is not None:
            _put_encoder(self.network, recipe)
        self.network.to(device)
        self.context = context_of(recipe, self.network)
        kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
        self.optimizer = kinds[recipe.optimizer](
            self.network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "fp16")

    def step(self, number: int, batch: TrainingBatch, rate: float) -> dict[str, float]:
        """Learn from a batch at learning rate ``rate``; the losses it had.

        Raises:
            UserError: if the training has diverged, or memory has run out.
        """
        try:
            return self._stepped(number, batch, rate)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            recipe = self.recipe
            raise UserError(
                f"{recipe.name}: memory ran out on {self.device} for {recipe.batch} crops of "
                f"{recipe.crop:g} s; lower batch or crop in the training file"
            ) from None

    def _stepped(self, number: int, batch: TrainingBatch, rate: float) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self._train_mode(number)
        batch = batch.to(self.device)
        with torch.random.fork_rng():
            torch.manual_seed(draw(self.recipe.seed, number))
            total, values = self._judged(number, batch)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(total).backward()  # type: ignore[no-untyped-call]  # torch's own
        self.scaler.unscale_(self.optimizer)
        norm = float(
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip or math.inf)
        )
        overflow = not math.isfinite(norm) and self._may_overflow()
        if not math.isfinite(values["loss"]) or not (math.isfinite(norm) or overflow):
            raise UserError(
                f"{self.recipe.name}: the training diverged at step {number + 1} (loss "
                f"{values['loss']:g}, gradient {norm:g}); lower learning_rate in the training file"
            )
        self.scaler.step(self.optimizer)
        self.scaler.update()
        with torch.no_grad():
            self.network.settle()
        return {**values, "learning_rate": rate}

    def evaluate(self, item: TrainingItem) -> dict[str, float]:
        """The losses of a validation item, less the penalty."""
        self.network.eval()
        batch = side_by_side([item], self.request).to(self.device)
        with torch.no_grad(), self._autocast():
            controls = self.network.ranged(batch.controls)
            out = self._trimmed(self.network.inside(batch.audio, controls, self.context))
        return self._losses(out, batch.target, LOOKED_AT).values()

    def evaluate_unprocessed(self, item: TrainingItem) -> dict[str, float]:
        """The losses of a validation item as it would be with no network."""
        plain = unprocessed(item, self.request)[None].to(self.device)
        return self._losses(plain, item.target[None].to(self.device), LOOKED_AT).values()

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on, but for its number."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def put_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave."""
        self.network.load_state_dict(state["network"], strict=True)
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(state["scaler"])

    def _judged(self, number: int, batch: TrainingBatch) -> tuple[Tensor, dict[str, float]]:
        """What is minimised at this step, and the losses as numbers."""
        if number < self.recipe.autoencoder:
            return self._reconstruction(batch)
        weight = self.recipe.loss.penalty
        controls = self.network.ranged(batch.controls)
        with self._autocast():
            if weight:
                out, penalties = self.network.penalised(batch.audio, controls)
                out = out if self.network.geometry.mode == "context" else without(out, self.context)
            else:
                out = self.network.inside(batch.audio, controls, self.context)
                penalties = batch.audio.new_zeros(1)
        losses = self._losses(self._trimmed(out), batch.target)
        penalty = penalties.float().mean()
        total = losses.total + weight * penalty
        values = losses.values() | {"loss": total.item()}
        return total, values | ({"penalty": penalty.item()} if weight else {})

    def _reconstruction(self, batch: TrainingBatch) -> tuple[Tensor, dict[str, float]]:
        with self._autocast():
            # Which networks can is checked when the recipe is read.
            out = self.network.reconstruct(batch.audio)  # type: ignore[operator]
        got, wanted = (without(one.float(), self.context) for one in (out, batch.audio))
        error = F.l1_loss(got, wanted)
        return error, {"loss": error.item()}

    def _losses(self, out: Tensor, target: Tensor, also: tuple[str, ...] = ()) -> Losses:
        rate = self.request.sample_rate
        return training_loss(out.float(), target, rate, self.recipe.objective, also)

    def _trimmed(self, out: Tensor) -> Tensor:
        """Without the lead."""
        return without(out, (self.request.left - self.context[0], 0))

    def _autocast(self) -> torch.autocast:
        kind = _TYPES.get(self.recipe.precision)
        return torch.autocast(self.device.type, kind or torch.bfloat16, enabled=kind is not None)

    def _train_mode(self, number: int) -> None:
        self.network.train()
        if number >= self.recipe.hold_statistics * self.recipe.steps:
            for part in self.network.modules():
                if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                    part.eval()

    def _may_overflow(self) -> bool:
        return self.scaler.is_enabled() and self.scaler.get_scale() > _LEAST_SCALE


def learning_rate(recipe: Recipe, step: int, cuts: int) -> float:
    """The learning rate of ``step``, after ``cuts`` cuts of the schedule ``plateau``.

    Constant while the autoencoder trains; then a linear rise, then the schedule.
    """
    step, steps = step - recipe.autoencoder, recipe.steps - recipe.autoencoder
    if step < 0:
        return recipe.learning_rate
    rate = recipe.learning_rate * min((step + 1) / (recipe.warmup + 1), 1.0)
    if recipe.schedule.kind == "plateau":
        return rate * recipe.schedule.factor**cuts
    if recipe.schedule.kind == "constant":
        return rate
    through = min(max(step - recipe.warmup, 0) / max(steps - recipe.warmup, 1), 1.0)
    return rate * (_FLOOR + (1 - _FLOOR) * 0.5 * (1 + math.cos(math.pi * through)))


def check_precision(recipe: Recipe, device: torch.device) -> None:
    """Refuse a precision that the device does not have.

    Raises:
        UserError: naming the precisions that it has.
    """
    if recipe.precision == "fp16" and device.type == "cpu":
        raise UserError(
            f"{recipe.name}: precision fp16 needs a GPU (--device cuda); "
            "use float32 or bf16 on the CPU"
        )
    if recipe.precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise UserError(
            f"{recipe.name}: {torch.cuda.get_device_name(device)} has no bf16; "
            "use precision fp16 or float32"
        )


def check_memory(recipe: Recipe, weights: int, device: torch.device) -> None:
    """Refuse a network whose weights, gradients and moments alone do not fit.

    Raises:
        UserError: with its parameters and bytes.
    """
    there = memory_bytes()
    if device.type == "cuda":
        there = torch.cuda.get_device_properties(device).total_memory
    needed = weights * _BYTES_PER_WEIGHT
    if needed > there:
        raise UserError(
            f"{recipe.name}: {recipe.architecture} of this size has {weights:,} parameters; to "
            f"train them takes at least {needed:,} bytes ({needed * 1e-9:,.1f} GB), and {device} "
            f"has {there * 1e-9:,.1f} GB; choose smaller hyperparameters"
        )


def _put_encoder(network: Network, recipe: Recipe) -> None:
    path = recipe.encoder_weights
    if path is None:
        return
    layout: Any = getattr(network, "encoder_layout", None)
    found = read_vggish(path, layout)
    network.get_submodule("encoder").load_state_dict(found.state_dict(), strict=True)
