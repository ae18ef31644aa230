"""Checklists of files, and of the album that they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...models.audio.files import read
from ..measure import FileScores, choose
from ..metrics import Metric
from .album import AlbumLoudness, album_values
from .checklist import Checklist, MetricValue, checklist
from .profiles import Profile


@dataclass(frozen=True)
class Delivery:
    """The checklists of each file, in order, and those of the album, if one was asked for."""

    files: tuple[tuple[Checklist, ...], ...]
    album: tuple[Checklist, ...] = ()

    def join(self, document: dict[str, Any]) -> None:
        """Put ``delivery`` into each of the document's ``files``, and that of the ``album``."""
        for file, checklists in zip(document["files"], self.files, strict=True):
            file["delivery"] = [one.as_json() for one in checklists]
        if self.album:
            document["album"] = {"delivery": [one.as_json() for one in self.album]}


def needed_metrics(profiles: Sequence[Profile]) -> tuple[Metric, ...]:
    """What the checklists of these profiles are made of."""
    names = dict.fromkeys(name for one in profiles for name in one.metrics)
    return choose(list(names), compares=False) if names else ()


def deliver(
    profiles: Sequence[Profile], files: Sequence[FileScores], *, album: bool = False
) -> Delivery:
    """Hold measured files against profiles; with ``album`` all of them together too.

    Each file must have been measured by :func:`needed_metrics`.
    """
    each = tuple(tuple(_of_file(profile, file) for profile in profiles) for file in files)
    if not album or not files:
        return Delivery(each)
    loudness = AlbumLoudness()
    for file in files:
        loudness.add(*read(file.path))
    found = tuple(
        checklist(profile, album_values(files, loudness, profile.metrics), album=True)
        for profile in profiles
    )
    return Delivery(each, found)


def _of_file(profile: Profile, file: FileScores) -> Checklist:
    scores = file.scores
    values = {
        name: MetricValue(scores[name].value, scores[name].unit, scores[name].reason)
        for name in profile.metrics
    }
    return checklist(profile, values)
