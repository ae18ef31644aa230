"""What a song's page plays and shows of each render, made once: FLAC, pictures and outlines."""

import json
import logging
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from PIL import Image

from ....evaluation.results.store import written
from ....models.audio.files import read
from ....models.audio.loudness import integrated_loudness
from ....models.content_key import content_key
from ....models.errors import UserError
from ...presentation.report_folder import ReportFolder
from .pictures import difference_image, spectrogram_db, spectrogram_image, waveform

# Grows when the files below look or sound different; older ones are then made anew.
MEDIA_FORMAT = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Media:
    """The files of one render, relative to the report, and what is known of its audio.

    ``overs`` counts the samples beyond full scale that the player's 16 bits cut off; ``lufs`` is
    None where loudness is undefined.
    """

    audio: str
    spectrogram: str
    difference: str | None
    seconds: float
    overs: int
    lufs: float | None
    low: list[int]
    high: list[int]


@dataclass(frozen=True)
class SongRenders:
    """The renders of one song by key and file; ``reference`` is one of the keys, or None."""

    files: dict[str, Path]
    reference: str | None


def prepare_media(
    folder: ReportFolder,
    songs: Sequence[SongRenders],
    done: Callable[[int, int], None] | None = None,
) -> dict[tuple[str, str], Media]:
    """Make what is missing; by render key and key of the reference it is shown against (or '').

    ``done`` is told how many songs of how many are finished. A render that cannot be read is left
    out with a warning, and the others go on.
    """
    found: dict[tuple[str, str], Media] = {}
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for count, media in enumerate(pool.map(lambda song: _song_media(folder, song), songs), 1):
            found |= media
            if done is not None:
                done(count, len(songs))
    return found


@dataclass
class _Target:
    """The reference of a song, read when the first difference needs it; None if unreadable."""

    path: Path | None
    _levels: "tuple[npt.NDArray[np.float32], float | None] | None" = None
    _tried: bool = False

    def levels(self) -> "tuple[npt.NDArray[np.float32], float | None] | None":
        if not self._tried and self.path is not None:
            self._tried = True
            try:
                audio, rate = _audio(self.path)
                self._levels = spectrogram_db(audio, rate), _lufs(audio, rate)
            except UserError as error:
                _log.warning("%s; there are no differences from it", error)
        return self._levels


def _song_media(folder: ReportFolder, song: SongRenders) -> dict[tuple[str, str], Media]:
    target = _Target(song.files.get(song.reference or ""))
    found: dict[tuple[str, str], Media] = {}
    for key, path in song.files.items():
        against = song.reference if song.reference in song.files and song.reference != key else None
        other = against and _content(against, song.files[against])
        names = _names(_content(key, path), other)
        paths = {kind: folder.keep(name) for kind, name in names.items()}
        if not all(path.is_file() for path in paths.values()):
            try:
                _make(key, path, paths, target)
            except UserError as error:
                _log.warning("%s; it is missing from the song's page", error)
                continue
        outline = json.loads(paths["outline"].read_text(encoding="utf-8"))
        shown = "difference" in paths and paths["difference"].is_file()
        found[key, song.reference or ""] = Media(
            audio=names["audio"],
            spectrogram=names["spectrogram"],
            difference=names["difference"] if shown else None,
            **outline,
        )
    return found


def _content(key: str, path: Path) -> str:
    """The render and its very audio: one that was made again may differ under the same key."""
    try:
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return key
    return f"{key} {record.get('audio_sha256', '')}"


def _names(key: str, against: str | None) -> dict[str, str]:
    name = content_key(MEDIA_FORMAT, key)[:20]
    names = {
        "audio": f"audio/{name}.flac",
        "spectrogram": f"pictures/{name}.png",
        "outline": f"pictures/{name}.json",
    }
    if against is not None:
        names["difference"] = f"pictures/{name}-{content_key(MEDIA_FORMAT, against)[:12]}.png"
    return names


def _make(key: str, path: Path, paths: dict[str, Path], target: _Target) -> None:
    audio, rate = _audio(path)
    lufs = _lufs(audio, rate)
    if not paths["audio"].is_file():
        _save_player(paths["audio"], audio, rate, seed=int(content_key(key)[:15], 16))
    levels = spectrogram_db(audio, rate)
    _save_image(paths["spectrogram"], spectrogram_image(levels))
    compared = target.levels() if "difference" in paths else None
    if compared is not None:
        # At equal loudness: how loud each is stands in numbers beside the picture.
        reference, loudness = compared
        gain = lufs - loudness if lufs is not None and loudness is not None else 0.0
        _save_image(paths["difference"], difference_image(levels, reference, gain))
    if not paths["outline"].is_file():
        outline: dict[str, Any] = {
            "seconds": audio.shape[-1] / rate,
            "overs": int((np.abs(audio) > 1).sum()),
            "lufs": lufs,
            **asdict(waveform(audio)),
        }
        with written(paths["outline"]) as scratch:
            scratch.write_text(json.dumps(outline, allow_nan=False), encoding="utf-8")


def player_samples(audio: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.int16]:
    """16-bit samples with TPDF dither of ±1 LSB, clipped at full scale: ``(channels, samples)``."""
    generator = np.random.default_rng(seed)
    noise = generator.random(audio.shape, dtype=np.float32)
    noise -= generator.random(audio.shape, dtype=np.float32)
    samples = np.clip(np.rint(audio * np.float32(32768) + noise), -32768, 32767)
    whole: npt.NDArray[np.int16] = samples.astype(np.int16)
    return whole


def _save_player(path: Path, audio: npt.NDArray[np.float32], rate: int, seed: int) -> None:
    with written(path) as scratch:
        try:
            soundfile.write(
                scratch, player_samples(audio, seed).T, rate, format="FLAC", subtype="PCM_16"
            )
        except soundfile.LibsndfileError as error:
            raise UserError(f"{path}: cannot be written ({error.error_string})") from None


def _save_image(path: Path, image: Image.Image) -> None:
    if not path.is_file():
        with written(path) as scratch:
            image.save(scratch, format="PNG", optimize=True)


def _audio(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    audio, rate = read(path)
    return np.ascontiguousarray(audio.numpy()), rate


def _lufs(audio: npt.NDArray[np.float32], rate: int) -> float | None:
    value = float(integrated_loudness(torch.from_numpy(audio), rate))
    return value if math.isfinite(value) else None
