"""What a song's page plays and shows of each render, made once: sounds, pictures and outlines."""

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
import torch
from PIL import Image

from ....evaluation.results.store import written
from ....models.audio.files import read
from ....models.audio.loudness import integrated_loudness
from ....models.content_key import content_key
from ....models.errors import UserError
from ...presentation.report_folder import ReportFolder
from .pictures import difference_image, spectrogram_db, spectrogram_image, waveform
from .sounds import EXCERPT_SECONDS, SoundKind, encoded, heard_rate, loudest, sound_script

# Grows when the files below look or sound different; older ones are then made anew.
MEDIA_FORMAT = 3
# A picture is looked at as a whole: what WebP loses is less than what two pixels differ by.
_WEBP_QUALITY = 80

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Media:
    """The files of one render, relative to the report, and what is known of its audio.

    ``sound`` is '' where the report has none; it begins ``start`` seconds into the render and is
    played at ``rate`` Hz. ``overs`` counts the samples beyond full scale that the player cuts off;
    ``lufs`` is None where loudness is undefined.
    """

    sound: str
    start: float
    heard_seconds: float
    rate: int
    spectrogram: str
    difference: str | None
    seconds: float
    overs: int
    lufs: float | None
    low: list[int]
    high: list[int]


@dataclass(frozen=True)
class SongRenders:
    """The renders of one song by key and file, the mix first; ``sound`` is how they are heard.

    ``reference`` is one of the keys, or None.
    """

    files: dict[str, Path]
    reference: str | None
    sound: SoundKind = SoundKind.FULL


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
    start: float | None = None
    for key, path in song.files.items():
        against = song.reference if song.reference in song.files and song.reference != key else None
        other = against and _content(against, song.files[against])
        render = _Render(key, path)
        names = _picture_names(_content(key, path), other)
        paths = {kind: folder.keep(name) for kind, name in names.items()}
        try:
            if not all(path.is_file() for path in paths.values()):
                _make_pictures(render, paths, target)
            outline = json.loads(paths["outline"].read_text(encoding="utf-8"))
            if start is None:  # of the mix, for all: they are heard at the same place
                start = _start(outline, song.sound)
            sound = _sound(folder, render, song.sound, start)
        except UserError as error:
            _log.warning("%s; it is missing from the song's page", error)
            continue
        shown = "difference" in paths and paths["difference"].is_file()
        seconds = outline["seconds"]
        excerpt = song.sound is SoundKind.EXCERPT
        found[key, song.reference or ""] = Media(
            sound=sound,
            start=start,
            heard_seconds=min(EXCERPT_SECONDS, seconds - start) if excerpt else seconds,
            rate=heard_rate(outline.pop("sample_rate"), song.sound),
            spectrogram=names["spectrogram"],
            difference=names["difference"] if shown else None,
            **outline,
        )
    return found


class _Render:
    """A render's file, read when something has to be made of it."""

    def __init__(self, key: str, path: Path) -> None:
        self.key, self.path = key, path
        self._audio: tuple[npt.NDArray[np.float32], int] | None = None

    def audio(self) -> tuple[npt.NDArray[np.float32], int]:
        if self._audio is None:
            self._audio = _audio(self.path)
        return self._audio


def _start(outline: dict[str, Any], sound: SoundKind) -> float:
    if sound is not SoundKind.EXCERPT:
        return 0.0
    return loudest(outline["low"], outline["high"], outline["seconds"])


def _sound(folder: ReportFolder, render: _Render, sound: SoundKind, start: float) -> str:
    """The script of a render's sound, made if it is not there; '' if there shall be none."""
    if sound is SoundKind.NONE:
        return ""
    content = _content(render.key, render.path)
    name = f"audio/{content_key(MEDIA_FORMAT, content, sound.value, start)[:20]}"
    path = folder.keep(f"{name}.js")
    if not path.is_file():
        audio, rate = render.audio()
        if sound is SoundKind.EXCERPT:
            first = round(start * rate)
            audio = audio[:, first : first + round(EXCERPT_SECONDS * rate)]
        data = encoded(audio, rate, sound, seed=int(content_key(render.key)[:15], 16))
        with written(path) as scratch:
            scratch.write_bytes(sound_script(name, data))
    return f"{name}.js"


def _content(key: str, path: Path) -> str:
    """The render and its very audio: one that was made again may differ under the same key."""
    try:
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return key
    return f"{key} {record.get('audio_sha256', '')}"


def _picture_names(key: str, against: str | None) -> dict[str, str]:
    name = content_key(MEDIA_FORMAT, key)[:20]
    names = {"spectrogram": f"pictures/{name}.webp", "outline": f"pictures/{name}.json"}
    if against is not None:
        names["difference"] = f"pictures/{name}-{content_key(MEDIA_FORMAT, against)[:12]}.webp"
    return names


def _make_pictures(render: _Render, paths: dict[str, Path], target: _Target) -> None:
    audio, rate = render.audio()
    lufs = _lufs(audio, rate)
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
            "sample_rate": rate,
            "overs": int((np.abs(audio) > 1).sum()),
            "lufs": lufs,
            **asdict(waveform(audio)),
        }
        with written(paths["outline"]) as scratch:
            scratch.write_text(json.dumps(outline, allow_nan=False), encoding="utf-8")


def _save_image(path: Path, image: Image.Image) -> None:
    if not path.is_file():
        with written(path) as scratch:
            image.convert("RGB").save(scratch, format="WEBP", quality=_WEBP_QUALITY, method=4)


def _audio(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    audio, rate = read(path)
    return np.ascontiguousarray(audio.numpy()), rate


def _lufs(audio: npt.NDArray[np.float32], rate: int) -> float | None:
    value = float(integrated_loudness(torch.from_numpy(audio), rate))
    return value if math.isfinite(value) else None
