"""``schema``: the JSON schemas of what Earmark reads and writes."""

import importlib
import json
from collections.abc import Mapping

import click

# What has a schema, by the function of ours that makes it.
_SCHEMAS: Mapping[str, str] = {
    "benchmark": "evaluation.benchmark.file:json_schema",
    "benchmark-result": "analysis.benchmark.result.contract:json_schema",
    "scores": "analysis.benchmark.result.contract:scores_json_schema",
    "study": "listening_test.study.file:json_schema",
}


@click.command()
@click.argument("name", type=click.Choice(list(_SCHEMAS)))
def schema(name: str) -> None:
    """Print the JSON schema of a file, for editors and other programs.

    benchmark and study are the files that you write; benchmark-result is the result.json of a
    benchmark's report, and scores one row of the scores that earmark export writes.
    """
    module, _, function = _SCHEMAS[name].partition(":")
    make = getattr(importlib.import_module(f"..{module}", __package__), function)
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    click.echo(json.dumps(dialect | make(), indent=1, ensure_ascii=False))
