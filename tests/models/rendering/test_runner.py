"""The runner: exact in chunks, honest about what a system does, careful with memory."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from earmark.models.architectures import build_network
from earmark.models.architectures.tcn import TCN
from earmark.models.checkpoints.network_system import NetworkSystem, SystemCard
from earmark.models.errors import UserError
from earmark.models.rendering.runner import Output, run
from earmark.models.systems.contract import Control, Material, Spec

RATE = 44_100
LENGTHS = [1, 2, 7, 999, 4_410, 44_100, 131_071]


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


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize(("batch", "chunk"), [(1, 10**9), (1, 1000), (3, 4096), (16, 50_001)])
def test_chunks_give_exactly_the_whole(samples: int, batch: int, chunk: int) -> None:
    system, audio = an_integer_filter(), integers(samples)
    out = run(system, material(audio), batch=batch, chunk=chunk)
    assert torch.equal(out.audio, filtered(audio, system))


@settings(deadline=None, max_examples=40)
@given(
    samples=st.integers(1, 600),
    chunk=st.integers(1, 200),
    batch=st.integers(1, 5),
    left=st.integers(0, 8),
    delay=st.integers(-9, 9),
)
def test_chunks_give_the_whole_for_any_context_and_delay(
    samples: int, chunk: int, batch: int, left: int, delay: int
) -> None:
    system = an_integer_filter(left, 8 - left)
    system.spec = replace(system.spec, delay=delay)
    audio = integers(samples, seed=samples)
    around = nn.functional.pad(audio, (9, 9))
    wanted = filtered(around, system)[:, 9 + delay : 9 + delay + samples]
    assert torch.equal(run(system, material(audio), batch=batch, chunk=chunk).audio, wanted)


def an_exact_tcn() -> NetworkSystem:
    """A TCN all of whose sums are exact in float32: weights and slopes are powers of two."""
    network, _ = build_network(
        "tcn",
        {"channels": 2, "width": 4, "blocks": 3, "kernel": 3, "cycle": 2, "growth": 5, "dry": True},
    )
    assert isinstance(network, TCN)
    generator = torch.Generator().manual_seed(1)
    for name, value in network.named_parameters():
        if "conv" in name or "output" in name:
            signs = torch.randint(-1, 2, value.shape, generator=generator)
            value.data = signs.float() / 4
    for block in network.blocks:
        assert isinstance(block.norm, nn.BatchNorm1d)
        block.norm.eps = 0.0
    return NetworkSystem(network, SystemCard(), Spec("tcn", "test"))


@pytest.mark.parametrize("samples", LENGTHS)
def test_a_tcn_in_chunks_differs_from_the_whole_by_nothing(samples: int) -> None:
    system, audio = an_exact_tcn(), integers(samples)
    spec = system.spec
    assert spec.left == spec.right == 7
    with torch.inference_mode():
        padded = nn.functional.pad(audio, (spec.left, spec.right))
        whole = system.network(padded[None])[0]
    for chunk, batch in ((777, 4), (16_384, 1)):
        out = run(system, material(audio), batch=batch, chunk=chunk)
        assert float((out.audio - whole).abs().max()) == 0.0


def test_a_float_tcn_in_chunks_differs_from_the_whole_by_rounding_alone() -> None:
    torch.manual_seed(0)
    network, _ = build_network("tcn", {"channels": 2, "width": 8, "blocks": 6, "kernel": 9})
    system = NetworkSystem(network, SystemCard(), Spec("tcn", "test"))
    audio = torch.randn(2, 50_000) * 0.1
    whole = run(system, material(audio), chunk=10**9).audio
    parts = run(system, material(audio), chunk=3_000, batch=3).audio
    assert float((whole - parts).abs().max()) < 1e-5 * float(whole.abs().max())
    assert torch.equal(run(system, material(audio)).audio, run(system, material(audio)).audio)


def test_a_song_shorter_than_the_context_keeps_its_length() -> None:
    network, _ = build_network("tcn", {"channels": 1, "width": 4, "blocks": 8})
    system = NetworkSystem(network, SystemCard(), Spec("tcn", "test"))
    assert run(system, material(torch.randn(1, 100))).audio.shape == (1, 100)


@pytest.mark.parametrize("mode", ["whole", "context"])
def test_the_declared_delay_is_taken_back(mode: str) -> None:
    def late(block: Tensor) -> Tensor:
        if mode == "context":
            return block[..., :-37]
        return nn.functional.pad(block, (37, 0))[..., : block.shape[-1]]

    left = 37 if mode == "context" else 0
    system = a_system(late, mode=mode, left=left, delay=37)
    audio = integers(5_000)
    assert torch.equal(run(system, material(audio), chunk=512).audio, audio)


@pytest.mark.parametrize("mode", ["whole", "context"])
def test_polarity_level_and_undeclared_delay_stay_as_the_system_made_them(mode: str) -> None:
    def wrong(block: Tensor) -> Tensor:
        return -0.25 * block.roll(3, dims=-1)

    out = run(a_system(wrong, mode=mode), material(integers(900)), chunk=10**6)
    assert torch.equal(out.audio, -0.25 * integers(900).roll(3, dims=-1))


def test_overs_are_kept() -> None:
    out = run(a_system(lambda block: block * 4), material(integers(100)))
    assert float(out.audio.max()) == 32.0


def test_a_system_of_another_rate_is_resampled_there_and_back() -> None:
    system = a_system(lambda block: block, sample_rate=44_100)
    time = torch.arange(48_001, dtype=torch.float64) / 48_000
    audio = torch.sin(2 * math.pi * 1000 * time).float().repeat(2, 1)
    out = run(system, material(audio, rate=48_000, start=480))
    rates = [(seen.sample_rate, seen.start, seen.audio.shape[-1]) for seen, _ in system.seen]
    assert rates == [(44_100, 441, 44_101)]
    assert (out.sample_rate, out.audio.shape) == (48_000, (2, 48_001))
    torch.testing.assert_close(out.audio[:, 2000:-2000], audio[:, 2000:-2000], atol=1e-4, rtol=0)
    assert out.notes["resampled_to"] == 44_100


def test_a_mono_song_through_a_stereo_system_is_repeated() -> None:
    system = a_system(lambda block: block * torch.tensor([[1.0], [2.0]]), channels=2)
    audio = integers(50, channels=1)
    assert torch.equal(run(system, material(audio)).audio, torch.cat([audio, 2 * audio]))


def test_a_mono_system_runs_on_each_channel_of_a_stereo_song_by_itself() -> None:
    system = a_system(lambda block: block * 3, channels=1)
    audio = integers(50)
    out = run(system, material(audio))
    assert torch.equal(out.audio, 3 * audio)
    assert [seen.audio.shape for seen, _ in system.seen] == [(1, 50), (1, 50)]
    assert "each channel" in out.notes["mono_system"]


def test_stems_reach_a_system_that_mixes_and_only_such_a_system() -> None:
    stems = torch.stack([integers(60, seed=seed) for seed in range(3)])
    mixer = a_system(lambda block: block.sum(dim=0), input="stems", sample_rate=22_050)
    assert run(mixer, material(stems)).audio.shape == (2, 60)
    assert mixer.seen[0][0].audio.shape == (3, 2, 30)
    with pytest.raises(UserError, match="mixes stems, and the song has none"):
        run(mixer, material(stems[0]))
    with pytest.raises(UserError, match="takes a mix, not stems"):
        run(a_system(lambda block: block), material(stems))


def test_a_reference_is_seen_only_by_a_system_that_declares_it() -> None:
    audio = integers(40)
    blind = a_system(lambda block: block)
    run(blind, material(audio, reference=audio))
    assert blind.seen[0][0].reference is None
    seeing = a_system(lambda block: block, uses_reference=True, sample_rate=22_050)
    run(seeing, material(audio, reference=audio))
    assert seeing.seen[0][0].reference.shape == (2, 20)
    with pytest.raises(UserError, match="uses the reference master, and the song has none"):
        run(seeing, material(audio))


class Trained(Anything):
    """A system that holds a network."""

    network: nn.Module = nn.BatchNorm1d(2)


def test_a_network_in_training_mode_is_refused() -> None:
    system = Trained(Spec("any", "test"), lambda block: block)
    system.network = nn.Sequential(nn.Identity(), nn.BatchNorm1d(2).train())
    with pytest.raises(UserError, match=r"in training mode; call \.eval\(\)"):
        run(system, material(integers(10)))
    system.network.eval()
    run(system, material(integers(10)))


def nan_in_the_middle(block: Tensor) -> Tensor:
    return torch.where(torch.arange(block.shape[-1]) == 5, math.nan, block)


BAD = {
    "not finite": (nan_in_the_middle, r"2 of 40 samples of the output are not finite"),
    "shorter": (lambda block: block[:, 3:], r"gave \(2, 17\), expected \(channels, 20\)"),
    "longer": (lambda block: block.repeat(1, 2), r"gave \(2, 40\), expected \(channels, 20\)"),
    "no channels": (lambda block: block[0], r"gave \(20,\), expected \(channels, 20\)"),
}


@pytest.mark.parametrize("mode", ["whole", "context"])
@pytest.mark.parametrize("case", BAD)
def test_a_bad_output_is_one_line_with_system_and_song(case: str, mode: str) -> None:
    function, message = BAD[case]
    with pytest.raises(UserError, match=rf"^system 'any', song 'song': .*{message}"):
        run(a_system(function, mode=mode), material(integers(20)))


def test_bad_songs_are_refused_before_the_system_runs() -> None:
    system = a_system(lambda block: block)
    broken = integers(20)
    broken[1, 3] = math.inf
    with pytest.raises(UserError, match="1 samples of the song are not finite"):
        run(system, material(broken))
    with pytest.raises(UserError, match="no samples"):
        run(system, material(torch.zeros(2, 0)))
    assert not system.seen


def test_controls_have_defaults_and_ranges() -> None:
    knob = {"drive": Control(0, 10, 4), "mix": Control(0, 1, 1)}
    system = a_system(lambda block: block, controls=knob)
    run(system, material(integers(4)), {"drive": 7})
    assert system.seen[0][1] == {"drive": 7.0, "mix": 1.0}
    with pytest.raises(UserError, match="no control 'drvie'; did you mean 'drive'"):
        run(system, material(integers(4)), {"drvie": 1})
    for value in (11.0, -1.0, math.nan):
        with pytest.raises(UserError, match=r"control drive is .*; choose from 0 to 10"):
            run(system, material(integers(4)), {"drive": value})


def test_systems_run_without_gradients_and_without_tf32() -> None:
    found = []

    def look(block: Tensor) -> Tensor:
        backends: Any = torch.backends
        found.append((torch.is_inference_mode_enabled(), backends.cudnn.conv.fp32_precision))
        return block

    backends: Any = torch.backends
    before = backends.cudnn.conv.fp32_precision
    run(a_system(look), material(integers(4)))
    assert found == [(True, "ieee")]
    assert backends.cudnn.conv.fp32_precision == before


def test_a_short_song_is_padded_to_the_least_that_a_system_takes() -> None:
    lengths = []

    def note(block: Tensor) -> Tensor:
        lengths.append(block.shape[-1])
        return block

    out = run(a_system(note, minimum=64), material(integers(10)))
    assert lengths == [64]
    assert torch.equal(out.audio, integers(10))


def test_float64_output_is_kept_as_float32_and_said() -> None:
    out = run(a_system(lambda block: block.double()), material(integers(10)))
    assert out.audio.dtype == torch.float32
    assert out.warnings == ("the system gave float64; kept as float32",)


class Talking(Anything):
    """A system with something to say of a song."""

    def notes(self, state: Any) -> dict[str, Any]:
        return {"lufs": -14.0}


def test_what_a_system_notes_is_in_the_output() -> None:
    out: Output = run(Talking(Spec("t", "test"), lambda block: block), material(integers(4)))
    assert out.notes == {"lufs": -14.0}
    assert out.device == "cpu"
    assert out.dtype == "float32"


def test_an_unknown_device_is_refused() -> None:
    network, _ = build_network("tcn", {"width": 1, "blocks": 1})
    system = NetworkSystem(network, SystemCard(), Spec("tcn", "test"))
    with pytest.raises(UserError, match="device 'gpu' is not known; use auto, cpu, cuda"):
        run(system, material(integers(4)), device="gpu")
    with pytest.raises(UserError, match="device 'cuda:99' is not here"):
        run(system, material(integers(4)), device="cuda:99")


def test_a_mode_that_the_runner_does_not_have_is_said() -> None:
    system = a_system(lambda block: block)
    system.spec = replace(system.spec, mode="wohle")  # type: ignore[arg-type]  # the mistake
    with pytest.raises(UserError, match="no mode 'wohle'; it has whole, context, strided, overlap"):
        run(system, material(integers(4)))
