"""Which songs two sides share: those of equal content, whatever their names."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from .sides import SongContent


@dataclass(frozen=True)
class SharedSongs:
    """Songs by their ids on both sides, and those that only one side has.

    ``other_excerpt`` are songs of A whose mix B has too, but with another excerpt, rate or
    reference: their scores cannot be compared.
    """

    pairs: tuple[tuple[str, str], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    other_excerpt: tuple[str, ...]


def match_songs(a: Mapping[str, SongContent], b: Mapping[str, SongContent]) -> SharedSongs:
    """Pair songs of equal content; of several copies, those of equal names, then in their order."""
    by_content: dict[SongContent, list[str]] = defaultdict(list)
    for song, content in b.items():
        by_content[content].append(song)
    found: dict[str, str] = {}
    for song, content in a.items():
        if song in by_content[content]:
            by_content[content].remove(song)
            found[song] = song
    for song, content in a.items():
        if song not in found and by_content[content]:
            found[song] = by_content[content].pop(0)
    taken = set(found.values())
    left = [song for song in a if song not in found]
    mixes = {content.sha256 for song, content in b.items() if song not in taken}
    return SharedSongs(
        tuple((song, found[song]) for song in a if song in found),
        tuple(left),
        tuple(song for song in b if song not in taken),
        tuple(song for song in left if a[song].sha256 in mixes),
    )
