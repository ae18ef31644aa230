"""Small sets of songs and a small embedding, for the tests of Fréchet distances; SIMULATED."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from click.testing import CliRunner, Result

from earmark.cli import earmark
from earmark.models.audio.files import write
from earmark.models.errors import UserError

RATE = 16_000
# An embedding of four numbers per quarter of a second: the logarithmic energy of four bands.
PLUGIN = '''
import torch
from earmark.models.embeddings import embedding

@embedding("bands", sample_rate=16000, seconds=0.25, highest_hz=8000, weights=None)
def load_bands(weights, device):
    """Energies of four bands."""
    def embed(audio):
        frames = audio[: len(audio) // 4000 * 4000].reshape(-1, 4000)
        power = torch.fft.rfft(frames).abs().square()
        return torch.stack([p.sum(1) for p in power.split(501, dim=1)], 1).add(1e-9).log10()
    return embed
'''


def noise(seed: int, seconds: float = 2.0, *, rate: int = RATE, tilt: float = 0.0) -> np.ndarray:
    """Stereo noise ``(samples, 2)`` that swells, brighter with ``tilt``."""
    generator = np.random.default_rng(seed)
    samples = round(seconds * rate)
    swell = 0.02 + 0.1 * np.abs(np.interp(np.arange(samples) / rate, *swells(generator, seconds)))
    white = generator.normal(0, 1, (samples, 2))
    tilted = white + tilt * np.diff(white, axis=0, prepend=0)
    audio: np.ndarray = tilted * swell[:, None]
    return audio


def swells(generator: np.random.Generator, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    count = max(int(seconds * 3), 2)
    return np.linspace(0, seconds, count), generator.normal(0, 1, count)


def write_set(folder: Path, songs: Sequence[np.ndarray], rate: int = RATE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, audio in enumerate(songs):
        write(folder / f"{number}.wav", torch.from_numpy(audio.T.astype(np.float32)), rate)
    return folder


def write_plugin(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bands.py"
    path.write_text(PLUGIN)
    return path


def call(*arguments: str | Path) -> Result:
    """``earmark`` with these arguments; a user's mistake is an exit status and a line."""
    result = CliRunner().invoke(earmark, [str(one) for one in arguments])
    if isinstance(result.exception, UserError):
        result.exit_code = 1
    elif result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
