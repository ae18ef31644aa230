"""Fréchet and kernel distances between two sets of songs, with what a reader needs to judge them.

One result holds, for each channel, the distance with both n, the noise floor at equal n, FAD-inf
with its fit, KAD with its bandwidth, values by song, and warnings in words. Tables and JSON are
made from it.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from ...models.errors import UserError
from .embedding_cache import EmbeddingCache, Rows
from .extrapolation import extrapolate
from .frechet import ReferenceMoments, frechet_distance, statistics
from .kernel import KernelReference, kernel_distance, kernel_reference
from .noise_floor import NoiseFloor, noise_floor
from .result import SCHEMA, ChannelDistance, Distances, SongDistance, Wanted
from .song_sets import EmbeddedSet
from .warnings import channel_warnings, kernel_warnings, missing_warnings, set_warnings


class ReferenceSet:
    """A reference set with its statistics, computed once for all the sets compared with it."""

    def __init__(self, cache: EmbeddingCache, embedded: EmbeddedSet) -> None:
        self.cache = cache
        self.embedded = embedded
        self._statistics: dict[str, ReferenceMoments] = {}
        self._kernels: dict[str, KernelReference | None] = {}

    def statistics(self, channel: str) -> ReferenceMoments:
        """Mean and root of a channel, from disk where they are."""
        if channel not in self._statistics:
            rows = self.embedded.joined(channel)
            self._statistics[channel] = self.cache.reference(self.embedded.clips, channel, rows)
        return self._statistics[channel]

    def kernel(self, channel: str) -> KernelReference | None:
        """What KAD needs of a channel; None where most embeddings are equal."""
        if channel not in self._kernels:
            device = torch.device(self.cache.model.device)
            self._kernels[channel] = kernel_reference(self.embedded.joined(channel), device)
        return self._kernels[channel]


def compare(reference: ReferenceSet, evaluated: EmbeddedSet, wanted: Wanted) -> Distances:
    """Every wanted distance of ``evaluated`` from the reference.

    Raises:
        UserError: if no channel of one of the sets has two embeddings.
    """
    channels = tuple(_channel(reference, evaluated, one, wanted) for one in wanted.channels)
    for one, counts in (
        (reference.embedded, [found.n_reference for found in channels]),
        (evaluated, [found.n_evaluated for found in channels]),
    ):
        if max(counts) < 2:
            embedding = reference.cache.model.embedding
            raise UserError(
                f"{one.label}: one embedding only; a distribution needs two at the very least "
                f"and hundreds to mean something: {embedding.name} makes one of each "
                f"{embedding.seconds:g} s, so give more or longer files"
            )
    model = reference.cache.model
    return Distances(
        reference=reference.embedded.label,
        evaluated=evaluated.label,
        songs_reference=len(reference.embedded.clips),
        songs_evaluated=len(evaluated.clips),
        embedding=model.embedding.name,
        front_end=model.embedding.version,
        sha256=model.sha256,
        device=model.device,
        seed=wanted.seed,
        channels=channels,
        warnings=set_warnings(model.embedding, reference.embedded, evaluated, wanted.channels),
    )


def as_json(result: Distances) -> dict[str, Any]:
    """The result as JSON objects, schema 1."""
    return {"schema": SCHEMA, **asdict(result)}


def _channel(
    reference: ReferenceSet, evaluated: EmbeddedSet, channel: str, wanted: Wanted
) -> ChannelDistance:
    real, made = reference.embedded.joined(channel), evaluated.joined(channel)
    sizes = {
        "channel": channel,
        "dimensions": max(real.shape[1], made.shape[1]),
        "n_reference": len(real),
        "n_evaluated": len(made),
    }
    reason = _reason(len(real), len(made))
    if reason:
        labels = reference.embedded.label, evaluated.label
        warnings = missing_warnings(reason, channel, *labels)
        return ChannelDistance(fad=None, reason=reason, warnings=warnings, **sizes)
    if real.shape[1] != made.shape[1]:
        raise UserError(
            f"{evaluated.label}: embeddings of {made.shape[1]} dimensions, those of "
            f"{reference.embedded.label} have {real.shape[1]}; the embedding must give one size"
        )
    whole = reference.statistics(channel)
    songs = reference.embedded.rows[channel], evaluated.rows[channel]
    kernel = reference.kernel(channel) if wanted.kad else None
    found = ChannelDistance(
        fad=frechet_distance(whole, made),
        reason="",
        noise_floor=noise_floor(*songs, wanted.seed, _frechet),
        infinity=extrapolate(real, made, wanted.seed, whole) if wanted.infinity else None,
        kad=kernel_distance(kernel, made) if kernel else None,
        kad_bandwidth=kernel.bandwidth if kernel else None,
        kad_noise_floor=_kernel_floor(kernel, *songs, wanted.seed) if kernel else None,
        per_song=_per_song(whole, kernel, evaluated, channel) if wanted.per_song else (),
        **sizes,
    )
    return replace(
        found,
        warnings=channel_warnings(found, infinity=wanted.infinity),
        kad_warnings=kernel_warnings(found),
    )


def _reason(real: int, made: int) -> str:
    if real == 0:
        return "silent_reference"
    if made == 0:
        return "silent"
    return "too_few" if min(real, made) < 2 else ""


def _frechet(real: np.ndarray, made: np.ndarray) -> float:
    return frechet_distance(statistics(real), made)


def _kernel_floor(
    kernel: KernelReference, real: Sequence[Rows], made: Sequence[Rows], seed: int
) -> NoiseFloor | None:
    """The floor of KAD, by the ruler of the whole reference."""

    def distance(half: np.ndarray, other: np.ndarray) -> float:
        found = kernel_reference(half, kernel.points.device, kernel.bandwidth)
        return math.nan if found is None else kernel_distance(found, other)

    return noise_floor(real, made, seed, distance)


def _per_song(
    whole: ReferenceMoments, kernel: KernelReference | None, evaluated: EmbeddedSet, channel: str
) -> tuple[SongDistance, ...]:
    found = []
    for clip, rows in zip(evaluated.clips, evaluated.rows[channel], strict=True):
        enough = len(rows) > 1
        found.append(
            SongDistance(
                clip.label,
                len(rows),
                frechet_distance(whole, rows) if enough else None,
                kernel_distance(kernel, rows) if enough and kernel else None,
                "" if enough else "too_few" if len(rows) else "silent",
            )
        )
    return tuple(found)
