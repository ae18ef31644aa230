"""Model objects and functions as systems: what identifies them, and what they may not return."""

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import earmark as em
from earmark.models.content_key import content_key

RATE = 22050


class Gain(nn.Module):
    """A gain that is no weight, after a convolution of one tap."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.tap = nn.Conv1d(2, 2, 1, bias=False)
        with torch.no_grad():
            self.tap.weight.copy_(torch.eye(2).unsqueeze(-1))

    def forward(self, audio: Tensor) -> Tensor:
        found: Tensor = self.gain * self.tap(audio)
        return found


class Smooth(nn.Module):
    """The mean of five samples, padded with silence."""

    def forward(self, audio: Tensor) -> Tensor:
        return nn.functional.avg_pool1d(audio, 5, 1, padding=2)


def music(seconds: float = 0.5, channels: int = 2) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    return 0.1 * torch.randn(channels, round(seconds * RATE), generator=draw)


def key(model: Any, **given: Any) -> str:
    return em.system("any", model, sample_rate=RATE, **given).key


def test_a_module_masters_as_it_does_alone() -> None:
    audio, model = music(), Gain(0.5).eval()
    found = em.master(audio, RATE, em.wrap(model, sample_rate=RATE))
    torch.testing.assert_close(found, model(audio.unsqueeze(0))[0])
    torch.testing.assert_close(em.master(audio, RATE, model), found)


def test_a_module_is_known_by_weights_attributes_source_and_how_it_is_run() -> None:
    assert key(Gain(0.5)) == key(Gain(0.5))
    other = Gain(0.5)
    with torch.no_grad():
        other.tap.weight[0, 0, 0] += 1e-6
    different = [
        key(Gain(0.5)),
        key(other),
        key(Gain(0.25)),
        key(Smooth()),
        key(Gain(0.5), version="2"),
        key(Gain(0.5), channels=1),
        key(Gain(0.5), context=8),
        em.system("any", Gain(0.5), sample_rate=2 * RATE).key,
        key(nn.Sequential(Gain(0.5))),
        key(nn.Sequential(Gain(0.5), nn.ReLU())),
    ]
    assert len(set(different)) == len(different)


def test_a_buffer_that_is_not_saved_counts() -> None:
    first, second = Gain(1.0), Gain(1.0)
    first.register_buffer("window", torch.ones(3), persistent=False)
    second.register_buffer("window", torch.zeros(3), persistent=False)
    assert key(first) != key(second)


def test_an_edited_class_is_another_system(tmp_path: Any) -> None:
    found = []
    for number in range(2):
        path = tmp_path / f"model_{number}.py"
        path.write_text(
            "from torch import nn\n\n\nclass Model(nn.Module):\n"
            f"    def forward(self, audio):\n        return audio * {number + 1}\n"
        )
        spaces: dict[str, Any] = {"__name__": "model"}
        exec(compile(path.read_text(), str(path), "exec"), spaces)
        found.append(key(spaces["Model"]()))
    assert found[0] != found[1]


def test_a_class_without_readable_source_needs_a_version() -> None:
    spaces: dict[str, Any] = {"__name__": "nowhere", "nn": nn}
    exec("class Model(nn.Module):\n    def forward(self, audio):\n        return audio", spaces)
    with pytest.raises(em.UserError, match=r"class Model: its source cannot be read; give version"):
        key(spaces["Model"]())
    assert key(spaces["Model"](), version="1") != key(spaces["Model"](), version="2")


def test_wrapping_copies_the_module_and_leaves_the_own_one_alone() -> None:
    gain = Gain(0.5)
    model = nn.Sequential(gain, nn.Dropout(0.9)).train()
    wrapped = em.wrap(model, sample_rate=RATE)
    audio = music()
    first = em.master(audio, RATE, wrapped)
    torch.testing.assert_close(first, 0.5 * audio)
    gain.gain = 2.0
    torch.testing.assert_close(em.master(audio, RATE, wrapped), first)
    assert model.training


def test_functions_are_known_by_version_code_and_what_they_close_over() -> None:
    def amplifier(gain: float) -> Callable[[Tensor], Tensor]:
        return lambda audio: audio * gain

    def twice(audio: Tensor, factor: float = 2.0) -> Tensor:
        return audio * factor

    def shifted(audio: Tensor) -> Tensor:
        return audio + 0

    different = [
        key(amplifier(0.5), version="1"),
        key(amplifier(0.25), version="1"),
        key(amplifier(0.5), version="2"),
        key(twice, version="1"),
        key(functools.partial(twice, factor=3.0), version="1"),
        key(functools.partial(twice, factor=4.0), version="1"),
        key(shifted, version="1"),
        key(np.tanh, version="1"),
    ]
    assert len(set(different)) == len(different)
    assert key(amplifier(0.5), version="1") == different[0]


def test_a_function_may_ask_for_the_rate_and_work_in_place() -> None:
    seen = []

    def loud(audio: Tensor, sample_rate: int) -> Tensor:
        seen.append(sample_rate)
        return audio.mul_(2)

    audio = music()
    kept = audio.clone()
    found = em.master(audio, RATE, em.wrap(loud, version="1"))
    torch.testing.assert_close(found, 2 * kept)
    torch.testing.assert_close(audio, kept)
    em.master(audio, RATE, em.wrap(loud, sample_rate=2 * RATE, version="1"))
    assert seen == [RATE, 2 * RATE]


def test_numpy_and_double_precision_come_back_as_float32() -> None:
    audio = music()
    found = em.master(audio, RATE, em.wrap(lambda a: np.float64(a.numpy()) / 2, version="1"))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, audio / 2)


def test_chunks_with_enough_context_equal_one_call() -> None:
    audio = music(seconds=8.0)
    whole = em.master(audio, RATE, em.wrap(Smooth(), sample_rate=RATE))
    cut = em.master(audio, RATE, em.wrap(Smooth(), sample_rate=RATE, context=2))
    torch.testing.assert_close(cut, whole, rtol=0, atol=1e-6)
    short = em.master(audio, RATE, em.wrap(Smooth(), sample_rate=RATE, context=0))
    assert not torch.allclose(short, whole, atol=1e-6)


def test_a_mono_model_runs_on_each_channel_and_may_return_a_vector() -> None:
    audio = music()
    found = em.master(audio, RATE, em.wrap(lambda a: a[0] / 2, channels=1, version="1"))
    torch.testing.assert_close(found, audio / 2)


def test_mono_audio_stays_mono_where_the_channels_come_out_equal() -> None:
    audio = music(channels=1)
    assert em.master(audio[0], RATE, em.wrap(lambda a: a / 2, version="1")).shape == audio.shape
    wide = em.wrap(lambda a: torch.stack([a[0], -a[1]]), version="1")
    assert em.master(audio, RATE, wide).shape == (2, audio.shape[1])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda a: a[:, :-5], r"gave \(2, 11020\), expected \(2, 11025\); keep the length"),
        (lambda a: a.T, r"gave \(11025, 2\).*axes are swapped: return \(channels, samples\)"),
        (lambda a: a[0], r"gave \(11025,\).*a vector is one channel"),
        (lambda a: a[:1], r"gave \(1, 11025\).*return the shape that comes in"),
        (lambda a: a[None], r"gave \(1, 2, 11025\)"),
        (lambda a: (a * 32767).short(), "gave int16 samples; return floats, full scale 1.0"),
        (lambda a: (a.numpy() * 100).astype(np.int32), "gave int32 samples"),
        (lambda a: (a, None), "gave tuple; return a tensor or NumPy array"),
        (lambda a: None, "gave NoneType"),
        (lambda a: a * float("nan"), "22050 of 22050 samples of the output are not finite"),
    ],
)
def test_what_is_no_master_is_refused_in_one_line(function: Any, message: str) -> None:
    with pytest.raises(em.UserError, match=message) as error:
        em.master(music(), RATE, em.wrap(function, version="1"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (Gain, {"sample_rate": RATE}, "Gain is a class, not a model; give an instance"),
        (Gain(1.0), {}, "a network works at one rate; give its sample_rate"),
        (Gain(1.0), {"sample_rate": 0}, "sample_rate is 0"),
        (lambda a: a, {}, "give version='1'"),
        (lambda a: a, {"version": ""}, "version is empty"),
        (3, {"version": "1"}, "int is not a model"),
        (lambda a: a, {"version": "1", "context": -1}, "context is -1; give samples"),
        (lambda a: a, {"version": "1", "channels": 0}, "channels is 0"),
    ],
)
def test_what_cannot_be_wrapped_is_refused_in_one_line(
    model: Any, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(em.UserError, match=message) as error:
        em.wrap(model, **given)
    assert "\n" not in str(error.value)


class Halves:
    """A system by the contract, with notes of its own."""

    spec = em.Spec("halves", "halves")

    def prepare(self, material: Any, controls: Any) -> float:
        return 0.5

    def render(self, block: Tensor, state: float) -> Tensor:
        return block * state

    def notes(self, state: float) -> dict[str, float]:
        return {"gain": state}


def test_an_own_system_needs_a_version_and_keeps_what_it_has() -> None:
    with pytest.raises(em.UserError, match="give version='1'"):
        em.wrap(Halves())
    wrapped = em.wrap(Halves(), version="1")
    audio = music()
    torch.testing.assert_close(em.master(audio, RATE, wrapped), audio / 2)
    assert wrapped.notes(0.5) == {"gain": 0.5}  # type: ignore[attr-defined]
    assert not hasattr(wrapped, "finish")
    assert copy.copy(em.system("h", wrapped, version="2")).key != content_key()


def test_an_object_is_no_kind_that_a_file_can_name() -> None:
    from earmark.models.systems.contract import kinds

    with pytest.raises(ValueError, match="an object lives in a program"):
        kinds()["object"].options()
