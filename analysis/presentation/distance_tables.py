"""A comparison of two sets as lines and tables of text."""

from collections.abc import Sequence

from ...evaluation.distances.embedding_cache import CHANNELS
from ...evaluation.distances.noise_floor import NoiseFloor
from ...evaluation.distances.result import Distances
from .numbers import NONE, NumberFormat, fixed, number_format

_ALONE = NumberFormat(None)  # a number that is compared with no other
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
    """One row for each channel; the floor and the value beside it are at equal n.

    Distances of one sort have the same digits, so that they can be compared.
    """
    channels = found.channels
    infinity = any(channel.infinity for channel in channels)
    kad = any(channel.kad is not None for channel in channels)
    show = _digits([one.fad for one in channels], [one.noise_floor for one in channels])
    show_kad = _digits([one.kad for one in channels], [one.kad_noise_floor for one in channels])
    columns = ["channel", "n reference", "n evaluated", "FAD", "at n of the floor", "noise floor"]
    columns += ["FAD-inf", "one-sided"] if infinity else []
    columns += ["KAD", "KAD noise floor"] if kad else []
    rows = []
    for channel in channels:
        floor = channel.noise_floor
        row = [
            CHANNELS[channel.channel],
            str(channel.n_reference),
            str(channel.n_evaluated),
            show(channel.fad) if channel.fad is not None else channel.reason,
            show(floor.at_equal_n if floor else None),
            _floor(floor, show),
        ]
        if infinity:
            row.append(show(channel.infinity.value if channel.infinity else None))
            row.append(show(channel.infinity.one_sided if channel.infinity else None))
        if kad:
            row += [show_kad(channel.kad), _floor(channel.kad_noise_floor, show_kad)]
        rows.append(tuple(row))
    return columns, rows


def song_rows(found: Distances) -> Table:
    """One row for each song and channel, where they were asked for."""
    songs = [one for channel in found.channels for one in channel.per_song]
    show, show_kad = (
        number_format(values) for values in ([one.fad for one in songs], [one.kad for one in songs])
    )
    rows: list[tuple[str, ...]] = [
        (
            one.song,
            CHANNELS[channel.channel],
            str(one.n),
            show(one.fad) if one.fad is not None else one.reason,
            show_kad(one.kad),
        )
        for channel in found.channels
        for one in channel.per_song
    ]
    columns = ["song", "channel", "n", "FAD", "KAD"]
    if not any(one.kad is not None for one in songs):
        return columns[:-1], [row[:-1] for row in rows]
    return columns, rows


def fit_lines(found: Distances) -> list[str]:
    """The lines that FAD-inf was read from."""
    lines = []
    for channel in found.channels:
        for fit in channel.infinity.fits if channel.infinity else ():
            lines.append(
                f"FAD-inf fit, {CHANNELS[channel.channel]}, {fit.side} side: "
                f"{_ALONE(fit.intercept)} + {_ALONE(fit.slope)}/n, r² {fixed(fit.r_squared, 4)}, "
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


def _digits(values: Sequence[float | None], floors: Sequence[NoiseFloor | None]) -> NumberFormat:
    """The digits for distances and for the noise floors beside them."""
    return number_format([*values, *(floor.value for floor in floors if floor)])


def _floor(floor: NoiseFloor | None, show: NumberFormat) -> str:
    if floor is None:
        return NONE
    return f"{show(floor.value)} ({show(floor.low)}–{show(floor.high)}, n {floor.n})"
