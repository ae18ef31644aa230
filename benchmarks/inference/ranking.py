"""How often ranks claim what is not true, and what the songs at hand can tell.

SIMULATED songs: each has a difficulty of its own that all systems share, and systems differ from it
by chance. Four questions, each over many benchmarks:

- equal systems: how often is any system told to be better than another (at most .05), and how often
  do all tie for first (at least .95)? Beside it the peer: the best median, called an improvement
  where a percentile bootstrap of its paired differences from the first system leaves zero out;
- systems far apart: how often do the intervals of all pairs hold at once (at least .95)?
- systems in steps: how often do the intervals of all ranks hold at once (at least .95)?
- the least difference that is said to be told: how often is it found (.8)?

    python benchmarks/inference/ranking.py [--times 600] [--quick]
"""

from collections.abc import Callable
from itertools import combinations

import click
import numpy as np
import numpy.typing as npt

from earmark.analysis.benchmark.ranking.comparisons import compare
from earmark.analysis.benchmark.ranking.ranks import pairs_of, rank

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Floats]

SONGS = (4, 5, 6, 8, 12, 20, 60)
SYSTEMS = (1, 2, 6, 16, 20, 40)


def normal(generator: np.random.Generator, n: int, count: int) -> Floats:
    """The usual textbook."""
    return generator.normal(size=(n, count))


def skewed(generator: np.random.Generator, n: int, count: int) -> Floats:
    """A long tail of bad songs, as in distances."""
    return generator.lognormal(0, 1, size=(n, count))


def heavy(generator: np.random.Generator, n: int, count: int) -> Floats:
    """Outliers on both sides: t with 1.5 degrees of freedom."""
    return generator.standard_t(1.5, size=(n, count))


def two_valued(generator: np.random.Generator, n: int, count: int) -> Floats:
    """Nearly two values, as where a limiter works or does not."""
    return generator.integers(0, 2, (n, count)) + 0.001 * generator.normal(size=(n, count))


def unlike(generator: np.random.Generator, n: int, count: int) -> Floats:
    """Spreads that differ between systems a hundredfold and more."""
    return generator.normal(size=(n, count)) * (1 + np.arange(count)) ** 2


def lopsided(generator: np.random.Generator, n: int, count: int) -> Floats:
    """Equal means, but half of the systems with a long tail and half nearly constant."""
    tail = generator.lognormal(0, 1, size=(n, count)) - np.exp(0.5)
    return tail * np.where(np.arange(count) % 2, 1.0, 0.05)


DRAWS: tuple[Draw, ...] = (normal, skewed, heavy, two_valued, unlike, lopsided)


@click.command()
@click.option("--times", default=600, help="Benchmarks per cell.")
@click.option("--quick", is_flag=True, help="Few cells, to try the script.")
def main(times: int, *, quick: bool) -> None:
    """Print the tables."""
    songs = (5, 6, 12) if quick else SONGS
    systems = (2, 6) if quick else SYSTEMS
    click.echo(f"SIMULATED. {times} benchmarks per cell, seeds fixed.\n")
    nulls(songs, systems, times)
    kinds(times, quick=quick)
    spread_out(times, quick=quick)
    found(times, quick=quick)


def nulls(songs: tuple[int, ...], systems: tuple[int, ...], times: int) -> None:
    """Equal systems, by the number of songs and systems."""
    click.echo("Equal systems, normal: any false difference / all tie for first / the peer's claim")
    click.echo(f"| songs | {' | '.join(f'{count} systems' for count in systems)} |")
    click.echo(f"|---|{'---|' * len(systems)}")
    for n in songs:
        cells = [" / ".join(f"{one:.3f}" for one in null(normal, n, c, times)) for c in systems]
        click.echo(f"| {n} | {' | '.join(cells)} |")
    click.echo("")


def null(draw: Draw, n: int, count: int, times: int) -> tuple[float, float, float]:
    """Shares of benchmarks with a false difference, with all tied, and with the peer's claim."""
    generator = np.random.default_rng([n, count])
    false = tied = peer = 0
    for _ in range(times):
        values = draw(generator, n, count) + generator.normal(0, 3, (n, 1))
        names = [str(at) for at in range(count)]
        family = compare(values, pairs_of(count), 0)
        ranking = rank(values, names, family, "lower", 0)
        false += any(one.sign for one in family.differences)
        # Without ranks nobody is said to be ahead of anybody.
        tied += len(ranking.first) in (0, count)
        peer += improvement(values, generator)
    return false / times, tied / times, peer / times


def improvement(values: Floats, generator: np.random.Generator) -> bool:
    """The former claim: the best median is better than the first system, as if chosen before."""
    best = int(np.median(values, axis=0).argmin())
    d = values[:, best] - values[:, 0]
    drawn = np.median(d[generator.integers(len(d), size=(1000, len(d)))], axis=1)
    return bool(np.quantile(drawn, 0.975) < 0)


def kinds(times: int, *, quick: bool) -> None:
    """Equal systems, by how values are distributed."""
    sizes = ((6, 6), (12, 6)) if quick else ((6, 16), (8, 16), (20, 16), (60, 16))
    click.echo("Equal systems, any false difference, by the distribution of values")
    click.echo(f"| distribution | {' | '.join(f'{n} songs, {c} systems' for n, c in sizes)} |")
    click.echo(f"|---|{'---|' * len(sizes)}")
    for draw in DRAWS:
        cells = [f"{null(draw, n, c, times)[0]:.3f}" for n, c in sizes]
        click.echo(f"| {(draw.__doc__ or '').rstrip('.')} | {' | '.join(cells)} |")
    click.echo("")


def spread_out(times: int, *, quick: bool) -> None:
    """Coverage where systems differ: of all differences and of all ranks at once."""
    sizes = ((8, 4),) if quick else ((6, 12), (8, 12), (20, 12), (20, 40), (60, 40))
    click.echo("Systems that differ: all intervals of differences hold / those of ranks")
    click.echo("| songs, systems | steps of 20 sd | steps of 0.5 sd |")
    click.echo("|---|---|---|")
    for n, count in sizes:
        cells = []
        for step in (20.0, 0.5):
            generator = np.random.default_rng([n, count, int(step * 10)])
            truth = np.arange(count) * step
            held = ranks = 0
            for _ in range(times):
                values = generator.normal(size=(n, count)) + truth
                family = compare(values, pairs_of(count), 0)
                held += all(
                    (one.low or 0) <= truth[i] - truth[j] <= (one.high or 0)
                    for (i, j), one in zip(pairs_of(count), family.differences, strict=True)
                )
                ranking = rank(values, [str(at) for at in range(count)], family, "lower", 0)
                ranks += all(one.low <= int(one.system) + 1 <= one.high for one in ranking.ranks)
            cells.append(f"{held / times:.3f} / {ranks / times:.3f}")
        click.echo(f"| {n}, {count} | {' | '.join(cells)} |")
    click.echo("")


def found(times: int, *, quick: bool) -> None:
    """How often the least difference that songs are said to tell apart is found."""
    sizes = ((8, 4),) if quick else ((6, 6), (8, 12), (20, 12), (60, 20))
    click.echo("The least difference told apart, in standard deviations of a pair's differences")
    click.echo("| songs, systems | least difference | found | songs for half of it | then found |")
    click.echo("|---|---|---|---|---|")
    for n, count in sizes:
        generator = np.random.default_rng([n, count])
        least = None
        while least is None:
            least = told(generator.normal(size=(n, count)))
        difference, more = least
        shares = [
            hits(generator, songs, count, size, times)
            for songs, size in ((n, difference), (more, difference / 2))
        ]
        click.echo(
            f"| {n}, {count} | {difference / np.sqrt(2):.2f} | {shares[0]:.2f} | {more} | "
            f"{shares[1]:.2f} |",
        )


def told(values: Floats) -> tuple[float, int] | None:
    """What a benchmark of these values says that it can tell apart, for a spread of sqrt(2)."""
    count = values.shape[1]
    family = compare(values, pairs_of(count), 0)
    ranking = rank(values, [str(at) for at in range(count)], family, "lower", 0)
    least = ranking.tellable
    if least is None or least.half_songs is None:
        return None
    spread = float(np.median([one.sd or 0.0 for one in family.differences]))
    return least.difference * float(np.sqrt(2)) / spread, least.half_songs


def hits(generator: np.random.Generator, n: int, count: int, size: float, times: int) -> float:
    """The share of benchmarks in which a system that is ``size`` worse is told from another."""
    told_apart = 0
    for _ in range(times):
        values = generator.normal(size=(n, count))
        values[:, 0] += size
        first = next(at for at, pair in enumerate(combinations(range(count), 2)) if pair == (0, 1))
        told_apart += compare(values, pairs_of(count), 0).differences[first].sign == 1
    return told_apart / times


if __name__ == "__main__":
    main()
