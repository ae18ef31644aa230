"""The TCN of the literature: published sizes, receptive field, conditioning, residuals."""

import itertools

import pytest
import torch
from torch import Tensor

from earmark.models.architectures import architecture_names, build_network
from earmark.models.architectures.tcn import TCN, TCNHyperparameters
from earmark.models.errors import UserError

PUBLISHED = [
    (8, 3_571, 166_825),
    (10, 14_323, 201_835),
    (20, 28_645, 376_885),
    (30, 42_967, 551_935),
]


def a_tcn(**sizes: object) -> TCN:
    network, _ = build_network("tcn", sizes)
    assert isinstance(network, TCN)
    return network.eval()


@pytest.mark.parametrize(("blocks", "field", "parameters"), PUBLISHED)
def test_the_published_sizes_come_out(blocks: int, field: int, parameters: int) -> None:
    network = a_tcn(blocks=blocks, controls=2)
    assert sum(weight.numel() for weight in network.parameters()) == parameters
    geometry = network.geometry
    assert (geometry.left, geometry.right) == ((field - 1) // 2, (field - 1) // 2)
    assert geometry.minimum == field
    assert geometry.mode == "context"


@pytest.mark.parametrize(
    "sizes", [{"blocks": 3, "kernel": 5}, {"blocks": 5, "kernel": 3, "growth": 3, "cycle": 3}]
)
def test_an_output_sample_depends_on_its_receptive_field_and_on_nothing_else(
    sizes: dict[str, int],
) -> None:
    torch.manual_seed(0)
    network = a_tcn(width=4, **sizes)
    context = network.geometry.left + network.geometry.right
    audio = torch.randn(1, 1, context + 9, requires_grad=True)
    out = network(audio)
    assert out.shape == (1, 1, 9)
    out[0, 0, 4].backward()
    assert audio.grad is not None
    touched = audio.grad[0, 0].nonzero().flatten()
    assert int(touched[0]) == 4
    assert int(touched[-1]) == 4 + context


def test_the_smallest_input_gives_one_sample() -> None:
    network = a_tcn(blocks=8, width=4)
    assert network(torch.randn(1, 1, 3_571)).shape == (1, 1, 1)


def by_hand(network: TCN, audio: Tensor, samples: int) -> Tensor:
    """The network again, from the description: nothing but convolutions and sums."""
    named = network.state_dict()
    skip = torch.zeros(1)
    hidden = audio
    for number, dilation in enumerate([1, 2, 4, 1]):
        of = {
            name.removeprefix(f"blocks.{number}."): value
            for name, value in named.items()
            if name.startswith(f"blocks.{number}.")
        }
        convolved = torch.conv1d(hidden, of["conv.weight"], dilation=dilation)
        mean, variance = of["norm.running_mean"], of["norm.running_var"]
        normal = (convolved - mean[:, None]) / (variance[:, None] + 1e-5).sqrt()
        moved = normal * of["film.scale"][:, None] + of["film.shift"][:, None]
        active = torch.where(moved > 0, moved, of["activation.weight"][:, None] * moved)
        cut = (hidden.shape[-1] - active.shape[-1]) // 2
        through = hidden[..., cut : cut + active.shape[-1]]
        wide = torch.cat([through] * (active.shape[1] // through.shape[1]), dim=1)
        hidden = active + min(max(float(of["gain"]), 0.0), 1.0) * wide
        cut = (hidden.shape[-1] - samples) // 2
        skip = skip + hidden[..., cut : cut + samples]
    return torch.conv1d(skip, named["output.weight"], named["output.bias"])


def test_the_network_is_the_sum_that_its_description_says() -> None:
    torch.manual_seed(0)
    network = a_tcn(channels=2, width=6, blocks=4, kernel=5, cycle=3)
    gains = itertools.cycle([-0.3, 0.4, 1.7])
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if "running" in name:
                value.uniform_(0.1, 1.1)
            elif name.endswith(("scale", "shift")):
                value.normal_()
            elif name.endswith("gain"):
                value.fill_(next(gains))
    audio = torch.randn(1, 2, 300)
    out = network(audio)
    torch.testing.assert_close(out, by_hand(network, audio, out.shape[-1]), atol=1e-4, rtol=1e-4)


def test_a_network_with_a_dry_path_begins_as_the_identity() -> None:
    network = a_tcn(channels=2, width=4, blocks=3, kernel=5, dry=True)
    audio = torch.randn(1, 2, 500)
    side = network.geometry.left
    assert torch.equal(network(audio), audio[..., side:-side])


def test_controls_change_the_sound_and_each_item_has_its_own() -> None:
    torch.manual_seed(0)
    network = a_tcn(width=4, blocks=2, kernel=3, controls=2)
    audio = torch.randn(1, 1, 50)
    controls = torch.tensor([[-1.0, 0.5], [1.0, 0.5]])
    with torch.no_grad():
        both = network(audio.expand(2, -1, -1), controls)
    assert float((both[0] - both[1]).abs().max()) > 1e-3
    for index in (0, 1):
        alone = network(audio, controls[index : index + 1])
        torch.testing.assert_close(both[index], alone[0])


def test_a_batch_gives_what_its_items_give() -> None:
    torch.manual_seed(0)
    network = a_tcn(channels=2, width=4, blocks=3)
    audio = torch.randn(3, 2, 400)
    alone = torch.cat([network(one[None]) for one in audio])
    torch.testing.assert_close(network(audio), alone)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"kernel": 4}, "kernel must be odd"),
        ({"channels": 2, "width": 5}, "width must be a multiple of channels"),
        ({"blocks": 0}, "hyper-parameter blocks: .*greater than or equal to 1, not 0"),
        ({"blocks": 16, "growth": 8, "cycle": 16}, "receptive field of .* is too long"),
        ({"block": 3}, "unknown hyper-parameter 'block'; did you mean 'blocks'"),
        ({"width": 4096, "kernel": 255, "blocks": 64, "growth": 1}, "more than this machine"),
    ],
)
def test_impossible_sizes_are_refused(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_network("tcn", sizes)


def test_an_unknown_architecture_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown architecture 'tnc'; did you mean 'tcn'"):
        build_network("tnc", {})
    assert "tcn" in architecture_names()


def test_the_defaults_are_the_published_tcn_10() -> None:
    assert TCNHyperparameters().context + 1 == 14_323


def test_gains_beyond_an_end_count_as_the_end_have_a_gradient_and_are_put_back() -> None:
    torch.manual_seed(0)
    network = a_tcn(width=4, blocks=2, kernel=3)
    gains = [one for name, one in network.named_parameters() if name.endswith(".gain")]
    assert len(gains) == 2
    audio, outputs = torch.randn(1, 1, 64), list[Tensor]()
    for value in (1.0, 1.01):
        for gain in gains:
            gain.data.fill_(value)
        outputs.append(network(audio))
    assert torch.equal(*outputs)
    outputs[1].square().mean().backward()  # type: ignore[no-untyped-call]  # torch's own
    assert all(gain.grad is not None and gain.grad.item() != 0.0 for gain in gains)
    with torch.no_grad():
        network.settle()
    assert [gain.item() for gain in gains] == [1.0, 1.0]
