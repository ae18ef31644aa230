"""How often intervals of validity hold the truth, and how often claims are made of nothing.

SIMULATED ratings with standard deviations typical of listening tests (system 10, passage 5,
passage × system 7, listener × system 6, listener × passage 6, residual 14 points) and metrics that
hear a part of what listeners hear. Three questions at each number of systems, passages, listeners:

- *coverage*: the share of nominal 95 % intervals of Spearman's ρ that hold what many systems and
  passages, with as many listeners, would give (at least about .95 is wanted);
- *differences*: two metrics that follow the ratings equally well, how often is one told to follow
  them better, unadjusted (at most .05)? Where a claim is refused it is counted as it would be;
- *claims*: six metrics that have nothing to do with the ratings, how often is any of them claimed
  to follow them, or to follow them better than another (at most .05)?

    python benchmarks/inference/validity.py --runs 400
"""

from collections.abc import Sequence

import click
import numpy as np

from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.validity.coefficients import at_level
from earmark.analysis.ratings.validity.jackknife import Replicates, jackknifed
from earmark.analysis.ratings.validity.permutation import exchange_p
from earmark.analysis.result.following import Coefficient, ValidityLevel

ALPHA = 0.05
DESIGNS = (
    *((3, 6, 8), (5, 6, 8), (5, 20, 20), (8, 6, 8), (8, 20, 20), (8, 40, 40)),
    *((12, 6, 8), (12, 20, 20), (12, 40, 40)),
)
# What a metric takes of a system's and of a stimulus's quality, and the noise it adds to each.
SOME, LITTLE = (0.1, 0.1, 0.7, 0.7), (0.05, 0.02, 1.0, 0.6)
NULLS = 6


def world(
    generator: np.random.Generator,
    shape: tuple[int, int, int],
    loads: Sequence[tuple[float, float, float, float]],
) -> tuple[Floats, list[Floats]]:
    """Ratings ``(listeners, passages, systems)`` and the values of each metric; SIMULATED."""
    n, m, k = shape
    system, stimulus = generator.normal(0, 10, (1, k)), generator.normal(0, 7, (m, k))
    cells: Floats = 50 + system + stimulus + generator.normal(0, 5, (m, 1))
    cells = cells + generator.normal(0, 10, (n, 1, 1)) + generator.normal(0, 6, (n, 1, k))
    cells = cells + generator.normal(0, 6, (n, m, 1)) + generator.normal(0, 14, shape)
    values = [
        a * system
        + b * stimulus
        + generator.normal(0, u, (1, k))
        + generator.normal(0, v, (m, k))
        + generator.normal(0, 0.5, (m, 1))
        for a, b, u, v in loads
    ]
    return cells, values


def truths(shape: tuple[int, int, int], load: tuple[float, float, float, float]) -> list[float]:
    """ρ at each level over many systems and passages; within passages, over many of them."""
    generator = np.random.default_rng(7)
    n, _, k = shape
    found = []
    for level in ValidityLevel:
        within = level is ValidityLevel.WITHIN
        size, times = ((n, 60, k), 120) if within else ((n, 120, 120), 12)
        drawn = []
        for _ in range(times):
            cells, (values,) = world(generator, size, [load])
            means = cells.mean(axis=0)
            drawn.append(at_level(level, Coefficient.SPEARMAN, values[None], means[None])[0])
        found.append(float(np.mean(drawn)))
    return found


def measured(
    shape: tuple[int, int, int], load: tuple[float, float, float, float], runs: int, seed: int
) -> tuple[list[float], float]:
    """Coverage at each level, and how often two equal metrics are told apart; -1: no interval."""
    generator = np.random.default_rng([seed, *shape])
    true = truths(shape, load)
    held, known, told = np.zeros(3), np.zeros(3), 0
    for _ in range(runs):
        cells, values = world(generator, shape, [load, load])
        ratings = Replicates(cells)
        for at, level in enumerate(ValidityLevel):
            one = jackknifed(level, Coefficient.SPEARMAN, values[0], ratings)
            low, high = one.sureness().interval(ALPHA)
            known[at] += low is not None
            held[at] += low is not None and high is not None and low <= true[at] <= high
        both = [
            jackknifed(ValidityLevel.WITHIN, Coefficient.SPEARMAN, one, ratings) for one in values
        ]
        p = both[0].less(both[1]).p
        told += p is not None and p < ALPHA
    share = [float(h / n) if n else -1.0 for h, n in zip(held, known, strict=True)]
    return share, told / runs


def false_claims(shape: tuple[int, int, int], runs: int, seed: int) -> float:
    """How often any of several metrics that know nothing is claimed to follow the ratings.

    One is told to follow them better than another only where one of the two follows them at all.
    """
    generator = np.random.default_rng([seed, 1, *shape])
    claimed = 0
    for at in range(runs):
        cells, values = world(generator, shape, [(0.0, 0.0, 0.7, 0.7)] * NULLS)
        p = exchange_p(values, Replicates(cells).means, ValidityLevel.WITHIN, at)
        claimed += any(p_adj is not None and p_adj < ALPHA for _, p_adj in p)
    return claimed / runs


@click.command()
@click.option("--runs", default=400, show_default=True)
@click.option("--claim-runs", default=200, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--quick", is_flag=True, help="Only the smaller designs.")
def main(runs: int, claim_runs: int, seed: int, *, quick: bool) -> None:
    """Print a row per number of systems, passages and listeners."""
    click.echo(
        "| systems × passages × listeners | metric | within | stimuli | systems | differences | "
        "claims |\n|---|---|---|---|---|---|---|"
    )
    for k, m, n in DESIGNS[:5] if quick else DESIGNS:
        for name, load in (("hears much", SOME), ("hears little", LITTLE)):
            cover, told = measured((n, m, k), load, runs, seed)
            shown = ["none" if one < 0 else f"{one:.3f}" for one in cover]
            claims = f"{false_claims((n, m, k), claim_runs, seed):.3f}" if load is SOME else ""
            cells = " | ".join([*shown, f"{told:.3f}", claims])
            click.echo(f"| {k} × {m} × {n} | {name} | {cells} |")


if __name__ == "__main__":
    main()
