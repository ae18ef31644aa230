"""Networks at their published sizes, and what is special about each family."""

import json
from pathlib import Path

import pytest
import torch
from networks_built import count, noise, published, rendered, small

from earmark.models.architectures import build_network
from earmark.models.architectures.eqcnn import EQCNN, SAAF
from earmark.models.architectures.signaltrain import SignalTrain, SignalTrainHyperparameters
from earmark.models.checkpoints.folders import (
    CheckpointOptions,
    Description,
    TrainingCard,
    load_checkpoint,
    save_checkpoint,
)
from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, SystemSpec, build

# Family, sizes, parameters and, where it is not the whole input, receptive field in samples.
PUBLISHED = [
    ("crnn", {}, 113_682, None),
    ("waveunet_seed", {"levels": 4}, 2_939_478, 675),
    ("waveunet_seed", {"levels": 5}, 11_787_990, 1_395),
    ("waveunet_seed", {"levels": 8}, 754_982_358, 11_251),
    ("waveunet_seed", {"levels": 12}, 193_273_812_438, 180_211),
    ("waveunet", {}, 10_263_390, 139_251),
    ("eqcnn2018", {}, 561_473, 6_144),
    ("eqcnn2018", {"frame": 1024}, 561_473, 1_536),
    ("cafx", {}, 604_481, 6_144),
    ("waveunet_demucs", {"controls": 2}, 5_720_772, 25_940),
    ("waveunet_demucs", {"kernel": 16, "controls": 2}, 8_514_500, 49_148),
    (
        "waveunet_demucs",
        {"kernel": 16, "controls": 25, "embedding": 128},
        8_831_172,
        49_148,
    ),
    (
        "waveunet_demucs",
        {"width": 32, "controls": 25, "embedding": 128},
        23_199_748,
        25_940,
    ),
    ("waveunet_mix", {}, 83_966_112, 25_940),
    ("signaltrain", {"controls": 2}, 4_299_878, 221_184),
    ("greybox", {}, 5_056_286, None),
    ("greybox", {"catch_all": False}, 2_718_044, None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sizes", "parameters", "field"), PUBLISHED)
def test_the_published_sizes_come_out(
    name: str, sizes: dict[str, int], parameters: int, field: int | None
) -> None:
    network = published(name, **sizes)
    assert count(network) == parameters
    if field is not None:
        assert network.receptive_field == field


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("waveunet_seed", {"width": 2, "levels": 2, "kernel": 5}),
        ("waveunet", {"width": 2, "levels": 2, "kernel": 5, "up_kernel": 3}),
        ("waveunet_demucs", {"width": 3, "levels": 2, "kernel": 8}),
    ],
)
def test_the_receptive_field_is_as_wide_as_a_gradient_finds_it(
    name: str, sizes: dict[str, int]
) -> None:
    torch.manual_seed(0)
    network, _ = build_network(name, sizes)
    # Straight through: no rectifier that hides a sample from the gradient.
    for part in network.modules():
        for key, child in part.named_children():
            if isinstance(child, torch.nn.ReLU | torch.nn.LeakyReLU):
                setattr(part, key, torch.nn.Identity())
        if isinstance(part, torch.nn.PReLU):
            torch.nn.init.ones_(part.weight)
    network.eval()
    stride = network.geometry.stride
    middle = 64 * stride
    widest = left = right = 0
    for offset in range(stride):
        audio = noise(1, network.channels, 128 * stride).requires_grad_()
        with torch.no_grad():
            for weight in network.parameters():
                weight.copy_(weight.abs() + 0.01)
        network(audio)[0, 0, middle + offset].backward()
        assert audio.grad is not None
        touched = audio.grad[0].abs().amax(dim=0).nonzero().flatten()
        first, last = int(touched[0]), int(touched[-1])
        widest = max(widest, last - first + 1)
        left = max(left, middle + offset - first)
        right = max(right, last - middle - offset)
    assert network.receptive_field == widest
    assert (network.geometry.left, network.geometry.right) == (left, right)


def a_signaltrain() -> SignalTrain:
    network = small("signaltrain", scale=1, transform=64, hop=16, hidden=8)
    assert isinstance(network, SignalTrain)
    return network


def test_the_two_paths_of_signaltrain_are_aligned() -> None:
    torch.manual_seed(0)
    network, _ = build_network("signaltrain", {"scale": 1, "transform": 64, "hop": 16, "hidden": 8})
    assert isinstance(network, SignalTrain)
    # The transform alone: magnitudes times one, phases plus nothing.
    for path, value in ((network.magnitude, 1.0), (network.phase, 0.0)):
        torch.nn.init.zeros_(path.get_parameter("output.0.weight"))
        torch.nn.init.constant_(path.get_parameter("output.0.bias"), value)
    audio = noise(1, 1, 4_000)
    with torch.no_grad():
        out = network.eval()(audio)
    # The input on the dry path, and about as much through the transform.
    assert float((out - 2.0 * audio).std() / audio.std()) < 0.02


def test_silence_has_a_gradient_in_training_and_no_floor_when_rendered() -> None:
    network = a_signaltrain().train()
    silent = torch.zeros(1, 1, 4_000)
    network(silent).square().sum().backward()
    assert all(
        value.grad is None or torch.isfinite(value.grad).all() for value in network.parameters()
    )


def test_a_signaltrain_of_before_is_read_as_it_was_and_says_so(tmp_path: Path) -> None:
    sizes = {"scale": 1, "transform": 64, "hop": 16, "hidden": 8}
    old = small("signaltrain", version=1, **sizes)
    wanted = rendered(old, noise(1, 5_000))
    about = Description(architecture="signaltrain", hyperparameters=sizes | {"version": 1})
    save_checkpoint(tmp_path / "old", old, about, TrainingCard(step=1))
    card = json.loads((tmp_path / "old" / "model.json").read_text())
    del card["hyperparameters"]["version"]
    (tmp_path / "old" / "model.json").write_text(json.dumps(card))
    torch.save(old.state_dict(), tmp_path / "bare.pt")
    bare = CheckpointOptions(
        path=tmp_path / "bare.pt", architecture="signaltrain", hyperparameters=sizes
    )
    for system in (
        load_checkpoint(tmp_path / "old"),
        build(SystemSpec("old", "checkpoint", bare)),
    ):
        done = run(system, Material(noise(1, 5_000), 44_100))
        torch.testing.assert_close(done.audio, wanted)
        assert "signaltrain 1 is not the published network" in done.notes["network_version"]


def test_weights_of_the_present_signaltrain_are_not_taken_for_the_old(tmp_path: Path) -> None:
    sizes = {"scale": 1, "transform": 64, "hop": 16, "hidden": 8}
    network = small("signaltrain", **sizes)
    torch.save(network.state_dict(), tmp_path / "bare.pt")
    options = CheckpointOptions(
        path=tmp_path / "bare.pt", architecture="signaltrain", hyperparameters=sizes
    )
    done = run(build(SystemSpec("new", "checkpoint", options)), Material(noise(1, 5_000), 44_100))
    torch.testing.assert_close(done.audio, rendered(network, noise(1, 5_000)))
    assert "network_version" not in done.notes


def test_the_published_signaltrain_makes_55040_samples_of_221184() -> None:
    sizes = SignalTrainHyperparameters(controls=2)
    assert (sizes.chunk, sizes.output) == (221_184, 55_040)
    assert (sizes.frames, sizes.out_frames) == (579, 147)


def test_signaltrain_in_windows_is_signaltrain_on_the_song() -> None:
    network, audio = a_signaltrain(), noise(1, 20_001)
    whole = rendered(network, audio, chunk=10**9)
    torch.testing.assert_close(rendered(network, audio, chunk=2_000), whole)


def an_eqcnn() -> EQCNN:
    sizes = {"frame": 256, "filters": 4, "kernel": 8, "smoothing": 16, "pooled": 8}
    network = small("eqcnn2018", **sizes)
    assert isinstance(network, EQCNN)
    return network


def test_frames_and_mirrored_filters_give_the_sound_back_without_ripple_or_delay() -> None:
    network = an_eqcnn()
    with torch.no_grad():
        network.front.weight.zero_()
        network.front.weight[0, 0, 3] = 1.0
        torch.nn.init.zeros_(network.get_parameter("front.bias"))
        network.bias.zero_()
        audio = noise(2, 1, 1_001)
        torch.testing.assert_close(network.reconstruct(audio), audio, atol=1e-6, rtol=0)


def test_the_first_step_of_training_leaves_the_middle_alone() -> None:
    network = an_eqcnn()
    network.reconstruct(noise(1, 1, 600)).square().sum().backward()  # type: ignore[no-untyped-call]
    trained = {key for key, value in network.named_parameters() if value.grad is not None}
    assert trained == {"front.weight", "front.bias", "bias"}


def test_the_latent_of_a_frame_has_64_values_whatever_its_length() -> None:
    for frame in (256, 512):
        network = small("eqcnn2018", frame=frame, filters=2, kernel=8, smoothing=16)
        assert isinstance(network, EQCNN)
        assert network.latent(noise(3, 1, frame)).shape == (3, 2, 64)


def test_a_fresh_adaptive_activation_is_straight_and_a_bent_one_is_smooth() -> None:
    saaf = SAAF(4, 2)
    # In float64: the second difference of float32 is rounding.
    saaf = saaf.double()
    x = torch.linspace(-3, 3, 4_001, dtype=torch.float64).repeat(1, 4, 1)
    torch.testing.assert_close(saaf(x), x)
    with torch.no_grad():
        saaf.curvature.copy_(noise(2, 24, level=3.0))
        out = saaf(x)
        slope = out.diff() / x.diff()
        bend = slope.diff().abs().max() / float(x.diff()[0, 0, 0])
    assert torch.equal(out[:, 0], out[:, 1])
    assert float(bend) <= float(saaf.curvature.detach().abs().max()) + 0.05
    at_zero = out[0, :, 2_000]
    torch.testing.assert_close(at_zero, torch.zeros(4).double(), atol=1e-9, rtol=0)


def test_an_adaptive_activation_is_its_curvature_integrated_twice() -> None:
    saaf = SAAF(1, 1).double()
    with torch.no_grad():
        saaf.curvature.copy_(noise(1, 24, level=3.0))
        saaf.slope.fill_(0.7)
        x = torch.linspace(-1.5, 1.5, 30_001, dtype=torch.float64)
        out = saaf(x.reshape(1, 1, -1)).flatten()
    segment = ((x + 1) * 12).floor().long()
    wanted = torch.where(
        (segment >= 0) & (segment < 24), saaf.curvature[0, segment.clamp(0, 23)], 0.0
    )
    step = float(x[1] - x[0])
    slopes = torch.cumulative_trapezoid(wanted, dx=step)
    slopes = 0.7 + slopes - slopes[15_000]
    torch.testing.assert_close(out.diff() / step, slopes, atol=2e-3, rtol=0)


def test_more_stems_than_inputs_are_refused() -> None:
    network = small("waveunet_mix", width=2, levels=2, stems=3)
    with pytest.raises(UserError, match="the song has 4 stems and this network takes 3"):
        rendered(network, noise(4, 2, 100))


def test_missing_stems_are_silence() -> None:
    network = small("waveunet_mix", width=3, levels=2, stems=4)
    audio = noise(2, 2, 500)
    padded = torch.cat([audio, torch.zeros(2, 2, 500)])
    torch.testing.assert_close(rendered(network, audio), rendered(network, padded))


def test_a_dry_mixing_network_begins_as_the_sum_of_the_stems() -> None:
    torch.manual_seed(0)
    network, _ = build_network("waveunet_mix", {"width": 2, "levels": 2, "dry": True})
    audio = noise(3, 2, 700)
    wanted = audio.mean(dim=1).sum(dim=0).repeat(2, 1)
    torch.testing.assert_close(rendered(network.eval(), audio), wanted)


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("crnn", {"window": 4_096, "context": 2_000}, "at most a quarter of window"),
        ("crnn", {"kernel": 4}, "kernel must be odd"),
        ("waveunet_seed", {"kernel": 4}, "kernel must be odd"),
        ("waveunet", {"up_kernel": 2}, "up_kernel must be odd"),
        ("waveunet", {"levels": 17}, "levels: input should be less than or equal to 16"),
        ("waveunet_demucs", {"kernel": 3}, "must not be below stride"),
        ("signaltrain", {"hop": 600}, "at most half of transform"),
        ("eqcnn2018", {"frame": 1_000}, "multiple of pooled"),
        ("cafx", {"activations": 3}, "must divide filters"),
        ("cafx", {"dense": [0]}, "dense.*greater than or equal to 1"),
        ("hybrid_1b", {"kernel": 4}, "kernel must be odd"),
        ("greybox", {"sections": 1}, "sections: input should be greater than or equal to 2"),
        ("dmc_full", {"sample_rate": 16_000}, "sample_rate: input should be greater"),
    ],
)
def test_impossible_sizes_are_refused(name: str, sizes: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_network(name, sizes)
