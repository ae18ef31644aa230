"""The VGG of musicnn: its checkpoints, its activations, its front end."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from needed import need
from places import DATA
from tensor_bundles import tensorflow_names, varint, write_bundle

from earmark.models.embeddings import Opened, embeddings, named
from earmark.models.embeddings.musicnn_vgg import (
    MSD_POOLS,
    MTT_POOLS,
    MusicnnVgg,
    Pools,
    log_mel_patches,
    read_network,
    wheel_folder,
)
from earmark.models.embeddings.tf_bundle import _crc32c, data_path, read_bundle
from earmark.models.errors import UserError


@pytest.fixture(scope="session")
def wheel() -> None:
    """The musicnn wheel; where it is missing the test is skipped, but fails in CI."""
    there = importlib.util.find_spec("musicnn")
    need(there, "the wheel", "pip install --no-deps musicnn==0.1.0")


def small_network(seed: int = 0) -> MusicnnVgg:
    torch.manual_seed(seed)
    network = MusicnnVgg(MSD_POOLS, width=8, tags=5).eval()
    for norm in network.norms:
        for name in ("weight", "bias", "running_mean", "running_var"):
            torch.nn.init.uniform_(getattr(norm, name), 0.5, 1.5)
    return network


def patches(count: int = 2) -> torch.Tensor:
    return 4 * torch.rand(count, 187, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.slow
@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize(("name", "pools"), [("MTT", MTT_POOLS), ("MSD", MSD_POOLS)])
def test_the_activations_are_those_of_tensorflow(name: str, pools: Pools) -> None:
    expected = np.load(DATA / f"tf_reference_{name}_vgg.npz")
    network = read_network(wheel_folder(f"{name}_vgg") / ".index", pools)
    given = torch.from_numpy(expected["logmel"])
    wanted = torch.from_numpy(expected["pool5_nhwc"]).flatten(1)
    tags = torch.from_numpy(expected["sigmoid"])
    with torch.inference_mode():
        exact = network.double()(given.double())
        network.float().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = network(given)
        torch.testing.assert_close(exact.float(), wanted, atol=1e-5, rtol=0)
        # Float32 sums differ in order between processors, relative to values of up to ten.
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-6)
        torch.testing.assert_close(network.tags(found), tags, atol=1e-5, rtol=0)


@pytest.mark.usefixtures("wheel")
def test_the_packaged_embedding_runs_the_same_weights_with_other_poolings() -> None:
    ours, packaged = (named(name).open() for name in ("msd_vgg", "msd_vgg_as_packaged"))
    assert ours.sha256 == packaged.sha256
    assert ours.sha256 != named("mtt_vgg").open().sha256
    assert ours.revision != packaged.revision
    audio = torch.randn(16_000 * 7, generator=torch.Generator().manual_seed(0)) / 10
    first, second = ours.loaded()(audio), packaged.loaded()(audio)
    assert first.shape == second.shape == (2, 256)
    assert (first - second).abs().max() > 0.1


@pytest.mark.slow
@pytest.mark.usefixtures("wheel")
def test_the_package_is_read_and_never_imported() -> None:
    code = (
        "import sys, torch; from earmark.models.embeddings import named; "
        "named('mtt_vgg').open().loaded()(torch.zeros(48000)); "
        "sys.exit('musicnn' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_the_wheel_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install --no-deps musicnn==0\.1\.0") as error:
        named("msd_vgg").open()
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_the_front_end_is_librosas() -> None:
    audio = torch.randn(16_000 * 7, generator=torch.Generator().manual_seed(0)) / 5
    mel = librosa.feature.melspectrogram(
        y=audio.numpy(), sr=16_000, n_fft=512, hop_length=256, n_mels=96, pad_mode="reflect"
    )
    wanted = np.log10(1e4 * mel.T + 1)[: 2 * 187].reshape(2, 187, 96)
    torch.testing.assert_close(
        log_mel_patches(audio), torch.from_numpy(wanted), atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize(
    ("samples", "count"), [(0, 0), (200, 0), (186 * 256 - 1, 0), (186 * 256, 1), (373 * 256, 2)]
)
def test_patches_are_whole_and_do_not_overlap(samples: int, count: int) -> None:
    assert log_mel_patches(torch.zeros(samples)).shape == (count, 187, 96)


def test_loud_music_does_not_overflow() -> None:
    found = log_mel_patches(8 * torch.sign(torch.randn(60_000)))
    assert bool(torch.isfinite(found).all())
    assert found.max() > 4.8  # what float16 can hold


def test_a_checkpoint_that_was_written_is_read(tmp_path: Path) -> None:
    network = small_network()
    write_bundle(tmp_path / ".index", tensorflow_names(network))
    found = read_network(tmp_path / ".index", MSD_POOLS, width=8, tags=5)
    with torch.inference_mode():
        torch.testing.assert_close(found(patches()), network(patches()), atol=0, rtol=0)


def test_names_shapes_and_numbers_of_a_bundle_are_read(tmp_path: Path) -> None:
    tensors = {
        "scalar": np.array(3.5, np.float32),
        "a/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "a/kernel/Adam": np.full(300, -1, np.float32),
    }
    write_bundle(tmp_path / "model.index", tensors, per_block=2)
    found = read_bundle(tmp_path / "model.index")
    assert {name: value.numpy().tolist() for name, value in found.items()} == {
        name: value.tolist() for name, value in tensors.items()
    }
    # The check value of the CRC catalogue.
    assert _crc32c(b"123456789") == 0xE3069283


def damaged(name: str, index: Path) -> None:
    """Damage the checkpoint in the way called ``name``."""
    table, data = index.read_bytes(), data_path(index)
    if name == "data truncated":
        data.write_bytes(data.read_bytes()[:-1])
    elif name == "data missing":
        data.unlink()
    elif name == "index truncated":
        index.write_bytes(table[: len(table) // 2])
    elif name == "index empty":
        index.write_bytes(b"")
    elif name == "a byte flipped":
        index.write_bytes(table[:9] + bytes([table[9] ^ 1]) + table[10:])
    elif name == "a block out of the file":
        footer = varint_pair(0, 4) + varint_pair(10**6, 50)
        index.write_bytes(table[:-48] + footer.ljust(40, b"\0") + table[-8:])
    elif name == "another architecture":
        write_bundle(index, tensorflow_names(MusicnnVgg(MSD_POOLS, width=4, tags=5)))
    elif name == "another network":
        write_bundle(index, {"frontend/kernel": np.zeros((3, 3), np.float32)})


def varint_pair(first: int, second: int) -> bytes:
    return varint(first) + varint(second)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("data truncated", "truncated: .* bytes of"),
        ("data missing", "cannot be read"),
        ("index truncated", "magic number"),
        ("index empty", "magic number"),
        ("a byte flipped", "checksum"),
        ("a block out of the file", "a block is missing"),
        ("another architecture", "not the VGG of musicnn"),
        ("another network", "not the VGG of musicnn"),
    ],
)
def test_a_damaged_checkpoint_is_one_line(name: str, words: str, tmp_path: Path) -> None:
    index = tmp_path / ".index"
    write_bundle(index, tensorflow_names(small_network()))
    damaged(name, index)
    with pytest.raises(UserError, match=words) as error:
        read_network(index, MSD_POOLS, width=8, tags=5)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_compressed_index_is_refused(tmp_path: Path) -> None:
    index = tmp_path / ".index"
    write_bundle(index, {"a": np.zeros(2, np.float32)}, per_block=99)
    table = bytearray(index.read_bytes())
    # The type of compression follows the last block, before its checksum and the footer.
    table[-48 - 5] = 1
    index.write_bytes(bytes(table))
    with pytest.raises(UserError, match="compressed"):
        read_bundle(index)


def test_every_embedding_says_what_it_is() -> None:
    assert {"mtt_vgg", "msd_vgg", "msd_vgg_as_packaged", "vggish"} <= set(embeddings())
    for one in embeddings().values():
        assert one.summary.endswith(".")
        assert one.highest_hz <= one.sample_rate / 2
        assert isinstance(Opened(one, None, "", "cpu").revision, str)
