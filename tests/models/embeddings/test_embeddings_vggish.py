"""VGGish by its definition, and read from small weights of the layout of the published ones."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from noises import noise
from safetensors.torch import save_file
from torch import Tensor, nn

from earmark.models.architectures.parts.vggish import VGGish, VGGishLayout, log_mel_patches
from earmark.models.embeddings import named, vggish
from earmark.models.embeddings.vggish import embed_with, read_vggish
from earmark.models.errors import UserError

CPU = torch.device("cpu")
SMALL = VGGishLayout(channels=(3, 4, 5, 5, 6, 6), hidden=7, size=8)


def reference_log_mel(audio: np.ndarray) -> np.ndarray:
    """VGGish's front end written out frame by frame and band by band."""

    def mel(hertz: float) -> float:
        return 1127.0 * math.log(1.0 + hertz / 700.0)

    edges = np.linspace(mel(125), mel(7500), 66)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    rows = []
    for start in range(0, len(audio) - 399, 160):
        magnitude = np.abs(np.fft.rfft(audio[start : start + 400] * window, 512))
        bands = np.zeros(64)
        for band in range(64):
            low, centre, high = edges[band : band + 3]
            for at in range(1, 257):
                here = mel(at * 16_000 / 512)
                weight = min((here - low) / (centre - low), (high - here) / (high - centre))
                bands[band] += max(weight, 0) * magnitude[at]
        rows.append(np.log(bands + 0.01))
    return np.array(rows)


def small_vggish(seed: int = 0) -> VGGish:
    torch.manual_seed(seed)
    return VGGish(SMALL).eval()


@pytest.mark.slow
def test_the_front_end_of_vggish_is_its_definition() -> None:
    audio = noise(1.2, 16_000)
    wanted = reference_log_mel(audio.double().numpy())[:96]
    found = log_mel_patches(audio)
    assert found.shape == (1, 96, 64)
    np.testing.assert_allclose(found[0], wanted, atol=1e-4)


@pytest.mark.parametrize(("samples", "rows"), [(0, 0), (399, 0), (15_599, 0), (15_600, 1)])
def test_vggish_has_a_row_for_each_whole_patch(samples: int, rows: int) -> None:
    assert embed_with(small_vggish(), CPU)(torch.zeros(samples)).shape == (rows, 8)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_the_state_dict_of_the_torch_port_is_read(suffix: str, tmp_path: Path) -> None:
    network = small_vggish()
    weights = network.state_dict()
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        # The port's file holds its PCA too.
        torch.save(weights | {"pproc.pca_means": torch.zeros(8, 1)}, path)
    else:
        save_file(weights, path)
    patches = torch.rand(2, 96, 64)
    with torch.inference_mode():
        torch.testing.assert_close(read_vggish(path, SMALL)(patches), network(patches))


def test_vggish_as_published_has_the_published_names_and_size() -> None:
    with torch.device("meta"):
        weights = VGGish().state_dict()
    assert list(weights)[:4] == [
        *("features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias"),
    ]
    assert list(weights)[-2:] == ["embeddings.4.weight", "embeddings.4.bias"]
    assert weights["embeddings.0.weight"].shape == (4096, 512 * 6 * 4)
    assert sum(value.numel() for value in weights.values()) == 72_141_184


def test_the_flattened_order_of_vggish_is_time_frequency_channel() -> None:
    network = small_vggish()
    seen: list[Tensor] = []
    network.embeddings[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    patches = torch.rand(1, 96, 64)
    with torch.inference_mode():
        network(patches)
        features = network.features(patches[:, None])
    assert features.shape == (1, 6, 6, 4)
    index = (2 * 4 + 3) * 6 + 1  # time 2, frequency 3, channel 1
    assert seen[0][0, index] == features[0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("another size", "not the VGGish"),
        ("another network", "not the VGGish"),
        ("truncated", "damaged"),
        ("not finite", "not finite numbers"),
    ],
)
def test_a_checkpoint_that_is_not_vggish_is_one_line(name: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    weights = small_vggish().state_dict()
    if name == "another size":
        weights = VGGish(VGGishLayout((3, 4, 5, 5, 6, 6), 9, 8)).state_dict()
    elif name == "another network":
        weights = nn.Linear(3, 3).state_dict()
    elif name == "not finite":
        weights["features.0.bias"][0] = torch.nan
    torch.save(weights, path)
    if name == "truncated":
        path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(UserError, match=words) as error:
        read_vggish(path, SMALL)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_checkpoint_that_lies_among_the_users_own_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_CHECKPOINTS", str(tmp_path))
    with pytest.raises(UserError, match=r"download https://\S+ to .*vggish-10086976\.pth"):
        named("vggish").open()
    torch.save(small_vggish().state_dict(), tmp_path / "vggish-10086976.pth")
    opened = named("vggish").open()
    assert len(opened.sha256) == 64
    monkeypatch.setattr(vggish, "read_vggish", lambda path: small_vggish())
    assert opened.loaded()(noise(1, 16_000)).shape == (1, 8)
