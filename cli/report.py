"""earmark report: tables, figures and players of a benchmark as one folder that works offline."""

from pathlib import Path

import click

from . import options


@click.command()
@options.results
@click.option("--benchmark", metavar="NAME", help="Which benchmark; the latest by default.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where to write; RESULTS/reports/NAME by default.",
)
def report(results: Path, benchmark: str | None, out: Path | None) -> None:
    """Write the report of a benchmark; what it already has is not made again."""
    from rich.console import Console
    from rich.progress import Progress

    from ..analysis.report import write_report
    from ..evaluation.store import Store

    with (
        Store(results, create=False) as store,
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("players and pictures of songs", total=None)

        def done(songs: int, of: int) -> None:
            bar.update(task, completed=songs, total=of)

        path = write_report(store, benchmark, out, done)
    click.echo(path)
