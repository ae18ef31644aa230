"""Every primary analysis where nothing differs: false alarms, and intervals that hold the zero.

SIMULATED ratings of systems that are alike go the way of real ones: the design is detected, the
analysis chosen and run. Each cell has three shares: tests of all systems with
p < .05; sets with any pair told apart after Holm; 95 % intervals of the first pair that hold 0. The
cases change one thing each of 16 listeners × 5 passages × 5 systems with standard deviations
typical of MUSHRA data. Prints the tables of docs/benchmarks.md:

    OMP_NUM_THREADS=1 python benchmarks/inference/error_rates.py
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "fixtures" / "ratings"))

from ratings_simulation import ratings_of

from earmark.analysis.ratings.inference.design import detect
from earmark.analysis.ratings.inference.primary import choose, run
from earmark.analysis.ratings.methods.multiplicity import adjusted
from earmark.analysis.ratings.reading.scales import few_steps
from earmark.analysis.ratings.reading.table import Floats, Ratings
from earmark.analysis.ratings.result.names import Adjust, Scope

ALPHA = 0.05
LISTENER, LISTENER_PASSAGE, LISTENER_SYSTEM, PASSAGE_SYSTEM, RESIDUAL = 10, 6.5, 6.5, 9, 14
Random = np.random.Generator


@dataclass(frozen=True)
class Case:
    """How ratings come about: sizes, the mean, ``step`` of the scale (0: none), what goes wrong.

    ``bounded`` cuts at 0 and 100, ``drift`` is points per place on a page, ``lazy`` the share of
    listeners who give 50 or 51. ``alone``: a passage holds a pair, so systems are alike on each.
    """

    listeners: int = 16
    systems: int = 5
    passages: int = 5
    mean: float = 50.0
    step: float = 0.0
    bounded: bool = False
    unequal: bool = False
    drift: float = 0.0
    lazy: float = 0.0
    alone: bool = False

    def cells(self, random: Random, scope: Scope) -> Floats:
        """Ratings ``(listeners, passages, systems)`` of systems that are alike in this scope."""
        n, m, k = self.listeners, self.passages, self.systems
        by_passage = random.normal(0, PASSAGE_SYSTEM, (1, m, k))
        if scope is Scope.PASSAGES:
            # Alike on these passages; ends of a scale would turn unlike passages into unlike means.
            by_passage = by_passage - by_passage.mean(axis=1, keepdims=True)
            by_passage = by_passage * (not self.bounded and not self.alone)
        spread = np.linspace(0.4, 2.0, k) if self.unequal else np.ones(k)
        cells = self.mean + by_passage + random.normal(0, LISTENER, (n, 1, 1))
        cells = (
            cells + random.normal(0, 4, (1, m, 1)) + random.normal(0, LISTENER_PASSAGE, (n, m, 1))
        )
        cells = cells + random.normal(0, LISTENER_SYSTEM, (n, 1, k)) * spread
        cells = cells + random.normal(0, RESIDUAL, (n, m, k)) * spread
        if self.drift:
            order = np.argsort(random.random((n, m, k)), axis=2)
            cells = cells + self.drift * (order - (k - 1) / 2)
        lazy = random.random(n) < self.lazy
        cells = np.where(lazy[:, None, None], 50.0 + random.integers(0, 2, (n, m, k)), cells)
        if self.bounded:
            cells = np.clip(cells, 0, 100)
        found: Floats = np.round(cells / self.step) * self.step if self.step else cells
        return found


CASES: Mapping[str, Case] = {
    "16 listeners, 5 systems": Case(),
    "5 listeners": Case(listeners=5),
    "60 listeners": Case(listeners=60),
    "3 systems": Case(systems=3),
    "12 systems": Case(systems=12),
    "ceiling: mean 90, ends at 100": Case(mean=90, bounded=True, step=1),
    "heavy ties: five grades": Case(bounded=True, step=25),
    "spread of systems 1 to 5": Case(unequal=True),
    "order: 4 points a place": Case(drift=4),
    "3 of 10 listeners lazy": Case(lazy=0.3),
}
FEW = ("16 listeners, 5 systems", "5 listeners", "60 listeners")


def complete(case: Case, scope: Scope, random: Random) -> Ratings:
    """Every cell."""
    return ratings_of(case.cells(random, scope))


def holes(case: Case, scope: Scope, random: Random) -> Ratings:
    """A tenth of the cells missing."""
    cells = case.cells(random, scope)
    return ratings_of(np.where(random.random(cells.shape) < 0.1, np.nan, cells))


def two(case: Case, scope: Scope, random: Random) -> Ratings:
    """Two systems."""
    return ratings_of(replace(case, systems=2).cells(random, scope))


def parts(case: Case, scope: Scope, random: Random) -> Ratings:
    """Each listener without one system, each system as often: balanced incomplete blocks."""
    k = case.systems
    cells = replace(case, listeners=k * max(1, round(case.listeners / k))).cells(random, scope)
    for listener in range(len(cells)):
        cells[listener, :, listener % k] = np.nan
    return ratings_of(cells)


def one_passage(case: Case, scope: Scope, random: Random) -> Ratings:
    """One passage, a tenth missing."""
    cells = replace(case, passages=1).cells(random, scope)
    cells[random.random(cells.shape) < 0.1] = np.nan
    return ratings_of(cells)


def between(case: Case, scope: Scope, random: Random) -> Ratings:
    """Other listeners for each system."""
    k = case.systems
    cells = replace(case, listeners=case.listeners * k).cells(random, scope)
    for listener in range(len(cells)):
        cells[listener, :, np.arange(k) != listener % k] = np.nan
    return ratings_of(cells)


def preferences(case: Case, scope: Scope, random: Random) -> Ratings:
    """Each pair on a page of its own, the better felt one preferred."""
    k = case.systems
    pairs = [(i, j) for i in range(k) for j in range(i)]
    felt = replace(case, passages=len(pairs), alone=True).cells(random, scope)
    cells = np.full(felt.shape, np.nan)
    for page, (i, j) in enumerate(pairs):
        cells[:, page, i] = felt[:, page, i] > felt[:, page, j]
        cells[:, page, j] = 1 - cells[:, page, i]
    return ratings_of(cells)


@dataclass(frozen=True)
class Way:
    """A primary analysis: its name, how its ratings are drawn, for which cases, slow or not."""

    name: str
    scope: Scope
    draw: Callable[[Case, Scope, Random], Ratings]
    cases: tuple[str, ...] = tuple(CASES)
    slow: bool = False


WAYS = (
    Way("Friedman F, pairs by paired t (grades: Wilcoxon)", Scope.PASSAGES, complete),
    Way("quasi-F′, pairs by crossed t", Scope.MUSIC, complete),
    Way("mixed model, 10 % missing", Scope.PASSAGES, holes, slow=True),
    Way("mixed model, 10 % missing", Scope.MUSIC, holes, slow=True),
    Way("permutation of two systems", Scope.PASSAGES, two, FEW),
    Way("Durbin F, a system each missing", Scope.PASSAGES, parts, FEW),
    Way("Skillings-Mack, one passage, 10 % missing", Scope.PASSAGES, one_passage, FEW),
    Way("Bradley-Terry, flipped listeners", Scope.PASSAGES, preferences, FEW, slow=True),
    Way("Kruskal-Wallis, other listeners per system", Scope.PASSAGES, between, FEW),
)


def shares(way: Way, case: Case, runs: int, seed: list[int]) -> tuple[float, float, float]:
    """The shares of false alarms of all systems and of any pair, and of intervals that hold 0."""
    random = np.random.default_rng(seed)
    counts = np.zeros(3)
    for _ in range(runs):
        ratings = way.draw(case, way.scope, random)
        chosen = choose(detect(ratings, ()), way.scope)
        ordinal = bool(case.step) and few_steps(ratings.value / case.step, 0, 100 / case.step)
        found = run(replace(chosen, ordinal=ordinal), ratings, ALPHA, 0)
        p_adj = adjusted([pair.p for pair in found.pairs], Adjust.HOLM)
        counts[0] += found.omnibus.p is not None and found.omnibus.p < ALPHA
        counts[1] += any(p is not None and p < ALPHA for p in p_adj)
        first = found.estimates.get((0, 1))
        counts[2] += first is not None and first.low is not None and first.low <= 0 <= first.high
    omnibus, pairs, held = (counts / runs).tolist()
    return omnibus, pairs, held


def table(ways: Sequence[Way], runs: int, slow_runs: int, seed: int) -> Iterator[str]:
    """The lines of a table of ways with the same cases: a row per case."""
    heads = [f"{way.name}, *{way.scope}* ({slow_runs if way.slow else runs} runs)" for way in ways]
    yield f"| case | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(ways)}"
    for row, name in enumerate(ways[0].cases):
        cells = []
        for way in ways:
            count = slow_runs if way.slow else runs
            rates = shares(way, CASES[name], count, [seed, WAYS.index(way), row])
            cells.append(" / ".join(f"{rate:.3f}" for rate in rates))
        yield f"| {name} | {' | '.join(cells)} |"


@click.command()
@click.option("--runs", default=1000, show_default=True)
@click.option("--slow-runs", default=120, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--only", type=click.Choice(["common", "other"]), help="One of the two tables.")
def main(runs: int, slow_runs: int, seed: int, only: str | None) -> None:
    """Print the tables: of common analyses in all cases, of the others in a few."""
    tables = {"common": tuple(CASES), "other": FEW}
    for cases in [tables[only]] if only else tables.values():
        ways = [way for way in WAYS if way.cases == cases]
        for line in table(ways, runs, slow_runs, seed):
            click.echo(line)
        click.echo()


if __name__ == "__main__":
    main()
