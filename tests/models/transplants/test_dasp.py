"""dasp's equaliser and compressor, number for number, with the faults that are its own."""

import pytest
import torch
from networks_built import noise
from transplanted import EFFECTS, effect, golden

from earmark.models.effects.dasp import (
    COMPRESSOR,
    PARAMETRIC_EQ,
    DaspSetting,
    compressor,
    parametric_eq,
    values_of,
)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_gives_the_original_output(name: str) -> None:
    assert effect(name) <= 1e-5


@pytest.mark.parametrize(
    ("name", "settings"), [("dasp_parametric_eq", PARAMETRIC_EQ), ("dasp_compressor", COMPRESSOR)]
)
def test_settings_have_the_originals_names_ranges_and_values(
    name: str, settings: tuple[DaspSetting, ...]
) -> None:
    one = golden(name)
    sizes = one.info["hyperparameters"]
    assert [item.name for item in settings] == sizes["names"]
    assert [[item.minimum, item.maximum] for item in settings] == sizes["ranges"]
    values = values_of(one.arrays["normalised"], settings)
    torch.testing.assert_close(values, one.arrays["values"])


@pytest.mark.parametrize("function", [parametric_eq, compressor])
def test_a_gradient_reaches_every_setting_but_the_release(function: object) -> None:
    settings = PARAMETRIC_EQ if function is parametric_eq else COMPRESSOR
    normalised = torch.full((1, len(settings)), 0.4, requires_grad=True)
    audio = noise(1, 2, 3_000, level=0.3)
    out = function(audio, values_of(normalised, settings), 44_100)  # type: ignore[operator]
    (out * noise(1, 2, 3_000, seed=2)).sum().backward()
    assert normalised.grad is not None
    still = [one.name for one, moved in zip(settings, normalised.grad[0], strict=True) if not moved]
    assert still == ([] if function is parametric_eq else ["release_ms"])


def test_a_compressor_at_ratio_one_and_an_even_equaliser_leave_audio_alone() -> None:
    audio = noise(1, 2, 5_000)
    still = torch.tensor([[-30.0, 1.0, 20.0, 50.0, 6.0, 0.0]])
    torch.testing.assert_close(compressor(audio, still, 44_100), audio)
    even = values_of(torch.full((1, 18), 0.5), PARAMETRIC_EQ)
    torch.testing.assert_close(parametric_eq(audio, even, 44_100), audio, atol=1e-6, rtol=0)


def test_a_knee_of_nothing_is_a_corner() -> None:
    audio = torch.full((1, 1, 60_000), 0.1)
    values = torch.tensor([[-40.0, 4.0, 5.0, 5.0, 0.0, 0.0]])
    out = compressor(audio, values, 44_100)
    # -20 dBFS is 20 dB over: three quarters of that are taken off.
    torch.testing.assert_close(
        out[0, 0, 30_000].log10() * 20, torch.tensor(-35.0), atol=1e-2, rtol=0
    )
