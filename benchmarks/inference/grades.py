"""How often the models of grades reject where systems are alike, and how often intervals hold.

SIMULATED grades 1 to 5 of listeners × 6 passages × 3 systems: a normal judgement, cut into grades,
evenly or so that most lie at the upper end. Listeners differ in level, use of passages and taste.
The primary analysis (Friedman's F, Wilcoxon of each listener's own differences) and the
cumulative-link mixed model see the same grades:

    python benchmarks/inference/grades.py --runs 200
"""

import sys
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "fixtures" / "ratings"))

from ratings_simulation import ratings_of

from earmark.analysis.ratings.methods.friedman import friedman
from earmark.analysis.ratings.methods.paired import own_pairs
from earmark.analysis.ratings.mixed_models.ordinal import fit_ordinal
from earmark.analysis.ratings.reading.table import Floats, listener_means
from earmark.analysis.ratings.result.names import Scope
from earmark.analysis.ratings.result.note_words import NotFittedError

_CUTS = {"even": (-1.5, -0.5, 0.5, 1.5), "ceiling": (-3.5, -2.5, -1.5, -0.5)}
_ALPHA = 0.05


def drawn(listeners: int, cuts: str, generator: np.random.Generator) -> Floats:
    """SIMULATED grades ``(listeners, 6, 3)`` of systems that are alike."""
    shape = (listeners, 6, 3)
    felt = generator.normal(0, 1, shape) + generator.normal(0, 0.8, (listeners, 1, 1))
    felt += generator.normal(0, 0.5, (listeners, 6, 1)) + generator.normal(
        0, 0.5, (listeners, 1, 3)
    )
    felt += generator.normal(0, 0.5, (1, 6, 1))
    return (np.digitize(felt, _CUTS[cuts]) + 1).astype(np.float64)


def found(cells: Floats) -> tuple[bool, bool, bool, bool] | None:
    """Whether F, the first pair's Wilcoxon, the likelihood ratio and the first pair's z reject."""
    means = listener_means(cells)
    f = friedman(means).f.p
    pair = own_pairs(means, [], _ALPHA, ordinal=True)[0].p
    try:
        fit = fit_ordinal(ratings_of(cells), Scope.PASSAGES)
    except NotFittedError:
        return None
    ratio, z = fit.omnibus.p, fit.pairs(_ALPHA)[0].comparison.p
    values = [1.0 if p is None else p for p in (f, pair, ratio, z)]
    return tuple(p < _ALPHA for p in values)  # type: ignore[return-value]


@click.command()
@click.option("--runs", default=200, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(runs: int, seed: int) -> None:
    """Print a row of the table in docs/statistics.md per number of listeners and kind of cuts."""
    click.echo("| grades | listeners | Friedman F | Wilcoxon | likelihood ratio | z | no fit |")
    click.echo("|---|---|---|---|---|---|---|")
    for cuts in _CUTS:
        for listeners in (6, 12, 24):
            generator = np.random.default_rng([seed, listeners])
            all_found = [found(drawn(listeners, cuts, generator)) for _ in range(runs)]
            fitted = [one for one in all_found if one is not None]
            shares = " | ".join(f"{share:.3f}" for share in np.mean(fitted, axis=0))
            click.echo(f"| {cuts} | {listeners} | {shares} | {runs - len(fitted)} |")


if __name__ == "__main__":
    main()
