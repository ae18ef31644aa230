"""``compare``: two systems, runs, results folders or benchmarks, song by song."""

import sys
from pathlib import Path

import click

from ..terminal import options


@click.command()
@click.argument("a")
@click.argument("b")
@options.results
@options.which_benchmark
@options.metrics
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write pages there, with players of the songs that moved most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option(
    "--fail-if",
    "limits",
    multiple=True,
    metavar="CONDITION",
    help='Exit with 1 if a mean changed so: "mrstft_music > +0.02". May be given again.',
)
@click.option(
    "--fail-if-worse",
    "worse",
    multiple=True,
    metavar="METRIC",
    help="Exit with 1 if B is told to be worse than A. May be given again.",
)
def compare(
    a: str,
    b: str,
    results: Path,
    benchmark: str | None,
    metrics: tuple[str, ...],
    out: Path | None,
    limits: tuple[str, ...],
    worse: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Compare A with B over the songs that both have, matched by content.

    A side is SYSTEM, SYSTEM@RUN, @RUN, the name of a benchmark, the path of a checkpoint, or
    FOLDER[:SYSTEM][@RUN] with another results folder. Without a system, all of equal names are
    compared. Differences are B less A, with intervals that hold for all of them at once.

    Exit status 1 means that a condition failed, 2 that one could not be judged: a song or system
    that B lacks, a metric that was measured otherwise, or fewer than six songs for --fail-if-worse.
    """
    import json

    from ...analysis.benchmark.comparison.compare import compare_sides, parse_asked
    from ...analysis.benchmark.comparison.contract import document
    from ...analysis.benchmark.comparison.gates import Gate, Worse, judge, parse_limit
    from ...analysis.benchmark.comparison.text import comparison_lines
    from ...models.errors import UserError

    gates: list[Gate] = [parse_limit(text) for text in limits]
    gates += [Worse(parse_asked(text)) for text in worse]
    asked = [parse_asked(text) for text in metrics]
    # A condition names its metric; the others are those asked for, or none.
    asked += [gate.asked for gate in gates if gate.asked not in asked]
    try:
        found = compare_sides(a, b, results, list(dict.fromkeys(asked)), benchmark)
    except UserError as error:
        if not gates:
            raise
        # Status 1 would say that a condition failed.
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    judged = judge(found, gates)
    if out is not None:
        from ...analysis.benchmark.comparison.page import write_comparison

        click.echo(write_comparison(found, judged, out), err=True)
    if as_json:
        click.echo(json.dumps(document(found, judged).as_json(), indent=1, ensure_ascii=False))
    else:
        for line in comparison_lines(found):
            click.echo(line)
        for one in judged:
            click.echo(f"\n{one.outcome.name}  {one.gate.said}: {one.why}", err=one.outcome != 0)
    outcomes = {int(one.outcome) for one in judged}
    sys.exit(1 if 1 in outcomes else 2 if 2 in outcomes else 0)
