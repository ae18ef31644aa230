"""Reads, writes and resamples audio; the only importer of torchaudio.

Audio is ``torch.float32``, shape ``(channels, samples)``, full scale 1.0; overs are kept.
"""

import importlib
import io
import os
import sys
import types
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch
from torch import Tensor

from ..errors import StorageError, UserError
from .cut_short import cut_short
from .through_ffmpeg import decoded, is_mp4

_WRITE_BLOCK = 65_536
_READ_BLOCK = 1 << 20
# Lossless audio is rarely ten times smaller than as floats; MP3 at 64 kbit/s is 44 times.
_LIKELY_RATIO = 64
_SMALL_BYTES = 64 << 20
# The first formats of Earmark: a file of one of these has precedence over others of its name.
FIRST_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
SUFFIXES = (*FIRST_SUFFIXES, ".aif", ".aifc", ".aiff", ".caf", ".m4a", ".opus", ".w64")
FORMATS = "WAV, FLAC, OGG, MP3, AIFF, CAF, W64, Opus, M4A"


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says of its audio."""

    sample_rate: int
    channels: int
    samples: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate


def info(path: Path) -> AudioInfo:
    """The header of an audio file.

    Raises:
        UserError: if the file is missing, empty or not audio.
    """
    with _opened(path) as file:
        return AudioInfo(file.samplerate, file.channels, file.frames)


def read(path: Path, start: int = 0, samples: int | None = None) -> tuple[Tensor, int]:
    """The audio of a file, ``(channels, samples)``, and its sample rate in Hz.

    ``start`` and ``samples`` count frames at the file's own rate; what lies past the end is left
    out, not padded.

    Raises:
        UserError: if the file is missing, empty, corrupt or not audio.
    """
    with _opened(path) as file:
        rate = file.samplerate
        try:
            if start:
                file.seek(min(start, file.frames))
            data = _decoded(file, path, samples)
        except soundfile.LibsndfileError as error:
            raise UserError(f"{path}: the audio is damaged ({_reason(error)})") from None
        expected = max(file.frames - start, 0)
        if samples is not None:
            expected = min(samples, expected)
    _check_whole(path, len(data), expected, rate)
    return torch.from_numpy(np.ascontiguousarray(data.T)), rate


def blocks(path: Path, samples: int = _READ_BLOCK) -> Iterator[Tensor]:
    """The audio of a file, ``(channels, samples)`` at a time, for files that are long.

    Raises:
        UserError: as :func:`read`, at the block where the file fails.
    """
    with _opened(path) as file:
        total = 0
        while True:
            try:
                data = file.read(samples, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise UserError(f"{path}: the audio is damaged ({_reason(error)})") from None
            total += len(data)
            if len(data):
                yield torch.from_numpy(np.ascontiguousarray(data.T))
            if len(data) < samples:
                break
        _check_whole(path, total, file.frames, file.samplerate)


def write(path: Path, audio: Tensor, sample_rate: int, subtype: str = "FLOAT") -> None:
    """Write ``(channels, samples)``; 32-bit float WAV unless ``subtype`` and suffix say otherwise.

    The file is complete and on disk when this returns.

    Raises:
        StorageError: if the place cannot be written (full, read-only, missing).
    """
    form = {".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}.get(path.suffix.lower(), "WAV")
    if form != "WAV" and subtype == "FLOAT":
        subtype = {"FLAC": "PCM_24", "OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}[form]
    data = audio.detach().to("cpu", torch.float32).T.contiguous().numpy()
    # Encoded in memory first: libsndfile would not tell of a disk that fills up midway.
    encoded = io.BytesIO()
    try:
        soundfile.write(encoded, data, sample_rate, subtype=subtype, format=form)
        _undate(encoded)
        with path.open("wb") as stream:
            stream.write(encoded.getbuffer())
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, soundfile.LibsndfileError) as error:
        raise StorageError(f"{path}: cannot be written ({_reason(error)})") from error


def readable(paths: Iterable[Path]) -> list[Path]:
    """The audio files among ``paths``, in their order.

    Of files in one folder that differ in their suffix alone, one of the first formats (WAV, FLAC,
    OGG, MP3) has precedence: copies in the others are left out.
    """
    audio = [path for path in paths if path.suffix.lower() in SUFFIXES]
    first = {_bare(path) for path in audio if path.suffix.lower() in FIRST_SUFFIXES}
    return [
        path for path in audio if path.suffix.lower() in FIRST_SUFFIXES or _bare(path) not in first
    ]


def resample(audio: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """``(channels, samples)`` at another rate, by soxr at its very high quality; length rounded."""
    if from_rate == to_rate:
        return audio
    data = soxr.resample(audio.T.contiguous().numpy(), from_rate, to_rate, quality="VHQ")
    wanted = round(audio.shape[-1] * to_rate / from_rate)
    out = torch.from_numpy(np.ascontiguousarray(data.T))
    return fit_length(out, wanted)


def fit_length(audio: Tensor, samples: int) -> Tensor:
    """``audio`` cut, or padded with silence at its end, to ``samples``."""
    missing = samples - audio.shape[-1]
    if missing > 0:
        return torch.nn.functional.pad(audio, (0, missing))
    return audio[..., :samples]


def match_channels(audio: Tensor, channels: int) -> Tensor:
    """Mono repeated to ``channels``, or stereo averaged to mono; ``(channels, samples)``.

    Raises:
        UserError: for any other change of layout.
    """
    have = audio.shape[-2]
    if have == channels:
        return audio
    if have == 1:
        return audio.expand(*audio.shape[:-2], channels, audio.shape[-1])
    if have == 2 and channels == 1:
        return audio.mean(dim=-2, keepdim=True)
    raise UserError(f"audio with {have} channels cannot become {channels}; mix it to stereo first")


@cache
def mel_filters(sample_rate: int, n_fft: int, n_mels: int) -> Tensor:
    """Slaney mel filter bank, area-normalised: ``(n_fft // 2 + 1, n_mels)``.

    Raises:
        ValueError: if a filter is empty, which would make a band of zeros.
    """
    functional = torchaudio().functional
    with warnings.catch_warnings():
        # An empty filter is an error below, not a warning.
        warnings.simplefilter("ignore", UserWarning)
        bank: Tensor = functional.melscale_fbanks(
            n_fft // 2 + 1,
            0.0,
            sample_rate / 2,
            n_mels,
            sample_rate,
            norm="slaney",
            mel_scale="slaney",
        )
    if bool((bank.sum(dim=0) == 0).any()):
        raise ValueError(f"{n_mels} mel bands leave an empty filter at n_fft {n_fft}")
    return bank


@cache
def torchaudio() -> Any:
    """The torchaudio module, also where its compiled half cannot be loaded.

    Its wheel for Linux links CUDA libraries and raises OSError beside a CPU-only torch; its
    Python half (mel filters, transforms) works without them.
    """
    try:
        return importlib.import_module("torchaudio")
    except OSError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        extension: Any = types.ModuleType("torchaudio._extension")
        extension._IS_TORCHAUDIO_EXT_AVAILABLE = False
        extension._IS_ALIGN_AVAILABLE = False
        extension.fail_if_no_align = lambda function: function
        sys.modules["torchaudio._extension"] = extension
        return importlib.import_module("torchaudio")


def _bare(path: Path) -> tuple[Path, str]:
    return path.parent, unicodedata.normalize("NFC", path.stem).casefold()


def _opened(path: Path) -> soundfile.SoundFile:
    try:
        if path.stat().st_size == 0:
            raise UserError(f"{path}: the file is empty (0 bytes)")
        source = io.BytesIO(decoded(path, _half_of_memory())) if is_mp4(path) else path
        file = soundfile.SoundFile(source)
        if broken := cut_short(path):
            file.close()
            raise UserError(f"{path}: {broken}")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except soundfile.LibsndfileError as error:
        raise UserError(
            f"{path}: not audio that can be read ({_reason(error)}); use {FORMATS}"
        ) from None
    if file.frames == 0:
        file.close()
        raise UserError(f"{path}: the file holds no audio (0 samples)")
    return file


def _decoded(file: soundfile.SoundFile, path: Path, samples: int | None) -> Any:
    """``(samples, channels)`` from where the file stands, or as much as there is.

    A header may claim any length: room for it is made at once only where the size of the file
    makes it likely, else block by block, up to half of this machine's memory.
    """
    claimed = max(file.frames - file.tell(), 0)
    wanted = claimed if samples is None else min(samples, claimed)
    frame_bytes = 4 * file.channels
    if wanted * frame_bytes <= max(_SMALL_BYTES, _LIKELY_RATIO * path.stat().st_size):
        return file.read(wanted, dtype="float32", always_2d=True)
    most = _half_of_memory()
    blocks, left = [], wanted
    while left > 0:
        block = file.read(min(left, _READ_BLOCK), dtype="float32", always_2d=True)
        blocks.append(block)
        left -= len(block)
        if len(block) == 0:
            break
        if (wanted - left) * frame_bytes > most:
            raise UserError(
                f"{path}: decodes to more than {most / 1e9:.0f} GB, half of this machine's memory; "
                "cut it into shorter files"
            )
    return np.concatenate(blocks)


def _check_whole(path: Path, found: int, expected: int, rate: int) -> None:
    # A decoder's own estimate of a compressed length may be off by a frame; a cut file by far more.
    if found < expected - max(4608, rate // 20):
        raise UserError(
            f"{path}: the audio breaks off after {found / rate:.2f} s of "
            f"{expected / rate:.2f} s; copy the file again"
        )


def _half_of_memory() -> int:
    """In bytes; of 16 GB where the system does not say."""
    if not hasattr(os, "sysconf"):
        return 8_000_000_000
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _undate(encoded: io.BytesIO) -> None:
    """Clear the time that libsndfile writes into a float WAV: equal audio, equal bytes."""
    with encoded.getbuffer() as data:
        # The chunk's name, size and version take 12 bytes; the time in seconds follows.
        peak = bytes(data[:128]).find(b"PEAK")
        if peak >= 0:
            data[peak + 12 : peak + 16] = bytes(4)


def _reason(error: Exception) -> str:
    if isinstance(error, soundfile.LibsndfileError):
        return str(error.error_string).rstrip(".")
    return str(getattr(error, "strerror", None) or error)
