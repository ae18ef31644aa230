"""``export`` and ``schema``: what other programs read, and how they read it."""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path

import click

from ..terminal import options

# What has a schema, by the function of ours that makes it.
_SCHEMAS: Mapping[str, str] = {
    "benchmark": "evaluation.benchmark.file:json_schema",
    "benchmark-result": "analysis.benchmark.result.contract:json_schema",
    "comparison": "analysis.benchmark.comparison.contract:json_schema",
    "ratings": "listening_test.export.ratings:json_schema",
    "result": "analysis.ratings.result.document:json_schema",
    "scores": "analysis.benchmark.result.contract:scores_json_schema",
    "study": "listening_test.study.file:json_schema",
}


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
@options.run
def export(results: Path, scores: Path, benchmark: str | None, run: str | None) -> None:
    """Write the scores of RESULTS as CSV: song, system, metric, variant, parameters, value, …

    A value that is undefined is an empty cell with the reason in its row. Text that a spreadsheet
    would run as a formula gets an apostrophe in front.
    """
    from ...analysis.benchmark.result.tables import export_scores
    from ...evaluation.results.runs import opened_at

    with opened_at(results, run, benchmark) as (store, name):
        rows = export_scores(store, name, scores)
    click.echo(f"{scores}: {rows} rows")


@click.command()
@click.argument("name", type=click.Choice(list(_SCHEMAS)))
def schema(name: str) -> None:
    """Print the JSON schema of a file, for editors and other programs.

    benchmark and study are the files that you write. result is the result.json of earmark analyse,
    benchmark-result that of a benchmark's report, comparison what earmark compare --json prints.
    scores is one row of the scores that earmark export writes, ratings one row of the ratings that
    earmark study export writes.
    """
    module, _, function = _SCHEMAS[name].partition(":")
    make = getattr(importlib.import_module(f"...{module}", __package__), function)
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    click.echo(json.dumps(dialect | make(), indent=1, ensure_ascii=False))
