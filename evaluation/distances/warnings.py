"""What a reader of a Fréchet distance must be told, in words."""

from ...models.embeddings import Embedding
from .embedding_cache import CHANNELS
from .noise_floor import NoiseFloor
from .result import ChannelDistance
from .song_sets import EmbeddedSet

_HEARING_HZ = 20_000.0
_STRAIGHT = 0.9  # r² below which the points of FAD-inf do not lie on a line


def set_warnings(
    embedding: Embedding, reference: EmbeddedSet, evaluated: EmbeddedSet, channels: str
) -> tuple[str, ...]:
    """What holds for all channels: what the embedding cannot hear, files that have no side."""
    found = []
    if embedding.highest_hz < _HEARING_HZ:
        found.append(f"{embedding.name} hears nothing above {embedding.highest_hz / 1000:g} kHz")
    if set(channels) == {"m"}:
        found.append(f"{embedding.name} hears one channel: of mid alone, stereo is not judged")
    for one in (reference, evaluated):
        if one.mono:
            found.append(
                f"{one.label}: {one.mono} of {len(one.clips)} files are mono; they have no side"
            )
        if min(one.rates) / 2 < embedding.highest_hz:
            found.append(
                f"{one.label}: {min(one.rates)} Hz holds less than {embedding.name} was made for"
            )
        if len(one.clips) == 1:
            found.append(f"{one.label}: one song; its patches stand for that song alone")
        unheard = _unheard(one)
        if unheard:
            found.append(
                f"{one.label}: left out as silent or too short: {', '.join(unheard[:3])}"
                + (f" and {len(unheard) - 3} more" if len(unheard) > 3 else "")
            )
    return tuple(found)


def channel_warnings(found: ChannelDistance, *, infinity: bool) -> tuple[str, ...]:
    """What holds for one channel: n too small or unequal, a value within the noise, a bad fit."""
    warnings = []
    n, dimensions = min(found.n_reference, found.n_evaluated), found.dimensions
    if n < dimensions:
        warnings.append(
            f"n = {n} is below the {dimensions} dimensions: the bias is larger than most "
            "differences; compare at equal n only, or use KAD"
        )
    if found.n_reference != found.n_evaluated:
        warnings.append(
            f"unequal n: {found.n_reference} of the reference, {found.n_evaluated} evaluated; "
            "rank only systems whose n is the same"
        )
    warnings += _floor_warnings(found.noise_floor)
    if infinity and found.infinity is None:
        warnings.append("no FAD-inf: it needs twenty embeddings on both sides")
    elif found.infinity is not None:
        worst = min(fit.r_squared for fit in found.infinity.fits)
        if n < 2 * dimensions or worst < _STRAIGHT:
            warnings.append(
                f"FAD-inf is uncertain: n = {n} for {dimensions} dimensions, least r² {worst:.2f}"
            )
    if len({one.n for one in found.per_song}) > 1:
        warnings.append("songs differ in n: their values do not rank them")
    return tuple(warnings)


def kernel_warnings(found: ChannelDistance) -> tuple[str, ...]:
    """What holds for the KAD of one channel, which has no bias in n."""
    return () if found.kad is None else tuple(_floor_warnings(found.kad_noise_floor))


def missing_warnings(reason: str, channel: str, reference: str, evaluated: str) -> tuple[str, ...]:
    """Why a channel has no value."""
    label = reference if reason == "silent_reference" else evaluated
    if reason == "too_few":
        return ("no value: a distribution needs at least two embeddings on both sides",)
    return (
        f"no value: every {CHANNELS[channel]} channel of {label} is silent"
        + (", as in mono" if channel == "s" else ""),
    )


def _floor_warnings(floor: NoiseFloor | None) -> list[str]:
    if floor is None:
        return ["no noise floor: the reference has too few embeddings to be split"]
    found = []
    if floor.at_equal_n is not None and floor.at_equal_n <= floor.high:
        found.append(
            "within the noise: at equal n it is no further than halves of the reference are apart"
        )
    if not floor.by_song:
        found.append("fewer than four songs of reference: halves share songs, the floor is low")
    return found


def _unheard(one: EmbeddedSet) -> list[str]:
    """Clips without an embedding in any channel."""
    counts = [
        sum(len(parts[index]) for parts in one.rows.values()) for index in range(len(one.clips))
    ]
    return [clip.label for clip, count in zip(one.clips, counts, strict=True) if not count]
