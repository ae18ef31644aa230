"""Writes an analysis: result.json, provenance.json, tables as CSV and LaTeX, the sentences."""

import importlib.metadata
import json
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....evaluation.results.spreadsheet_csv import csv_text
from ....evaluation.results.store import now, written
from ..result.document import RatingsResult
from .tables.latex import latex_table
from .tables.people_sheets import flow_sheet, people_sheet
from .tables.sheet import Sheet, SheetColumn
from .tables.sheets import sheets
from .words.grades_words import grades_sentence
from .words.master_words import master_sentences
from .words.sentences import (
    finding,
    methods_paragraph,
    omnibus_sentence,
    pair_sentences,
)
from .words.statement import data_statement

_LIBRARIES = ("earmark", "numpy", "scipy", "scikit-posthocs", "statsmodels", "plotly")


def write_result(
    result: RatingsResult, out: Path, source: Path, command: Sequence[str]
) -> dict[str, str]:
    """Write everything but the report into ``out``; the versions of the libraries used.

    Raises:
        UserError: if a file cannot be written.
    """
    versions = library_versions()
    texts = {
        "result.json": result.json_text(),
        "provenance.json": json.dumps(provenance(source, command, versions), indent=1) + "\n",
        "sentences.txt": sentences(result, versions),
    }
    several = len(result.questions) > 1
    people = flow_sheet(result.participants), people_sheet(result.participants)
    made = [("", sheet) for sheet in people if sheet]
    for block, name in zip(result.every_question(), slugs(result.questions), strict=True):
        prefix = f"{name}-" if several else ""
        made += [(prefix, sheet) for sheet in sheets(block)]
    files = _numbered([f"{prefix}{slug(sheet.name)}" for prefix, sheet in made])
    for (_, bare), name in zip(made, files, strict=True):
        sheet = labelled(bare, result.label)
        texts[f"tables/{name}.csv"] = csv_table(sheet)
        texts[f"tables/{name}.tex"] = latex_table(sheet)
    for name, text in texts.items():
        with written(out / name) as scratch:
            scratch.write_text(text, encoding="utf-8", newline="")
    return versions


def provenance(source: Path, command: Sequence[str], versions: Mapping[str, str]) -> dict[str, Any]:
    """What depends on the day and the machine: time, command, versions."""
    return {
        "written": now(),
        "source": str(source),
        "command": list(command),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": dict(versions),
    }


def library_versions() -> dict[str, str]:
    """The versions that the numbers and figures depend on."""
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}


def labelled(sheet: Sheet, label: str | None) -> Sheet:
    """The sheet with its label (SIMULATED, PILOT) in the caption and in every row."""
    if label is None:
        return sheet
    return Sheet(
        sheet.name,
        f"{label} data. {sheet.caption}",
        (*sheet.columns, SheetColumn("Data")),
        tuple((*row, label) for row in sheet.rows),
        (*sheet.paper, "Data") if sheet.paper else (),
    )


def sentences(result: RatingsResult, versions: Mapping[str, str]) -> str:
    """The finding, the APA sentences and the methods paragraph of every question; the data."""
    parts = []
    for block in result.every_question():
        primary = block.primary
        parts += [
            f"# {block.question}",
            *([f"{result.label} ratings."] if result.label else []),
            finding(block),
            "",
            omnibus_sentence(block),
            *pair_sentences(primary),
            *filter(None, [grades_sentence(block)]),
            "",
            *([*said, ""] if (said := master_sentences(block)) else []),
            methods_paragraph(result, block, versions),
            "",
        ]
    parts += ["# Data and declaration", data_statement(result), ""]
    return "\n".join(parts)


def csv_table(sheet: Sheet) -> str:
    """A sheet as CSV in full precision; what a spreadsheet would execute gets an apostrophe."""
    rows = (
        [str(value).lower() if isinstance(value, bool) else value for value in row]
        for row in sheet.rows
    )
    return csv_text([column.title for column in sheet.columns], rows)


def slug(name: str) -> str:
    """A file name out of any name."""
    return re.sub(r"[^\w-]+", "-", name).strip("-").lower()[:60] or "table"


def slugs(names: Sequence[str]) -> list[str]:
    """File names out of names, each another: ``treble`` and ``treble-2`` of Treble+ and Treble-."""
    return _numbered([slug(name) for name in names])


def _numbered(names: Sequence[str]) -> list[str]:
    """Names in their order, those that were there already with the least free number."""
    taken: dict[str, None] = {}
    for name in names:
        free, count = name, 2
        while free in taken:
            free, count = f"{name}-{count}", count + 1
        taken[free] = None
    return list(taken)
