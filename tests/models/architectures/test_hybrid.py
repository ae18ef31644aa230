"""Networks that set processors: published counts, one latent per song, what is trained renders."""

from typing import Any

import pytest
import torch
from networks_built import as_system, count, noise, published, rendered, small

from earmark.models.architectures.greybox import Greybox
from earmark.models.architectures.hybrid import GatedHyperparameters, Hybrid
from earmark.models.architectures.parts.film_unet import FilmUNet
from earmark.models.architectures.parts.song_encoder import SongEncoder
from earmark.models.checkpoints.network_system import NetworkSystem, SystemCard
from earmark.models.effects.mastering_chain import process
from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, Spec

SIZES: dict[str, Any] = {"encoder": (8, 12, 16), "latent": 10, "hidden": (16,), "bands": 4}
CHAIN: dict[str, Any] = {"encoder": (8, 12, 16), "latent": 10, "predictor": 16, "residual": (6, 8)}
RATE = 44_100


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("hybrid_1a", 2_587_087), ("hybrid_1b", 4_925_329), ("hybrid_1c", 4_996_138)],
)
def test_the_published_sizes_come_out(name: str, parameters: int) -> None:
    assert count(published(name)) == parameters


def test_the_encoder_has_its_published_size() -> None:
    network = published("hybrid_1a")
    assert isinstance(network, Hybrid)
    assert sum(weight.numel() for weight in network.encoder.parameters()) == 2_386_112


def an_encoder() -> SongEncoder:
    network = small("hybrid_1a", **SIZES)
    assert isinstance(network, Hybrid)
    return network.encoder


@pytest.mark.parametrize("samples", [3, 4_000, 9_999])
@pytest.mark.parametrize("part", [500, 1_001, 10**6])
def test_the_latent_of_a_song_is_the_same_in_parts(samples: int, part: int) -> None:
    encoder, audio = an_encoder(), noise(2, samples)
    with torch.no_grad():
        whole = encoder(audio[None])
        parts = encoder.over_song(audio, part)
    torch.testing.assert_close(parts, whole, atol=1e-6, rtol=1e-5)


def test_the_residual_is_steered_by_the_latent() -> None:
    torch.manual_seed(0)
    net = FilmUNet(2, (4, 6), 5, 3).eval()
    torch.nn.init.normal_(net.output.weight)
    audio = noise(1, 2, 400).expand(2, -1, -1)
    one, two = net(audio, torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    assert float((one - two).detach().abs().max()) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hybrid_1a", "hybrid_1b", "hybrid_1c", "greybox"])
def test_what_is_trained_is_what_renders(name: str) -> None:
    network = small(name, **(CHAIN if name == "greybox" else SIZES))
    audio = noise(2, 44_100)
    with torch.no_grad():
        trained = network(audio[None])[0]
    error = rendered(network, audio) - trained
    assert 20 * float((error.std() / trained.std()).log10()) < (-40 if name == "greybox" else -90)


@pytest.mark.slow
def test_the_equaliser_does_not_jump_from_block_to_block() -> None:
    network = small("hybrid_1b", **SIZES)
    quiet_then_loud = torch.cat([noise(2, 60_000, level=0.001), noise(2, 60_000)], dim=-1)
    whole = rendered(network, quiet_then_loud, chunk=10**9)
    parts = rendered(network, quiet_then_loud, chunk=4_096)
    torch.testing.assert_close(whole, parts, atol=2e-6, rtol=1e-5)


def test_the_notes_of_a_render_hold_every_band_with_its_gate() -> None:
    network = small("hybrid_1c", **SIZES)
    notes = run(as_system(network), Material(noise(2, 9_000), RATE, label="song")).notes
    assert len(notes["eq_bands"]) == 4
    assert set(notes["eq_bands"][0]) == {"kind", "frequency_hz", "gain_db", "q", "gate"}
    open_gates = sum(band["gate"] > 0.5 for band in notes["eq_bands"])
    assert notes["eq_active_bands"] == open_gates
    kinds = [band["kind"] for band in notes["eq_bands"]]
    assert kinds == ["low_shelf", "peak", "peak", "high_shelf"]


def test_fresh_bands_lie_evenly_in_octaves_with_no_gain() -> None:
    torch.manual_seed(0)
    network = Hybrid(GatedHyperparameters(**SIZES | {"residual": (4, 6)}))
    torch.nn.init.zeros_(network.equaliser.frequency.weight)
    bands = network.eval().equaliser(torch.zeros(1, 10)).bands
    ratios = bands.frequency[0, 1:] / bands.frequency[0, :-1]
    torch.testing.assert_close(ratios, ratios[:1].expand(3))
    assert not bands.gain_db.any()
    lowest = bands.of(0)[0]
    assert (lowest.kind, lowest.gain_db) == ("low_shelf", 0.0)


def test_the_penalty_grows_with_gains_and_with_qs_that_are_not_one() -> None:
    network = small("hybrid_1a", **SIZES)
    assert isinstance(network, Hybrid)
    before = network.penalty(noise(3, 2, 4_000)).detach()
    assert before.shape == (3,)
    with torch.no_grad():
        network.equaliser.gain.bias.add_(2)
    assert (network.penalty(noise(3, 2, 4_000)).detach() > before).all()


def test_a_network_built_for_another_rate_is_refused() -> None:
    network = small("hybrid_1a", **SIZES)
    with pytest.raises(UserError, match="built for 44100 Hz and its description says 48000"):
        NetworkSystem(network, SystemCard(sample_rate=48_000), Spec("hybrid", "test"))


def a_chain() -> Greybox:
    network = small("greybox", **CHAIN)
    assert isinstance(network, Greybox)
    return network


def test_saturation_makes_no_dc_and_width_keeps_the_middle() -> None:
    network = a_chain()
    with torch.no_grad():
        for name in ("eq", "compressor", "limiter"):
            torch.nn.init.zeros_(network.predictors[name].get_parameter("2.weight"))
            torch.nn.init.zeros_(network.predictors[name].get_parameter("2.bias"))
        torch.nn.init.ones_(network.predictors["saturation"].get_parameter("2.bias"))
        settings = network.settings(torch.zeros(1, 10))
        tone = 0.3 * torch.linspace(0, 3_000, RATE).sin()
        lopsided = torch.where(tone > 0, tone, 0.5 * tone).repeat(1, 2, 1)
        out = process(lopsided, RATE, settings, None)
    assert float(settings.wet) > 0.5
    steady = slice(RATE // 2, None)
    change = float((out - lopsided)[..., steady].mean())
    assert abs(change) < 1e-3
    # What is the same on both sides has no side to widen.
    torch.testing.assert_close(out[:, 0], out[:, 1])


def test_every_setting_of_the_chain_is_in_its_range() -> None:
    network = a_chain()
    for scale in (0.0, 30.0, -30.0):
        settings = network.settings(scale * noise(5, 10, level=1.0))
        strip = settings.compressor
        ranges = {
            "threshold_db": (-40, 0),
            "ratio": (1, 20),
            "attack_ms": (0.1, 30),
            "release_ms": (10, 500),
            "knee_db": (0, 12),
            "makeup_db": (0, 24),
        }
        for name, (low, high) in ranges.items():
            value = getattr(strip, name).detach()
            assert float(value.min()) >= low - 1e-4
            assert float(value.max()) <= high + 1e-4
        assert (
            0 <= float(settings.width.detach().min()) <= float(settings.width.detach().max()) <= 2
        )
        assert float(settings.ceiling_db.detach().min()) >= -3.001
        assert float(settings.ceiling_db.detach().max()) <= -0.0999


def test_the_notes_of_a_chain_name_every_processor() -> None:
    notes = run(as_system(a_chain()), Material(noise(2, 9_000), RATE, label="song")).notes
    assert len(notes["eq_bands"]) == 6
    assert set(notes["compressor"]) >= {"threshold_db", "ratio", "attack_ms", "release_ms"}
    assert {"saturation_drive", "saturation_wet", "width", "limiter_ceiling_dbtp"} <= set(notes)


def test_without_the_catch_all_the_chain_is_all_there_is() -> None:
    sizes = {name: value for name, value in CHAIN.items() if name != "residual"}
    network = small("greybox", catch_all=False, **sizes)
    assert network.geometry.mode == "whole"
    assert rendered(network, noise(2, 5_001)).shape == (2, 5_001)
