"""The two VGG taggers of musicnn 0.1.0 (Pons and Serra 2019, ISC licence) as embeddings.

``mtt_vgg`` was trained on MagnaTagATune, ``msd_vgg`` on the Million Song Dataset. The embedding is
the last pooling layer, 256 numbers for each patch of 187 frames (3 s). The networks were trained
with different poolings; the package runs the weights of the second with the poolings of the first,
which ``msd_vgg_as_packaged`` repeats for comparison with results that were made so.

Front end, as the networks were trained: 16 kHz mono, power spectra of 512 samples every 256 with
mirrored ends, 96 Slaney mel bands, log10(1 + 10⁴ x), all in float32: in float16, which the package
uses, loud music overflows. Patches do not overlap; what is left at the end is left out.

The weights are read from the wheel where pip put it; the package is never imported, because that
would need TensorFlow.
"""

import importlib.util
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..audio.files import mel_filters
from ..errors import UserError
from ..rendering.devices import exact_float32
from .registry import Embed, embedding
from .tf_bundle import data_path, read_bundle

SAMPLE_RATE = 16_000
_FFT, _HOP, _MELS, _FRAMES = 512, 256, 96, 187
_SECONDS = _FRAMES * _HOP / SAMPLE_RATE
_BATCH = 8

Pools = tuple[tuple[tuple[int, int], tuple[int, int]], ...]
_HALF = ((2, 2), (2, 2))
# Kernel and stride, (time, frequency), of the five poolings.
MTT_POOLS: Pools = (((4, 1), (2, 2)), _HALF, _HALF, _HALF, ((4, 4), (4, 4)))
MSD_POOLS: Pools = (((4, 1), (4, 1)), ((1, 4), (1, 4)), _HALF, _HALF, ((4, 4), (4, 4)))


class MusicnnVgg(nn.Module):
    """Log-mel patches ``(batch, 187, 96)`` to embeddings ``(batch, 256)``; `tags` makes 50 tags."""

    def __init__(self, pools: Pools, width: int = 128, tags: int = 50) -> None:
        super().__init__()
        self.pools = pools
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(channels, eps=1e-3) for channels in (1, *[width] * 5)
        )
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, width, 3, padding=1) for channels in (1, *[width] * 4)
        )
        self.dense = nn.Linear(2 * width, tags)

    def forward(self, patches: Tensor) -> Tensor:
        """The last pooling layer, time before frequency before channel."""
        x = self.norms[0](patches[:, None])
        for convolution, norm, (kernel, stride) in zip(
            self.convolutions, self.norms[1:], self.pools, strict=True
        ):
            x = F.max_pool2d(norm(F.relu(convolution(x))), kernel, stride)
        out: Tensor = x.permute(0, 2, 3, 1).flatten(1)
        return out

    def tags(self, embeddings: Tensor) -> Tensor:
        """The probabilities of the tags the network was trained for, ``(batch, 50)``."""
        return torch.sigmoid(self.dense(embeddings))


def log_mel_patches(audio: Tensor) -> Tensor:
    """Mono audio ``(samples,)`` at 16 kHz as patches ``(n, 187, 96)``, not overlapping."""
    if audio.shape[-1] <= _FFT // 2:
        return audio.new_zeros(0, _FRAMES, _MELS)
    window = torch.hann_window(_FFT, device=audio.device)
    spectrum = torch.stft(audio, _FFT, _HOP, window=window, pad_mode="reflect", return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    mel = power.T @ mel_filters(SAMPLE_RATE, _FFT, _MELS).to(audio.device)
    count = len(mel) // _FRAMES
    return torch.log10(1e4 * mel[: count * _FRAMES] + 1).reshape(count, _FRAMES, _MELS)


def read_network(index: Path, pools: Pools, width: int = 128, tags: int = 50) -> MusicnnVgg:
    """The network with the weights of a TensorFlow checkpoint, in evaluation mode.

    Raises:
        UserError: if the checkpoint is damaged, or of another architecture.
    """
    network = MusicnnVgg(pools, width, tags)
    variables = read_bundle(index)
    names = _names()
    wanted = network.state_dict()
    found = {
        ours: _arranged(variables[theirs]) for ours, theirs in names.items() if theirs in variables
    }
    wrong = [theirs for ours, theirs in names.items() if ours not in found]
    wrong += [names[ours] for ours, value in found.items() if value.shape != wanted[ours].shape]
    if wrong:
        raise UserError(
            f"{data_path(index)}: not the VGG of musicnn 0.1.0: {len(wrong)} of {len(names)} "
            f"variables are missing or of another shape ({', '.join(wrong[:3])}, …)"
        )
    network.load_state_dict(found, strict=False)  # what it lacks counts training batches only
    return network.eval()


def _names() -> dict[str, str]:
    """Our names of the weights, and TensorFlow's."""
    norm = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean"}
    norm["running_var"] = "moving_variance"
    names = {"dense.weight": "dense/kernel", "dense.bias": "dense/bias"}
    for layer in range(6):
        suffix = f"_{layer}" if layer else ""
        for ours, theirs in norm.items():
            names[f"norms.{layer}.{ours}"] = f"batch_normalization{suffix}/{theirs}"
    for layer in range(5):
        names[f"convolutions.{layer}.weight"] = f"{layer + 1}CNN/kernel"
        names[f"convolutions.{layer}.bias"] = f"{layer + 1}CNN/bias"
    return names


def _arranged(value: Tensor) -> Tensor:
    """TensorFlow keeps the output channel last, torch first."""
    if value.ndim == 4:
        return value.permute(3, 2, 0, 1)
    return value.T if value.ndim == 2 else value


def wheel_folder(name: str) -> Path:
    """The folder of one of the package's models, without importing the package.

    Raises:
        UserError: if the package is not installed.
    """
    spec = importlib.util.find_spec("musicnn")
    folder = Path(spec.origin).parent / name if spec is not None and spec.origin else None
    if folder is None or not folder.is_dir():
        raise UserError(
            f"embedding {name.lower()!r}: the package musicnn is not installed; run "
            "'pip install --no-deps musicnn==0.1.0' (29 MB; it is only read, never imported)"
        )
    return folder


def _load(weights: Path, pools: Pools, device: torch.device) -> Embed:
    network = read_network(weights.with_name(".index"), pools).to(device)
    # The layout of the original: sums run in its order, and faster.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def embed(audio: Tensor) -> Tensor:
        with torch.inference_mode(), exact_float32():
            patches = log_mel_patches(audio.to(device))
            rows = [network(part) for part in torch.split(patches, _BATCH) if len(part)]
            return torch.cat(rows).cpu() if rows else torch.zeros(0, 256)

    return embed


def _weights(name: str, checkpoint: Path | None) -> Path:
    if checkpoint is not None and not checkpoint.is_dir():
        raise UserError(f"{checkpoint}: not a folder; give the folder {name} of musicnn 0.1.0")
    return data_path((checkpoint or wheel_folder(name)) / ".index")


def _mtt_weights(checkpoint: Path | None) -> Path:
    return _weights("MTT_vgg", checkpoint)


def _msd_weights(checkpoint: Path | None) -> Path:
    return _weights("MSD_vgg", checkpoint)


@embedding(
    "mtt_vgg",
    sample_rate=SAMPLE_RATE,
    seconds=_SECONDS,
    highest_hz=SAMPLE_RATE / 2,
    weights=_mtt_weights,
)
def load_mtt_vgg(weights: Path, device: torch.device) -> Embed:
    """VGG of musicnn trained on MagnaTagATune; 256 numbers per 3 s."""
    return _load(weights, MTT_POOLS, device)


@embedding(
    "msd_vgg",
    sample_rate=SAMPLE_RATE,
    seconds=_SECONDS,
    highest_hz=SAMPLE_RATE / 2,
    weights=_msd_weights,
)
def load_msd_vgg(weights: Path, device: torch.device) -> Embed:
    """VGG of musicnn trained on the Million Song Dataset; 256 numbers per 3 s."""
    return _load(weights, MSD_POOLS, device)


@embedding(
    "msd_vgg_as_packaged",
    sample_rate=SAMPLE_RATE,
    seconds=_SECONDS,
    highest_hz=SAMPLE_RATE / 2,
    weights=_msd_weights,
)
def load_msd_vgg_as_packaged(weights: Path, device: torch.device) -> Embed:
    """The weights of `msd_vgg` with the poolings of `mtt_vgg`, as the package itself runs them."""
    return _load(weights, MTT_POOLS, device)
