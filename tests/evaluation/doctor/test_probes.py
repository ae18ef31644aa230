"""Every probe of the doctor: silent on a system without a fault, loud on one with just that."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from earmark.evaluation.doctor.contract import Health, Probe
from earmark.evaluation.doctor.examine import PROBES, QUICK, examine
from earmark.models.audio.alignment import shift
from earmark.models.systems.contract import Material, Mode, Spec, SystemSpec, build, kinds
from earmark.models.systems.python_code import PythonOptions

RATE = 44_100


@dataclass
class Patient:
    """A system made of a function of its block; what it is given of a song is the song."""

    change: Callable[[Tensor], Tensor]
    spec: Spec = field(default_factory=lambda: Spec("patient", "test"))
    said: Mapping[str, Any] = field(default_factory=dict)

    def prepare(self, material: Material, controls: Mapping[str, float]) -> None:
        return None

    def render(self, block: Tensor, state: None) -> Tensor:
        return self.change(block)

    def notes(self, state: None) -> Mapping[str, Any]:
        return self.said


def found(system: Any, probes: Mapping[str, Any] = PROBES) -> dict[str, Probe]:
    return {one.name: one for one in examine(system, probes=probes)}


def wrong(system: Any) -> dict[str, Health]:
    return {name: one.verdict for name, one in found(system).items() if one.found}


def same(block: Tensor) -> Tensor:
    return block


@pytest.mark.slow
def test_a_system_without_a_fault_passes_every_probe_that_can_run() -> None:
    probes = found(Patient(same))
    assert {name for name, one in probes.items() if one.verdict is not Health.PASS} == {
        "processes",
        "chunks",
        "batches",
    }
    assert all(one.limit and one.note for one in probes.values())


def filtered(block: Tensor, gain: float, low: float, high: float) -> Tensor:
    spectrum = torch.fft.rfft(block)
    hertz = torch.arange(spectrum.shape[-1]) * RATE / block.shape[-1]
    inside = (hertz >= low) & (hertz < high)
    found: Tensor = torch.fft.irfft(
        torch.where(inside, gain * spectrum, spectrum), n=block.shape[-1]
    )
    return found


def left_turned(block: Tensor) -> Tensor:
    return block * torch.tensor([[-1.0], [1.0]])[: block.shape[0]]


def with_constant(block: Tensor) -> Tensor:
    return block + torch.tensor([[0.0], [0.02]])[: block.shape[0]]


def with_clicks(block: Tensor) -> Tensor:
    out = block.clone()
    out[:, 0] += 0.05
    return out


def without_right(block: Tensor) -> Tensor:
    return block[:1].repeat(block.shape[0], 1)


def late_above_4_khz(block: Tensor) -> Tensor:
    high = block - filtered(block, 0.0, 4000, RATE)
    return block - high + shift(high, -2.0)


def in_segments(block: Tensor) -> Tensor:
    """As a program does that gives a network hard segments of five seconds: each has its level."""
    parts = torch.split(block, 5 * RATE, dim=-1)
    return torch.cat([part * (1 + 0.2 * (at % 2)) for at, part in enumerate(parts)], dim=-1)


def normalised(block: Tensor) -> Tensor:
    return block / block.abs().max().clamp_min(1e-9) * 0.85


def at_one_rate(block: Tensor) -> Tensor:
    """A low-pass of fixed taps: at another rate it is another filter."""
    taps = torch.tensor([1.0, 8, 28, 56, 70, 56, 28, 8, 1]) / 256
    each = taps.repeat(block.shape[0], 1, 1)
    return torch.conv1d(block[None], each, padding=4, groups=block.shape[0])[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "expected", "words"),
    [
        (lambda x: -x, {"polarity": "fail"}, "output polarity inverted"),
        (left_turned, {"polarity": "fail", "delay": "warn", "delay_by_band": "warn",
                       "swapped_channels": "warn", "equal_channels": "warn"}, "left channel"),
        (lambda x: shift(x, -1.6), {"delay": "fail", "rates": "fail"}, "lags 1.60 samples"),
        (lambda x: shift(x, 0.5), {"delay": "warn", "rates": "fail"}, "leads by 0.50 samples"),
        (late_above_4_khz, {"delay_by_band": "warn", "delay": "fail", "rates": "fail",
                            "true_peak": "warn"}, "no single delay"),
        (lambda x: x * 32768, {"gain": "warn", "true_peak": "warn", "hot_input": "warn"},
         "integers"),
        (lambda x: x * 1e-4, {"gain": "fail", "channels": "fail"}, "next to nothing"),
        (with_constant, {"silence": "fail", "silence_edges": "fail", "swapped_channels": "warn",
                         "equal_channels": "warn", "true_peak": "warn"},
         "-34.0 dBFS on silence, right channel"),
        (with_clicks, {"silence_edges": "fail"}, "a click"),
        (lambda x: x * 1.7, {"true_peak": "warn"}, "true peak +3.6 dBTP"),
        (in_segments, {"seams": "fail", "excerpt": "warn", "true_peak": "warn"},
         "seams every 5.0 s"),
        (normalised, {"excerpt": "warn", "rates": "warn"}, "hears the whole song"),
        (without_right, {"channels": "fail", "swapped_channels": "warn",
                         "delay_by_band": "warn"}, "ignores the right"),
        (lambda x: x.repeat(2 // x.shape[0], 1), {"mono": "warn"}, "mono in, stereo out"),
        (lambda x: x.mean(dim=0, keepdim=True), {"channels": "fail"}, "1 out"),
        (lambda x: x * torch.tensor([[1.0], [0.9]])[: x.shape[0]],
         {"equal_channels": "warn", "swapped_channels": "warn"}, "stereo of mono"),
        (at_one_rate, {"rates": "fail"}, "does it work at one rate?"),
    ],
)  # fmt: skip
def test_a_fault_is_found_with_what_follows_from_it_and_nothing_else(
    change: Callable[[Tensor], Tensor], expected: dict[str, str], words: str
) -> None:
    probes = found(Patient(change))
    assert {name: one.verdict.value for name, one in probes.items() if one.found} == expected
    assert any(words in one.note for one in probes.values() if one.found)


def test_an_inverted_range_is_told_in_hertz() -> None:
    probe = found(Patient(lambda x: filtered(x, -1.0, 200, 3200)), QUICK)["polarity"]
    assert probe.verdict is Health.FAIL
    assert "inverted between 2" in probe.note
    assert "kHz" in probe.note
    narrow = found(Patient(lambda x: filtered(x, -1.0, 3000, 8000)), QUICK)["polarity"]
    assert narrow.verdict is Health.WARN
    assert narrow.value == 1.0


def test_a_filter_that_turns_the_bass_is_not_called_late() -> None:
    probes = found(build(SystemSpec("m", "multiband", kinds()["multiband"].options())), QUICK)
    assert probes["delay"].verdict is Health.WARN
    assert probes["delay"].note.startswith("no single delay, its phase is turned: ")
    assert probes["polarity"].value == 1.0


def test_two_unequal_runs_fail_unless_they_are_declared() -> None:
    generator = torch.Generator().manual_seed(1)

    def noisy(block: Tensor) -> Tensor:
        return block + 0.002 * torch.randn(block.shape, generator=generator)

    fails = found(Patient(noisy), QUICK)["repeatable"]
    assert (fails.verdict, "dB apart" in fails.note) == (Health.FAIL, True)
    declared = Spec("patient", "test", deterministic=False)
    assert found(Patient(noisy, declared), QUICK)["repeatable"].verdict is Health.WARN


@pytest.mark.slow
@pytest.mark.parametrize(("number", "verdict"), [("os.getpid()", "fail"), ("7", "pass")])
def test_what_hangs_on_the_process_shows_in_a_second_one(
    tmp_path: Path, number: str, verdict: str
) -> None:
    (tmp_path / "infer.py").write_text(
        f"import os\ndef process(audio):\n    return audio * (1 + {number} % 9973 / 10000)\n"
    )
    spec = SystemSpec("mine", "python", PythonOptions(target="infer:process", cwd=tmp_path))
    system = build(spec)
    probes = examine(system, probes={"processes": PROBES["processes"]}, named=spec)
    assert probes[-1].verdict.value == verdict
    assert ("dB apart" in probes[-1].note) == (verdict == "fail")


@pytest.mark.slow
def test_what_lies_over_a_declared_ceiling_fails() -> None:
    said = {"ceiling_dbtp": -1.0}
    loud = found(Patient(lambda x: x * 1.7, said=said))["true_peak"]
    assert (loud.verdict, "its own ceiling" in loud.note) == (Health.FAIL, True)
    assert found(Patient(same, said=said))["true_peak"].verdict is Health.PASS


def averaged(mode: Mode, left: int, right: int, declared: int) -> Any:
    """A moving average over ``left + 1 + right`` samples, that declares ``declared`` of context."""
    taps = torch.ones(2, 1, left + right + 1) / (left + right + 1)

    def change(block: Tensor) -> Tensor:
        return torch.conv1d(block[None], taps, groups=2)[0]

    def padded(block: Tensor) -> Tensor:
        return change(torch.nn.functional.pad(block, (left, right)))

    spec = Spec("patient", "test", mode=mode, left=declared, right=declared, channels=2)
    return Patient(change if mode == "context" else padded, spec)


def test_a_context_that_is_too_short_shows_in_chunks() -> None:
    asked = {"chunks": PROBES["chunks"]}
    good = found(averaged("strided", 2, 2, 4), asked)["chunks"]
    short = found(averaged("strided", 40, 40, 4), asked)["chunks"]
    assert good.verdict is Health.PASS
    assert short.verdict is Health.FAIL
    assert "declared context" in short.note
    assert found(averaged("context", 4, 4, 4), asked)["chunks"].verdict is Health.PASS


def test_batch_statistics_show_in_batches() -> None:
    class Batched(Patient):
        def render_batch(self, blocks: Tensor, state: None) -> Tensor:
            scale = blocks.square().mean().sqrt() if self.said["leaks"] else 0.2
            return blocks / scale * 0.2

    spec = Spec("patient", "test", mode="strided", channels=2)
    asked = {"batches": PROBES["batches"]}
    for leaks, verdict in ((True, Health.FAIL), (False, Health.PASS)):
        one = Batched(same, spec, {"leaks": leaks})
        assert found(one, asked)["batches"].verdict is verdict


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        (lambda x: x[:, : x.shape[-1] // 4096 * 4096] if x.shape[-1] == 44_117 else x, "fail",
         "44,117 samples"),
        (lambda x: x / 0.0 if x.shape[-1] < 3 else x, "fail", "not finite"),
    ],
)  # fmt: skip
def test_other_lengths_and_values_at_odd_lengths_fail(
    change: Callable[[Tensor], Tensor], verdict: str, words: str
) -> None:
    probe = found(Patient(change), {"lengths": PROBES["lengths"]})["lengths"]
    assert probe.verdict.value == verdict
    assert words in probe.note


def test_a_refusal_of_short_songs_is_a_warning() -> None:
    def refusing(block: Tensor) -> Tensor:
        if block.shape[-1] < 1000:
            raise ValueError("needs 1000 samples")
        return block

    probe = found(Patient(refusing), {"lengths": PROBES["lengths"]})["lengths"]
    assert probe.verdict is Health.WARN
    assert "needs 1000 samples" in probe.note


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x[:, :-1], "expected (channels"),
        (lambda x: x * math.nan, "not finite"),
        (lambda x: x * (1 / 0), "ZeroDivisionError"),
    ],
)
def test_what_gives_nothing_is_one_failure_and_is_not_asked_again(
    change: Callable[[Tensor], Tensor], words: str
) -> None:
    asked = []

    def counted(block: Tensor) -> Tensor:
        asked.append(block.shape)
        return change(block)

    probes = found(Patient(counted))
    assert probes["runs"].verdict is Health.FAIL
    assert words in probes["runs"].note
    assert {one.verdict for name, one in probes.items() if name != "runs"} == {Health.NOT_RUN}
    assert len(asked) == 1


def test_finished_masters_are_not_examined() -> None:
    (probe,) = examine(Patient(lambda x: x * (1 / 0), Spec("patient", "imported")))
    assert probe.verdict is Health.NOT_RUN


@pytest.mark.parametrize("level", [0.5, 0.999])
def test_a_polarity_that_cannot_be_told_is_not_called_kept(level: float) -> None:
    noise = torch.randn(2, 400_000, generator=torch.Generator().manual_seed(5)) * 0.1

    def unlike(block: Tensor) -> Tensor:
        return (1 - level) * 0.02 * block + level * noise[: block.shape[0], : block.shape[-1]]

    probes = found(Patient(unlike), QUICK)
    assert (probes["polarity"].verdict, probes["polarity"].value) == (Health.WARN, None)
    assert (probes["delay"].verdict, probes["delay"].value) == (Health.WARN, None)


def test_stems_are_examined_as_what_they_add_up_to() -> None:
    spec = Spec("patient", "test", input="stems")
    probes = found(Patient(lambda stems: -stems.sum(dim=0), spec), QUICK)
    assert probes["polarity"].value == -1
    assert probes["gain"].value == pytest.approx(0.0, abs=1e-6)
