"""The embeddings of packages that are extras, stood in for by modules of the same interface."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from noises import noise
from torch import Tensor, nn

from earmark.cli import earmark
from earmark.models.embeddings import Embed, named
from earmark.models.errors import UserError

CPU = torch.device("cpu")


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
    audio = torch.cat([noise(20, 24_000), torch.zeros(36_000), torch.zeros(0)])
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
    first = embed(noise(20, 48_000))
    after = np.random.random()
    np.random.seed(5)
    assert np.random.random() == after
    assert first.shape == (2, 3)
    torch.testing.assert_close(embed(noise(20, 48_000)), first, atol=0, rtol=0)
    torch.testing.assert_close(embed(noise(10, 48_000))[0], first[0])


def test_a_failure_that_the_package_hides_comes_out(
    package: type[FakePackage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = encodec(tmp_path)
    monkeypatch.setattr(package, "fails", "out of\nmemory")
    with pytest.raises(UserError, match=r"failed at embedding by encodec .*out of memory"):
        embed(noise(1, 24_000))
    monkeypatch.setattr(package, "fails", "")
    monkeypatch.setattr(package, "rows", -1)
    with pytest.raises(UserError, match=r"shape \(74, 3\), 75 rows are right"):
        embed(noise(1, 24_000))


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
    audio = noise(25, 16_000)
    for _ in range(2):
        found = embed(audio)
        assert found.shape == (2, 3)
        assert found[1, 2] == audio[160_000:320_000].max()
    assert embed(audio[:160_000]).shape == (1, 3)
    assert embed(audio[:100]).shape[0] == 0
    path.write_bytes(b"cut")
    with pytest.raises(UserError, match="not a checkpoint that audiobox-aesthetics can load"):
        named("audiobox").load(path, CPU)
