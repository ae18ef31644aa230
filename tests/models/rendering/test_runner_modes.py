"""Songs in windows: exact where the mode says so, cross-faded and labelled where it does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, Spec

RATE = 44_100
STRIDE, LEFT, RIGHT = 4, 5, 7


@dataclass
class Blocks:
    """A system made of a function of a batch of blocks."""

    spec: Spec
    function: Callable[[Tensor], Tensor]
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    fits: Callable[[tuple[int, ...]], bool] = lambda shape: True

    def prepare(self, material: Material, controls: Mapping[str, float]) -> None:
        return None

    def render(self, block: Tensor, state: None) -> Tensor:
        return self.render_batch(block[None], state)[0]

    def render_batch(self, blocks: Tensor, state: None) -> Tensor:
        self.shapes.append(tuple(blocks.shape))
        if not self.fits(tuple(blocks.shape)):
            raise MemoryError
        return self.function(blocks)


def strided(blocks: Tensor) -> Tensor:
    """Held every fourth sample, plus a look back and a look ahead: a network with a stride."""
    samples = blocks.shape[-1]
    padded = F.pad(blocks, (0, -samples % STRIDE))
    held = padded[..., ::STRIDE].repeat_interleave(STRIDE, dim=-1)[..., :samples]
    back = F.pad(blocks, (LEFT, 0))[..., :samples]
    ahead = F.pad(blocks, (0, RIGHT))[..., RIGHT:]
    return held + 2 * back - 3 * ahead


def a_strided_system(**spec: Any) -> Blocks:
    return Blocks(
        Spec("s", "test", mode="strided", left=LEFT, right=RIGHT, stride=STRIDE, **spec), strided
    )


def integers(samples: int, channels: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(samples)
    return torch.randint(-8, 9, (channels, samples), generator=generator).float()


def rendered(system: Any, audio: Tensor, **how: int) -> Any:
    return run(system, Material(audio, RATE, label="song"), {}, "cpu", **how)


@settings(deadline=None, max_examples=60)
@given(
    samples=st.integers(1, 700),
    chunk=st.integers(1, 200),
    batch=st.integers(1, 5),
    delay=st.integers(-9, 9),
)
def test_strided_windows_give_exactly_the_whole(
    samples: int, chunk: int, batch: int, delay: int
) -> None:
    audio = integers(samples)
    parts = rendered(a_strided_system(delay=delay), audio, chunk=chunk, batch=batch).audio
    whole = rendered(a_strided_system(delay=delay), audio, chunk=10**9).audio
    assert torch.equal(parts, whole)
    lead = max(-delay, 0)
    around = F.pad(audio, (lead, 16))
    wanted = strided(around)[..., lead + delay :][..., :samples]
    assert torch.equal(whole[..., : samples - 9], wanted[..., : samples - 9])


def test_stems_are_cut_as_songs_are() -> None:
    stems = torch.stack([integers(501), integers(501) * 2])

    def mixed(blocks: Tensor) -> Tensor:
        return strided(blocks.sum(dim=1))

    system = a_strided_system(input="stems")
    system.function = mixed
    out = rendered(system, stems, chunk=40, batch=3).audio
    assert torch.equal(out, strided(stems.sum(dim=0)))


@pytest.mark.parametrize("samples", [20_000, 200_000])
def test_a_longer_song_has_more_windows_not_longer_ones(samples: int) -> None:
    system = a_strided_system()
    rendered(system, integers(samples), chunk=1_000, batch=2)
    assert max(shape[-1] for shape in system.shapes) == 1_000 + 16
    assert len({shape[-1] for shape in system.shapes}) == 1


def test_windows_are_shortened_when_one_does_not_fit() -> None:
    system = a_strided_system()
    system.fits = lambda shape: shape[-1] < 3_000
    audio = integers(20_000)
    out = rendered(system, audio, batch=2, chunk=10_000)
    assert torch.equal(out.audio, strided(audio))
    assert out.warnings[-1] == "memory ran out: chunks shortened to 2500 samples"
    system.fits = lambda shape: False
    with pytest.raises(UserError, match="memory ran out on cpu even for one chunk"):
        rendered(system, audio)


def an_overlapping_system(function: Callable[[Tensor], Tensor], **spec: Any) -> Blocks:
    known = {"left": 100, "right": 100, "window": 1_000} | spec
    return Blocks(Spec("o", "test", mode="overlap_add", **known), function)


@pytest.mark.parametrize("samples", [1, 999, 1_000, 1_001, 1_799, 5_555])
def test_windows_that_agree_give_the_song_back(samples: int) -> None:
    audio = integers(samples)
    out = rendered(an_overlapping_system(lambda blocks: blocks), audio, batch=3)
    torch.testing.assert_close(out.audio, audio, atol=1e-5, rtol=0)
    assert ("approximate" in out.notes) == (samples > 1_000)


def test_windows_that_disagree_are_cross_faded_without_a_click() -> None:
    def levels(blocks: Tensor) -> Tensor:
        return blocks[..., :1].expand_as(blocks)  # each window is as its first sample

    ramp = torch.linspace(0, 1, 5_000)[None]
    out = rendered(an_overlapping_system(levels), ramp).audio[0]
    steps = out.diff().abs()
    jump = 800 / 4_999
    assert float(steps.max()) == pytest.approx(jump / 100, rel=1e-3)
    assert float(out.max()) <= 1.0


def test_the_chunk_does_not_change_what_overlapping_windows_give() -> None:
    def centred(blocks: Tensor) -> Tensor:
        return blocks - blocks.mean(dim=-1, keepdim=True)

    audio = integers(7_321)
    one = rendered(an_overlapping_system(centred), audio, chunk=100)
    two = rendered(an_overlapping_system(centred), audio, chunk=10**6, batch=4)
    torch.testing.assert_close(one.audio, two.audio)


def test_a_window_that_does_not_fit_is_said_and_never_shortened() -> None:
    system = an_overlapping_system(lambda blocks: blocks)
    system.fits = lambda shape: False
    with pytest.raises(UserError, match="ran out on cpu for one window of 1000 samples"):
        rendered(system, integers(5_000))


@dataclass
class Finishing(Blocks):
    """A system that subtracts the mean of the whole output."""

    lengths: list[int] = field(default_factory=list)

    def finish(self, audio: Tensor, material: Material, state: None) -> Tensor:
        self.lengths.append(audio.shape[-1])
        assert torch.equal(strided(material.audio), audio)
        return audio - audio.mean()


def test_the_joined_blocks_are_finished_once() -> None:
    spec = a_strided_system().spec
    audio = integers(999)
    system = Finishing(spec, strided)
    out = rendered(system, audio, chunk=50).audio
    torch.testing.assert_close(out, strided(audio) - strided(audio).mean())
    assert system.lengths == [999]


class Cutting(Finishing):
    """A system whose end is too short."""

    def finish(self, audio: Tensor, material: Material, state: None) -> Tensor:
        return audio[..., 5:]


def test_a_finish_that_changes_the_length_is_refused() -> None:
    system = Cutting(a_strided_system().spec, strided)
    with pytest.raises(UserError, match=r"gave \(2, 995\), expected \(channels, 1000\)"):
        rendered(system, integers(1_000))


def test_a_minimum_is_kept_in_windows_too() -> None:
    system = a_strided_system()
    system.spec = replace(system.spec, minimum=101)
    rendered(system, integers(10))
    assert system.shapes == [(1, 2, 104)]
