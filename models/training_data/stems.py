"""Stems and what a console makes of them, for networks that mix.

A song is a folder with ``stems/`` and ``mix.wav`` (or ``reference.wav``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor

from ..audio.files import FIRST_SUFFIXES, read, resample
from ..checkpoints.network_system import input_gain
from ..content_key import content_key
from ..errors import UserError
from .items import AudioParts, DataRequest, TrainingItem, seeded, uniform
from .pairs import INPUTS, TARGETS
from .tracks import Track, check_pair, cut, identities, middle, opened, place, split, start_of


@dataclass(frozen=True)
class StemSong:
    """The stems of a song, its target, and the gain that brings their sum to a loudness."""

    name: str
    stems: tuple[Track, ...]
    target: Track
    gain: float = 1.0


@dataclass(frozen=True)
class StemsDataset:
    """Crops of all stems of a song; ``scatter_db`` changes the level of each at random."""

    training: tuple[StemSong, ...]
    validation: tuple[StemSong, ...]
    request: DataRequest
    summary: str
    scatter_db: float = 0.0

    @property
    def key(self) -> str:
        """The content of the files."""
        files = [
            [[[stem.path for stem in song.stems], song.target.path] for song in part]
            for part in (self.training, self.validation)
        ]
        return content_key("stems", files, self.scatter_db)

    @property
    def audio(self) -> AudioParts:
        """Stems and targets, of the training and of the validation."""
        return identities(
            *(
                (track for song in part for track in (*song.stems, song.target))
                for part in (self.training, self.validation)
            )
        )

    @property
    def seconds(self) -> float:
        """The audio to train on, each song counted once."""
        return sum(song.target.seconds for song in self.training)

    @property
    def validation_items(self) -> int:
        """One of each song."""
        return len(self.validation)

    def item(self, generator: Generator) -> TrainingItem:
        """A crop of a song drawn by its length."""
        index, position = place([song.target.seconds for song in self.training], generator)
        return self._made(self.training[index], self.request, position, generator)

    def held_out(self, index: int) -> TrainingItem:
        """The middle of a validation song."""
        song = self.validation[index]
        return self._made(song, middle(self.request, song.target.seconds), 0.5, seeded(index))

    def _made(
        self, song: StemSong, request: DataRequest, position: float, generator: Generator
    ) -> TrainingItem:
        start = start_of(song.target, request, position)
        stems = [cut(stem, start, request.left, request.total, request) for stem in song.stems]
        audio = song.gain * torch.stack(stems)
        if self.scatter_db:
            changes = [
                10 ** (uniform(generator, -self.scatter_db, self.scatter_db) / 20) for _ in stems
            ]
            audio = audio * torch.tensor(changes)[:, None, None]
        return TrainingItem(
            audio, cut(song.target, start, 0, request.samples, request), None, song.gain
        )


def stems_dataset(
    parts: tuple[Sequence[Path], Sequence[Path]],
    target: str,
    request: DataRequest,
    about: tuple[str, float],
) -> StemsDataset:
    """Songs with stems; ``about`` is what a card says of them, and the scatter of levels in dB."""
    made = [tuple(_song(folder, target, request) for folder in part) for part in parts]
    return StemsDataset(made[0], made[1], request, *about)


def songs_with_stems(folder: Path, seed: int, share: float) -> tuple[list[Path], list[Path]]:
    """The song folders below a folder, split.

    Raises:
        UserError: if there is no such folder, or fewer than two songs with stems.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of training songs")
    songs = sorted(path.parent for path in folder.glob("*/stems") if path.is_dir())
    if len(songs) < 2:
        raise UserError(
            f"{folder}: holds {len(songs)} songs with stems; at least 2 are needed, as "
            "SONG/stems/*.wav with SONG/mix.wav"
        )
    return split(songs, lambda path: path.name, seed, share)


def _song(folder: Path, target: str, request: DataRequest) -> StemSong:
    files = sorted(p for p in (folder / "stems").iterdir() if p.suffix.lower() in FIRST_SUFFIXES)
    if not files:
        raise UserError(f"{folder / 'stems'}: holds no audio")
    most = request.most_stems
    if most is not None and len(files) > most:
        raise UserError(
            f"{folder / 'stems'}: holds {len(files)} stems and the network takes {most}; add some "
            "of them together, or raise hyperparameters.stems"
        )
    names = (target, *(INPUTS if target == "mix" else TARGETS))
    found = [folder / f"{name}{suffix}" for name in names for suffix in FIRST_SUFFIXES]
    master = next((path for path in found if path.is_file()), None)
    if master is None:
        raise UserError(f"{folder}: has stems and no {target}.wav to learn from")
    stems, wanted = tuple(opened(path) for path in files), opened(master)
    for stem in stems:
        check_pair(wanted, stem, target)
    return StemSong(folder.name, stems, wanted, _gain(files, request))


def _gain(files: Sequence[Path], request: DataRequest) -> float:
    if request.input_lufs is None:
        return 1.0
    total: Tensor | None = None
    rate = request.sample_rate
    for path in files:
        audio, rate = read(path)
        stereo = audio.expand(2, -1) if len(audio) == 1 else audio[:2]
        if total is None:
            total = stereo.clone()
        else:
            shared = min(total.shape[-1], stereo.shape[-1])
            total = total[:, :shared] + stereo[:, :shared]
    if total is None:
        return 1.0
    return input_gain(
        resample(total, rate, request.sample_rate), request.sample_rate, request.input_lufs
    )[0]
