"""Makes the batches of a training, in this process or in others, the same in both.

A batch is decided by the recipe's seed and the number of its step alone: each of its items is
drawn by a generator of its own. So a training that goes on from a step, or one that has more or
fewer loader processes, sees what any other sees. Items are computed with one thread here as there,
for sums may round otherwise with several.
"""

import functools
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ..content_key import content_key
from ..errors import UserError
from ..processes import take_environment, worker_context
from ..training_data import DataRequest, Dataset, TrainingItem


class TrainingBatch(NamedTuple):
    """Items side by side: ``(batch, [stems,] channels, left + samples + right)``, ``(batch,
    channels, samples)`` and controls scaled to -1 .. 1, ``(batch, controls)`` or None.
    """

    audio: Tensor
    target: Tensor
    controls: Tensor | None

    def to(self, device: torch.device) -> "TrainingBatch":
        """The same on another device."""
        controls = self.controls
        return TrainingBatch(
            self.audio.to(device, non_blocking=True),
            self.target.to(device, non_blocking=True),
            None if controls is None else controls.to(device, non_blocking=True),
        )


@dataclass(frozen=True)
class Batches:
    """The batch of each step, by its number; picklable."""

    data: Dataset
    request: DataRequest
    seed: int
    size: int
    mixup: float = 0.0

    def __getitem__(self, step: int) -> "TrainingBatch | UserError":
        """What goes wrong is given back: a loader process would wrap it in its traceback."""
        try:
            items = [
                self.data.item(torch.Generator().manual_seed(draw(self.seed, step, index)))
                for index in range(self.size)
            ]
            batch = side_by_side(items, self.request)
        except UserError as error:
            return error
        return mixed_up(batch, self.mixup, draw(self.seed, step)) if self.mixup else batch


def load(
    batches: Batches, steps: range, workers: int, *, pin: bool = False
) -> Iterator[TrainingBatch]:
    """The batches of ``steps`` in turn, made by ``workers`` processes, or here where there is none.

    ``pin`` puts them where a GPU reads them without waiting.

    Raises:
        UserError: what an item raised, or if a process has ended.
    """
    found: Any
    if workers == 0:
        found = (_alone(batches, step) for step in steps)
    else:
        found = DataLoader(
            batches,  # type: ignore[arg-type]  # a mapping from steps is all that it needs
            batch_size=None,
            sampler=steps,
            num_workers=workers,
            collate_fn=_as_it_is,
            worker_init_fn=functools.partial(_begin, dict(os.environ)),
            pin_memory=pin,
            multiprocessing_context=worker_context(__name__),
        )
    try:
        for batch in found:
            if isinstance(batch, UserError):
                raise batch
            yield batch
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        raise UserError(
            f"a process that reads the songs has ended ({str(error).splitlines()[0]}); it may "
            "have run out of memory: lower workers in the training file"
        ) from None


def side_by_side(items: list[TrainingItem], request: DataRequest) -> TrainingBatch:
    """Items as one batch; songs with fewer stems than others get silent ones.

    Raises:
        UserError: if the data gives no controls, or one outside its range.
    """
    audio = [item.audio for item in items]
    if request.stems:
        most = max(len(one) for one in audio)
        audio = [torch.cat([one, one.new_zeros(most - len(one), *one.shape[1:])]) for one in audio]
    return TrainingBatch(
        torch.stack(audio),
        torch.stack([item.target for item in items]),
        torch.stack([_scaled(item, request) for item in items]) if request.controls else None,
    )


def mixed_up(batch: TrainingBatch, beta: float, seed: int) -> TrainingBatch:
    """Each item with a share of another of the batch (H. Zhang et al., "mixup", ICLR 2018).

    Input, target and controls alike; the shares are drawn from Beta(``beta``, ``beta``), the
    partners are the batch in another order.
    """
    generator = np.random.default_rng(seed)
    size = len(batch.audio)
    shares = torch.from_numpy(generator.beta(beta, beta, size).astype(np.float32))
    partners = torch.from_numpy(generator.permutation(size))

    def blend(one: Tensor) -> Tensor:
        share = shares.reshape(-1, *(1 for _ in one.shape[1:]))
        return share * one + (1 - share) * one[partners]

    controls = batch.controls
    return TrainingBatch(
        blend(batch.audio), blend(batch.target), None if controls is None else blend(controls)
    )


def draw(seed: int, step: int, index: int | None = None) -> int:
    """The seed of a step, or of one item of it."""
    place = () if index is None else (index,)
    return int(content_key("training step", seed, step, *place)[:15], 16)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, as loader processes do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _alone(batches: Batches, step: int) -> TrainingBatch | UserError:
    with one_thread():
        return batches[step]


def _begin(environment: Mapping[str, str], _: int) -> None:
    take_environment(environment)
    # Ctrl-C reaches every process; the one that trains decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _as_it_is(batch: Any) -> Any:
    return batch


def _scaled(item: TrainingItem, request: DataRequest) -> Tensor:
    if item.controls is None or len(item.controls) != len(request.controls):
        raise UserError(
            f"the songs give {0 if item.controls is None else len(item.controls)} controls and "
            f"the network has {len(request.controls)} ({', '.join(request.controls)})"
        )
    values = []
    for (name, (low, high, _)), value in zip(
        request.controls.items(), item.controls.tolist(), strict=True
    ):
        # The values are float32 and the ranges float64.
        slack = 1e-6 * (high - low)
        if not low - slack <= value <= high + slack:
            raise UserError(
                f"control {name!r} is {value:g} in the songs, outside the {low:g} to {high:g} "
                "of system.controls; widen its range there"
            )
        values.append(2 * (value - low) / (high - low) - 1)
    return torch.tensor(values, dtype=torch.float32)
