"""VGGish (Hershey et al. 2017), the embedding of the first audio Fréchet distances.

Our own network for the state dict of the torch port (harritaylor/torchvggish, Apache-2.0). As the
usual packages do, the embedding is the last layer before its ReLU, without the PCA and the 8-bit
quantisation of the YouTube-8M release: 128 numbers for each 0.96 s.

Front end, from the release's own parameters: 16 kHz mono, magnitudes of 400-sample Hann windows
every 160 samples in an FFT of 512, 64 triangles on the HTK mel scale from 125 to 7500 Hz (triangles
in mel, not in Hz; the bin at 0 Hz is left out), log(x + 0.01), patches of 96 frames, not
overlapping.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..devices import exact_float32
from ..errors import UserError
from ..weights_files import check_finite, read_weights
from .registry import Download, Embed, embedding

SAMPLE_RATE = 16_000
_WINDOW, _HOP, _FFT, _MELS, _FRAMES = 400, 160, 512, 64, 96
_LOWEST_HZ, _HIGHEST_HZ = 125.0, 7500.0
_BATCH = 16
_DOWNLOAD = Download(
    "vggish-10086976.pth",
    "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
)


@dataclass(frozen=True)
class Layout:
    """The widths of VGGish: six convolutions, the hidden layers, the embedding."""

    channels: tuple[int, int, int, int, int, int] = (64, 128, 256, 256, 512, 512)
    hidden: int = 4096
    size: int = 128


class Vggish(nn.Module):
    """Log-mel patches ``(batch, 96, 64)`` to embeddings ``(batch, 128)``."""

    def __init__(self, layout: Layout | None = None) -> None:
        super().__init__()
        widths = layout or Layout()
        self.size = widths.size
        layers: list[nn.Module] = []
        before = 1
        for index, channels in enumerate(widths.channels):
            layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
            if index in (0, 1, 3, 5):
                layers.append(nn.MaxPool2d(2))
            before = channels
        # The names and numbers of the port's own modules, so that its state dict fits.
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(before * (_FRAMES // 16) * (_MELS // 16), widths.hidden),
            nn.ReLU(),
            nn.Linear(widths.hidden, widths.hidden),
            nn.ReLU(),
            nn.Linear(widths.hidden, widths.size),
        )

    def forward(self, patches: Tensor) -> Tensor:
        """The embedding before its ReLU."""
        x = self.features(patches[:, None])
        # TensorFlow flattens time, frequency, channel.
        out: Tensor = self.embeddings(x.permute(0, 2, 3, 1).flatten(1))
        return out


def log_mel_patches(audio: Tensor) -> Tensor:
    """Mono audio ``(samples,)`` at 16 kHz as patches ``(n, 96, 64)``, not overlapping."""
    count = ((audio.shape[-1] - _WINDOW) // _HOP + 1) // _FRAMES
    if count < 1:
        return audio.new_zeros(0, _FRAMES, _MELS)
    frames = audio.unfold(0, _WINDOW, _HOP)
    window = torch.hann_window(_WINDOW, device=audio.device)
    spectrum = torch.fft.rfft(frames[: count * _FRAMES] * window, n=_FFT).abs()
    mel = spectrum @ _mel_filters().to(audio.device)
    return torch.log(mel + 0.01).reshape(count, _FRAMES, _MELS)


@functools.cache
def _mel_filters() -> Tensor:
    """Triangles of height 1 on the mel axis: ``(257, 64)``."""
    bins = _mel(torch.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1, dtype=torch.float64))
    low, high = _mel(torch.tensor([_LOWEST_HZ, _HIGHEST_HZ], dtype=torch.float64))
    edges = torch.linspace(float(low), float(high), _MELS + 2, dtype=torch.float64)
    step = edges[1] - edges[0]
    triangles = (1 - (bins[:, None] - edges[None, 1:-1]).abs() / step).clamp(min=0)
    triangles[0] = 0
    return triangles.float()


def _mel(hertz: Tensor) -> Tensor:
    return 1127 * torch.log1p(hertz / 700)


def read_vggish(path: Path, layout: Layout | None = None) -> Vggish:
    """The network with the weights of the torch port, in evaluation mode.

    Raises:
        UserError: if the file is damaged, or of another architecture.
    """
    with torch.device("meta"):
        network = Vggish(layout)
    weights = read_weights(path)
    wanted = network.state_dict()
    # The port keeps its PCA beside the network; it is not used here.
    found = {name: value for name, value in weights.items() if not name.startswith("pproc.")}
    wrong = sorted(
        {name for name in wanted if name not in found or found[name].shape != wanted[name].shape}
        | set(found) - set(wanted)
    )
    if wrong:
        raise UserError(
            f"{path}: not the VGGish of torchvggish: {len(wrong)} weights are missing, not "
            f"expected or of another shape ({', '.join(wrong[:3])}); its file is {_DOWNLOAD.file}"
        )
    check_finite(found, str(path))
    network.load_state_dict({name: value.float() for name, value in found.items()}, assign=True)
    return network.eval()


@embedding(
    "vggish",
    sample_rate=SAMPLE_RATE,
    seconds=_FRAMES * _HOP / SAMPLE_RATE,
    highest_hz=_HIGHEST_HZ,
    weights=_DOWNLOAD.find,
)
def load_vggish(weights: Path, device: torch.device) -> Embed:
    """VGGish without PCA and last activation; 128 numbers per 0.96 s."""
    return embed_with(read_vggish(weights), device)


def embed_with(network: Vggish, device: torch.device) -> Embed:
    """What embeds mono audio at 16 kHz by this network."""
    network = network.to(device)
    size = network.size

    def embed(audio: Tensor) -> Tensor:
        with torch.inference_mode(), exact_float32():
            patches = log_mel_patches(audio.to(device))
            rows = [network(part) for part in torch.split(patches, _BATCH) if len(part)]
            return torch.cat(rows).cpu() if rows else torch.zeros(0, size)

    return embed
