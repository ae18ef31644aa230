"""Measures many pieces of audio on one device: read ahead in threads, in batches of one shape.

All items of a batch meet the reference while it is analysed once. How many fit is a matter of
memory; a device that runs out of it gets half as many from then on.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from torch import Tensor

from ..models.errors import UserError
from ..models.rendering.devices import exact_float32
from .metrics import Analysis, MeasuredItem, Metric, measure_batch

_log = logging.getLogger(__name__)
KeyT = TypeVar("KeyT")
Read = Callable[[], tuple[Tensor, int]]

MOST = 64
# Of the audio of one batch: as much again is aligned, and pieces of spectra are small.
_CPU_BYTES = 192 << 20
# A GPU holds the audio, its aligned copies, and spectra of a piece, which are as large again.
_SHARE, _COPIES = 0.5, 8


@dataclass
class Place:
    """Where to measure: a device, and how many items at once (0: as many as memory likes)."""

    device: str = "cpu"
    batch: int = 0
    # By how many items the device was seen to have no room for.
    limits: dict[str, int] = field(default_factory=dict)

    def size(self, item_bytes: int) -> int:
        """How many items of so many bytes of audio make a batch."""
        wanted = self.batch
        if not wanted:
            room = _CPU_BYTES
            if self.device.startswith("cuda"):
                free, _ = torch.cuda.mem_get_info(self.device)
                room = int(_SHARE * free / _COPIES)
            wanted = min(MOST, room // max(item_bytes, 1))
        return max(1, min(wanted, self.limits.get(self.device, wanted)))

    def halve(self, tried: int) -> int:
        """What to try after a batch of that size did not fit; it is said and remembered."""
        half = tried // 2
        self.limits[self.device] = half
        _log.warning(
            "%s: out of memory with a batch of %d; going on with %d", self.device, tried, half
        )
        return half


@dataclass(frozen=True)
class Unread(Generic[KeyT]):
    """What is measured: a key that the caller knows it by, and how it is read."""

    key: KeyT
    read: Read


@dataclass(frozen=True)
class Piece(Generic[KeyT]):
    """Audio that was read, and what it was measured to be or why it could not be."""

    key: KeyT
    sample_rate: int
    channels: int
    samples: int
    found: MeasuredItem


def measure_all(
    items: Iterable[Unread[KeyT]],
    metrics: Sequence[Metric],
    reference: Analysis | None,
    place: Place,
) -> Iterator[Piece[KeyT] | tuple[KeyT, UserError]]:
    """Each item in its order: measured, or the error with which it could not be read.

    Neighbours of one shape and rate are measured together. The ``reference`` is on the device
    and has the rate of the items.

    Raises:
        UserError: if the device has no room for a single item.
    """
    waiting: list[tuple[KeyT, Tensor, int]] = []
    for key, found in _ahead(items):
        if isinstance(found, UserError):
            yield from _measured(waiting, metrics, reference, place)
            waiting = []
            yield key, found
            continue
        audio, rate = found
        if waiting and (
            (audio.shape, rate) != (waiting[0][1].shape, waiting[0][2])
            or len(waiting) >= place.size(audio.nbytes)
        ):
            yield from _measured(waiting, metrics, reference, place)
            waiting = []
        waiting.append((key, audio, rate))
    yield from _measured(waiting, metrics, reference, place)


def _measured(
    items: Sequence[tuple[KeyT, Tensor, int]],
    metrics: Sequence[Metric],
    reference: Analysis | None,
    place: Place,
) -> Iterator[Piece[KeyT]]:
    at = 0
    while at < len(items):
        size = min(place.size(items[at][1].nbytes), len(items) - at)
        part = items[at : at + size]
        rate = part[0][2]
        try:
            audio = torch.stack([one for _, one, _ in part]).to(place.device)
            with exact_float32():
                found = measure_batch(Analysis(audio, rate), metrics, reference)
        except torch.OutOfMemoryError:
            if size == 1:
                raise UserError(
                    f"{place.device}: out of memory with a single file of "
                    f"{part[0][1].shape[-1] / rate:.0f} s; measure it with --device cpu"
                ) from None
            place.halve(size)
            if place.device.startswith("cuda"):
                torch.cuda.empty_cache()
            continue
        for (key, one, _), each in zip(part, found, strict=True):
            yield Piece(key, rate, one.shape[0], one.shape[1], each)
        at += size


def _ahead(
    items: Iterable[Unread[KeyT]],
) -> Iterator[tuple[KeyT, tuple[Tensor, int] | UserError]]:
    """What the items read, in order; the next ones are read while one is measured."""
    left = iter(items)
    with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as pool:
        begun: list[tuple[KeyT, Future[tuple[Tensor, int] | UserError]]] = []
        for item in left:
            begun.append((item.key, pool.submit(_read, item.read)))
            if len(begun) > _READERS:
                key, future = begun.pop(0)
                yield key, future.result()
        for key, future in begun:
            yield key, future.result()


_READERS = 2


def _read(read: Read) -> tuple[Tensor, int] | UserError:
    try:
        return read()
    except UserError as error:
        return error
