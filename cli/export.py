"""earmark export: results as files that other programs read."""

from pathlib import Path

import click


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--scores",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.csv",
    help="Where to write the tidy scores, one row per value.",
)
@click.option("--benchmark", metavar="NAME", help="Which benchmark; the latest by default.")
def export(results: Path, scores: Path, benchmark: str | None) -> None:
    """Write the scores of RESULTS as CSV: song, system, metric, variant, parameters, value, …

    A value that is undefined is an empty cell with the reason in its row. Text that a spreadsheet
    would run as a formula gets an apostrophe in front.
    """
    from ..analysis.benchmark.result.tables import choose_benchmark, export_scores
    from ..evaluation.results.store import Store

    with Store(results, create=False) as store:
        rows = export_scores(store, choose_benchmark(store, benchmark), scores)
    click.echo(f"{scores}: {rows} rows")
