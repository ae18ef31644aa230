"""CLAP and EnCodec through the package frechet-audio-distance, which is an extra.

The package is wrapped with care, because of what it does:

- It swallows exceptions and returns the clips that worked. So it is given one clip a call, and the
  rows that come back are counted.
- Its CLAP takes a random crop of clips longer than ten seconds, from numpy's global generator. So
  songs are cut into clips of ten seconds here, and the generator is seeded for each and put back.
- It would download what it does not find. So it is shown a folder in which the user's file lies
  under the name it looks for, and is not asked at all where there is none.

Its PANN mode is not offered: it yields one number instead of a vector. Its VGGish needs code from
the network; ours (:mod:`.vggish`) reads the same weights.
"""

import contextlib
import importlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..audio.files import torchaudio
from ..checkpoints.containers import read_weights
from ..errors import UserError
from .registry import Download, Embed, Extra, embedding

_EXTRA = Extra(
    "frechet-audio-distance",
    "frechet_audio_distance",
    "fad",
    "with Python 3.13 or later; below, that package wants numpy < 2 and pip refuses it",
)
_CLIP_SECONDS = 10
_CLAP = Download(
    "music_audioset_epoch_15_esc_90.14.pt",
    "https://huggingface.co/lukewys/laion_clap/resolve/main/music_audioset_epoch_15_esc_90.14.pt",
)
_ENCODEC = Download(
    "encodec_24khz-d7cc33bc.th",
    "https://dl.fbaipublicfiles.com/encodec/v0/encodec_24khz-d7cc33bc.th",
)
# The name of the model that the package has for each file of weights.
_CLAP_MODELS = {
    "music_audioset_epoch_15_esc_90.14.pt": "music_audioset",
    "music_speech_epoch_15_esc_89.25.pt": "music_speech",
    "music_speech_audioset_epoch_15_esc_89.98.pt": "music_speech_audioset",
    "630k-audioset-best.pt": "630k-audioset",
    "630k-best.pt": "630k",
}
_CLAP_RATE, _ENCODEC_RATE, _ENCODEC_HOP = 48_000, 24_000, 320


@embedding(
    "clap",
    sample_rate=_CLAP_RATE,
    seconds=1.0,
    highest_hz=14_000.0,
    weights=_CLAP.find,
    extra=_EXTRA,
)
def load_clap(weights: Path, device: torch.device) -> Embed:
    """LAION-CLAP, by the extra frechet-audio-distance; 512 numbers per 10 s."""
    if weights.name not in _CLAP_MODELS:
        raise UserError(
            f"{weights}: its name does not say which CLAP it is; name it as it was published: "
            f"{', '.join(_CLAP_MODELS)}"
        )
    model = _CLAP_MODELS[weights.name]
    package = _open(
        weights,
        weights.name,
        device,
        model_name="clap",
        submodel_name=model,
        sample_rate=_CLAP_RATE,
        channels=1,
    )
    return _clip_by_clip(package, _CLAP_RATE, lambda samples: 1)


@embedding(
    "encodec",
    sample_rate=_ENCODEC_RATE,
    seconds=1.0,
    highest_hz=_ENCODEC_RATE / 2,
    weights=_ENCODEC.find,
    extra=_EXTRA,
)
def load_encodec(weights: Path, device: torch.device) -> Embed:
    """EnCodec at 24 kHz before quantisation, by the extra frechet-audio-distance; 75 × 128 a s."""
    read_weights(weights)  # refuses a pickle that wants code to run, which the package would not
    package = _open(
        weights,
        _ENCODEC.file,
        device,
        model_name="encodec",
        sample_rate=_ENCODEC_RATE,
        channels=1,
    )
    return _clip_by_clip(package, _ENCODEC_RATE, lambda samples: -(-samples // _ENCODEC_HOP))


def _open(weights: Path, name: str, device: torch.device, **options: Any) -> Any:
    """The package's own object, with the user's weights."""
    torchaudio()  # the package imports it, which may need our way of loading it
    try:
        module = importlib.import_module(_EXTRA.module)
    except ImportError as error:
        needs = _EXTRA.needs(str(error))
        raise UserError(f"embedding {options['model_name']!r} {needs}") from None
    hub = torch.hub.get_dir()
    said = io.StringIO()
    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(said):
            for place in (Path(folder), Path(folder) / "checkpoints"):
                place.mkdir(exist_ok=True)
                (place / name).symlink_to(weights.absolute())
            package = module.FrechetAudioDistance(ckpt_dir=folder, verbose=False, **options)
        package.model.to(device)
        package.device = device
    except Exception as error:
        # Whatever goes wrong in there: the user's file is the likely cause, or no network.
        words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(
            f"{weights}: the package frechet-audio-distance cannot load it ({words}); copy the "
            "file again, or connect to the network once if it asks for another model"
        ) from None
    finally:
        torch.hub.set_dir(hub)
    return package


def _clip_by_clip(package: Any, sample_rate: int, wanted: Callable[[int], int]) -> Embed:
    """``wanted`` is how many rows a clip of so many samples must yield."""

    def embed(audio: Tensor) -> Tensor:
        clips = [
            clip
            for clip in torch.split(audio, _CLIP_SECONDS * sample_rate)
            if len(clip) >= sample_rate  # what is left at the end of a song
        ]
        rows = [_row_checked(package, clip, sample_rate, wanted(len(clip))) for clip in clips]
        return torch.from_numpy(np.concatenate(rows)) if rows else torch.zeros(0, 1)

    return embed


def _row_checked(package: Any, clip: Tensor, sample_rate: int, wanted: int) -> np.ndarray:
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), _seeded():
            found = package.get_embeddings([clip.cpu().numpy()], sr=sample_rate)
    except ValueError as error:
        # With no clip that worked, it fails on putting none together; what it said is the reason.
        raise _failure(package, said.getvalue() or str(error)) from None
    rows = np.asarray(found, dtype=np.float32)
    if rows.ndim != 2 or len(rows) != wanted or not np.isfinite(rows).all():
        raise _failure(
            package,
            said.getvalue() or f"it gave numbers of shape {rows.shape}, {wanted} rows are right",
        )
    return rows


def _failure(package: Any, words: str) -> UserError:
    return UserError(
        f"frechet-audio-distance failed at embedding by {package.model_name} "
        f"({' '.join(words.split())[:300]}); choose another --embedding"
    )


@contextlib.contextmanager
def _seeded() -> Iterator[None]:
    """Numpy's and torch's global generators at a fixed state, put back afterwards."""
    before = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        np.random.seed(0)
        try:
            yield
        finally:
            np.random.set_state(before)
