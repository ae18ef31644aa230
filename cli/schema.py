"""``earmark schema``: the JSON schema of a file that Earmark reads or writes."""

import importlib
import json

import click

# What each name stands for: the module and the model that checks such a file.
_MODELS = {
    "benchmark": ("..evaluation.benchmark.file", "BenchmarkFile"),
    "ratings": ("..analysis.ratings.result.document", "RatingsResult"),
    "study": ("..listening_test.study.file", "StudyFile"),
}


@click.command()
@click.argument("what", type=click.Choice(sorted(_MODELS)))
def schema(what: str) -> None:
    """Print the JSON schema of a benchmark file, a study file, or a result of ratings.

    An editor or another program can check a file against it.

    \b
    earmark schema benchmark > benchmark.schema.json
    earmark schema ratings > result.schema.json
    """
    module, name = _MODELS[what]
    model = getattr(importlib.import_module(module, __package__), name)
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    found = draft | model.model_json_schema(by_alias=True)
    click.echo(json.dumps(found, indent=1, ensure_ascii=False))
