"""The losses of auraloss by name: the library's own values, one item at a time, at its rate."""

from typing import Any

import auraloss
import numpy as np
import pytest
import torch
from torch import Tensor

from earmark.models.audio.library_losses import (
    RANDOM,
    STEREO,
    LibraryLoss,
    built,
    defaults,
    frozen,
    losses,
    usable,
    why_not,
)
from earmark.models.audio.losses import Objective, training_loss
from earmark.models.errors import UserError

SIZES: dict[str, Any] = {
    "fft_sizes": [1024, 2048, 512],
    "hop_sizes": [120, 240, 50],
    "win_lengths": [600, 1200, 240],
}
CASES: list[tuple[str, dict[str, Any], int, int]] = [
    *(
        (name, {}, rate, channels)
        for name, rate, channels in (
            ("ESRLoss", 44100, 2),
            ("DCLoss", 8000, 1),
            ("LogCoshLoss", 48000, 2),
            ("SNRLoss", 44100, 2),
            ("SISDRLoss", 22050, 1),
            ("SDSDRLoss", 96000, 2),
            ("STFTLoss", 44100, 2),
            ("MultiResolutionSTFTLoss", 48000, 1),
            ("MelSTFTLoss", 48000, 2),
            ("SumAndDifferenceSTFTLoss", 32000, 2),
        )
    ),
    ("STFTLoss", {"fft_size": 4096, "w_phs": 1.0, "mag_distance": "L2"}, 44100, 2),
    ("STFTLoss", {"scale": "mel", "n_bins": 40}, 22050, 1),
    ("STFTLoss", {"scale_invariance": True}, 44100, 1),
    ("MultiResolutionSTFTLoss", {"perceptual_weighting": True}, 22050, 2),
    ("MultiResolutionSTFTLoss", {"scale": "mel", "n_bins": 32, "eps": 1e-6}, 16000, 2),
    ("SumAndDifferenceSTFTLoss", {"w_diff": 3.0, "perceptual_weighting": True}, 96000, 2),
]


def noise(seed: int, channels: int, samples: int = 9001, batch: int = 3) -> Tensor:
    drawn = torch.Generator().manual_seed(seed)
    levels = 10 ** torch.linspace(-2, 0, batch)[:, None, None]
    return 0.3 * levels * torch.randn(batch, channels, samples, generator=drawn)


@pytest.mark.filterwarnings("ignore:Empty filters detected:UserWarning")  # of librosa, for few bins
@pytest.mark.parametrize(("name", "parameters", "rate", "channels"), CASES)
def test_every_item_has_the_library_s_value_of_a_batch_of_one(
    name: str, parameters: dict[str, Any], rate: int, channels: int
) -> None:
    audio, target = noise(0, channels), noise(1, channels)
    found = LibraryLoss(name, parameters=parameters)(audio, target, rate)
    module = auraloss.freq if hasattr(auraloss.freq, name) else auraloss.time
    given = {**SIZES, **parameters} if name == "SumAndDifferenceSTFTLoss" else dict(parameters)
    if module is auraloss.freq:
        given["sample_rate"] = rate
    own = getattr(module, name)(**given)
    for item in range(len(audio)):
        expected = own(audio[item : item + 1], target[item : item + 1])
        torch.testing.assert_close(found[item], expected, rtol=1e-6, atol=0)


def test_the_cases_above_are_all_that_the_library_has() -> None:
    assert {name for name, *_ in CASES} == set(usable()) - set(RANDOM)
    assert {name for name in losses() if why_not(name)} == {
        *("SpectralConvergenceLoss", "STFTMagnitudeLoss", "ChromaSTFTLoss")
    }


def test_chroma_is_refused_for_as_long_as_the_library_cannot_build_it() -> None:
    with pytest.raises(TypeError, match="Tensor"):
        auraloss.freq.ChromaSTFTLoss(44100)


def test_the_value_of_an_item_does_not_depend_on_its_neighbours() -> None:
    """The library's own does, over a batch: it takes one ratio."""
    audio, target = noise(0, 2), noise(1, 2)
    loss = LibraryLoss("MultiResolutionSTFTLoss")
    alone = torch.cat([loss(audio[[at]], target[[at]], 44100) for at in range(3)])
    together = loss(audio, target, 44100)
    assert torch.equal(alone, together)
    pooled = auraloss.freq.MultiResolutionSTFTLoss()(audio, target)
    assert abs(pooled - together.mean()) > 1e-4


def test_mel_bands_and_weighting_are_those_of_the_audio_s_rate() -> None:
    audio, target = noise(0, 1), noise(1, 1)
    cases: tuple[dict[str, Any], ...] = (
        {"perceptual_weighting": True},
        {"scale": "mel", "n_bins": 40},
    )
    for parameters in cases:
        loss = LibraryLoss("STFTLoss", parameters=parameters)
        assert abs(loss(audio, target, 44100) - loss(audio, target, 16000)).min() > 1e-4


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("SumDiffSTFTLoss", {}, r"no loss of auraloss .*did you mean 'SumAndDifferenceSTFTLoss'"),
        ("ChromaSTFTLoss", {}, "cannot be built by auraloss 0.4.0"),
        ("STFTMagnitudeLoss", {}, "compares spectra, not audio; take STFTLoss"),
        ("STFTLoss", {"fft_sice": 512}, "unknown parameter 'fft_sice' .did you mean 'fft_size'"),
        ("STFTLoss", {"sample_rate": 44100}, "sample_rate is the audio's; leave it out"),
        ("STFTLoss", {"output": "full"}, "output is chosen by Earmark; leave it out"),
        ("STFTLoss", {"device": "cuda"}, "device is chosen by Earmark; leave it out"),
        ("STFTLoss", {"reduction": "none"}, "reduction none gives no single value"),
        ("STFTLoss", {"window": "hannwindow"}, "cannot be built with window 'hannwindow'"),
        ("STFTLoss", {"scale": "bark", "n_bins": 9}, "cannot be built with .*scale 'bark'"),
        ("STFTLoss", {"scale_invariance": True}, "works for one channel only, and there are 2"),
        ("STFTLoss", {"fft_size": 32768, "win_length": 32768}, "needs more than 16384 samples"),
        ("STFTLoss", {"hop_size": 0}, "does not work"),
        ("MultiResolutionSTFTLoss", {"fft_sizes": [512]}, "cannot be built with fft_sizes"),
        ("RandomResolutionSTFTLoss", {}, "needs more than 32768 samples, and there are 9001"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(
    name: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        LibraryLoss(name, parameters=parameters).try_on(2, 9001, 44100)
    assert "\n" not in str(caught.value)


def test_a_loss_of_the_sides_wants_two_channels() -> None:
    for name in STEREO:
        with pytest.raises(UserError, match="it needs 2 channels, not 1"):
            LibraryLoss(name).try_on(1, 9001, 44100)


def test_without_librosa_mel_bands_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    built.cache_clear()
    with pytest.raises(UserError, match="needs the package librosa"):
        defaults("MelSTFTLoss")
    with pytest.raises(UserError, match="mel bands need librosa"):
        LibraryLoss("STFTLoss", parameters={"scale": "mel", "n_bins": 20}).try_on(1, 9001, 44100)


def test_random_resolutions_follow_torch_s_seed_and_leave_numpy_s_alone() -> None:
    loss = LibraryLoss("RandomResolutionSTFTLoss", parameters={"max_fft_size": 2048})
    audio, target = noise(0, 2), noise(1, 2)

    def value(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return loss(audio, target, 44100)

    state = np.random.get_state()
    assert torch.equal(value(0), value(0))
    assert not torch.equal(value(0), value(1))
    with torch.no_grad():
        assert torch.equal(value(0), value(1))
    assert all(np.array_equal(a, b) for a, b in zip(state, np.random.get_state(), strict=True))


def test_a_training_s_loss_adds_the_library_s_part_and_its_gradient() -> None:
    audio, target = noise(0, 2, batch=2).requires_grad_(), noise(1, 2, batch=2)
    one = LibraryLoss("SumAndDifferenceSTFTLoss", 0.5)
    found = training_loss(audio, target, 44100, Objective({"l1": 2.0}, library=(one,)))
    plain = training_loss(audio, target, 44100, Objective({"l1": 2.0}))
    value = one(audio, target, 44100).mean()
    torch.testing.assert_close(found.total, plain.total + 0.5 * value)
    assert found.values()["auraloss:SumAndDifferenceSTFTLoss"] == pytest.approx(value.item())
    (gradient,) = torch.autograd.grad(0.5 * value, audio)
    (whole,) = torch.autograd.grad(found.total - plain.total, audio)
    torch.testing.assert_close(whole, gradient)
    assert gradient.abs().max() > 0


def test_a_loss_that_was_built_in_inference_mode_still_trains() -> None:
    built.cache_clear()
    loss = LibraryLoss("STFTLoss", parameters={"perceptual_weighting": True})
    with torch.inference_mode():
        loss(noise(0, 1), noise(1, 1), 44100)
    audio = noise(0, 1).requires_grad_()
    loss(audio, noise(1, 1), 44100).sum().backward()  # type: ignore[no-untyped-call]
    assert audio.grad is not None


def test_equal_parameters_are_one_object() -> None:
    device = torch.device("cpu")
    one = built("STFTLoss", frozen({"eps": 1e-6, "fft_size": 512}), 44100, device)
    assert built("STFTLoss", frozen({"fft_size": 512, "eps": 1e-6}), 44100, device) is one
