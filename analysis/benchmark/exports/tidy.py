"""Tidy scores with what is known of each row: run, song and its tags, system and its step."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ....evaluation.results.spreadsheet_csv import csv_text
from ....evaluation.results.store import Store, written
from ..result import tables
from .needs import needed
from .run_facts import run_of

# The tags of songs stand between the two, each as a column of its own.
BEFORE_TAGS = ("benchmark", "run", "run_name", "song", "system", "kind", "role", "step")
AFTER_TAGS = ("metric", "variant", "parameters", "value", "unit", "reason", "version")
TAG = "tag:"


def tidy_scores(store: Store, benchmark: str) -> pd.DataFrame:
    """One row per score: those of :func:`.tables.scores`, with more columns.

    They are :data:`BEFORE_TAGS`, a column ``tag:NAME`` for every tag that a song of the benchmark
    has, in alphabetical order, and :data:`AFTER_TAGS`. Tags are texts, or JSON where they are no
    texts; a song without the tag has none. ``run`` and ``step`` are whole numbers or missing.
    """
    found = tables.scores(store, benchmark)
    run = run_of(store, benchmark)
    tags = {row["song"]: row["tags"] for row in tables.records(tables.songs(store, benchmark))}
    systems = {row["system"]: row for row in tables.records(tables.systems(store, benchmark))}
    names = sorted({name for mine in tags.values() for name in mine})
    of_system = [systems[name] for name in found["system"]]
    columns: dict[str, Any] = {
        "benchmark": _texts([benchmark] * len(found)),
        "run": _integers([None if run is None else run.number] * len(found)),
        "run_name": _texts(["" if run is None else run.name] * len(found)),
        "song": _texts(found["song"]),
        "system": _texts(found["system"]),
        "kind": _texts([row["kind"] for row in of_system]),
        "role": _texts([row["role"] for row in of_system]),
        "step": _integers([row["step"] for row in of_system]),
    }
    for name in names:
        columns[f"{TAG}{name}"] = _texts([_tag(tags[song].get(name)) for song in found["song"]])
    for name in AFTER_TAGS:
        plain = name in ("value", "version")
        columns[name] = found[name].to_numpy() if plain else _texts(found[name])
    return pd.DataFrame(columns)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write CSV that no spreadsheet executes, whole or not at all."""
    text = csv_text(list(frame.columns), frame.itertuples(index=False, name=None))
    with written(path) as scratch:
        scratch.write_text(text, encoding="utf-8", newline="")


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write Parquet, whole or not at all; what is missing is null.

    Raises:
        UserError: without the package pyarrow.
    """
    needed("--format parquet", "pyarrow", "parquet")
    with written(path) as scratch:
        frame.to_parquet(scratch, engine="pyarrow", index=False)


def _tag(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _texts(values: Any) -> "pd.Series[Any]":
    return pd.Series(list(values), dtype="string")


def _integers(values: list[int | None]) -> "pd.Series[Any]":
    return pd.Series(values, dtype="Int64")
