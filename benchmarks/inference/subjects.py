"""How often intervals of the model of listeners hold the truth, and how often there is a fit.

SIMULATED ratings of listeners × 6 passages × 4 systems with biases of 8 points and inconsistencies
about 10 points, whose logs vary by 0.4. Prints the table of docs/statistics.md:

    python benchmarks/inference/subjects.py --runs 100
"""

import sys
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "fixtures" / "ratings"))

from ratings_simulation import ratings_of

from earmark.analysis.ratings.estimation.subject_model import SubjectFit, fit_subjects
from earmark.analysis.ratings.reading.table import Floats, Ratings
from earmark.analysis.ratings.result.note_words import NotFittedError

STIMULI = (6, 4)
PANELS = (4, 6, 8, 12, 24)
_ALPHA = 0.05
_Z = 1.959964


def drawn(
    generator: np.random.Generator, listeners: int
) -> tuple[Ratings, tuple[Floats, Floats, Floats]]:
    """SIMULATED ratings with their qualities, biases and inconsistencies."""
    spread = np.exp(generator.normal(np.log(10), 0.4, listeners))
    quality = generator.normal(50, 10, (1, *STIMULI))
    bias = generator.normal(0, 8, (listeners, 1, 1))
    bias -= bias.mean()
    noise = generator.normal(0, 1, (listeners, *STIMULI)) * spread[:, None, None]
    return ratings_of(quality + bias + noise), (quality.ravel(), bias.ravel(), spread)


def fitted(ratings: Ratings, *, restricted: bool) -> SubjectFit | None:
    """The fit; None where there is none."""
    try:
        return fit_subjects(ratings, restricted=restricted)
    except NotFittedError:
        return None


def row(listeners: int, runs: int, seed: int) -> str:
    """A row of the table."""
    generator = np.random.default_rng([seed, listeners])
    held: list[list[float]] = []
    published: list[float] = []
    for _ in range(runs):
        ratings, truths = drawn(generator, listeners)
        fit, other = fitted(ratings, restricted=True), fitted(ratings, restricted=False)
        if fit:
            found = (fit.quality_interval(_ALPHA), fit.bias_interval(_ALPHA),
                     fit.inconsistency_interval(_ALPHA))  # fmt: skip
            pairs = zip(found, truths, strict=True)
            held.append([float(((a <= t) & (t <= b)).mean()) for (a, b), t in pairs])
        if other:
            half = _Z / float(np.sqrt((other.inconsistency**-2).sum()))
            published.append(float((np.abs(other.quality - truths[0]) <= half).mean()))
    quality, bias, spread = np.mean(held, axis=0)
    theirs = f"{np.mean(published):.3f}" if published else "–"
    lost, never = (100 * (1 - len(part) / runs) for part in (held, published))
    return (
        f"| {listeners} | {quality:.3f} | {theirs} | {bias:.3f} | {spread:.3f} | {lost:.0f} % | "
        f"{never:.0f} % |"
    )


@click.command()
@click.option("--runs", default=100, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(runs: int, seed: int) -> None:
    """Print the table."""
    click.echo(
        "| listeners | interval of quality | published interval | bias | inconsistency | no fit | "
        "no fit by P.913 |"
    )
    click.echo("|---|---|---|---|---|---|---|")
    for listeners in PANELS:
        click.echo(row(listeners, runs, seed))


if __name__ == "__main__":
    main()
