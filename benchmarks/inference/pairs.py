"""Pairs of systems: how often any is wrongly told apart, and how often intervals hold the truth.

SIMULATED ratings of 16 listeners × 5 passages × 5 systems with standard deviations typical of
MUSHRA data (listener × system 6.5, passage × system 9, residual 14). *Familywise error*: the share
of tests in which Holm's procedure at .05 rejects any pair that does not differ, where no system
differs (all alike), where the first lies 30 points above the others (one apart) and where three lie
30 points from one another and from the two that are alike (three apart). *Coverage*: the share of
nominal 95 % intervals that hold the true value, which is known in closed form, where the first
system lies 6 points above the second. Prints the tables of docs/statistics.md:

    python benchmarks/inference/pairs.py --runs 2000 --slow-runs 400
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click
import numpy as np
from scipy import special

from earmark.analysis.ratings.estimation.effect_sizes import (
    matched_rank_biserial,
    paired_superiority,
    unpaired_dominance,
)
from earmark.analysis.ratings.methods.bradley_terry import bootstrap_beats
from earmark.analysis.ratings.methods.crossed import crossed_pairs
from earmark.analysis.ratings.methods.friedman import conover_friedman, friedman, quade, quade_pairs
from earmark.analysis.ratings.methods.incomplete import (
    durbin,
    durbin_pairs,
    skillings_mack,
    skillings_mack_pairs,
)
from earmark.analysis.ratings.methods.kruskal import conover_iman, kruskal_wallis
from earmark.analysis.ratings.methods.multiplicity import adjusted
from earmark.analysis.ratings.methods.paired import own_pairs, paired
from earmark.analysis.ratings.methods.permutation import permutation_pairs
from earmark.analysis.ratings.mixed_models.linear import fit_mixed
from earmark.analysis.ratings.reading.table import Floats, listener_means
from earmark.analysis.ratings.result.names import Adjust, Scope
from earmark.analysis.ratings.result.tests import Comparison

ALPHA = 0.05
LISTENERS, PASSAGES, SYSTEMS = 16, 5, 5
BY_LISTENER, BY_PASSAGE, RESIDUAL = 6.5, 9.0, 14.0
LEVELS = {
    "all alike": (0.0, 0.0, 0.0, 0.0, 0.0),
    "one apart": (30.0, 0.0, 0.0, 0.0, 0.0),
    "three apart": (90.0, 60.0, 30.0, 0.0, 0.0),
}
EFFECT = 6.0
STEP = 15.0  # points between two grades of a scale of five
ANSWERS = 12  # preferences per listener and pair
Share = tuple[float | None, float | None]


def cells(
    generator: np.random.Generator,
    effects: Sequence[float],
    *,
    fixed: bool,
    listeners: int = LISTENERS,
    passages: int = PASSAGES,
) -> Floats:
    """Ratings ``(listeners, passages, systems)``; ``fixed`` passages do not change the means."""
    by_passage = generator.normal(0, BY_PASSAGE, (1, passages, SYSTEMS))
    if fixed:
        by_passage = by_passage - by_passage.mean(axis=1, keepdims=True)
    shape = (listeners, passages, SYSTEMS)
    drawn: Floats = (
        np.asarray(effects, dtype=np.float64)
        + by_passage
        + generator.normal(0, BY_LISTENER, (listeners, 1, SYSTEMS))
        + generator.normal(0, 10.0, (listeners, 1, 1))
        + generator.normal(0, RESIDUAL, shape)
    )
    return drawn


def _part_of_the_systems(values: Floats) -> Floats:
    """Each listener lacks one system, each as often: balanced incomplete blocks."""
    values = values.copy()
    for listener in range(len(values)):
        values[listener, :, listener % SYSTEMS] = np.nan
    return values


def _holes(values: Floats) -> Floats:
    draw = np.random.default_rng(int(abs(values[0, 0, 0]) * 1e6))
    return np.where(draw.random(values.shape) < 0.1, np.nan, values)


def _pooled(values: Floats) -> list[Comparison]:
    systems = np.broadcast_to(np.arange(SYSTEMS), values.shape)
    return conover_iman(kruskal_wallis(values.ravel(), systems.ravel(), SYSTEMS))


@dataclass(frozen=True)
class Family:
    """A test of pairs: its name, the tests, whether passages are fixed, listeners, slow or not."""

    name: str
    pairs: Callable[[Floats], list[Comparison]]
    fixed: bool
    listeners: int = LISTENERS
    passages: int = PASSAGES
    slow: bool = False


def _conover_friedman(values: Floats) -> list[Comparison]:
    return conover_friedman(friedman(listener_means(values)))


def _between(values: Floats) -> list[Comparison]:
    """Sixteen other listeners for every system."""
    by_group = listener_means(values).reshape(SYSTEMS, -1, SYSTEMS)
    means = np.stack([by_group[system, :, system] for system in range(SYSTEMS)], axis=1)
    systems = np.broadcast_to(np.arange(SYSTEMS), means.shape)
    return conover_iman(kruskal_wallis(means.ravel(), systems.ravel(), SYSTEMS))


def _mixed_pairs(values: Floats, scope: Scope) -> list[Comparison]:
    return [pair.comparison for pair in fit_mixed(values, scope).pairs(ALPHA)]


def _own(means: Floats) -> list[Comparison]:
    return own_pairs(means, (), ALPHA, ordinal=False)


def _five_steps(values: Floats) -> list[Comparison]:
    grades = np.clip(np.round(values / STEP), -2, 2)  # systems far above share the highest grade
    return own_pairs(listener_means(grades), (), ALPHA, ordinal=True)


FAMILIES = (
    Family("Conover-Iman on pooled ratings (classical), passages sampled", _pooled, fixed=False),
    Family("Conover-Iman on pooled ratings (classical), passages fixed", _pooled, fixed=True),
    Family("Conover-Friedman, listener means", _conover_friedman, fixed=True),
    Family(
        "**Conover-Iman, 16 other listeners per system** (primary, passages)",
        _between,
        fixed=True,
        listeners=LISTENERS * SYSTEMS,
    ),
    Family("Quade, listener means", lambda c: quade_pairs(quade(listener_means(c))), fixed=True),
    Family(
        "**paired t, listener means** (primary, passages)",
        lambda c: _own(listener_means(c)),
        fixed=True,
    ),
    Family(
        "**Wilcoxon, listener means of grades 1 to 5** (primary, passages)",
        _five_steps,
        fixed=True,
    ),
    Family(
        "Durbin-Conover, 4 of 5 systems each, 20 listeners",
        lambda c: durbin_pairs(durbin(listener_means(_part_of_the_systems(c)))),
        fixed=True,
        listeners=20,
    ),
    Family(
        "**paired t**, the same (primary, passages)",
        lambda c: _own(listener_means(_part_of_the_systems(c))),
        fixed=True,
        listeners=20,
    ),
    Family(
        "Skillings-Mack, one passage, 10 % missing",
        lambda c: skillings_mack_pairs(skillings_mack(listener_means(_holes(c)))),
        fixed=True,
        passages=1,
    ),
    Family(
        "**paired t**, the same (primary, passages)",
        lambda c: _own(listener_means(_holes(c))),
        fixed=True,
        passages=1,
    ),
    Family(
        "**crossed t, quasi-F′** (primary, music)",
        lambda c: [pair.comparison for pair in crossed_pairs(c, ALPHA)],
        fixed=False,
    ),
    Family(
        "**mixed model, passages fixed**, 10 % missing (primary, passages)",
        lambda c: _mixed_pairs(_holes(c), Scope.PASSAGES),
        fixed=True,
        slow=True,
    ),
    Family(
        "**mixed model, passages random**, 10 % missing (primary, music)",
        lambda c: _mixed_pairs(_holes(c), Scope.MUSIC),
        fixed=False,
        slow=True,
    ),
    Family(
        "within-listener permutation of pairs",
        lambda c: permutation_pairs(listener_means(c), 0),
        fixed=True,
        slow=True,
    ),
)


def familywise_error(family: Family, runs: int, seed: int, effects: Sequence[float]) -> float:
    """The share of ``runs`` in which a pair is rejected that does not differ."""
    generator = np.random.default_rng(seed)
    wrong = 0
    for _ in range(runs):
        size = {"listeners": family.listeners, "passages": family.passages}
        pairs = family.pairs(cells(generator, effects, fixed=family.fixed, **size))
        p_adj = adjusted([pair.p for pair in pairs], Adjust.HOLM)
        wrong += any(
            p is not None and p < ALPHA and effects[pair.first] == effects[pair.second]
            for pair, p in zip(pairs, p_adj, strict=True)
        )
    return wrong / runs


@dataclass(frozen=True)
class Covered:
    """An interval and the truth of one simulated test."""

    name: str
    run: Callable[[np.random.Generator], tuple[Share, float]]
    slow: bool = False


def _drawn(generator: np.random.Generator, *, fixed: bool) -> Floats:
    return cells(generator, [EFFECT, 0, 0, 0, 0], fixed=fixed)


def _t_over_listeners(generator: np.random.Generator) -> tuple[Share, float]:
    found = paired(listener_means(_drawn(generator, fixed=True)), ALPHA)[0, 1]
    return (found.low, found.high), EFFECT


def _crossed(generator: np.random.Generator) -> tuple[Share, float]:
    found = crossed_pairs(_drawn(generator, fixed=False), ALPHA)[0]
    return (found.low, found.high), EFFECT


def _mixed(scope: Scope) -> Callable[[np.random.Generator], tuple[Share, float]]:
    def run(generator: np.random.Generator) -> tuple[Share, float]:
        drawn = _holes(_drawn(generator, fixed=scope is Scope.PASSAGES))
        found = fit_mixed(drawn, scope).pairs(ALPHA)[0]
        return (found.low, found.high), EFFECT

    return run


def _superiority(generator: np.random.Generator, *, music: bool) -> tuple[Share, float]:
    by_passage = generator.normal(0, BY_PASSAGE, (PASSAGES, 2))
    spread = np.sqrt(2 * (BY_LISTENER**2 + RESIDUAL**2))
    shape = (LISTENERS, PASSAGES, 2)
    drawn = by_passage + generator.normal(0, BY_LISTENER, (LISTENERS, 1, 2))
    drawn = drawn + generator.normal(0, RESIDUAL, shape)
    found = paired_superiority(
        drawn[:, :, 0] + EFFECT, drawn[:, :, 1], alpha=ALPHA, seed=0, passages=music
    )
    if music:
        truth = special.ndtr(EFFECT / np.sqrt(spread**2 + 2 * BY_PASSAGE**2))
    else:
        shift = EFFECT + by_passage[:, 0] - by_passage[:, 1]
        truth = special.ndtr(shift / spread).mean()
    return (found.low, found.high), float(truth)


def _rank_biserial(generator: np.random.Generator) -> tuple[Share, float]:
    spread = np.sqrt(2 * (BY_LISTENER**2 + RESIDUAL**2 / PASSAGES))
    found = matched_rank_biserial(generator.normal(EFFECT, spread, LISTENERS), alpha=ALPHA, seed=0)
    return (found.low, found.high), float(2 * special.ndtr(2**0.5 * EFFECT / spread) - 1)


def _cliff(generator: np.random.Generator) -> tuple[Share, float]:
    spread = 12.0
    first, second = generator.normal(EFFECT, spread, 20), generator.normal(0, spread, 20)
    found = unpaired_dominance(first, second, alpha=ALPHA, seed=0)
    return (found.low, found.high), float(2 * special.ndtr(EFFECT / (spread * 2**0.5)) - 1)


def _beats(generator: np.random.Generator) -> tuple[Share, float]:
    abilities = np.array([1.0, 0.4, 0.0])
    chance = special.expit(abilities[:, None] - abilities[None, :])
    wins = np.zeros((LISTENERS, 3, 3))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        wins[:, i, j] = generator.binomial(ANSWERS, chance[i, j], LISTENERS)
        wins[:, j, i] = ANSWERS - wins[:, i, j]
    low, high, _ = bootstrap_beats(wins, ALPHA, 0)
    return (float(low[0, 1]), float(high[0, 1])), float(chance[0, 1])


INTERVALS = (
    Covered("**t over listeners, mean difference** (primary, passages)", _t_over_listeners),
    Covered("**crossed t, mean difference** (primary, music)", _crossed),
    Covered("**mixed model, passages fixed**, 10 % missing", _mixed(Scope.PASSAGES), slow=True),
    Covered("**mixed model, passages random**, 10 % missing", _mixed(Scope.MUSIC), slow=True),
    Covered(
        "P(i > j), listener bootstrap (passages)",
        lambda g: _superiority(g, music=False),
        slow=True,
    ),
    Covered(
        "P(i > j), listener × passage bootstrap (music)",
        lambda g: _superiority(g, music=True),
        slow=True,
    ),
    Covered("matched rank-biserial, listener bootstrap", _rank_biserial, slow=True),
    Covered("Cliff's δ, 20 and 20 listeners, bootstrap", _cliff, slow=True),
    Covered("P(i beats j) of preferences, listener bootstrap", _beats, slow=True),
)


def coverage(interval: Covered, runs: int, seed: int) -> float:
    """The share of ``runs`` whose interval holds the truth; one that is not defined does not."""
    generator = np.random.default_rng(seed)
    held = 0
    for _ in range(runs):
        (low, high), truth = interval.run(generator)
        held += low is not None and high is not None and low <= truth <= high
    return held / runs


@click.command()
@click.option("--runs", default=4000, show_default=True)
@click.option("--slow-runs", default=1000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(runs: int, slow_runs: int, seed: int) -> None:
    """Print the tables of familywise error and coverage."""
    click.echo(f"| test of pairs, Holm | {' | '.join(LEVELS)} |\n|---|{'---|' * len(LEVELS)}")
    for family in FAMILIES:
        count = slow_runs if family.slow else runs
        rates = [familywise_error(family, count, seed, effects) for effects in LEVELS.values()]
        click.echo(f"| {family.name} | {' | '.join(f'{rate:.3f}' for rate in rates)} |")
    click.echo("\n| nominal 95 % interval | coverage |\n|---|---|")
    for interval in INTERVALS:
        share = coverage(interval, slow_runs if interval.slow else runs, seed)
        click.echo(f"| {interval.name} | {share:.3f} |")


if __name__ == "__main__":
    main()
