"""``leaderboard``: the systems of many runs in one table."""

from pathlib import Path

import click

from ..terminal import options


@click.command()
@click.argument("runs", nargs=-1)
@options.results
@options.which_benchmark
@options.metrics
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write leaderboard.html and leaderboard.md there.",
)
def leaderboard(
    runs: tuple[str, ...],
    results: Path,
    benchmark: str | None,
    metrics: tuple[str, ...],
    out: Path | None,
) -> None:
    """Rank the systems of many runs over the songs of the first one, as a Markdown table.

    RUNS are @RUN, FOLDER, FOLDER@RUN or names of benchmarks; by default all runs in --results that
    kept what they used, the latest first. Songs are matched by content. Systems with the very same
    renders are one entry; one that lacks a song is listed and not ranked.
    """
    from ...analysis.benchmark.comparison.compare import parse_asked
    from ...analysis.benchmark.comparison.leaderboard import leaderboard as rank_all
    from ...analysis.benchmark.comparison.leaderboard_page import write_leaderboard
    from ...analysis.benchmark.comparison.leaderboard_text import markdown

    found = rank_all(runs, results, [parse_asked(text) for text in metrics], benchmark)
    click.echo(markdown(found), nl=False)
    if out is not None:
        click.echo(f"\n{write_leaderboard(found, out)}", err=True)
