"""A comparison of two sets as lines and tables of text."""

from collections.abc import Sequence

from .embedding_cache import CHANNELS
from .noise_floor import NoiseFloor
from .result import Distances

NONE = "–"
Table = tuple[Sequence[str], list[tuple[str, ...]]]


def headline(found: Distances) -> list[str]:
    """What was compared, and by what."""
    weights = f", weights sha256 {found.sha256}" if found.sha256 else ""
    return [
        f"{found.evaluated} ({found.songs_evaluated} songs) against {found.reference} "
        f"({found.songs_reference} songs)",
        f"embedding {found.embedding}, front end {found.front_end}{weights}",
    ]


def distance_rows(found: Distances) -> Table:
    """One row for each channel; the floor and the value beside it are at equal n."""
    infinity = any(channel.infinity for channel in found.channels)
    kad = any(channel.kad is not None for channel in found.channels)
    columns = ["channel", "n reference", "n evaluated", "FAD", "at n of the floor", "noise floor"]
    columns += ["FAD-inf", "one-sided"] if infinity else []
    columns += ["KAD", "KAD noise floor"] if kad else []
    rows = []
    for channel in found.channels:
        floor = channel.noise_floor
        row = [
            CHANNELS[channel.channel],
            str(channel.n_reference),
            str(channel.n_evaluated),
            _number(channel.fad) if channel.fad is not None else channel.reason,
            _number(floor.at_equal_n if floor else None),
            _floor(floor),
        ]
        if infinity:
            row.append(_number(channel.infinity.value if channel.infinity else None))
            row.append(_number(channel.infinity.one_sided if channel.infinity else None))
        if kad:
            row += [_number(channel.kad), _floor(channel.kad_noise_floor)]
        rows.append(tuple(row))
    return columns, rows


def song_rows(found: Distances) -> Table:
    """One row for each song and channel, where they were asked for."""
    rows: list[tuple[str, ...]] = [
        (
            one.song,
            CHANNELS[channel.channel],
            str(one.n),
            _number(one.fad) if one.fad is not None else one.reason,
            _number(one.kad),
        )
        for channel in found.channels
        for one in channel.per_song
    ]
    columns = ["song", "channel", "n", "FAD", "KAD"]
    if not any(one.kad is not None for channel in found.channels for one in channel.per_song):
        return columns[:-1], [row[:-1] for row in rows]
    return columns, rows


def fit_lines(found: Distances) -> list[str]:
    """The lines that FAD-inf was read from."""
    lines = []
    for channel in found.channels:
        for fit in channel.infinity.fits if channel.infinity else ():
            lines.append(
                f"FAD-inf fit, {CHANNELS[channel.channel]}, {fit.side} side: "
                f"{fit.intercept:.4g} + {fit.slope:.4g}/n, r² {fit.r_squared:.4f}, "
                f"{len(fit.sizes)} sizes from {fit.sizes[0]} to {fit.sizes[-1]}"
            )
    return lines


def notes(found: Distances) -> list[str]:
    """The warnings, each once with the channels that it holds for."""
    heard: dict[str, list[str]] = {}
    for channel in found.channels:
        kernel = [f"KAD {warning}" for warning in channel.kad_warnings]
        for warning in (*channel.warnings, *kernel):
            heard.setdefault(warning, []).append(CHANNELS[channel.channel])
    lines = [f"Note: {warning}" for warning in found.warnings]
    return lines + [f"Note, {', '.join(names)}: {warning}" for warning, names in heard.items()]


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.4g}"


def _floor(floor: NoiseFloor | None) -> str:
    if floor is None:
        return NONE
    return f"{floor.value:.4g} ({floor.low:.4g}–{floor.high:.4g}, n {floor.n})"
