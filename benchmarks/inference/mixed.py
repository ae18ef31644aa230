"""How long ratings take where cells are missing in many patterns, beside lmerTest in R.

Tables of random shape and with random missing cells are analysed on scope music, with all that a
report holds; then the mixed model alone is fitted by Earmark and, where R is installed, by
lmerTest (``lmer`` and ``anova``) on the same table, in turn. Seconds of processor time:

    python benchmarks/inference/mixed.py --tables 100 --peer 5
"""

import csv
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.mixed_models import linear
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Method, Scope

_R = """
suppressPackageStartupMessages(library(lmerTest))
d <- read.csv(commandArgs(TRUE)[1], stringsAsFactors = TRUE)
began <- proc.time()
f <- suppressMessages(suppressWarnings(lmer(value ~ system + (1 | listener) + (1 | passage) +
  (1 | listener:passage) + (1 | listener:system) + (1 | passage:system), d)))
a <- suppressWarnings(anova(f))
took <- proc.time() - began
cat(took[["user.self"]] + took[["sys.self"]], format(REMLcrit(f), digits = 15))
"""


def drawn(ratings: int, generator: np.random.Generator) -> Floats:
    """SIMULATED cells ``(n, m, k)`` of about so many ratings, with a shape and holes by chance."""
    share = generator.uniform(0.02, 0.3)
    systems = int(generator.integers(2, 13))
    most = min(600 // systems, ratings // (3 * systems))
    passages = int(np.exp(generator.uniform(np.log(3), np.log(most))))
    listeners = max(3, round(ratings / (systems * passages * (1 - share))))
    shape = (listeners, passages, systems)
    cells: Floats = 50 + generator.normal(0, 12, shape) + generator.normal(0, 10, (listeners, 1, 1))
    cells += generator.normal(0, 5, (1, passages, 1)) + generator.normal(
        0, 3, (listeners, 1, systems)
    )
    cells += generator.normal(0, 4, (1, passages, systems))
    cells[generator.random(shape) < share] = np.nan
    return np.clip(np.round(cells, 1), 0, 100)


def written(path: Path, cells: Floats) -> Path:
    """``cells`` as a ratings file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["listener", "passage", "system", "value"])
        for (listener, passage, system), value in np.ndenumerate(cells):
            if not np.isnan(value):
                rows.writerow([f"l{listener}", f"p{passage}", f"s{system}", value])
    return path


def whole(path: Path) -> float:
    """Seconds of a whole analysis of a file."""
    linear._fitted.cache_clear()
    began = time.process_time()
    result = analyse(read_ratings(path), RatingsOptions(scope=Scope.MUSIC))
    took = time.process_time() - began
    if result.primary.method is not Method.MIXED_MODEL:
        raise click.ClickException(f"{path}: {result.primary.method} instead of the mixed model")
    return took


def ours(cells: Floats) -> tuple[float, float]:
    """Seconds of our fit and test, and the deviance."""
    linear._fitted.cache_clear()
    began = time.process_time()
    fit = linear.fit_mixed(cells, Scope.MUSIC)
    fit.omnibus()
    return time.process_time() - began, fit.deviance


def theirs(path: Path) -> tuple[float, float]:
    """Seconds of lmerTest's fit and test, and its criterion."""
    said = subprocess.run(
        ["Rscript", "-e", _R, str(path)], check=True, capture_output=True, text=True
    ).stdout.split()
    return float(said[0]), float(said[1])


def told(name: str, seconds: Sequence[float]) -> None:
    """Print percentiles."""
    low, middle, high = np.percentile(seconds, [50, 95, 100])
    click.echo(f"{name}: median {low:.2f} s, 95th percentile {middle:.2f} s, most {high:.2f} s")


@click.command()
@click.option("--ratings", default=[1500, 10_000], multiple=True, show_default=True)
@click.option("--tables", default=100, show_default=True, help="Of each size.")
@click.option("--peer", default=5, show_default=True, help="Tables of each size for lmerTest.")
@click.option("--seed", default=0, show_default=True)
def main(ratings: Sequence[int], tables: int, peer: int, seed: int) -> None:
    """Print seconds of processor time per size, and the ratio to lmerTest."""
    with tempfile.TemporaryDirectory() as folder:
        for size in ratings:
            generator = np.random.default_rng([seed, size])
            took, fits, others, ratios = [], [], [], []
            for number in range(tables):
                cells = drawn(size, generator)
                path = written(Path(folder) / "ratings.csv", cells)
                took.append(whole(path))
                fits.append(ours(cells)[0])
                if number < peer and shutil.which("Rscript"):
                    mine, deviance = ours(cells)
                    other, criterion = theirs(path)
                    others.append(other)
                    ratios.append(other / mine)
                    click.echo(
                        f"  {cells.shape}: Earmark {mine:.2f} s, lmerTest {other:.2f} s, "
                        f"its criterion is {criterion - deviance:+.1e} from ours"
                    )
            told(f"{size} ratings, {tables} tables, whole analysis", took)
            told(f"{size} ratings, mixed model alone", fits)
            if others:
                told(f"{size} ratings, lmerTest, {len(others)} of them", others)
                click.echo(f"lmerTest takes {np.median(ratios):.1f} times as long (median)")


if __name__ == "__main__":
    main()
