"""B less A, song by song: means over the songs that both have, adjusted for all that was asked.

Every system pair and metric that is asked for is one comparison; all of them are one family
(:mod:`earmark.analysis.benchmark.ranking.comparisons`). Which metrics and systems those are is the
reader's choice beforehand, and what makes the intervals as wide as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....models.configuration import nearest
from ....models.errors import UserError
from ..ranking.comparisons import Difference, Floats, compare, rounded_differences
from ..result.columns import COSTS, Column
from ..result.standings import SongVerdict, verdict
from .matching import SharedSongs, match_songs
from .sides import Side, read_side

MOST_MOVED = 3


@dataclass(frozen=True)
class Sought:
    """A metric by its name or label, in one variant."""

    metric: str
    variant: str = ""

    @property
    def text(self) -> str:
        """As it was asked for."""
        return f"{self.metric}:{self.variant}" if self.variant else self.metric


@dataclass(frozen=True)
class Moved:
    """How far a song moved, by its ids on both sides: B less A."""

    song: str
    song_b: str
    difference: float


@dataclass(frozen=True)
class ComparedRow:
    """One metric of one pair of systems; the verdict is on B.

    ``lost`` counts the shared songs of which A has a value and B has none. Means are over the songs
    that both have. Where closest to zero is best, sizes are compared.
    """

    system_a: str
    system_b: str
    column: Column
    variant: str
    mean_a: float | None
    mean_b: float | None
    difference: Difference
    verdict: SongVerdict
    moved: tuple[Moved, ...]
    lost: int


@dataclass(frozen=True)
class SideComparison:
    """Two sides and everything that differs; ``unlike`` names metrics that were measured unalike.

    ``only_a`` and ``only_b`` are systems without a partner, where none was named. ``unchanged``
    have the very same renders on both sides: they are known to be equal and take no part.
    """

    a: Side
    b: Side
    songs: SharedSongs
    rows: tuple[ComparedRow, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    unlike: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of systems, in their order."""
        return tuple(dict.fromkeys((row.system_a, row.system_b) for row in self.rows))


def parse_asked(text: str) -> Sought:
    """``METRIC`` or ``METRIC:aligned``."""
    name, colon, variant = text.strip().rpartition(":")
    return (
        Sought(name, variant) if colon and variant in ("raw", "aligned") else Sought(text.strip())
    )


def compare_sides(
    a: str,
    b: str,
    results: Path,
    metrics: Sequence[Sought] = (),
    benchmark: str | None = None,
) -> SideComparison:
    """Compare what the texts ``a`` and ``b`` name; see :func:`.sides.read_side`.

    ``metrics`` are those of A's headline table by default.

    Raises:
        UserError: if a side is not there, both are one, or they share no song or no system.
    """
    first, second = (read_side(text, results, benchmark) for text in (a, b))
    pairs = _systems(first, second)
    songs = match_songs(first.songs, second.songs)
    if not songs.pairs:
        raise UserError(_no_songs(first, second, songs))
    chosen, unlike = _chosen(first, second, metrics)
    # What a render cost is no property of it: it counts where it was asked for.
    decided = [one for one in chosen if metrics or one[0].metric not in COSTS]
    same = [pair for pair in pairs if _unchanged(first, second, pair, songs, decided)]
    changed = [pair for pair in pairs if pair not in same]
    rows = _rows(first, second, changed, songs, chosen) if changed else ()
    return SideComparison(
        first,
        second,
        songs,
        rows,
        _without_partner(first, second),
        _without_partner(second, first),
        unlike,
        tuple(name for _, name in same),
    )


def _without_partner(side: Side, other: Side) -> tuple[str, ...]:
    """The systems that all of ``other`` lacks; none where a system was named."""
    if side.system is not None or other.system is not None:
        return ()
    return tuple(name for name in side.systems if name not in other.systems)


def _unchanged(
    a: Side,
    b: Side,
    pair: tuple[str, str],
    songs: SharedSongs,
    chosen: Sequence[tuple[Column, Column, str]],
) -> bool:
    """Whether renders and values are the very same: a score that is gone is a change."""
    renders = [
        (a.renders.get((song_a, pair[0])), b.renders.get((song_b, pair[1])))
        for song_a, song_b in songs.pairs
    ]
    if not all(own is not None and own == theirs for own, theirs in renders):
        return False
    sides = (_both(a, b, pair, one, songs) for one in chosen)
    return all(np.array_equal(own, theirs, equal_nan=True) for own, theirs in sides)


def _systems(a: Side, b: Side) -> list[tuple[str, str]]:
    one_place = (a.folder.resolve(), a.benchmark, a.run) == (b.folder.resolve(), b.benchmark, b.run)
    if one_place and a.system == b.system:
        raise UserError(f"{a.said!r} and {b.said!r} are one and the same; give two")
    if a.system is not None and b.system is not None:
        return [(a.system, b.system)]
    if a.system is not None or b.system is not None:
        name = a.system or b.system
        other = b if a.system is not None else a
        if name not in other.systems:
            raise UserError(
                f"{other.said!r} has no system {name!r}{nearest(str(name), other.systems)}; name "
                f"one there, such as {other.said}:SYSTEM"
            )
        return [(str(name), str(name))]
    shared = [(name, name) for name in a.systems if name in b.systems]
    if not shared:
        raise UserError(
            f"{a.said!r} and {b.said!r} share no system by name: {', '.join(a.systems[:6])} and "
            f"{', '.join(b.systems[:6])}; name one of each"
        )
    return shared


def _no_songs(a: Side, b: Side, songs: SharedSongs) -> str:
    if songs.other_excerpt:
        return (
            f"{a.said!r} and {b.said!r} share {len(songs.other_excerpt)} mixes, but with another "
            "excerpt, sample rate or reference; run both with equal excerpts and references"
        )
    return (
        f"{a.said!r} ({len(a.songs)} songs) and {b.said!r} ({len(b.songs)} songs) share no song "
        "by content; compare results of the same songs"
    )


def _chosen(
    a: Side, b: Side, metrics: Sequence[Sought]
) -> tuple[list[tuple[Column, Column, str]], tuple[str, ...]]:
    """Columns of both sides that measure the same, with the variant; and those that do not."""
    theirs = {(column.metric, column.parameters): column for column in b.columns}
    wanted = [(column, column.variants[0]) for column in a.headline]
    if metrics:
        # One column may be asked for by several names, and is one comparison.
        wanted = list(dict.fromkeys(sought_column(a, one) for one in metrics))
    found, unlike = [], []
    for column, variant in wanted:
        key = (column.metric, column.parameters)
        other = theirs.get(key)
        if other is None or variant not in other.variants:
            unlike.append(f"{column.label}: not measured in {b.said!r}")
        elif a.made_by.get(key, ()) != b.made_by.get(key, ()):
            unlike.append(f"{column.label}: {_unlike(a, b, key)}")
        else:
            found.append((column, other, variant))
    if metrics and unlike:
        raise UserError("; ".join(unlike))
    if not found:
        why = f" ({'; '.join(unlike)})" if unlike else ""
        raise UserError(
            f"{a.said!r} and {b.said!r} share no metric of the headline table{why}; name others "
            "with --metric"
        )
    return found, tuple(unlike)


def _unlike(a: Side, b: Side, key: tuple[str, str]) -> str:
    (version, source), (other, other_source) = a.made_by[key], b.made_by[key]
    if version != other:
        return f"version {version} in {a.said!r}, {other} in {b.said!r}; score both anew"
    return (
        f"code {source[:12] or 'not known'} in {a.said!r}, {other_source[:12] or 'not known'} in "
        f"{b.said!r}; score both anew"
    )


def sought_column(side: Side, asked: Sought) -> tuple[Column, str]:
    """The column of a side that was asked for, and its variant.

    Raises:
        UserError: if there is none, or several.
    """
    found = [one for one in side.columns if asked.metric in (one.label, one.id, one.metric)]
    exact = [one for one in found if one.label == asked.metric] or found
    if not exact:
        names = [column.label for column in side.columns]
        raise UserError(
            f"{asked.metric!r}: no metric of {side.said!r}{nearest(asked.metric, names)}"
        )
    if len(exact) > 1:
        raise UserError(
            f"{asked.metric!r}: measured with several parameters; choose from "
            f"{', '.join(one.label for one in exact)}"
        )
    variant = asked.variant or exact[0].variants[0]
    if variant not in exact[0].variants:
        raise UserError(
            f"{asked.text!r}: has no {variant} values, only {exact[0].variants[0]} ones"
        )
    return exact[0], variant


def _rows(
    a: Side,
    b: Side,
    pairs: Sequence[tuple[str, str]],
    songs: SharedSongs,
    chosen: Sequence[tuple[Column, Column, str]],
) -> tuple[ComparedRow, ...]:
    asked = [(pair, one) for pair in pairs for one in chosen]
    both = [_both(a, b, pair, one, songs) for pair, one in asked]
    table = np.stack([values for sides in both for values in sides], axis=1)
    family = compare(table, [(2 * at + 1, 2 * at) for at in range(len(asked))], a.seed)
    return tuple(
        _row(pair, column, variant, sides, difference, songs)
        for (pair, (column, _, variant)), sides, difference in zip(
            asked, both, family.differences, strict=True
        )
    )


def _both(
    a: Side,
    b: Side,
    pair: tuple[str, str],
    chosen: tuple[Column, Column, str],
    songs: SharedSongs,
) -> tuple[Floats, Floats]:
    """The values of a pair of systems, a number for each shared song."""
    column, other, variant = chosen
    return (
        _values(a, column, variant, pair[0], [song for song, _ in songs.pairs]),
        _values(b, other, variant, pair[1], [song for _, song in songs.pairs]),
    )


def _values(side: Side, column: Column, variant: str, system: str, songs: Sequence[str]) -> Floats:
    place = {song: at for at, song in enumerate(side.songs)}
    values = side.values.of(column.id, variant, system)[[place[song] for song in songs]]
    return np.abs(values) if column.better == "zero" else values


def _row(
    pair: tuple[str, str],
    column: Column,
    variant: str,
    sides: tuple[Floats, Floats],
    difference: Difference,
    songs: SharedSongs,
) -> ComparedRow:
    own, theirs = sides
    known = np.isfinite(own) & np.isfinite(theirs)
    d = rounded_differences(theirs, own)
    order = [at for at in np.argsort(-np.abs(d), kind="stable") if known[at] and d[at]]
    return ComparedRow(
        *pair,
        column,
        variant,
        _mean(own[known]),
        _mean(theirs[known]),
        difference,
        verdict(column, difference),
        tuple(Moved(*songs.pairs[int(at)], float(d[at])) for at in order[:MOST_MOVED]),
        int((np.isfinite(own) & ~np.isfinite(theirs)).sum()),
    )


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None
