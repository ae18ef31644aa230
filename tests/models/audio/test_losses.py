"""The training losses: an independent library, closed forms, gradients, batch = single."""

import auraloss
import pytest
import torch
from torch import Tensor

from earmark.models.audio.losses import (
    PARTS,
    RESOLUTIONS,
    Objective,
    a_weighted_l1,
    error_to_signal,
    loudness_distance_db,
    mrstft_distance,
    training_loss,
)
from earmark.models.audio.loudness import integrated_loudness

RATE = 44_100
ALL = Objective(dict.fromkeys(PARTS, 1.0))


def noise(seed: int, batch: int = 1, channels: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(batch, channels, RATE // 2, generator=generator)


def test_a_mono_signal_has_auraloss_distance() -> None:
    audio, target = noise(1, channels=1), 0.5 * noise(1, channels=1) + noise(2, channels=1)
    sizes, hops, windows = ([one[index] for one in RESOLUTIONS] for index in range(3))
    library = auraloss.freq.MultiResolutionSTFTLoss(sizes, hops, windows)
    torch.testing.assert_close(
        mrstft_distance(audio, target)[0], library(audio, target), atol=1e-4, rtol=1e-4
    )


def test_stereo_is_the_mean_over_left_right_mid_and_side() -> None:
    audio, target = noise(1), noise(2)

    def signals(one: Tensor) -> list[Tensor]:
        left, right = one[:, :1], one[:, 1:]
        return [left, right, (left + right) * 0.5**0.5, (left - right) * 0.5**0.5]

    parts = [mrstft_distance(a, t) for a, t in zip(signals(audio), signals(target), strict=True)]
    torch.testing.assert_close(mrstft_distance(audio, target), torch.stack(parts).mean(dim=0))


def test_what_is_equal_has_no_distance() -> None:
    losses = training_loss(noise(1), noise(1), RATE, ALL)
    assert float(losses.total) == 0.0


def test_the_loudness_distance_is_the_gain_in_db() -> None:
    distance = loudness_distance_db(noise(1) * 10 ** (-6 / 20), noise(1), RATE)
    torch.testing.assert_close(distance, torch.tensor([6.0]), atol=1e-3, rtol=0)


def test_polarity_is_heard_by_the_waveform_alone() -> None:
    losses = training_loss(-noise(1), noise(1), RATE, ALL)
    assert float(losses.parts["mrstft"]) == pytest.approx(0, abs=1e-6)
    assert float(losses.parts["l1"]) > 0.1


def test_a_batch_has_the_distances_of_its_items() -> None:
    audio, target = noise(1, batch=3), noise(2, batch=3)
    audio[1] *= 0.01
    alone = [mrstft_distance(audio[i : i + 1], target[i : i + 1]) for i in range(3)]
    torch.testing.assert_close(mrstft_distance(audio, target), torch.cat(alone))


def test_a_silent_side_does_not_outweigh_the_rest() -> None:
    target = noise(1, channels=1).expand(-1, 2, -1)
    audio = target + 1e-4 * noise(2)
    assert float(mrstft_distance(audio, target)) < 2.5


def test_the_total_is_the_weighted_sum_of_what_has_a_weight() -> None:
    objective = Objective({"mrstft": 0.5, "l1": 3.0, "loudness": 0.1, "esr": 0.0})
    losses = training_loss(noise(1), noise(2), RATE, objective, also=("mse",))
    assert set(losses.parts) == {"mrstft", "l1", "loudness", "mse"}
    parts = losses.parts
    torch.testing.assert_close(
        losses.total, 0.5 * parts["mrstft"] + 3.0 * parts["l1"] + 0.1 * parts["loudness"]
    )
    assert losses.values()["loss"] == losses.total.item()


def test_the_error_to_signal_ratio_is_the_librarys() -> None:
    audio, target = noise(1, batch=3, channels=1), noise(2, batch=3, channels=1)
    library = auraloss.time.ESRLoss()
    torch.testing.assert_close(error_to_signal(audio, target).mean(), library(audio, target))
    torch.testing.assert_close(
        error_to_signal(0.3 * audio, 0.3 * target), error_to_signal(audio, target)
    )


@pytest.mark.parametrize(
    ("frequency", "gain_db"), [(100.0, -19.1), (1000.0, 0.0), (2500.0, 1.3), (10_000.0, -2.5)]
)
def test_a_tone_is_weighted_as_the_standards_table_says(frequency: float, gain_db: float) -> None:
    time = torch.arange(RATE, dtype=torch.float32) / RATE
    tone = torch.sin(2 * torch.pi * frequency * time)[None, None]
    plain = tone.abs().mean()
    weighted = a_weighted_l1(tone, torch.zeros_like(tone), RATE)
    assert 20 * float((weighted / plain).log10()) == pytest.approx(gain_db, abs=0.1)


def test_a_weighting_does_not_join_the_end_to_the_beginning() -> None:
    error = torch.zeros(2, 1, RATE)
    error[0, 0, -1] = error[1, 0, RATE // 2] = 1.0
    end, middle = a_weighted_l1(error, torch.zeros_like(error), RATE).tolist()
    # Without its phase the response is symmetric: half of it, and the peak, lie before the end.
    assert 0.5 < end / middle < 0.95


def test_a_gradient_flows_also_after_the_same_was_measured_in_inference_mode() -> None:
    with torch.inference_mode():
        training_loss(noise(1), noise(2), RATE, ALL)
        integrated_loudness(noise(1), RATE)
    audio = noise(1).requires_grad_()
    training_loss(audio, noise(2), RATE, ALL).total.backward()  # type: ignore[no-untyped-call]
    assert audio.grad is not None
    assert bool(torch.isfinite(audio.grad).all())
    assert float(audio.grad.abs().max()) > 0


def test_silence_has_finite_gradients() -> None:
    audio = torch.zeros(1, 2, RATE // 2, requires_grad=True)
    training_loss(audio, noise(1), RATE, ALL).total.backward()  # type: ignore[no-untyped-call]
    assert audio.grad is not None
    assert bool(torch.isfinite(audio.grad).all())
    to_silence = training_loss(noise(1), torch.zeros(1, 2, RATE // 2), RATE, ALL)
    assert bool(torch.isfinite(to_silence.total))
