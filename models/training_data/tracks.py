"""Audio files of a training: found, checked, split by song, and read as crops."""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from ..audio.files import FIRST_SUFFIXES, fit_length, info, match_channels, read, resample, write
from ..audio.identity import AudioIdentity, identity_of
from ..demo_songs.songs import VERSION, demo_song, song_id
from ..errors import UserError
from .items import AudioParts, DataRequest
from .section import DemoSongs

SHORTEST_SECONDS = 1.0
LONGEST_DIFFERENCE = 0.05
VALIDATION_SECONDS = 8.0
SongT = TypeVar("SongT")


@dataclass(frozen=True)
class Track:
    """An audio file and its length at its own rate; ``identity`` is that of all its audio."""

    path: Path
    sample_rate: int
    samples: int
    identity: AudioIdentity | None = None

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples / self.sample_rate


def opened(path: Path) -> Track:
    """A track, read once whole to see that all of it is sound.

    Raises:
        UserError: if it cannot be read, is too short, or holds NaN or infinity.
    """
    found = info(path)
    if found.seconds < SHORTEST_SECONDS:
        raise UserError(f"{path}: {found.seconds:.2f} s is too short; at least 1 s is needed")
    audio, rate = read(path)
    if not bool(torch.isfinite(audio).all()):
        raise UserError(f"{path}: holds samples that are not finite numbers")
    return Track(path, found.sample_rate, found.samples, identity_of(audio, rate))


def identities(*parts: Iterable[Track]) -> AudioParts:
    """The audio of the tracks to train on and of those to validate on."""
    one, other = (tuple(t.identity for t in part if t.identity is not None) for part in parts)
    return one, other


def check_pair(one: Track, other: Track, name: str = "mix") -> None:
    """Refuse two files that do not belong together sample by sample.

    Raises:
        UserError: if their rates or lengths differ.
    """
    if one.sample_rate != other.sample_rate:
        raise UserError(
            f"{other.path}: {other.sample_rate} Hz, its {name} {one.sample_rate} Hz; resample one"
        )
    if abs(one.seconds - other.seconds) > LONGEST_DIFFERENCE:
        raise UserError(
            f"{other.path}: {other.seconds:.2f} s, its {name} {one.seconds:.2f} s; "
            "align and trim them"
        )


def place(seconds: Sequence[float], generator: Generator) -> tuple[int, float]:
    """A song, drawn by its length so that every second is as likely, and a place in it, 0 to 1."""
    drawn = torch.rand(2, generator=generator, dtype=torch.float64)
    lengths = torch.tensor(seconds, dtype=torch.float64).cumsum(0)
    index = int(torch.searchsorted(lengths, drawn[0] * lengths[-1], right=True))
    return min(index, len(seconds) - 1), float(drawn[1])


def start_of(track: Track, request: DataRequest, position: float) -> int:
    """The first sample of the crop at ``position`` (0 first, 1 last), at the track's rate."""
    wanted = round(request.samples * track.sample_rate / request.sample_rate)
    return round(max(track.samples - wanted, 0) * position)


def cut(track: Track, start: int, left: int, samples: int, request: DataRequest) -> Tensor:
    """``(channels, samples)`` at the request's rate, from ``left`` before ``start`` on.

    ``start`` is at the track's rate, ``left`` and ``samples`` at that of the request; beyond the
    ends lies silence.
    """
    scale = track.sample_rate / request.sample_rate
    before = round(left * scale)
    begin = max(start - before, 0)
    end = start - before + round(samples * scale)
    audio, rate = read(track.path, begin, max(end - begin, 1))
    audio = F.pad(audio, (begin - (start - before), 0))
    audio = fit_length(resample(audio, rate, request.sample_rate), samples)
    return match_channels(audio, request.channels)


def middle(request: DataRequest, seconds: float) -> DataRequest:
    """The request of a validation item: the middle 8 s of a song, or all of a shorter one."""
    wanted = round(min(VALIDATION_SECONDS, seconds) * request.sample_rate)
    return DataRequest(**{**vars(request), "samples": max(wanted, 1)})


def split(
    songs: Sequence[SongT], name: Callable[[SongT], str], seed: int, share: float
) -> tuple[list[SongT], list[SongT]]:
    """Hold out a share of the songs, by a draw that depends on the seed and their names alone."""

    def draw(song: SongT) -> str:
        return hashlib.sha256(f"{seed}:{name(song)}".encode()).hexdigest()

    drawn = sorted(songs, key=draw)
    held_out = min(max(round(len(songs) * share), 1), len(songs) - 1)
    return sorted(drawn[held_out:], key=name), sorted(drawn[:held_out], key=name)


def audio_below(folder: Path) -> list[Path]:
    """All audio files below a folder, in the order of their names.

    Raises:
        UserError: if there is no such folder, or fewer than two files.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of training songs")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in FIRST_SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
    )
    if len(found) < 2:
        raise UserError(
            f"{folder}: holds {len(found)} audio files ({', '.join(FIRST_SUFFIXES)}); at least 2 "
            "are needed, one of them to validate on"
        )
    return found


def demo_folders(
    demo: DemoSongs, scratch: Path, sample_rate: int, told: Callable[[int, int], None]
) -> tuple[list[Path], list[Path]]:
    """The folders of demo songs to train and to validate on, made where they are missing.

    Each holds ``mix.wav``, ``reference.wav`` and ``stems/NAME.wav``.
    """
    parts: tuple[list[Path], list[Path]] = ([], [])
    total = demo.count + demo.validation_count
    wanted = ((demo.seed, demo.count), (demo.validation_seed, demo.validation_count))
    for part, (seed, count) in zip(parts, wanted, strict=True):
        for index in range(count):
            part.append(_demo_folder(demo, scratch, sample_rate, (seed, index)))
            told(len(parts[0]) + len(parts[1]), total)
    return parts


def demo_summary(demo: DemoSongs) -> str:
    """What a model card says of demo songs."""
    return (
        f"SIMULATED demo songs of {demo.seconds:g} s: {demo.count} of seed {demo.seed}, "
        f"validated on {demo.validation_count} of seed {demo.validation_seed}"
    )


def _demo_folder(demo: DemoSongs, scratch: Path, sample_rate: int, drawn: tuple[int, int]) -> Path:
    seed, index = drawn
    home = scratch / f"v{VERSION}-{sample_rate}-{demo.seconds:g}s" / f"{seed}-{song_id(index)}"
    if home.is_dir() and (home / "stems").is_dir():
        return home
    song = demo_song(seed, index, demo.seconds, sample_rate)
    partial = home.with_name(f".{home.name}.{uuid.uuid4().hex[:8]}")
    try:
        (partial / "stems").mkdir(parents=True)
        write(partial / "mix.wav", song.mix, sample_rate)
        write(partial / "reference.wav", song.reference, sample_rate)
        for name, stem in song.stems.items():
            write(partial / "stems" / f"{name}.wav", stem, sample_rate)
        shutil.rmtree(home, ignore_errors=True)  # one of an older version, without stems
        partial.rename(home)
    except OSError as error:
        raise UserError(f"{home}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return home
