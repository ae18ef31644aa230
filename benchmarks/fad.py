"""What a Fréchet distance costs beside the textbook's way, and how its bias falls: one run.

Run with ``python benchmarks/fad.py [--threads 1] [--rounds 5] [--device cpu]``. The embeddings and
the audio are SIMULATED. Arithmetic: the distance of covariances of d = 512 and 1024 dimensions, the
reference's statistics known to both sides; the peer takes a complex matrix square root, as the
usual packages do. Ours and the peer are timed in turn, and the shortest time of each counts; with
one thread it is processor time.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import click
import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from earmark.evaluation.distances import (
    extrapolate,
    frechet_distance,
    kernel_distance,
    kernel_reference,
    statistics,
)
from earmark.evaluation.distances.frechet import distance_from
from earmark.models.embeddings import named
from earmark.models.rendering.devices import PeakMemory, resolve_device

Array = NDArray[np.float64]
LARGE = 20_000


@click.command()
@click.option("--threads", default=1, show_default=True, help="Threads that torch may use.")
@click.option("--rounds", default=5, show_default=True, help="Times that each is timed.")
@click.option("--device", default="auto", show_default=True, help="Where to embed: cpu or cuda.")
def main(threads: int, rounds: int, device: str) -> None:
    """Time the distances and the embedding, and show the bias over n."""
    torch.set_num_threads(threads)
    console = Console(width=110)
    console.print(f"SIMULATED embeddings and audio; {threads} thread(s), best of {rounds}")
    console.print(arithmetic(rounds))
    console.print(bias())
    console.print(large_kernel())
    for place in dict.fromkeys(["cpu", str(resolve_device(device))]):
        console.print(embedding_speed(place, rounds))


def arithmetic(rounds: int) -> Table:
    """Ours and the complex square root."""
    table = Table("dimensions", "ours, ms", "complex sqrtm, ms", "sqrtm / ours", "values differ by")
    for dimensions in (512, 1024):
        real, made = simulated(0, 2 * dimensions, dimensions), simulated(1, 4000, dimensions)
        given = made.mean(axis=0), np.cov(made.T)
        ours = partial(distance_from, statistics(real), *given)
        theirs = partial(by_complex_root, real.mean(axis=0), np.cov(real.T), *given)
        fast, slow = timed([ours, theirs], rounds)
        table.add_row(
            str(dimensions),
            f"{fast:.1f}",
            f"{slow:.0f}",
            f"{slow / fast:.1f}",
            f"{abs(ours() - theirs()):.1g}",
        )
    return table


def bias() -> Table:
    """Two sets of one distribution, whose true distance is 0, in 128 dimensions."""
    table = Table("n", "FAD", "FAD × n", "FAD-inf, one-sided", "FAD-inf", "KAD", title="d = 128")
    for n in (256, 500, 1000, 2000, 5000):
        real, made = simulated(2, n, 128, spread=0.15), simulated(3, n, 128, spread=0.15)
        value = frechet_distance(statistics(real), made)
        found = extrapolate(real, made, 0)
        kernel = kernel_reference(real)
        if found is None or kernel is None:
            continue
        table.add_row(
            str(n),
            f"{value:.4f}",
            f"{value * n:.0f}",
            f"{found.one_sided:.4f}",
            f"{found.value:+.4f}",
            f"{kernel_distance(kernel, made):+.4f}",
        )
    return table


def large_kernel() -> str:
    """KAD of two sets of 20,000 embeddings in 256 dimensions."""
    real, made = simulated(4, LARGE, 256), simulated(5, LARGE, 256)
    start = time.perf_counter()
    with PeakMemory(torch.device("cpu")) as peak:
        kernel = kernel_reference(real)
        value = float("nan") if kernel is None else kernel_distance(kernel, made)
    seconds = time.perf_counter() - start
    memory = "unknown" if peak.mebibytes is None else f"{peak.mebibytes:.0f} MiB"
    return (
        f"KAD of 2 × {LARGE} embeddings, d = 256: {seconds:.0f} s, {memory} beside the sets "
        f"(value {value:+.4f})"
    )


def embedding_speed(device: str, rounds: int, seconds: float = 60.0) -> str:
    """Audio through the VGG of musicnn, resampled already."""
    embed = named("msd_vgg").open(None, device).loaded()
    audio = torch.randn(round(seconds * 16_000), generator=torch.Generator().manual_seed(0)) / 10
    (taken,) = timed([lambda: embed(audio)], rounds)
    return f"msd_vgg on {device}: {1000 * seconds / taken:.0f} × real time"


def simulated(seed: int, n: int, dimensions: int, spread: float = 1.0) -> Array:
    """Correlated normal embeddings ``(n, d)``."""
    mix = np.random.default_rng(99).normal(0, dimensions**-0.5, (dimensions, dimensions))
    return np.random.default_rng(seed).normal(0, spread, (n, dimensions)) @ mix


def by_complex_root(mean: Array, covariance: Array, other: Array, moment: Array) -> float:
    """The distance as packages compute it from two means and two covariances."""
    root = scipy.linalg.sqrtm((covariance @ moment).astype(complex))
    apart = np.square(mean - other).sum()
    return float(apart + np.trace(covariance) + np.trace(moment) - 2 * np.trace(root).real)


def timed(tasks: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """The shortest time of each in ms, all of them timed in turn after one try."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    best = [float("inf")] * len(tasks)
    for turn in range(rounds + 1):
        for at, task in enumerate(tasks):
            start = clock()
            task()
            if turn:
                best[at] = min(best[at], clock() - start)
    return [1000 * value for value in best]


if __name__ == "__main__":
    main()
