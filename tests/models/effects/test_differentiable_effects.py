"""Effects with gradients do what the rendering ones do, and their gradients are true."""

import numpy as np
import pytest
import torch
from networks_built import noise

from earmark.models.effects import compressor, equalizer
from earmark.models.effects.differentiable_dynamics import (
    CompressorSettings,
    compress,
    limit,
    smoothed,
)
from earmark.models.effects.differentiable_eq import (
    Bands,
    band_kinds,
    equalise,
    frequency_of,
    response,
)
from earmark.models.effects.limiter import Limiter
from earmark.models.effects.limiter import limit as true_limit

RATE = 44_100


def some_bands(requires_grad: bool = False) -> Bands:  # noqa: FBT001, FBT002
    def values(*rows: list[float]) -> torch.Tensor:
        return torch.tensor(rows, dtype=torch.float64, requires_grad=requires_grad)

    return Bands(
        band_kinds(3, shelves=True),
        values([40.0, 900.0, 8_000.0], [150.0, 3_000.0, 11_000.0]),
        values([6.0, -9.0, 4.0], [-3.0, 5.0, -12.0]),
        values([0.7, 4.0, 1.0], [1.5, 0.5, 0.7]),
    )


def test_the_response_is_that_of_the_recursive_filters() -> None:
    bands, size = some_bands(), 4096
    hertz = np.arange(1, size // 2) * RATE / size
    got = 20 * response(bands, size, RATE).abs().log10()
    for item in (0, 1):
        wanted = equalizer.response_db(bands.of(item), hertz, RATE)
        np.testing.assert_allclose(got[item, 1:-1].numpy(), wanted, atol=1e-9)


def test_it_sounds_as_the_recursive_filters_to_below_minus_100_db() -> None:
    bands, audio = some_bands(), noise(2, 2, 30_000)
    got = equalise(audio, bands, RATE)
    for item in (0, 1):
        wanted = equalizer.equalise(audio[item], RATE, bands.of(item))
        error = np.abs(got[item].numpy() - wanted).max()
        assert 20 * np.log10(error / np.abs(wanted).max()) < -100


def test_no_gain_is_no_change() -> None:
    flat = Bands(("peak",), torch.full((1, 1), 99.0), torch.zeros(1, 1), torch.ones(1, 1))
    audio = noise(1, 2, 5_000)
    torch.testing.assert_close(equalise(audio, flat, RATE), audio, atol=1e-6, rtol=0)


@pytest.mark.slow
def test_gradients_of_frequency_gain_and_q_are_true() -> None:
    bands = some_bands(requires_grad=True)
    audio = noise(2, 1, 200).double()

    def through(*values: torch.Tensor) -> torch.Tensor:
        return equalise(audio, Bands(bands.kinds, *values), 8_000 * 4)

    assert torch.autograd.gradcheck(through, (bands.frequency, bands.gain_db, bands.q))


@pytest.mark.slow
def test_an_equaliser_finds_the_bands_of_another() -> None:
    audio = noise(1, 1, 8_192, level=1.0)
    wanted = Bands(
        ("peak",), torch.tensor([[1_500.0]]), torch.tensor([[9.0]]), torch.tensor([[1.5]])
    )
    target = equalise(audio, wanted, RATE)
    place = torch.tensor([[0.55]], requires_grad=True)
    gain = torch.tensor([[1.0]], requires_grad=True)
    q = torch.tensor([[1.0]], requires_grad=True)
    optimizer = torch.optim.Adam(
        [{"params": [place], "lr": 0.01}, {"params": [gain, q], "lr": 0.1}]
    )
    for _ in range(200):
        got = equalise(audio, Bands(("peak",), frequency_of(place, RATE), gain, q), RATE)
        loss = (got - target).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert frequency_of(place, RATE).item() == pytest.approx(1_500, rel=0.02)
    assert gain.item() == pytest.approx(9.0, abs=0.3)
    assert q.item() == pytest.approx(1.5, abs=0.15)


def compressor_settings(**changes: list[float]) -> CompressorSettings:
    values = {
        "threshold_db": [-30.0, -18.0],
        "ratio": [4.0, 2.0],
        "attack_ms": [1.0, 20.0],
        "release_ms": [50.0, 300.0],
        "knee_db": [6.0, 0.0],
        "makeup_db": [3.0, 0.0],
    } | changes
    return CompressorSettings(
        **{name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
    )


def test_the_compressor_of_training_is_the_one_that_renders() -> None:
    settings = compressor_settings()
    audio = noise(2, 2, 20_000) * torch.linspace(0, 3, 20_000).sin()
    got = compress(audio, RATE, settings)
    for item in (0, 1):
        wanted = compressor.compress(audio[item], RATE, settings.of(item))
        np.testing.assert_allclose(got[item].numpy(), wanted, atol=1e-5)


@pytest.mark.slow
def test_gradients_of_every_compressor_setting_are_true() -> None:
    audio = noise(2, 2, 120).double()
    values = [
        value.requires_grad_() for value in vars(compressor_settings(knee_db=[6, 3])).values()
    ]

    def through(*settings: torch.Tensor) -> torch.Tensor:
        return compress(audio, 2_000, CompressorSettings(*settings))

    assert torch.autograd.gradcheck(through, tuple(values))


def test_gradients_through_the_detector_are_true() -> None:
    wanted = noise(2, 60, level=3.0).double().requires_grad_()
    attack = torch.tensor([0.5, 0.0], dtype=torch.float64, requires_grad=True)
    release = torch.tensor([0.9, 0.7], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(smoothed, (wanted, attack, release))


def test_the_limiter_of_training_is_near_the_one_that_renders() -> None:
    envelope = torch.linspace(0, 40, 40_000).sin().abs()
    tone = torch.linspace(0, 2_000, 40_000).sin()
    audio = (envelope * tone).repeat(1, 2, 1)
    got = limit(audio, RATE, torch.tensor([-6.0]))
    wanted = true_limit(audio[0], RATE, Limiter(ceiling_dbtp=-6.0))
    ratio = float((got[0] - torch.from_numpy(wanted)).square().mean().sqrt() / wanted.std())
    assert ratio < 0.1
    assert float(got.abs().max()) < 10 ** (-5.9 / 20)


def test_the_limiter_leaves_alone_what_is_well_below_the_ceiling() -> None:
    audio = noise(1, 2, 4_000).clamp(-0.3, 0.3)
    torch.testing.assert_close(limit(audio, RATE, torch.tensor([-0.1])), audio, atol=1e-6, rtol=0)
