"""Does the time that a stimulus takes to arrive tell its system? Every file of a study, many times.

In each round all files of a passage are fetched once in a drawn order over HTTP from the study's
own server; Friedman's test asks, over rounds, whether some system is slower than another:

    python benchmarks/timing.py studies/demo --rounds 100
"""

import http.client
import random
import time
from pathlib import Path
from urllib.parse import urlsplit

import click
import numpy as np
from scipy.stats import friedmanchisquare

from earmark.listening_test.server.serve import in_background
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.study.study import StudyFolder


def fetched(address: str, path: str) -> float:
    """Seconds from the request to the last byte."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise click.ClickException(f"{path}: {answer.status}")
    return took


@click.command()
@click.argument("study", type=click.Path(exists=True, path_type=Path))
@click.option("--rounds", default=100, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(study: Path, rounds: int, seed: int) -> None:
    """Print each system's median time and Friedman's test over passages and rounds."""
    folder, draw = StudyFolder(study), random.Random(seed)
    addresses = addresses_of(folder)
    made = addresses.study
    systems = list(made.systems)
    blocks = []
    with in_background(folder) as address:
        for number in range(rounds):
            for passage in made.passages:
                found = {x.system: x.token for x in made.stimuli if x.passage == passage.id}
                order = draw.sample(sorted(found), len(found))
                # A new address each time, as another listener has it.
                urls = {name: addresses.of(found[name], str(number)) for name in order}
                took = {name: fetched(address, urls[name]) for name in order}
                blocks.append([took[name] for name in systems])
    times = np.array(blocks) * 1000
    for name, median in zip(systems, np.median(times, axis=0), strict=True):
        click.echo(f"{name}: median {median:.3f} ms")
    test = friedmanchisquare(*times.T)
    n, k = times.shape
    w = test.statistic / (n * (k - 1))
    click.echo(f"Friedman over {n} rounds: chi2({k - 1}) = {test.statistic:.2f}, ", nl=False)
    click.echo(f"p = {test.pvalue:.3f}, Kendall's W = {w:.4f}")


if __name__ == "__main__":
    main()
