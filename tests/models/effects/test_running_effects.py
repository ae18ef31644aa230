"""Effects that take a song in blocks give what they give of the whole song."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from earmark.models.architectures import build_network, hybrid
from earmark.models.effects import limiter, mastering_chain
from earmark.models.effects.compressor import Compressor, RunningCompressor, compress
from earmark.models.effects.equalizer import Band, RunningEqualiser, equalise
from earmark.models.effects.limiter import true_peak_envelope
from earmark.models.systems.contract import Material

RATE = 44100


def noise(samples: int, seed: int = 0) -> NDArray[np.float64]:
    """Loud stereo noise whose level rises and falls."""
    draw = np.random.default_rng(seed).normal(size=(2, samples))
    moving: NDArray[np.float64] = draw * (0.4 + 0.3 * np.sin(np.arange(samples) / 700))
    return moving


@pytest.mark.parametrize("length", [1, 333, 5000])
def test_filters_and_compressor_in_blocks_are_those_of_the_whole(length: int) -> None:
    audio, bands = noise(5000), [Band("peak", 900.0, 6.0, 2.0), Band("high_pass", 30.0)]
    settings = Compressor(-30.0, 4.0, 5.0, 80.0)
    running = RunningEqualiser(bands, RATE, 2), RunningCompressor(RATE, settings)
    blocks = [audio[:, start : start + length] for start in range(0, 5000, length)]
    assert np.array_equal(
        np.concatenate([running[0](block) for block in blocks], axis=1),
        equalise(audio, RATE, bands),
    )
    assert np.array_equal(
        np.concatenate([running[1](block) for block in blocks], axis=1),
        compress(audio, RATE, settings),
    )


@pytest.mark.parametrize("rate", [44100, 96000])
@pytest.mark.parametrize("samples", [1, 2, 23, 1001])
def test_the_true_peak_envelope_is_the_same_in_blocks(
    samples: int, rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = noise(samples, samples)
    whole = true_peak_envelope(audio, rate)
    monkeypatch.setattr(limiter, "_BLOCK", 7)
    assert np.array_equal(true_peak_envelope(audio, rate), whole)


@pytest.mark.parametrize("name", ["greybox", "hybrid_1b"])
def test_networks_that_finish_a_song_do_so_in_blocks_of_any_length(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"encoder": [8, 12], "latent": 8, "residual": [4, 6], "sample_rate": RATE}
    if name != "greybox":
        small["hidden"] = [16]
    torch.manual_seed(1)
    network, _ = build_network(name, small)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    audio = torch.from_numpy(noise(9000)).float()
    song = Material(audio, RATE)
    extra = torch.zeros_like(audio)
    network.eval()
    found = network.analyse(song, None)
    whole = network.finish(extra, song, found)
    assert not torch.allclose(whole, audio, atol=0.01)
    monkeypatch.setattr(mastering_chain, "BLOCK", 1000)
    monkeypatch.setattr(hybrid, "BLOCK", 1000)
    assert torch.equal(network.finish(extra, song, found), whole)
