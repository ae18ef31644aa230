"""Embeddings whose weights are downloads: read here from small weights of the same layout."""

import json
import math
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file
from torch import Tensor, nn

from earmark.cli import earmark
from earmark.models.architectures.parts.vggish import Layout, VGGish, log_mel_patches
from earmark.models.audio.files import torchaudio
from earmark.models.embeddings import Embed, named, vggish
from earmark.models.embeddings.mert import load_mert, read_mert
from earmark.models.embeddings.vggish import embed_with, read_vggish
from earmark.models.errors import UserError

CPU = torch.device("cpu")
SMALL = Layout(channels=(3, 4, 5, 5, 6, 6), hidden=7, size=8)


def tone(seconds: float, rate: int, seed: int = 0) -> Tensor:
    noise = torch.randn(round(seconds * rate), generator=torch.Generator().manual_seed(seed))
    return noise / 10


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


def test_the_front_end_of_vggish_is_its_definition() -> None:
    audio = tone(1.2, 16_000)
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
        weights = VGGish(Layout((3, 4, 5, 5, 6, 6), 9, 8)).state_dict()
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
    assert opened.loaded()(tone(1, 16_000)).shape == (1, 8)


# MERT: the names that Hugging Face gives to the weights of HuBERT.

CONFIG: dict[str, Any] = {
    "model_type": "mert_model",
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "conv_dim": [6, 6, 6, 6, 6, 6, 6],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_bias": False,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "feature_extractor_cqt": False,
    "feat_extract_norm": "group",
    "do_stable_layer_norm": False,
}


def hugging_face_names(weights: dict[str, Tensor], *, new: bool) -> dict[str, Tensor]:
    found = {"masked_spec_embed": torch.zeros(12)}
    for name, value in weights.items():
        name = name.replace("encoder.feature_projection.", "feature_projection.")
        name = name.replace("encoder.transformer.", "encoder.")
        for part in "gv" if not new else "":
            spelled = f"parametrizations.weight.original{'gv'.index(part)}"
            name = name.replace(spelled, f"weight_{part}")
        found[name] = value.contiguous()
    return found


def write_mert(folder: Path, *, new: bool = False, **other: Any) -> nn.Module:
    config = CONFIG | other
    torch.manual_seed(0)
    network: nn.Module = torchaudio().models.wav2vec2_model(
        "group_norm",
        list(zip(CONFIG["conv_dim"], CONFIG["conv_kernel"], CONFIG["conv_stride"], strict=True)),
        False,
        12,
        0.0,
        16,
        4,
        2,
        3,
        0.0,
        20,
        0.0,
        0.0,
        False,
        0.0,
        None,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    weights = hugging_face_names(network.state_dict(), new=new)
    if new:
        save_file(weights, folder / "model.safetensors")
    else:
        torch.save(weights, folder / "pytorch_model.bin")
    return network.eval()


@pytest.mark.parametrize("new", [False, True])
def test_mert_is_read_under_the_names_of_hugging_face(*, new: bool, tmp_path: Path) -> None:
    network: Any = write_mert(tmp_path / "m", new=new)
    audio = tone(12, 24_000)
    found = load_mert(tmp_path / "m", CPU)(audio)
    assert found.shape == (2, 12)
    window = audio[120_000:240_000]
    scaled = (window - window.mean()) / (window.var(correction=0) + 1e-7).sqrt()
    with torch.inference_mode():
        wanted = network.extract_features(scaled[None])[0][-1].mean(dim=1)
    torch.testing.assert_close(found[1:], wanted)
    assert load_mert(tmp_path / "m", CPU)(audio[:100]).shape[0] == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no config", "config.json: cannot be read"),
        ("config cut", "config.json: truncated"),
        ("no weights", "holds no model.safetensors or pytorch_model.bin"),
        ("cqt", "feature_extractor_cqt is True"),
        ("a list", "not the description"),
        ("a setting missing", "not that of MERT"),
        ("another size", "not the network that config.json describes"),
        ("truncated", "damaged"),
    ],
)
def test_a_folder_that_is_not_mert_is_one_line(name: str, words: str, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    write_mert(folder)
    config, weights = folder / "config.json", folder / "pytorch_model.bin"
    if name == "no config":
        config.unlink()
    elif name == "config cut":
        config.write_text('{"hidden_size"')
    elif name == "no weights":
        weights.unlink()
    elif name == "cqt":
        config.write_text(json.dumps(CONFIG | {"feature_extractor_cqt": True}))
    elif name == "a list":
        config.write_text("[]")
    elif name == "a setting missing":
        config.write_text(json.dumps({k: v for k, v in CONFIG.items() if k != "conv_dim"}))
    elif name == "another size":
        config.write_text(json.dumps(CONFIG | {"num_hidden_layers": 3}))
    elif name == "truncated":
        weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(UserError, match=words) as error:
        read_mert(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)


# The packages that are extras, stood in for by modules of the same interface.


class FakePackage:
    """What frechet-audio-distance 0.3.4 does: hides failures, draws crops, looks up files."""

    fails = ""
    rows = 0

    def __init__(self, ckpt_dir: str, model_name: str, **options: Any) -> None:
        torch.hub.set_dir(ckpt_dir)
        name = "encodec_24khz-d7cc33bc.th" if model_name == "encodec" else "checkpoints"
        folder = Path(ckpt_dir) / "checkpoints"
        self.found = sorted(path.name for path in folder.iterdir())
        if model_name == "encodec":
            self.weights = torch.load(folder / name, weights_only=True)
        self.options = options
        self.model_name = model_name
        self.model = nn.Linear(1, 1)
        self.device = torch.device("meta")

    def get_embeddings(self, x: list[np.ndarray], sr: int) -> np.ndarray:
        done = []
        try:
            for audio in x:
                if self.fails:
                    raise RuntimeError(self.fails)
                if self.model_name == "clap":
                    done.append(np.append(np.random.random(2), audio.mean())[None])
                else:
                    rows = -(-len(audio) // 320) + self.rows
                    done.append(np.full((rows, 3), audio.std()))
        except Exception as error:
            print(f"[Frechet Audio Distance] get_embeddings throw an exception: {error}")  # noqa: T201
        return np.concatenate(done, axis=0)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> type[FakePackage]:
    module: Any = types.ModuleType("frechet_audio_distance")
    module.FrechetAudioDistance = FakePackage
    monkeypatch.setitem(sys.modules, "frechet_audio_distance", module)
    monkeypatch.setattr(FakePackage, "fails", "")
    monkeypatch.setattr(FakePackage, "rows", 0)
    return FakePackage


def encodec(tmp_path: Path) -> Embed:
    path = tmp_path / "mine.th"
    torch.save({"encoder.weight": torch.zeros(3)}, path)
    return named("encodec").load(path, CPU)


def clap(tmp_path: Path) -> Embed:
    path = tmp_path / "music_audioset_epoch_15_esc_90.14.pt"
    path.write_bytes(b"weights")
    return named("clap").load(path, CPU)


@pytest.mark.usefixtures("package")
def test_a_song_goes_to_the_package_in_clips_of_ten_seconds(tmp_path: Path) -> None:
    hub = torch.hub.get_dir()
    audio = torch.cat([tone(20, 24_000), torch.zeros(36_000), torch.zeros(0)])
    found = encodec(tmp_path)(audio)
    # 75 a second: two clips of ten seconds, and one and a half seconds that are left.
    assert found.shape == (750 + 750 + 113, 3)
    assert found[0, 0] == pytest.approx(float(audio[:240_000].std(correction=0)), rel=1e-5)
    assert encodec(tmp_path)(audio[: 240_000 + 20_000]).shape == (750, 3)
    assert encodec(tmp_path)(audio[:20_000]).shape[0] == 0
    assert torch.hub.get_dir() == hub


@pytest.mark.usefixtures("package")
def test_the_crops_of_clap_repeat_and_leave_the_users_generator_alone(tmp_path: Path) -> None:
    embed = clap(tmp_path)
    np.random.seed(5)
    first = embed(tone(20, 48_000))
    after = np.random.random()
    np.random.seed(5)
    assert np.random.random() == after
    assert first.shape == (2, 3)
    torch.testing.assert_close(embed(tone(20, 48_000)), first, atol=0, rtol=0)
    torch.testing.assert_close(embed(tone(10, 48_000))[0], first[0])


def test_a_failure_that_the_package_hides_comes_out(
    package: type[FakePackage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = encodec(tmp_path)
    monkeypatch.setattr(package, "fails", "out of\nmemory")
    with pytest.raises(UserError, match=r"failed at embedding by encodec .*out of memory"):
        embed(tone(1, 24_000))
    monkeypatch.setattr(package, "fails", "")
    monkeypatch.setattr(package, "rows", -1)
    with pytest.raises(UserError, match=r"shape \(74, 3\), 75 rows are right"):
        embed(tone(1, 24_000))


@pytest.mark.usefixtures("package")
def test_a_file_that_the_package_cannot_load_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.th"
    torch.save({"encoder.weight": torch.zeros(300)}, path)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(UserError, match="damaged"):
        named("encodec").load(path, CPU)
    with pytest.raises(UserError, match="its name does not say which CLAP"):
        named("clap").load(path, CPU)


@pytest.mark.parametrize("name", ["clap", "encodec", "audiobox"])
def test_without_the_extra_one_line_says_how_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("frechet_audio_distance", "audiobox_aesthetics.infer", "audiobox_aesthetics"):
        monkeypatch.setitem(sys.modules, module, None)
    path = tmp_path / "music_audioset_epoch_15_esc_90.14.pt"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(UserError, match=r"pip install 'earmark\[") as error:
        named(name).load(path, CPU)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["clap", "encodec", "audiobox"])
def test_the_missing_package_is_named_before_any_weights_are_asked_for(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("frechet_audio_distance", "audiobox_aesthetics"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"pip install 'earmark\[") as error:
        named(name).open()
    assert "download" not in str(error.value)
    shown = CliRunner().invoke(earmark, ["list", "embeddings"], catch_exceptions=False).output
    assert f"{name} is not ready: it needs the package" in shown


class FakeAesthetics(nn.Module):
    """What matters of the model of audiobox-aesthetics 0.0.4: heads over one vector a window."""

    def __init__(self) -> None:
        super().__init__()
        self.proj_layer = nn.ModuleDict({name: nn.Linear(3, 1) for name in ("CE", "PQ")})

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        wav = batch["wav"]
        assert batch["mask"].shape == wav.shape == (1, 1, 160_000)
        return {
            name: head(torch.stack([wav.mean((1, 2)), wav.std((1, 2)), wav.amax((1, 2)) * at], 1))
            for at, (name, head) in enumerate(self.proj_layer.items())
        }


def test_the_embedding_of_audiobox_is_what_its_head_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def initialize_predictor(ckpt: str) -> Any:
        torch.load(ckpt, weights_only=True)
        return types.SimpleNamespace(model=FakeAesthetics())

    module: Any = types.ModuleType("audiobox_aesthetics.infer")
    module.initialize_predictor = initialize_predictor
    monkeypatch.setitem(sys.modules, "audiobox_aesthetics", types.ModuleType("x"))
    monkeypatch.setitem(sys.modules, "audiobox_aesthetics.infer", module)
    path = tmp_path / "a.pt"
    torch.save({}, path)
    embed = named("audiobox").load(path, CPU)
    audio = tone(25, 16_000)
    for _ in range(2):
        found = embed(audio)
        assert found.shape == (2, 3)
        assert found[1, 2] == audio[160_000:320_000].max()
    assert embed(audio[:160_000]).shape == (1, 3)
    assert embed(audio[:100]).shape[0] == 0
    path.write_bytes(b"cut")
    with pytest.raises(UserError, match="not a checkpoint that audiobox-aesthetics can load"):
        named("audiobox").load(path, CPU)
