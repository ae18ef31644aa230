"""VGGish (Hershey et al. 2017), the embedding of the first audio Fréchet distances.

The network and its front end are those of the mixing console's encoder, read from the state dict
of the torch port (harritaylor/torchvggish, Apache-2.0). As the usual packages do, the embedding is
the last layer before its ReLU, without the PCA and the 8-bit quantisation of the YouTube-8M
release: 128 numbers for each 0.96 s.
"""

from pathlib import Path

import torch
from torch import Tensor

from ..architectures.parts.vggish import SAMPLE_RATE, VGGish, VGGishLayout, log_mel_patches
from ..checkpoints.containers import read_weights
from ..checkpoints.weights import check_finite
from ..errors import UserError
from ..rendering.devices import exact_float32
from .registry import Download, Embed, embedding

_SECONDS, _HIGHEST_HZ = 0.96, 7500.0
_BATCH = 16
_DOWNLOAD = Download(
    "vggish-10086976.pth",
    "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
)


def read_vggish(path: Path, layout: VGGishLayout | None = None) -> VGGish:
    """The network with the weights of the torch port, in evaluation mode.

    Raises:
        UserError: if the file is damaged, or of another architecture.
    """
    with torch.device("meta"):
        network = VGGish(layout)
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
    seconds=_SECONDS,
    highest_hz=_HIGHEST_HZ,
    weights=_DOWNLOAD.find,
)
def load_vggish(weights: Path, device: torch.device) -> Embed:
    """VGGish without PCA and last activation; 128 numbers per 0.96 s."""
    return embed_with(read_vggish(weights), device)


def embed_with(network: VGGish, device: torch.device) -> Embed:
    """What embeds mono audio at 16 kHz by this network."""
    network = network.to(device)
    size = network.size

    def embed(audio: Tensor) -> Tensor:
        with torch.inference_mode(), exact_float32():
            patches = log_mel_patches(audio.to(device))
            rows = [network(part) for part in torch.split(patches, _BATCH) if len(part)]
            return torch.cat(rows).cpu() if rows else torch.zeros(0, size)

    return embed
