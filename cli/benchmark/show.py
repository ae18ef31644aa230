"""``show``: what a benchmark found, in the terminal."""

from pathlib import Path

import click

from ..terminal import options


@click.command()
@options.results
@options.which_benchmark
@options.run
@click.option(
    "--baseline", metavar="A,B", help="Compare with these systems; the benchmark file's by default."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report's result.json instead.")
def show(
    results: Path, benchmark: str | None, run: str | None, baseline: str | None, *, as_json: bool
) -> None:
    """Show the finding of a benchmark, the rank of each system, and medians over songs.

    A rank such as 1–3 says that these songs cannot tell which of the first three the system is.
    """
    import shutil

    from ...analysis.benchmark.result.document import load
    from ...analysis.benchmark.text.standings_text import counts_text, standings_lines
    from ...evaluation.results.runs import opened_at

    with opened_at(results, run, benchmark) as (store, name):
        found = load(store, name, baseline or ())
    if as_json:
        click.echo(found.to_json(), nl=False)
        return
    simulated = " (SIMULATED songs)" if found.simulated else ""
    click.echo(f"{name}{simulated}: {counts_text(found)}\n")
    for line in standings_lines(found, shutil.get_terminal_size((100, 24)).columns):
        click.echo(line)
