"""How often each method rejects where nothing differs, by the source of variation: Type I error.

SIMULATED ratings of 16 listeners × 5 passages × 5 systems without any true difference, under the
scenarios below (standard deviations on a 0-100 scale; those of C1 and C2 are typical of real MUSHRA
data). Prints the table of docs/statistics.md:

    python benchmarks/inference/type1.py --runs 2000 --slow-runs 500
"""

from collections.abc import Callable
from dataclasses import dataclass

import click
import numpy as np
from scipy import stats

from earmark.analysis.ratings.methods.crossed import mean_squares, quasi_f
from earmark.analysis.ratings.methods.friedman import friedman, quade
from earmark.analysis.ratings.methods.incomplete import durbin, skillings_mack
from earmark.analysis.ratings.methods.kruskal import kruskal_wallis
from earmark.analysis.ratings.methods.permutation import permutation_test
from earmark.analysis.ratings.mixed_models.linear import fit_mixed
from earmark.analysis.ratings.reading.table import Floats, listener_means
from earmark.analysis.ratings.result.names import Scope

SHAPE = (16, 5, 5)
ALPHA = 0.05


@dataclass(frozen=True)
class Scenario:
    """Standard deviations of what makes ratings vary; ``fixed`` passages keep their own effects."""

    listener: float
    passage: float
    listener_passage: float
    listener_system: float
    passage_system: float
    residual: float
    fixed: bool = False

    def cells(self, generator: np.random.Generator) -> Floats:
        """Ratings ``(listeners, passages, systems)`` whose systems are alike in this scenario."""
        n, m, k = SHAPE
        draw = generator.normal
        by_passage = draw(0, self.passage_system, (1, m, k))
        if self.fixed:
            # Alike on these passages: the systems' effects cancel over them.
            by_passage = by_passage - by_passage.mean(axis=1, keepdims=True)
        return (
            draw(0, self.listener, (n, 1, 1))
            + draw(0, self.passage, (1, m, 1))
            + draw(0, self.listener_passage, (n, m, 1))
            + draw(0, self.listener_system, (n, 1, k))
            + by_passage
            + draw(0, self.residual, SHAPE)
        )


SCENARIOS = {
    "S1": Scenario(12, 8, 6, 0, 0, 10),
    "S2": Scenario(12, 8, 6, 8, 0, 10),
    "S3": Scenario(12, 8, 6, 0, 8, 10),
    "C2": Scenario(10, 4, 6.5, 6.5, 9, 14, fixed=True),
    "C1": Scenario(10, 4, 6.5, 6.5, 9, 14),
}


def _pooled(cells: Floats) -> float | None:
    systems = np.broadcast_to(np.arange(SHAPE[2]), SHAPE)[~np.isnan(cells)]
    return kruskal_wallis(cells[~np.isnan(cells)], systems, SHAPE[2]).omnibus.p


def _anova(cells: Floats) -> float:
    return float(stats.f_oneway(*cells.reshape(-1, SHAPE[2]).T).pvalue)


def _with_holes(cells: Floats, share: float = 0.1) -> Floats:
    draw = np.random.default_rng(int(abs(cells[0, 0, 0]) * 1e9))
    return np.where(draw.random(cells.shape) < share, np.nan, cells)


def _without_pages(cells: Floats) -> Floats:
    """Each listener lacks one whole page of the five."""
    cells = cells.copy()
    draw = np.random.default_rng(int(abs(cells[0, 0, 0]) * 1e9))
    cells[np.arange(len(cells)), draw.integers(0, SHAPE[1], len(cells))] = np.nan
    return cells


def _part_of_the_systems(cells: Floats) -> Floats:
    """Fifteen listeners, each without one of the five systems: balanced incomplete blocks."""
    cells = cells[:15].copy()
    for listener in range(len(cells)):
        cells[listener, :, listener % SHAPE[2]] = np.nan
    return cells


Method = Callable[[Floats], float | None]
FAST: dict[str, Method] = {
    "Kruskal-Wallis pooled (classical)": _pooled,
    "one-way ANOVA pooled": _anova,
    "Friedman, 80 listener × passage blocks": lambda c: friedman(c.reshape(-1, SHAPE[2])).chi2.p,
    "**Friedman F, listener means** (primary, passages)": lambda c: friedman(listener_means(c)).f.p,
    "Friedman F, passage means": lambda c: friedman(c.mean(axis=0)).f.p,
    "Quade, listener means": lambda c: quade(listener_means(c), decimals=10).omnibus.p,
    "**quasi-F′** (primary, music)": lambda c: quasi_f(mean_squares(c)).p,
    "**Friedman F, listener means**, a page of each missing (primary)": lambda c: (
        friedman(listener_means(_without_pages(c))).f.p
    ),
    "**Durbin F**, 4 of 5 systems each (primary, passages)": lambda c: (
        durbin(listener_means(_part_of_the_systems(c))).f.p
    ),
    "**Skillings-Mack**, the first passage alone, 10 % missing (primary)": lambda c: (
        skillings_mack(listener_means(_with_holes(c[:, :1]))).omnibus.p
    ),
}
SLOW: dict[str, Method] = {
    "within-listener permutation": lambda c: permutation_test(listener_means(c), 0).p,
    "mixed model, passages fixed": lambda c: fit_mixed(c, Scope.PASSAGES).omnibus().p,
    "mixed model, passages random": lambda c: fit_mixed(c, Scope.MUSIC).omnibus().p,
    "**mixed model, passages fixed**, 10 % missing (primary)": lambda c: (
        fit_mixed(_with_holes(c), Scope.PASSAGES).omnibus().p
    ),
    "**mixed model, passages random**, 10 % missing (primary)": lambda c: (
        fit_mixed(_with_holes(c), Scope.MUSIC).omnibus().p
    ),
}


def rejection_rate(method: Method, scenario: Scenario, runs: int, seed: int) -> float:
    """The share of ``runs`` in which ``method`` rejects at 0.05."""
    generator = np.random.default_rng(seed)
    rejected = 0
    for _ in range(runs):
        p = method(scenario.cells(generator))
        rejected += p is not None and p < ALPHA
    return rejected / runs


@click.command()
@click.option("--runs", default=4000, show_default=True)
@click.option("--slow-runs", default=1000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(runs: int, slow_runs: int, seed: int) -> None:
    """Print the table of Type I error rates."""
    click.echo(f"| method | {' | '.join(SCENARIOS)} |")
    click.echo(f"|---|{'---|' * len(SCENARIOS)}")
    for methods, count in ((FAST, runs), (SLOW, slow_runs)):
        for name, method in methods.items():
            rates = [rejection_rate(method, s, count, seed) for s in SCENARIOS.values()]
            click.echo(f"| {name} | {' | '.join(f'{rate:.3f}' for rate in rates)} |")


if __name__ == "__main__":
    main()
