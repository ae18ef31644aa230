"""Embeddings of songs, computed once: ``results/embeddings/<model>-<revision>/``.

A file is found by what it was made of: the render's key or the sha256 of the audio file, the
channel, the embedding with its weights and the version of its front end. It is never found by a
name, so neither a renamed song nor another checkpoint of the same name can meet an old entry. The
folder is safe to delete.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models.audio.files import info, match_channels, read, resample
from ...models.audio.loudness import SILENCE
from ...models.content_key import content_key, path_sha256
from ...models.embeddings import Opened
from ...models.errors import UserError
from ..results.store import written
from .frechet import ReferenceMoments, statistics

# Grows when the meaning of a file changes: how channels are made, how audio is resampled.
FORMAT = 1
CHANNELS: Mapping[str, str] = {"l": "left", "r": "right", "m": "mid", "s": "side"}

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """One song of a set; ``identity`` is its file's sha256."""

    label: str
    path: Path
    identity: str


@dataclass(frozen=True)
class EmbeddingCache:
    """The embeddings by one model in a results folder."""

    results: Path
    model: Opened

    @property
    def folder(self) -> Path:
        """Where this model's files lie."""
        name = f"{self.model.embedding.name}-{self.model.revision[:12]}"
        return self.results / "embeddings" / name

    def has(self, clip: Clip, channels: str) -> bool:
        """Whether these channels of the clip are there already."""
        return all(self._path(clip, channel).is_file() for channel in channels)

    def rows(self, clip: Clip, channels: str) -> dict[str, Rows]:
        """The embeddings ``(n, d)`` of each channel; what is missing is computed and kept.

        A channel that is silent has none, nor has a clip that is shorter than one patch.

        Raises:
            UserError: if the audio is unreadable, not finite, or neither mono nor stereo; or if
                the weights do not fit.
        """
        found = {channel: _load(self._path(clip, channel)) for channel in channels}
        missing = [channel for channel, rows in found.items() if rows is None]
        made = self._embed(clip, missing) if missing else {}
        for channel, rows in made.items():
            with written(self._path(clip, channel)) as scratch, scratch.open("wb") as stream:
                np.save(stream, rows, allow_pickle=False)
        return {channel: made[channel] if rows is None else rows for channel, rows in found.items()}

    def reference(self, clips: Sequence[Clip], channel: str, rows: Rows) -> ReferenceMoments:
        """The statistics of a reference set, whose ``rows`` are given; kept on disk."""
        key = content_key(FORMAT, self.model.revision, channel, [clip.identity for clip in clips])
        path = self.folder / "references" / f"{key}.npz"
        known = _load_reference(path, rows.shape)
        if known is not None:
            return known
        found = statistics(rows)
        with written(path) as scratch, scratch.open("wb") as stream:
            np.savez(stream, n=found.n, mean=found.mean, root=found.root)
        return found

    def _path(self, clip: Clip, channel: str) -> Path:
        key = content_key(FORMAT, self.model.revision, clip.identity, channel)
        return self.folder / key[:2] / f"{key}.npy"

    def _embed(self, clip: Clip, channels: Sequence[str]) -> dict[str, Rows]:
        audio, rate = read(clip.path)
        if audio.shape[0] > 2:
            raise UserError(
                f"{clip.path}: {audio.shape[0]} channels; embeddings are of mono or stereo"
            )
        if not bool(torch.isfinite(audio).all()):
            raise UserError(f"{clip.path}: holds NaN or infinite samples; render it again")
        one = self.model.embedding
        stereo = match_channels(resample(audio, rate, one.sample_rate), 2)
        embed = self.model.loaded()
        found: dict[str, Rows] = {}
        dimensions = 0
        for channel in channels:
            signal = _channel(stereo, channel)
            short = signal.shape[-1] < round(one.seconds * one.sample_rate)
            if short or float(signal.abs().max()) <= SILENCE:
                found[channel] = np.zeros((0, 0), np.float32)
                continue
            rows = embed(signal).detach().to("cpu", torch.float32).numpy()
            if rows.ndim != 2 or not np.isfinite(rows).all():
                raise UserError(
                    f"{clip.path}: embedding {one.name!r} gave numbers of shape {rows.shape}"
                    f"{'' if rows.ndim != 2 else ' that are not finite'}; it must give (rows, "
                    "dimensions)"
                )
            found[channel] = rows
            dimensions = rows.shape[1]
        return {
            channel: rows if len(rows) else np.zeros((0, dimensions), np.float32)
            for channel, rows in found.items()
        }


def file_clip(path: Path) -> Clip:
    """An audio file as a clip.

    Raises:
        UserError: if it cannot be read.
    """
    info(path)
    return Clip(path.stem, path, path_sha256(path))


def _channel(stereo: Tensor, channel: str) -> Tensor:
    """Left, right, mid or side of ``(2, samples)``; mid and side at half the sum."""
    left: Tensor = stereo[0]
    right: Tensor = stereo[1]
    if channel == "m":
        return (left + right) / 2
    if channel == "s":
        return (left - right) / 2
    return left if channel == "l" else right


def _load(path: Path) -> Rows | None:
    """The rows of a file; None where there is none that can be used."""
    try:
        rows: Any = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = rows.ndim == 2 and rows.dtype == np.float32 and bool(np.isfinite(rows).all())
    return rows if whole else None


def _load_reference(path: Path, shape: tuple[int, ...]) -> ReferenceMoments | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            found = ReferenceMoments(int(file["n"]), file["mean"], file["root"])
    except (OSError, ValueError, EOFError, KeyError):
        return None
    fits = found.n == shape[0] and found.root.shape == (min(shape), shape[1])
    return found if fits and found.mean.shape == shape[1:] else None
