"""Songs, and the audio of an excerpt of one as a system is given it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ...models.audio.files import fit_length, info, match_channels, read, resample
from ...models.audio.loudness import k_weighted
from ...models.content_key import content_key
from ...models.errors import UserError
from ...models.systems.contract import Material

Severity = Literal["error", "warning"]

# soxr's filters are shorter than this at every pair of rates, so a cut further away is not heard.
_MARGIN_SECONDS = 0.5
# Beyond this ratio soxr interpolates its filters, and the phase depends on where it began.
_LARGEST_RATIO = 640
_CHUNK_SECONDS = 30
_WARM_UP_SECONDS = 1  # K-weighting has decayed to nothing after 0.15 s


@dataclass(frozen=True)
class SongProblem:
    """Something wrong with a song: an ``error`` excludes it, a ``warning`` does not.

    ``song`` is the song's id, or empty where a problem is no song's own.
    """

    song: str
    path: Path | None
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        if self.path is not None:
            return f"{self.path}: {self.message}"
        return f"song {self.song}: {self.message}" if self.song else self.message


@dataclass(frozen=True)
class Song:
    """One piece of test material; a song without a ``mix`` is mixed as the sum of its stems.

    ``faults`` are the problems that showed while its folder was read, such as a missing partner.
    ``controls`` are the settings with which an effect made the reference of the mix; a system that
    has controls of these names is rendered with them.
    """

    id: str
    mix: Path | None
    reference: Path | None = None
    stems: tuple[Path, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[SongProblem, ...] = ()
    controls: Mapping[str, float] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Identity of what systems are given: the mix and the stems, by their bytes."""
        return content_key(self.mix, self.stems)

    @property
    def reference_sha256(self) -> str | None:
        """Identity of the reference, by its bytes."""
        return None if self.reference is None else content_key(self.reference)


@dataclass(frozen=True)
class Excerpt:
    """Which part of every song is used, in seconds; without ``seconds``, all to the end.

    With ``select="loudest"``, ``start`` is not used: the window of ``seconds`` with the most
    K-weighted energy (BS.1770) of the mix, among those that begin on a whole second, the
    earliest of equals. A part of a second at the window's end counts in proportion.
    """

    start: float = 0.0
    seconds: float | None = None
    select: Literal["start", "loudest"] = "start"

    @property
    def key(self) -> list[Any]:
        """What of it makes two excerpts the same, for a content key."""
        seconds = None if self.seconds is None else float(self.seconds)
        return [self.select, float(self.start) if self.select == "start" else None, seconds]


@dataclass(frozen=True)
class Span:
    """A stretch of a song in samples; ``short`` says that less was there than asked for."""

    start: int
    samples: int
    short: bool = False


def material(
    song: Song,
    excerpt: Excerpt | None,
    sample_rate: int,
    input: Literal["mix", "stems"] = "mix",  # noqa: A002  the contract's own word
) -> Material:
    """What a system is given of ``song``: stereo, at ``sample_rate``, cut to the excerpt.

    Equal to resampling the whole files and cutting then, though only the part that is needed is
    read. The mix alone says where the excerpt lies and how long it is; the reference and the
    stems follow it, padded with silence where they end early.

    Raises:
        UserError: if a file cannot be read, the excerpt begins after the end, or there is nothing
            of the kind that ``input`` asks for.
    """
    part = span(song, excerpt, sample_rate)
    if input == "stems":
        if not song.stems:
            raise UserError(f"song {song.id}: has no stems, which this system mixes")
        audio = torch.stack([_part(stem, part, sample_rate) for stem in song.stems])
    else:
        audio = _mix(song, part, sample_rate)
    reference = None if song.reference is None else _part(song.reference, part, sample_rate)
    names = tuple(stem.stem for stem in song.stems) if input == "stems" else ()
    return Material(audio, sample_rate, reference, song.id, part.start, names)


def span(song: Song, excerpt: Excerpt | None, sample_rate: int) -> Span:
    """Where the excerpt lies in ``song``, in samples at ``sample_rate``.

    Raises:
        UserError: if it begins after the end, or the song cannot be read.
    """
    length = _length(song, sample_rate)
    if excerpt is None:
        return Span(0, length)
    begin = excerpt.start
    if excerpt.select == "loudest" and excerpt.seconds is not None:
        begin = float(_loudest(song, excerpt.seconds))
    start = round(begin * sample_rate)
    if start >= length:
        raise UserError(
            f"{source(song)}: lasts {length / sample_rate:.2f} s, but the excerpt begins at "
            f"{begin:g} s; give an earlier start"
        )
    if excerpt.seconds is None:
        return Span(start, length - start)
    wanted = max(round(excerpt.seconds * sample_rate), 1)
    return Span(start, min(wanted, length - start), short=wanted > length - start)


def source(song: Song) -> Path:
    """The file that says how long the song is: the mix, or the first stem.

    Raises:
        UserError: if the song has neither.
    """
    if song.mix is not None:
        return song.mix
    if not song.stems:
        raise UserError(f"song {song.id}: has neither a mix nor stems")
    return song.stems[0]


def _length(song: Song, sample_rate: int) -> int:
    files = (song.mix,) if song.mix is not None else song.stems or (source(song),)
    heads = [info(path) for path in files]
    return max(round(head.samples * sample_rate / head.sample_rate) for head in heads)


def _mix(song: Song, part: Span, sample_rate: int) -> Tensor:
    if song.mix is not None:
        return _part(song.mix, part, sample_rate)
    total = torch.zeros(2, part.samples)
    for stem in song.stems:
        total += _part(stem, part, sample_rate)
    return total


def _part(path: Path, part: Span, sample_rate: int) -> Tensor:
    """A part of a file at another rate, ``(2, part.samples)``, as if cut after resampling all."""
    head = info(path)
    if head.channels > 2:
        raise UserError(f"{path}: has {head.channels} channels; mix it to stereo first")
    divisor = math.gcd(head.sample_rate, sample_rate)
    up, down = sample_rate // divisor, head.sample_rate // divisor
    if up == down:
        audio, _ = read(path, part.start, part.samples)
        skipped = part.start
    elif max(up, down) > _LARGEST_RATIO:
        audio = resample(read(path)[0], head.sample_rate, sample_rate)
        skipped = 0
    else:
        # Whole periods of the ratio, so that both grids begin together as they do at zero.
        margin = math.ceil(_MARGIN_SECONDS * head.sample_rate)
        periods = max(part.start * down // up - margin, 0) // down
        last = -(-(part.start + part.samples) * down // up) + margin
        raw, _ = read(path, periods * down, last - periods * down)
        audio = resample(raw, head.sample_rate, sample_rate)
        skipped = periods * up
    cut = audio[:, part.start - skipped :][:, : part.samples]
    return fit_length(match_channels(cut, 2), part.samples).contiguous()


def _loudest(song: Song, seconds: float) -> int:
    files = song.stems if song.mix is None else (song.mix,)
    stamps = tuple((stat.st_mtime_ns, stat.st_size) for stat in map(_stat, files))
    return _loudest_second(song.id, files, song.mix is None, stamps, seconds)


@lru_cache(maxsize=1 << 16)
def _loudest_second(
    song_id: str,
    files: tuple[Path, ...],
    of_stems: bool,  # noqa: FBT001  a key of the cache, as the others are
    _stamps: tuple[tuple[int, int], ...],
    seconds: float,
) -> int:
    """The second at which the loudest window begins; read in chunks, so memory stays bounded."""
    song = Song(song_id, None if of_stems else files[0], stems=files if of_stems else ())
    rate = info(source(song)).sample_rate
    length = _length(song, rate)
    energies = []
    for first in range(0, length, _CHUNK_SECONDS * rate):
        past = min(first, _WARM_UP_SECONDS * rate)
        fresh = min(_CHUNK_SECONDS * rate, length - first)
        heard = _mix(song, Span(first - past, past + fresh), rate)
        energy = k_weighted(heard, rate)[:, past:].double().square().sum(dim=0)
        whole = fit_length(energy, math.ceil(fresh / rate) * rate)
        energies.append(whole.view(-1, rate).sum(dim=1).nan_to_num(0.0, 0.0, 0.0))
    each = torch.nn.functional.pad(torch.cat(energies), (0, 1))
    starts = max(math.floor(length / rate - seconds), 0) + 1
    full = math.floor(seconds)
    sums = torch.nn.functional.pad(each.cumsum(dim=0), (1, 0))
    begin = torch.arange(starts)
    end = (begin + full).clamp(max=len(each) - 1)
    windows = sums[end] - sums[begin] + (seconds - full) * each[end]
    # Differences of sums carry rounding: equal windows must stay equal, the earliest first.
    best = windows.max()
    return int((windows >= best * (1 - 1e-9)).nonzero()[0])


def _stat(path: Path) -> Any:
    try:
        return path.stat()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
