"""Times the compiled compressor and limiter against plain Python loops: ``python effects.py``.

Both loops are the same recursions written sample by sample; the results are compared before the
times are. Prints milliseconds for 20 s of stereo noise at 44.1 kHz (the loops run on 2 s and are
scaled) and the ratio.
"""

import math
import time
from collections.abc import Callable

import click
import numpy as np
from numpy.typing import NDArray

from earmark.models.effects import Limiter, measured
from earmark.models.effects.compressor import Compressor, linked_level_db
from earmark.models.effects.compressor import gain as compressor_gain

Array = NDArray[np.float64]
RATE = 44_100
SECONDS = 20
LOOP_SECONDS = 2


def compressor_loop(level_db: Array, sample_rate: int, settings: Compressor) -> Array:
    """The compressor's gain, one Python statement at a time."""
    attack = math.exp(-1000.0 / (settings.attack_ms * sample_rate))
    release = math.exp(-1000.0 / (settings.release_ms * sample_rate))
    slope, knee = 1.0 - 1.0 / settings.ratio, settings.knee_db
    held = smooth = 0.0
    out = []
    for level in level_db.tolist():
        over = level - settings.threshold_db
        wanted = slope * over
        if 2 * over <= -knee:
            wanted = 0.0
        elif 2 * over < knee:
            wanted = slope * (over + knee / 2) ** 2 / (2 * knee)
        held = max(wanted, release * held + (1.0 - release) * wanted)
        smooth = attack * smooth + (1.0 - attack) * held
        out.append(10.0 ** ((settings.makeup_db - smooth) / 20.0))
    return np.array(out)


def limiter_loop(ahead_db: Array, sample_rate: int, settings: Limiter, drive_db: float) -> Array:
    """The limiter's gain from its look-ahead peaks, one Python statement at a time."""
    release = math.exp(-1000.0 / (settings.release_ms * sample_rate))
    half = max(1, round(settings.lookahead_ms * sample_rate / 2000.0)) + 1
    first, second = [0.0] * half, [0.0] * half
    first_sum = second_sum = held = 0.0
    out = []
    for n, ahead in enumerate(ahead_db.tolist()):
        wanted = max(0.0, ahead + drive_db - settings.ceiling_dbtp + 0.1)
        held = max(wanted, release * held + (1.0 - release) * wanted)
        at = n % half
        first_sum += held - first[at]
        first[at] = held
        second_sum += first_sum / half - second[at]
        second[at] = first_sum / half
        out.append(10.0 ** ((drive_db - second_sum / half) / 20.0))
    return np.array(out)[2 * half - 2 :]


def best_ms(function: Callable[[], object], repeats: int) -> float:
    """The shortest of several runs, in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1000.0 * (time.perf_counter() - start))
    return min(times)


@click.command()
def main() -> None:
    """Print one row per effect."""
    noise = np.random.default_rng(0).standard_normal((2, SECONDS * RATE)) * 0.3
    short = noise[:, : LOOP_SECONDS * RATE]
    compressor = Compressor(-20.0, 3.0, 1.0, 50.0, 6.0)
    limiter = Limiter()

    level, short_level = linked_level_db(noise), linked_level_db(short)
    looped = compressor_loop(short_level, RATE, compressor)
    np.testing.assert_allclose(compressor_gain(short_level, RATE, compressor), looped, rtol=1e-9)
    source, short_source = measured(noise, RATE, limiter), measured(short, RATE, limiter)
    looped = limiter_loop(short_source.ahead_db, RATE, limiter, 6.0)
    np.testing.assert_allclose(short_source.gain(6.0), looped, rtol=1e-6)

    scale = SECONDS / LOOP_SECONDS
    rows = [
        (
            "compressor gain",
            best_ms(lambda: compressor_gain(level, RATE, compressor), 5),
            scale * best_ms(lambda: compressor_loop(short_level, RATE, compressor), 3),
        ),
        (
            "limiter gain",
            best_ms(lambda: source.gain(6.0), 5),
            scale * best_ms(lambda: limiter_loop(short_source.ahead_db, RATE, limiter, 6.0), 3),
        ),
    ]
    click.echo(f"{'20 s stereo, 44.1 kHz':24}{'compiled':>12}{'loop':>12}{'ratio':>8}")
    for name, fast, slow in rows:
        click.echo(f"{name:24}{fast:9.1f} ms{slow:9.0f} ms{slow / fast:8.0f}")
    whole = best_ms(lambda: measured(noise, RATE, limiter).limited(6.0), 5)
    click.echo(f"{'limiter, with its peaks':24}{whole:9.1f} ms")


if __name__ == "__main__":
    main()
