"""The songs of a training: pairs of mix and reference on disk, cut into random crops."""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from .audio import SUFFIXES, fit_length, info, match_channels, read, resample, write
from .errors import UserError
from .keys import content_key
from .networks import input_gain
from .synthesis import VERSION, demo_song, song_id
from .training_recipe import Recipe

_SHORTEST_SECONDS = 1.0
_LONGEST_DIFFERENCE = 0.05


@dataclass(frozen=True)
class Pair:
    """One song; ``gain`` is the linear gain of the mix before the network."""

    id: str
    mix: Path
    reference: Path
    sample_rate: int
    samples: int
    gain: float


@dataclass(frozen=True)
class Songs:
    """The songs to train on and the others to validate on; ``key`` is their content."""

    training: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    key: str
    summary: str


@dataclass(frozen=True)
class Cut:
    """How much of a song an item holds: output samples, and context on each side."""

    samples: int
    left: int
    right: int
    channels: int
    sample_rate: int


def collect(
    recipe: Recipe, scratch: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Songs:
    """The songs that a recipe names; demo songs are made below ``scratch`` where missing.

    ``progress`` is told the number of demo songs made, and of all.

    Raises:
        UserError: if there are too few songs, or one cannot be used.
    """
    demo = recipe.songs.demo
    if demo is not None:
        total = demo.count + demo.validation_count
        made = []
        for seed, count in (
            (demo.seed, demo.count),
            (demo.validation_seed, demo.validation_count),
        ):
            for index in range(count):
                made.append(_demo_pair(scratch, seed, index, recipe))
                progress(len(made), total)
        training, validation = made[: demo.count], made[demo.count :]
        summary = (
            f"simulated demo songs of {demo.seconds:g} s: {demo.count} of seed {demo.seed}, "
            f"validated on {demo.validation_count} of seed {demo.validation_seed}"
        )
    else:
        training, validation = _split(_found(recipe.songs.folder or Path()), recipe)
        summary = f"{len(training)} songs, validated on {len(validation)} others"
    pairs = [
        tuple(_pair(mix, reference, recipe.system.input_lufs) for mix, reference in files)
        for files in (training, validation)
    ]
    key = content_key([[pair.mix, pair.reference] for part in pairs for pair in part])
    return Songs(pairs[0], pairs[1], key, summary)


def batch(
    pairs: Sequence[Pair], cut: Cut, size: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Random crops: input ``(size, channels, left + samples + right)`` and its target.

    A song is drawn by its length, so that every second of music is as likely.
    """
    lengths = torch.tensor([pair.samples / pair.sample_rate for pair in pairs])
    chosen = torch.multinomial(lengths, size, replacement=True, generator=generator)
    places = torch.rand(size, generator=generator)
    items = [
        crop(pairs[int(index)], cut, float(place))
        for index, place in zip(chosen, places, strict=True)
    ]
    mixes, references = zip(*items, strict=True)
    return torch.stack(mixes), torch.stack(references)


def crop(pair: Pair, cut: Cut, place: float) -> tuple[Tensor, Tensor]:
    """The crop at ``place`` (0 first, 1 last) with its context; beyond the song lies silence."""
    scale = pair.sample_rate / cut.sample_rate
    wanted = round(cut.samples * scale)
    start = round(max(pair.samples - wanted, 0) * place)
    left, right = round(cut.left * scale), round(cut.right * scale)
    begin = max(start - left, 0)
    mix, rate = read(pair.mix, begin, start + wanted + right - begin)
    mix = F.pad(mix, (left - (start - begin), 0))
    mix = fit_length(resample(mix, rate, cut.sample_rate), cut.left + cut.samples + cut.right)
    reference, rate = read(pair.reference, start, wanted)
    reference = fit_length(resample(reference, rate, cut.sample_rate), cut.samples)
    return (
        match_channels(mix * pair.gain, cut.channels),
        match_channels(reference, cut.channels),
    )


def _demo_pair(scratch: Path, seed: int, index: int, recipe: Recipe) -> tuple[Path, Path]:
    """Mix and reference of a demo song; stems are not kept, training does not need them."""
    demo = recipe.songs.demo
    seconds = demo.seconds if demo else 0.0
    rate = recipe.system.sample_rate
    home = scratch / f"v{VERSION}-{rate}-{seconds:g}s" / f"{seed}-{song_id(index)}"
    paths = home / "mix.wav", home / "reference.wav"
    if not home.is_dir():
        song = demo_song(seed, index, seconds, rate)
        partial = home.with_name(f".{home.name}.{uuid.uuid4().hex[:8]}")
        try:
            partial.mkdir(parents=True)
            for path, audio in zip(paths, (song.mix, song.reference), strict=True):
                write(partial / path.name, audio, rate)
            partial.rename(home)
        except OSError as error:
            raise UserError(f"{home}: cannot be written ({error.strerror or error})") from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return paths


def _files(song: Path) -> tuple[Path, Path]:
    found = [_named(song, stem) for stem in ("mix", "reference")]
    if found[0] is None or found[1] is None:
        raise UserError(f"{song}: a training song needs mix.wav and reference.wav")
    return found[0], found[1]


def _named(folder: Path, stem: str) -> Path | None:
    found = (folder / f"{stem}{suffix}" for suffix in SUFFIXES)
    return next((path for path in found if path.is_file()), None)


def _found(folder: Path) -> list[tuple[Path, Path]]:
    """The pairs of a folder, in the order of their names."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of training songs")
    if (folder / "mix").is_dir() and (folder / "reference").is_dir():
        pairs = list(_by_name(folder))
    else:
        songs = sorted(path for path in folder.iterdir() if path.is_dir())
        pairs = [_files(song) for song in songs if not song.name.startswith(".")]
    if len(pairs) < 2:
        raise UserError(
            f"{folder}: holds {len(pairs)} songs with mix and reference; at least 2 are needed, "
            "as SONG/mix.wav and SONG/reference.wav or as mix/NAME.wav and reference/NAME.wav"
        )
    return pairs


def _by_name(folder: Path) -> Iterator[tuple[Path, Path]]:
    for mix in sorted((folder / "mix").iterdir()):
        if mix.suffix.lower() in SUFFIXES:
            reference = _named(folder / "reference", mix.stem)
            if reference is None:
                raise UserError(f"{mix}: has no partner {folder / 'reference' / mix.name}")
            yield mix, reference


def _split(
    pairs: list[tuple[Path, Path]], recipe: Recipe
) -> tuple[list[tuple[Path, Path]], list[tuple[Path, Path]]]:
    """Hold out a share of the songs, by a draw that depends on the seed and their names alone."""

    def draw(pair: tuple[Path, Path]) -> str:
        name = f"{pair[0].parent.name}/{pair[0].name}"
        return hashlib.sha256(f"{recipe.seed}:{name}".encode()).hexdigest()

    drawn = sorted(pairs, key=draw)
    held_out = min(max(round(len(pairs) * recipe.songs.validation), 1), len(pairs) - 1)
    return sorted(drawn[held_out:]), sorted(drawn[:held_out])


def _pair(mix: Path, reference: Path, input_lufs: float | None) -> Pair:
    one, other = info(mix), info(reference)
    if one.sample_rate != other.sample_rate:
        raise UserError(
            f"{reference}: {other.sample_rate} Hz, its mix {one.sample_rate} Hz; resample one"
        )
    if abs(one.seconds - other.seconds) > _LONGEST_DIFFERENCE:
        raise UserError(
            f"{reference}: {other.seconds:.2f} s, its mix {one.seconds:.2f} s; align and trim them"
        )
    if one.seconds < _SHORTEST_SECONDS:
        raise UserError(f"{mix}: {one.seconds:.2f} s is too short; at least 1 s is needed")
    audio, rate = read(mix)
    for path, data in ((mix, audio), (reference, read(reference)[0])):
        if not bool(torch.isfinite(data).all()):
            raise UserError(f"{path}: holds samples that are not finite numbers")
    gain, _ = input_gain(audio, rate, input_lufs)
    name = mix.parent.name if mix.stem == "mix" else mix.stem
    return Pair(name, mix, reference, rate, min(one.samples, other.samples), gain)
