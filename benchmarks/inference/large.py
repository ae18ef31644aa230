"""Time and memory of `earmark analyse` on a large file of SIMULATED ratings.

Listeners × 50 passages × 10 systems, complete and with one cell in a hundred missing, each in a
process of its own:

    python benchmarks/inference/large.py --listeners 2000
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

PASSAGES, SYSTEMS = 50, 10


def write(path: Path, listeners: int, missing: float) -> None:
    """Write ratings of ``listeners`` with a share of cells ``missing``."""
    draw = np.random.default_rng(1)
    shape = (listeners, PASSAGES, SYSTEMS)
    cells = (
        50 + np.arange(SYSTEMS) + draw.normal(0, 12, shape) + draw.normal(0, 8, (listeners, 1, 1))
    )
    kept = draw.random(shape) >= missing
    with path.open("w", encoding="utf-8") as stream:
        stream.write("listener,passage,system,value\n")
        for listener, passage, system in np.argwhere(kept):
            value = np.clip(cells[listener, passage, system], 0, 100)
            stream.write(f"L{listener},p{passage},s{system},{value:.1f}\n")


@click.command()
@click.option("--listeners", default=2000, show_default=True)
def main(listeners: int) -> None:
    """Print rows, seconds and the most memory of each case."""
    with tempfile.TemporaryDirectory() as scratch:
        for missing in (0.0, 0.01):
            source, out = Path(scratch) / "ratings.csv", Path(scratch) / "out"
            write(source, listeners, missing)
            began = time.monotonic()
            command = [sys.executable, "-m", "earmark", "analyse", str(source), "--out", str(out)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = time.monotonic() - began
            # Kilobytes of the largest child so far.
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
            click.echo(f"{missing:.0%} missing: {seconds:.0f} s, at most {memory:.2f} GB")


if __name__ == "__main__":
    main()
