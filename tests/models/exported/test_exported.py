"""Kind ``exported``: files with a graph of their own, what a probe finds of them, and refusals."""

import base64
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from earmark.models.checkpoints.formats import ModelFormat, model_format, what_it_is
from earmark.models.configuration import load_yaml
from earmark.models.errors import UserError
from earmark.models.exported.facts import FactSource, facts_path, read_facts
from earmark.models.exported.kind import ExportedOptions, exported, facts_of, import_model
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, SystemSpec
from earmark.models.systems.python_code import HostedSystem

RATE = 48_000
SONG = torch.randn(2, 30_000, generator=torch.Generator().manual_seed(0)) * 0.1


class Valid(nn.Module):
    """Convolutions without padding: 12 samples of context, centred."""

    def __init__(self, channels: int = 2) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv1d(channels, 4, 5)
        self.second = nn.Conv1d(4, channels, 9)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.second(torch.tanh(self.first(x)))
        return x[..., 6 : x.shape[-1] - 6] + 0.1 * made


class Causal(nn.Module):
    """Looks 20 samples back and none ahead; keeps the length."""

    def forward(self, x: Tensor) -> Tensor:
        padded = nn.functional.pad(x, [20, 0])
        return x - 0.3 * padded[..., : x.shape[-1]]


class Strided(nn.Module):
    """A convolution with stride 4 and its transpose; lengths are multiples of 4."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.down = nn.Conv1d(2, 6, 4, stride=4)
        self.up = nn.ConvTranspose1d(6, 2, 4, stride=4)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.up(torch.tanh(self.down(x)))
        return x + 0.2 * made


class Centred(nn.Module):
    """Hears the whole song: its mean."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(dim=-1, keepdim=True) * 0.5


class Flat(nn.Module):
    """Takes ``(samples,)``."""

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 1:
            raise ValueError("one axis")
        return 0.5 * x


class Controlled(nn.Module):
    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        if p.dim() != 3:
            raise ValueError("controls are (B, 1, P)")
        return x * p[:, :, :1] + p[:, :, 1:]


def scripted(folder: Path, model: nn.Module, name: str = "model.pt") -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and people have such files
        torch.jit.script(model.eval()).save(folder / name)  # type: ignore[no-untyped-call]
    return folder / name


def built(path: Path, **options: Any) -> HostedSystem:
    made = exported(ExportedOptions(path=path, **{"sample_rate": RATE} | options))
    assert isinstance(made, HostedSystem)
    return made


def rendered(one: HostedSystem, song: Tensor = SONG, **how: Any) -> Tensor:
    try:
        return run(one, Material(song, RATE, label="song"), **how).audio
    finally:
        one.host.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Valid(), ("context", 6, 6, 1, 2, False)),
        (Causal(), ("strided", 20, 0, 1, None, True)),
        (Strided(), ("strided", 6, 6, 4, 2, False)),
        (Centred(), ("whole", 0, 0, 1, None, False)),
        (Flat(), ("strided", 0, 0, 1, 1, True)),
    ],
)
def test_a_probe_finds_what_a_file_does_not_tell(
    tmp_path: Path, model: nn.Module, expected: tuple[Any, ...]
) -> None:
    path = scripted(tmp_path, model)
    facts, host = facts_of(ExportedOptions(path=path, sample_rate=RATE))
    host.close()
    found = (facts.mode, facts.left, facts.right, facts.stride, facts.channels, facts.causal)
    assert found == expected
    assert facts.sources["mode"] is FactSource.PROBED
    assert facts.sources["sample_rate"] is FactSource.GIVEN


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [1000, 4096, 10**9])
@pytest.mark.parametrize("model", [Valid(), Causal(), Strided()])
def test_chunks_give_what_one_call_does(tmp_path: Path, model: nn.Module, chunk: int) -> None:
    path = scripted(tmp_path, model)
    song = nn.functional.pad(SONG, (6, 6)) if isinstance(model, Valid) else SONG
    with torch.inference_mode():
        wanted = model(song[None])[0]
    torch.testing.assert_close(rendered(built(path), chunk=chunk), wanted, atol=1e-6, rtol=0)


@pytest.mark.slow
def test_controls_are_given_in_their_order_and_axes(tmp_path: Path) -> None:
    path = scripted(tmp_path, Controlled())
    controls = {
        "gain": {"minimum": 0, "maximum": 2, "default": 0.5},
        "offset": {"minimum": 0, "maximum": 1, "default": 0.25},
    }
    one = built(path, controls=controls)
    try:
        out = run(one, Material(SONG, RATE), {"gain": 2.0}).audio
    finally:
        one.host.close()
    torch.testing.assert_close(out, 2 * SONG + 0.25)
    with pytest.raises(UserError, match="takes 2 inputs") as caught:
        built(path)
    assert "controls: {gain:" in str(caught.value)


@pytest.mark.slow
def test_a_program_of_torch_export_needs_trust_and_then_runs(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    time = torch.export.Dim("time", min=64, max=2**22)
    made = torch.export.export(
        Valid().eval(), (torch.zeros(1, 2, 4096),), dynamic_shapes=({2: time},)
    )
    torch.export.save(made, path)
    assert model_format(path) is ModelFormat.PT2
    with pytest.raises(UserError, match="may run any code"):
        built(path)
    one = built(path, trust=True)
    assert (one.spec.mode, one.spec.left, one.spec.right) == ("context", 6, 6)
    with torch.inference_mode():
        wanted = Valid()(nn.functional.pad(SONG, (6, 6))[None])[0]
    torch.testing.assert_close(rendered(one), wanted, atol=1e-6, rtol=0)


@pytest.mark.slow
def test_a_fixed_length_is_refused_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    torch.export.save(torch.export.export(Causal().eval(), (torch.zeros(1, 2, 4096),)), path)
    with pytest.raises(UserError, match="takes exactly 4096 samples; export it with a dynamic"):
        built(path, trust=True)


@pytest.mark.slow
def test_facts_are_written_beside_the_file_and_may_be_corrected(tmp_path: Path) -> None:
    source = scripted(tmp_path, Causal(), "theirs.ts")
    options = ExportedOptions(path=source, sample_rate=RATE)
    place, facts = import_model(options, tmp_path / "imported")
    assert read_facts(place) == facts
    beside = facts_path(place)
    first = ExportedOptions(path=place)
    assert first.facts == beside
    one = exported(first)
    assert (one.spec.sample_rate, one.spec.left, one.spec.delay) == (RATE, 20, 0)
    before = SystemSpec("x", "exported", first).key
    beside.write_text(beside.read_text().replace("\ndelay: 0\n", "\ndelay: 3\n"))
    assert exported(ExportedOptions(path=place)).spec.delay == 3
    assert SystemSpec("x", "exported", ExportedOptions(path=place)).key != before
    beside.write_text(beside.read_text().replace("left: 20", "leftt: 20"))
    with pytest.raises(UserError, match=r"theirs\.ts\.facts\.yaml:\d+: unknown key 'leftt'"):
        exported(ExportedOptions(path=place))


def test_facts_of_another_file_are_refused(tmp_path: Path) -> None:
    place, _ = import_model(
        ExportedOptions(path=scripted(tmp_path, Causal()), sample_rate=RATE), tmp_path
    )
    scripted(tmp_path, Flat())
    with pytest.raises(UserError, match="describes another file"):
        exported(ExportedOptions(path=place))


# Half of its input, at 48 kHz by its metadata: with a dynamic axis of time, and with 4096 samples.
ONNX = (
    "CAg6hwEKKRIEaGFsZiIIQ29uc3RhbnQqFwoFdmFsdWUqCxABIgQAAAA/QgFjoAEEChcKBWF1ZGlvCgRoYWxmEgNvdXQi"
    "A011bBIBZ1ofCgVhdWRpbxIWChQIARIQCgIIAQoCCAIKBhIEdGltZWIdCgNvdXQSFgoUCAESEAoCCAEKAggCCgYSBHRp"
    "bWVCBAoAEBFyFAoLc2FtcGxlX3JhdGUSBTQ4MDAw"
)
FIXED = (
    "CAg6gQEKKRIEaGFsZiIIQ29uc3RhbnQqFwoFdmFsdWUqCxABIgQAAAA/QgFjoAEEChcKBWF1ZGlvCgRoYWxmEgNvdXQi"
    "A011bBIBZ1ocCgVhdWRpbxITChEIARINCgIIAQoCCAIKAwiAIGIaCgNvdXQSEwoRCAESDQoCCAEKAggCCgMIgCBCBAoA"
    "EBFyFAoLc2FtcGxlX3JhdGUSBTQ4MDAw"
)


@pytest.fixture
def onnx(tmp_path: Path) -> Path:
    path = tmp_path / "half.onnx"
    path.write_bytes(base64.b64decode(ONNX))
    return path


def test_an_onnx_file_tells_its_rate_and_runs(onnx: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs earmark[onnx]")
    facts, host = facts_of(ExportedOptions(path=onnx))
    host.close()
    assert (facts.sample_rate, facts.sources["sample_rate"]) == (RATE, FactSource.FILE)
    assert (facts.channels, facts.left, facts.right, facts.stride) == (2, 0, 0, 1)
    assert torch.equal(rendered(built(onnx, sample_rate=None)), 0.5 * SONG)


def test_an_onnx_file_without_a_dynamic_axis_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs earmark[onnx]")
    path = tmp_path / "fixed.onnx"
    path.write_bytes(base64.b64decode(FIXED))
    with pytest.raises(UserError, match="takes exactly 4096 samples; export it with a dynamic"):
        built(path)


def test_onnx_without_its_extra_says_what_to_install(
    onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model_format(onnx) is ModelFormat.ONNX
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'earmark\[onnx\]'"):
        built(onnx)


@pytest.mark.parametrize(
    ("make", "words", "message"),
    [
        (lambda p: torch.save({"a": torch.ones(2)}, p), "a PyTorch checkpoint",
         "kind checkpoint reads weights"),
        (lambda p: p.write_text("hello"), "nothing that Earmark knows", "nothing that Earmark"),
        (lambda p: p.write_text('{"architecture": "LSTM", "weights": []}'),
         "a file of Neural Amp Modeler (.nam)", "Neural Amp Modeler"),
        (lambda p: p.write_bytes(b"PK\x03\x04broken"), "a PyTorch checkpoint", "PyTorch"),
    ],
)  # fmt: skip
def test_a_file_is_judged_by_its_content(
    tmp_path: Path, make: Any, words: str, message: str
) -> None:
    path = tmp_path / "model.onnx"
    make(path)
    assert what_it_is(path) == words
    with pytest.raises(UserError, match=message.replace("(", r"\(")):
        built(path)


@pytest.mark.slow
def test_a_rate_that_nobody_tells_is_asked_for(tmp_path: Path) -> None:
    path = scripted(tmp_path, Causal())
    with pytest.raises(UserError, match="give sample_rate in Hz"):
        built(path, sample_rate=None)


@pytest.mark.slow
def test_a_model_that_takes_no_audio_says_what_it_said(tmp_path: Path) -> None:
    path = scripted(tmp_path, nn.Linear(3, 3))
    with pytest.raises(UserError, match="no way to call it with audio works"):
        built(path)


def test_options_name_the_line_of_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text("path: gone.ts\nsample_rate: 44100\n")
    with pytest.raises(UserError, match="no such file"):
        load_yaml(tmp_path / "o.yaml", ExportedOptions)
