"""The runner's memory: batches are halved, chunks shortened, the cost is measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, Spec

RATE = 44_100


@dataclass
class Anything:
    """A system made of a function of block and state."""

    spec: Spec
    function: Callable[[Tensor], Tensor]
    seen: list[Any] = field(default_factory=list)

    def prepare(self, material: Material, controls: Mapping[str, float]) -> Any:
        self.seen.append((material, dict(controls)))
        return None

    def render(self, block: Tensor, state: Any) -> Tensor:
        return self.function(block)


@dataclass
class Filter:
    """A filter with integer taps: in float32 its sums are exact in whatever order."""

    spec: Spec
    taps: Tensor
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    fits: Callable[[tuple[int, ...]], bool] = lambda shape: True
    error: Exception = field(default_factory=lambda: MemoryError("no room"))

    def prepare(self, material: Material, controls: Mapping[str, float]) -> None:
        return None

    def render(self, block: Tensor, state: None) -> Tensor:
        return self.render_batch(block[None], state)[0]

    def render_batch(self, blocks: Tensor, state: None) -> Tensor:
        self.shapes.append(tuple(blocks.shape))
        if not self.fits(tuple(blocks.shape)):
            raise self.error
        rows = blocks.reshape(-1, 1, blocks.shape[-1])
        out = torch.conv1d(rows, self.taps[None, None])
        return out.reshape(*blocks.shape[:-1], -1)


def integers(samples: int, channels: int = 2, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-8, 9, (channels, samples), generator=generator).float()


def material(audio: Tensor, rate: int = RATE, **more: Any) -> Material:
    return Material(audio, rate, label="song", **more)


def an_integer_filter(left: int = 5, right: int = 3, **more: Any) -> Filter:
    taps = torch.tensor([3.0, -1, 4, 1, -5, 9, 2, -6, 5])
    return Filter(Spec("fir", "test", mode="context", left=left, right=right), taps, **more)


def filtered(audio: Tensor, system: Filter) -> Tensor:
    """What the filter gives of the whole song with silence around it."""
    padded = nn.functional.pad(audio, (system.spec.left, system.spec.right))
    return torch.conv1d(padded[:, None], system.taps[None, None])[:, 0]


def a_system(function: Callable[[Tensor], Tensor], **spec: Any) -> Anything:
    return Anything(Spec("any", "test", **spec), function)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("no room"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
    ids=["MemoryError", "CUDA", "CPU allocator"],
)
def test_the_batch_is_halved_when_memory_runs_out(error: Exception) -> None:
    system = an_integer_filter(fits=lambda shape: shape[0] <= 3, error=error)
    audio = integers(10_000)
    out = run(system, material(audio), batch=16, chunk=1000)
    assert torch.equal(out.audio, filtered(audio, system))
    assert [shape[0] for shape in system.shapes] == [10, 5, 2, 2, 2, 2, 2]
    assert out.warnings == (
        "memory ran out: batch halved to 5",
        "memory ran out: batch halved to 2",
    )


def test_chunks_are_shortened_when_one_does_not_fit() -> None:
    system = an_integer_filter(fits=lambda shape: shape[-1] < 3000)
    audio = integers(20_000)
    out = run(system, material(audio), batch=2, chunk=10_000)
    assert torch.equal(out.audio, filtered(audio, system))
    assert out.warnings[-1] == "memory ran out: chunks shortened to 2500 samples"


def test_what_fits_nowhere_is_one_clear_line() -> None:
    system = an_integer_filter(fits=lambda shape: False)
    with pytest.raises(UserError, match="'fir', song 'song': memory ran out on cpu even for one"):
        run(system, material(integers(9000)))

    def greedy(block: Tensor) -> Tensor:
        raise MemoryError

    with pytest.raises(UserError, match="memory ran out on cpu for 30 samples"):
        run(a_system(greedy), material(integers(30)))


@pytest.mark.parametrize("mode", ["whole", "context"])
def test_another_error_of_a_system_is_not_mistaken_for_want_of_memory(mode: str) -> None:
    def broken(block: Tensor) -> Tensor:
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        run(a_system(broken, mode=mode), material(integers(30)))


def test_the_cost_of_a_render_is_measured() -> None:
    def hungry(block: Tensor) -> Tensor:
        return block + torch.ones(64 * 2**18).sum() * 0  # 64 MiB

    small = run(a_system(lambda block: block), material(integers(4410)))
    large = run(a_system(hungry), material(integers(4410)))
    assert small.peak_memory_mb is not None
    assert large.peak_memory_mb is not None
    assert 56 < large.peak_memory_mb < 256
    assert small.peak_memory_mb < large.peak_memory_mb
    assert large.wall_seconds > 0
    assert large.rtf == pytest.approx(large.wall_seconds / 0.1)
