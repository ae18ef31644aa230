"""Pairs of input and target: two files that belong together sample by sample.

Layouts of a folder: a sub-folder for each song with the two files, or two sub-folders with equal
file names; the input is called ``mix``, ``input``, ``premaster`` or ``unmastered``, the target
``reference``, ``target``, ``master`` or ``mastered``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Generator, Tensor

from ..audio.files import FIRST_SUFFIXES, read
from ..checkpoints.network_system import input_gain
from ..content_key import content_key
from ..errors import UserError
from .controls_in_names import NamedPair, named_pairs
from .items import AudioParts, DataRequest, TrainingItem
from .tracks import Track, check_pair, cut, identities, middle, opened, place, split, start_of

INPUTS = ("mix", "input", "premaster", "unmastered")
TARGETS = ("reference", "target", "master", "mastered")


@dataclass(frozen=True)
class MixPair:
    """One song; ``gain`` is the linear gain of the input before the network."""

    name: str
    input: Track
    target: Track
    gain: float = 1.0
    controls: tuple[float, ...] = ()


@dataclass(frozen=True)
class PairDataset:
    """Crops of pairs."""

    training: tuple[MixPair, ...]
    validation: tuple[MixPair, ...]
    request: DataRequest
    summary: str
    key: str = field(init=False)

    def __post_init__(self) -> None:
        content = [
            [[pair.input.path, pair.target.path, list(pair.controls)] for pair in part]
            for part in (self.training, self.validation)
        ]
        object.__setattr__(self, "key", content_key(content))

    @property
    def audio(self) -> AudioParts:
        """Inputs and targets, of the training and of the validation."""
        return identities(
            *(
                (track for pair in part for track in (pair.input, pair.target))
                for part in (self.training, self.validation)
            )
        )

    @property
    def seconds(self) -> float:
        """The audio to train on."""
        return sum(pair.input.seconds for pair in self.training)

    @property
    def validation_items(self) -> int:
        """One of each song."""
        return len(self.validation)

    def item(self, generator: Generator) -> TrainingItem:
        """A crop of a song drawn by its length."""
        index, position = place([pair.input.seconds for pair in self.training], generator)
        return crop(self.training[index], self.request, position)

    def held_out(self, index: int) -> TrainingItem:
        """The middle of a validation song."""
        pair = self.validation[index]
        return crop(pair, middle(self.request, pair.input.seconds), 0.5)


def crop(pair: MixPair, request: DataRequest, position: float) -> TrainingItem:
    """The crop at ``position`` (0 first, 1 last) with its context; beyond the song lies silence."""
    start = start_of(pair.input, request, position)
    audio = pair.gain * cut(pair.input, start, request.left, request.total, request)
    target = cut(pair.target, start, 0, request.samples, request)
    return TrainingItem(audio, target, _tensor(pair.controls), pair.gain)


def pairs_of_folder(folder: Path) -> list[tuple[Path, Path]]:
    """The pairs of a folder in one of the layouts, in the order of their names.

    Raises:
        UserError: if there are fewer than two, or one lacks its partner.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of training songs")
    inputs = [folder / name for name in INPUTS if (folder / name).is_dir()]
    targets = [folder / name for name in TARGETS if (folder / name).is_dir()]
    if inputs and targets:
        pairs = list(_by_name(inputs[0], targets[0]))
    else:
        songs = sorted(path for path in folder.iterdir() if path.is_dir())
        pairs = [files_of_song(song) for song in songs if not song.name.startswith(".")]
    if len(pairs) < 2:
        raise UserError(
            f"{folder}: holds {len(pairs)} songs with mix and reference; at least 2 are needed, "
            "as SONG/mix.wav and SONG/reference.wav or as mix/NAME.wav and reference/NAME.wav"
        )
    return pairs


def files_of_song(song: Path) -> tuple[Path, Path]:
    """Input and target of a song's folder.

    Raises:
        UserError: if one is missing.
    """
    found = [_named(song, names) for names in (INPUTS, TARGETS)]
    if found[0] is None or found[1] is None:
        raise UserError(f"{song}: a training song needs mix.wav and reference.wav")
    return found[0], found[1]


def pair_dataset(
    parts: tuple[Sequence[tuple[Path, Path]], Sequence[tuple[Path, Path]]],
    request: DataRequest,
    summary: str,
) -> PairDataset:
    """Open and check all files of the training and the validation part."""
    made = [tuple(_pair(*files, request.input_lufs) for files in part) for part in parts]
    return PairDataset(made[0], made[1], request, summary)


def folder_dataset(folder: Path, share: float, request: DataRequest, seed: int) -> PairDataset:
    """The pairs of a folder; a share of its songs is held out."""
    pairs = pairs_of_folder(folder)
    parts = split(pairs, _name, seed, share)
    summary = f"{len(parts[0])} songs, validated on {len(parts[1])} others"
    return pair_dataset(parts, request, summary)


def named_dataset(
    found: tuple[Path, Sequence[str]], share: float, request: DataRequest, seed: int
) -> PairDataset:
    """Pairs whose controls stand in their names; targets of one input stay on one side."""
    folder, names = found
    pairs = named_pairs(folder, names)
    numbers = sorted({pair.number for pair in pairs}, key=int)
    if len(numbers) < 2:
        raise UserError(f"{folder}: holds one input; at least 2 are needed, one to validate on")
    order = [list(names).index(name) for name in request.controls]
    held_out = set(split(numbers, str, seed, share)[1])
    made: tuple[list[MixPair], list[MixPair]] = ([], [])
    for pair in pairs:
        opened_pair = _controlled(pair, order, request)
        made[pair.number in held_out].append(opened_pair)
    summary = f"{len(made[0])} pairs, validated on {len(made[1])} of other inputs"
    return PairDataset(tuple(made[0]), tuple(made[1]), request, summary)


def _controlled(pair: NamedPair, order: Sequence[int], request: DataRequest) -> MixPair:
    values = tuple(pair.controls[index] for index in order)
    for (name, (low, high, _)), value in zip(request.controls.items(), values, strict=True):
        if not low <= value <= high:
            raise UserError(
                f"{pair.target}: control {name!r} is {value:g}, outside {low:g} to {high:g} that "
                "system.controls allows"
            )
    one, other = opened(pair.input), opened(pair.target)
    check_pair(one, other, "input")
    samples = min(one.samples, other.samples)
    track = replace(one, samples=samples)
    return MixPair(pair.target.stem, track, other, 1.0, values)


def _pair(mix: Path, reference: Path, input_lufs: float | None) -> MixPair:
    one, other = opened(mix), opened(reference)
    check_pair(one, other)
    gain = 1.0
    if input_lufs is not None:
        audio, rate = read(mix)
        gain, _ = input_gain(audio, rate, input_lufs)
    track = replace(one, samples=min(one.samples, other.samples))
    return MixPair(_name((mix, reference)), track, other, gain)


def _name(files: tuple[Path, Path]) -> str:
    mix = files[0]
    return mix.parent.name if mix.stem in INPUTS else mix.stem


def _named(folder: Path, stems: Sequence[str]) -> Path | None:
    found = (folder / f"{stem}{suffix}" for stem in stems for suffix in FIRST_SUFFIXES)
    return next((path for path in found if path.is_file()), None)


def _by_name(inputs: Path, targets: Path) -> Iterator[tuple[Path, Path]]:
    for mix in sorted(inputs.iterdir()):
        if mix.suffix.lower() in FIRST_SUFFIXES:
            reference = _named(targets, [mix.stem])
            if reference is None:
                raise UserError(f"{mix}: has no partner {targets / mix.name}")
            yield mix, reference


def _tensor(controls: Sequence[float]) -> Tensor | None:
    return torch.tensor(controls, dtype=torch.float32) if controls else None
