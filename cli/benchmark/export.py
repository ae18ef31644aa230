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
    "doctor": "evaluation.doctor.contract:json_schema",
    "ratings": "listening_test.export.ratings:json_schema",
    "result": "analysis.ratings.result.document:json_schema",
    "scores": "analysis.benchmark.result.contract:scores_json_schema",
    "sessions": "listening_test.export.session_schema:json_schema",
    "study": "listening_test.study.file:json_schema",
    "validity": "analysis.validity.document:json_schema",
    "validity-file": "analysis.validity.summary:json_schema",
}


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="PATH",
    help="The file or folder to write. With mlflow also the address of a server.",
)
@click.option(
    "--format",
    "asked",
    type=options.Named(options.EXPORTS),
    help="What to write; by default the ending of PATH tells: .csv, .parquet, .tex or .md.",
)
@click.option(
    "--scores",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.csv",
    help="Write CSV of fewer columns instead: song, system, metric, variant, parameters, value, …",
)
@options.which_benchmark
@options.run
@click.option(
    "--baseline", metavar="A,B", help="Compare with these systems; the benchmark file's by default."
)
@click.option(
    "--system",
    "systems",
    multiple=True,
    metavar="NAME",
    help="Of which system to write a card or records; may be given again.",
)
@click.option("--organization", metavar="NAME", default="", help="Who measured, for records.")
@click.option("--developer", metavar="NAME", default="", help="Who made the systems, for records.")
def export(
    results: Path,
    out: str | None,
    asked: str | None,
    scores: Path | None,
    benchmark: str | None,
    run: str | None,
    baseline: str | None,
    systems: tuple[str, ...],
    organization: str,
    developer: str,
) -> None:
    """Write a benchmark in RESULTS for other programs.

    csv and parquet hold one row per score, with run, song and its tags, system, kind, role and
    step. latex and markdown hold the headline table. every-eval-ever writes a record of each
    system by that schema, model-card a Hugging Face model card of one system. tensorboard, mlflow
    and wandb keep the run for these trackers; none but mlflow reaches a network, and only if PATH
    is an address.

    A value that is undefined is an empty cell with the reason in its row. Text that a spreadsheet
    would run as a formula gets an apostrophe in front.
    """
    from ...evaluation.results.runs import opened_at
    from ...models.errors import UserError

    if (out is None) == (scores is None):
        raise UserError("give --out PATH, or --scores FILE.csv, and not both")
    if out is None and scores is not None:
        from ...analysis.benchmark.result.tables import export_scores

        others = {"--format": asked, "--baseline": baseline, "--system": systems}
        others |= {"--organization": organization, "--developer": developer}
        given = [option for option, value in others.items() if value]
        if given:
            raise UserError(f"--scores takes no {given[0]}; give --out {scores} instead")
        with opened_at(results, run, benchmark) as (store, name):
            rows = export_scores(store, name, scores)
        click.echo(f"{scores}: {rows} rows")
        return
    from ...analysis.benchmark.exports.asked import ExportWish, choose_format
    from ...analysis.benchmark.exports.export import export as write

    place = str(out)
    wish = ExportWish(
        format=choose_format(asked, place),
        out=place,
        baselines=baseline or "",
        systems=systems,
        organization=organization.strip(),
        developer=developer.strip(),
    )
    with opened_at(results, run, benchmark) as (store, name):
        for line in write(store, name, wish):
            click.echo(line)


@click.command()
@click.argument("name", type=click.Choice(list(_SCHEMAS)))
def schema(name: str) -> None:
    """Print the JSON schema of a file, for editors and other programs.

    benchmark and study are the files that you write. result is the result.json of earmark analyse,
    benchmark-result that of a benchmark's report, comparison what earmark compare --json prints,
    doctor what earmark doctor --json prints.
    scores is one row of the scores that earmark export --scores writes, ratings one row of the
    ratings that earmark study export writes, sessions the whole file of its --json.
    """
    module, _, function = _SCHEMAS[name].partition(":")
    make = getattr(importlib.import_module(f"...{module}", __package__), function)
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    click.echo(json.dumps(dialect | make(), indent=1, ensure_ascii=False))
