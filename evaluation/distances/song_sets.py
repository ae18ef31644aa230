"""The two sets that a Fréchet distance compares: audio files of folders, or renders of a system."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...models.audio.files import FORMATS, info
from ...models.embeddings import Embedding
from ...models.errors import UserError
from ..results.store import Store
from ..songs.tree import audio_files
from .embedding_cache import CHANNELS, Clip, EmbeddingCache, Rows, file_clip


@dataclass(frozen=True)
class ClipSet:
    """Songs under one label: a folder's path or a system's name."""

    label: str
    clips: tuple[Clip, ...]


@dataclass(frozen=True)
class EmbeddedSet:
    """A set with its embeddings: for each channel, one ``(n, d)`` for each clip.

    ``rates`` are the sample rates of the files in Hz, ``mono`` counts the files of one channel.
    """

    label: str
    clips: tuple[Clip, ...]
    rows: Mapping[str, tuple[Rows, ...]]
    rates: frozenset[int]
    mono: int

    def joined(self, channel: str) -> Rows:
        """All embeddings of a channel, ``(n, d)``; ``(0, 0)`` where there are none."""
        parts = [rows for rows in self.rows[channel] if len(rows)]
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def folder_set(folder: Path) -> ClipSet:
    """The audio files of a folder, in natural order.

    Raises:
        UserError: if there is none, or one cannot be read.
    """
    files = audio_files(folder)
    if not files:
        raise UserError(f"{folder}: holds no audio files ({FORMATS}); give the folder they lie in")
    return ClipSet(str(folder), tuple(file_clip(path) for path in files))


def system_set(store: Store, benchmark: str, system: str) -> ClipSet:
    """The renders of a system of a benchmark, in the order of its songs.

    Raises:
        UserError: if the benchmark has no such system, or none of its renders is there.
    """
    names = [
        row["name"]
        for row in store.rows(
            "SELECT name FROM system WHERE benchmark = ? ORDER BY position", (benchmark,)
        )
    ]
    if system not in names:
        raise UserError(
            f"{system}: neither a folder nor a system of benchmark {benchmark!r} in "
            f"{store.folder}; choose from {', '.join(names)}"
        )
    rows = store.rows(
        "SELECT p.song, r.path, coalesce(json_extract(r.sidecar, '$.audio_sha256'), r.key) AS audio"
        " FROM placement AS p JOIN render AS r ON r.key = p.render"
        " JOIN song ON song.benchmark = p.benchmark AND song.id = p.song"
        " WHERE p.benchmark = ? AND p.system = ? ORDER BY song.position, song.id",
        (benchmark, system),
    )
    clips = tuple(Clip(row["song"], store.folder / row["path"], row["audio"]) for row in rows)
    clips = tuple(clip for clip in clips if clip.path.is_file())
    if not clips:
        raise UserError(
            f"{system}: none of its renders is in {store.folder}; run 'earmark run' first"
        )
    return ClipSet(system, clips)


def chosen_channels(text: str) -> str:
    """``text`` as channel letters, each once, in the order of :data:`CHANNELS`.

    Raises:
        UserError: for another letter, or none.
    """
    letters = text.lower()
    if not letters or set(letters) - set(CHANNELS):
        known = ", ".join(f"{letter} ({name})" for letter, name in CHANNELS.items())
        raise UserError(f"channels {text!r}: give letters of {''.join(CHANNELS)}: {known}")
    return "".join(letter for letter in CHANNELS if letter in letters)


def check_bandwidth(sets: Sequence[ClipSet], embedding: Embedding) -> None:
    """Refuse files whose sample rates cut their highest frequencies off at different places.

    The embedding hears such a cut, and the distance would measure it instead of the masters. Rates
    that all reach above what the embedding hears are resampled and make no difference.

    Raises:
        UserError: naming one file of each kind.
    """
    found: dict[float, Clip] = {}
    for clip in (clip for one in sets for clip in one.clips):
        heard = min(info(clip.path).sample_rate / 2, embedding.highest_hz)
        found.setdefault(heard, clip)
    if len(found) > 1:
        low, high = min(found), max(found)
        raise UserError(
            f"unequal rates: {found[low].path} ends at {low:g} Hz and {found[high].path} at "
            f"{high:g} Hz, which {embedding.name} hears; use files of one sample rate"
        )


def embed_set(
    cache: EmbeddingCache,
    one: ClipSet,
    channels: str,
    step: Callable[[str], None] = lambda label: None,
) -> EmbeddedSet:
    """Embed every clip, or read what is cached; ``step`` is called after each with its label.

    Raises:
        UserError: if a clip cannot be used, or all are silent or too short.
    """
    rows: dict[str, list[Rows]] = {channel: [] for channel in channels}
    rates, mono = set(), 0
    for clip in one.clips:
        about = info(clip.path)
        rates.add(about.sample_rate)
        mono += about.channels == 1
        for channel, found in cache.rows(clip, channels).items():
            rows[channel].append(found)
        step(clip.label)
    if not any(len(found) for parts in rows.values() for found in parts):
        seconds = cache.model.embedding.seconds
        raise UserError(
            f"{one.label}: nothing to embed: every file is silent or shorter than {seconds:g} s, "
            f"which {cache.model.embedding.name} needs"
        )
    return EmbeddedSet(
        one.label,
        one.clips,
        {channel: tuple(parts) for channel, parts in rows.items()},
        frozenset(rates),
        mono,
    )
