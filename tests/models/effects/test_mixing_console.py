"""The differentiable mixing console: any stems in any order, settings that people can edit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from networks_built import as_system, count, noise, published, small
from torch import Tensor

from earmark.models.architectures import Network
from earmark.models.architectures.dmc import DMC
from earmark.models.architectures.parts.vggish import SAMPLE_RATE, VGGish, VGGishLayout, patches
from earmark.models.checkpoints.network_system import NetworkSystem, SystemCard
from earmark.models.effects.console import (
    BandCard,
    CompressorCard,
    ConsoleCard,
    ReverbCard,
    StripCard,
    channel,
    mix,
    pan_gains,
    read_settings,
    write_settings,
)
from earmark.models.effects.differentiable_strip import FULL, strip_cards, strips_of, through_strips
from earmark.models.effects.reverb import impulse_response, reverberate
from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, Spec, System, SystemSpec, build, kinds

RATE = 44_100
SIZES: dict[str, Any] = {
    "encoder": (4, 6, 8, 8, 10, 10),
    "encoder_hidden": 16,
    "embedding": 6,
    "hidden": (20, 20),
}
KINDS = ["dmc_basic", "dmc_full"]


def a_console(name: str) -> Network:
    network = small(name, **SIZES)
    with torch.no_grad():
        # Small embeddings of noise are all alike; made large, the strips are not.
        for value in network.get_submodule("post").parameters():
            value.mul_(3.0)
    return network


def stems(count: int, samples: int = 9_000) -> Tensor:
    """Stems of different colour and level, ``(count, 2, samples)``; SIMULATED."""
    made = []
    for number in range(count):
        tone = torch.linspace(0, 300.0 * (number + 1), samples).sin()
        made.append(0.02 * (number + 1) * tone + noise(samples, seed=number, level=0.01))
    return torch.stack(made).unsqueeze(1).repeat(1, 2, 1)


def rendered(system: System, audio: Tensor, names: tuple[str, ...] = ()) -> Any:
    return run(system, Material(audio, RATE, label="song", stems=names))


@pytest.mark.parametrize(("name", "parameters"), [(KINDS[0], 89_457_031), (KINDS[1], 89_504_158)])
def test_the_published_sizes_come_out(name: str, parameters: int) -> None:
    network = published(name)
    assert count(network) == parameters
    assert isinstance(network, DMC)
    assert sum(weight.numel() for weight in network.encoder.parameters()) == 72_141_184


@pytest.mark.parametrize("name", KINDS)
def test_the_mix_does_not_depend_on_the_order_of_the_stems(name: str) -> None:
    system, audio = as_system(a_console(name)), stems(4)
    order = torch.tensor([2, 0, 3, 1])
    one, two = rendered(system, audio), rendered(system, audio[order])
    torch.testing.assert_close(one.audio, two.audio, atol=1e-5, rtol=1e-3)
    strips = one.notes["console"]["stems"]
    assert len({round(strip["gain_db"], 4) for strip in strips}) > 1
    for place, index in enumerate(order.tolist()):
        other = two.notes["console"]["stems"][place]
        assert other["gain_db"] == pytest.approx(strips[index]["gain_db"], abs=1e-3)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("number", [1, 2, 11])
def test_any_number_of_stems_is_mixed(name: str, number: int) -> None:
    out = rendered(as_system(a_console(name)), stems(number))
    assert out.audio.shape == (2, 9_000)
    assert len(out.notes["console"]["stems"]) == number


@pytest.mark.parametrize("name", KINDS)
def test_a_silent_stem_changes_nothing(name: str) -> None:
    system, audio = as_system(a_console(name)), stems(3)
    padded = torch.cat([audio, torch.zeros(2, 2, 9_000)])
    one, two = rendered(system, audio).audio, rendered(system, padded).audio
    # Settings are kept to five digits.
    torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_trained_is_what_renders(name: str) -> None:
    network, audio = a_console(name), stems(3, 44_100)
    with torch.no_grad():
        trained = network(audio[None])[0]
    out = rendered(as_system(network), audio).audio
    assert 20 * float(((out - trained).std() / out.std()).log10()) < -70


def test_the_settings_of_a_render_edited_by_hand_are_rendered_again(tmp_path: Path) -> None:
    audio, names = stems(3), ("kick", "bass", "voice")
    first = rendered(as_system(a_console("dmc_full")), audio, names)
    record = tmp_path / "render.json"
    record.write_text(json.dumps({"notes": first.notes}))
    options = kinds()["console"].options.model_validate({"settings": record})
    again = rendered(build(SystemSpec("again", "console", options)), audio, names)
    torch.testing.assert_close(again.audio, first.audio, atol=1e-6, rtol=0)

    settings = read_settings(record)
    quieter = [
        s.model_copy(update={"gain_db": -120.0}) if s.name == "voice" else s for s in settings.stems
    ]
    # In another order, too: strips belong to stems by name.
    write_settings(tmp_path / "song.json", ConsoleCard(stems=tuple(reversed(quieter))))
    options = kinds()["console"].options.model_validate({"settings": tmp_path})
    edited = rendered(build(SystemSpec("edited", "console", options)), audio, names).audio
    wanted = mix(audio[:2], RATE, ConsoleCard(stems=settings.stems[:2]))
    torch.testing.assert_close(edited, wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", KINDS)
def test_settings_hold_the_gain_that_the_song_was_given_before_the_network(
    name: str, tmp_path: Path
) -> None:
    audio, names = stems(3, RATE), ("kick", "bass", "voice")
    card = SystemCard(sample_rate=RATE, input_lufs=-30)
    system = NetworkSystem(a_console(name), card, Spec("network", "test"))
    first = rendered(system, audio, names)
    assert abs(first.notes["input_gain_db"]) > 3
    record = tmp_path / "render.json"
    record.write_text(json.dumps({"notes": first.notes}))
    options = kinds()["console"].options.model_validate({"settings": record})
    again = rendered(build(SystemSpec("again", "console", options)), audio, names)
    torch.testing.assert_close(again.audio, first.audio, atol=1e-5, rtol=0)


BAD = {
    "range": ({"stems": [{"pan": 2}]}, r"song.json:1: .*pan.*less than or equal to 1"),
    "unknown": ({"stems": [{"gian_db": 2}]}, "gian_db"),
    "none": ({"stems": []}, "at least 1"),
    "count": ({"stems": [{}, {}]}, "settings for 2 stems, and song 'song' has 3"),
    "name": (
        {"stems": [{"name": "kick"}, {"name": "snare"}, {"name": "hat"}]},
        "no settings for stem 'bass' of song 'song'",
    ),
    "no console": ({"notes": {}}, "whose system had no console"),
}


@pytest.mark.parametrize("case", BAD)
def test_settings_that_do_not_fit_are_one_clear_line(case: str, tmp_path: Path) -> None:
    data, message = BAD[case]
    (tmp_path / "song.json").write_text(json.dumps(data))
    options = kinds()["console"].options.model_validate({"settings": tmp_path / "song.json"})
    with pytest.raises(UserError, match=message):
        rendered(build(SystemSpec("c", "console", options)), stems(3), ("kick", "bass", "voice"))


def test_a_band_beyond_half_the_rate_is_refused(tmp_path: Path) -> None:
    high = StripCard(name="a", eq=(BandCard(kind="peak", frequency_hz=23_000),))
    write_settings(tmp_path / "song.json", ConsoleCard(stems=(high,)))
    given = {"settings": tmp_path / "song.json"}
    options = kinds()["console"].options
    system = build(SystemSpec("c", "console", options.model_validate(given)))
    with pytest.raises(UserError, match="stem 'a': a band at 23000 Hz does not exist at 44100 Hz"):
        rendered(system, stems(1))
    options_48k = options.model_validate(given | {"sample_rate": 48_000})
    out = rendered(build(SystemSpec("c", "console", options_48k)), stems(1))
    assert out.audio.shape == (2, 9_000)


def test_settings_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="no such file or folder"):
        kinds()["console"].options.model_validate({"settings": "nowhere.json"})


def test_a_strip_that_does_nothing_pans_to_the_centre_at_minus_3_db() -> None:
    mono = noise(500).double().numpy()
    out = channel(mono, RATE, StripCard())
    np.testing.assert_allclose(out, np.stack([mono, mono]) * np.sqrt(0.5), atol=1e-12)


def test_each_part_of_a_strip_does_its_own() -> None:
    mono = noise(4_000).double().numpy()
    left, right = pan_gains(-0.5)
    panned = channel(mono, RATE, StripCard(pan=-0.5, gain_db=6.0, inverted=True))
    np.testing.assert_allclose(panned[0], -left * 10**0.3 * mono, atol=1e-9)
    np.testing.assert_allclose(panned[1], -right * 10**0.3 * mono, atol=1e-9)
    plain = channel(mono, RATE, StripCard())
    for part in (
        StripCard(eq=(BandCard(kind="peak", frequency_hz=1_000, gain_db=9.0),)),
        StripCard(compressor=CompressorCard(threshold_db=-40.0, ratio=8.0)),
        StripCard(reverb=ReverbCard(wet=0.5)),
    ):
        assert np.abs(channel(mono, RATE, part) - plain).max() > 1e-3
    dry = channel(mono, RATE, StripCard(reverb=ReverbCard(wet=0.0)))
    np.testing.assert_array_equal(dry, plain)


def test_every_value_of_a_strip_stays_in_its_range_and_has_a_gradient() -> None:
    for value in (-1.0, 0.0, 1.0):
        cards = strip_cards(strips_of(torch.full((1, FULL), value)))
        assert len(cards[0].eq) == 5  # ``StripCard`` refuses what is out of range
    values = (0.4 * noise(4, FULL, level=1.0)).clamp(-0.9, 0.9).requires_grad_()
    out = through_strips(noise(4, 3_000, level=0.3), RATE, strips_of(values))
    (out * noise(*out.shape, seed=3, level=1.0)).sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    assert torch.isfinite(values.grad).all()
    assert (values.grad.abs().amax(dim=0) > 0).all()


@pytest.mark.parametrize("decay", [0.2, 1.0])
def test_the_reverb_decays_by_60_db_in_its_decay_time(decay: float) -> None:
    response = impulse_response(torch.tensor([0.3]), torch.tensor([decay]), RATE)[0]
    assert float(response.square().sum(dim=-1).mean()) == pytest.approx(1.0)
    window = round(0.05 * RATE)

    def level(seconds: float) -> float:
        start = round(seconds * RATE)
        return 10 * float(response[:, start : start + window].square().mean().log10())

    assert level(0.05) - level(0.05 + decay) == pytest.approx(60, abs=2.5)


def test_a_reverb_has_no_sound_of_its_own() -> None:
    assert not reverberate(np.zeros(2_000), RATE, 0.5, 0.5).any()


def test_the_encoder_hears_a_tone_in_its_mel_band() -> None:
    tone = torch.sin(2 * torch.pi * 1_000 * torch.arange(2 * RATE) / RATE)
    (found,) = patches(tone, RATE)
    assert found.shape == (2, 96, 64)
    mel = 1127 * np.log1p(np.array([125.0, 1_000.0, 7_500.0]) / 700)
    wanted = (mel[1] - mel[0]) / (mel[2] - mel[0]) * 65 - 1
    assert abs(float(found.mean(dim=(0, 1)).argmax()) - wanted) <= 1


def test_a_stem_shorter_than_a_patch_is_heard() -> None:
    net = VGGish(VGGishLayout((2, 2, 2, 2, 2, 2), 4, 3)).eval()
    assert net.averaged(noise(2, 100), SAMPLE_RATE).shape == (2, 3)


def test_a_long_stem_is_heard_a_few_patches_at_a_time() -> None:
    net = VGGish(VGGishLayout((2, 3, 4, 4, 5, 5), 6, 3)).eval()
    audio = noise(40 * 15_360 + 500)
    parts = list(patches(audio, SAMPLE_RATE))
    assert [len(part) for part in parts] == [16, 16, 8]
    with torch.no_grad():
        wanted = net(torch.cat(parts)).mean(dim=0)
        torch.testing.assert_close(net.averaged(audio[None], SAMPLE_RATE)[0], wanted)
