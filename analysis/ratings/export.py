"""Writes an analysis: result.json, provenance.json, tables as CSV and LaTeX, the sentences."""

import csv
import importlib.metadata
import io
import json
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...evaluation.store import now, written
from .analysis import Result
from .latex import latex_table
from .sheets import Form, Sheet, blocks, sheets
from .wording import finding, methods_paragraph, omnibus_sentence, pair_sentence

_LIBRARIES = ("earmark", "numpy", "scipy", "plotly")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_result(result: Result, out: Path, source: Path, command: Sequence[str]) -> list[Path]:
    """Write everything but the report into ``out``; the paths written.

    Raises:
        UserError: if a file cannot be written.
    """
    data = result.data
    texts = {
        "result.json": result.text,
        "provenance.json": json.dumps(provenance(source, command), indent=1) + "\n",
        "sentences.txt": sentences(data),
    }
    for block in blocks(data):
        prefix = f"{slug(block['question'])}-" if len(data["questions"]) > 1 else ""
        for sheet in sheets(block):
            name = f"{prefix}{slug(sheet.name)}"
            texts[f"tables/{name}.csv"] = csv_table(sheet)
            texts[f"tables/{name}.tex"] = latex_table(sheet)
    paths = []
    for name, text in texts.items():
        path = out / name
        with written(path) as scratch:
            scratch.write_text(text, encoding="utf-8", newline="")
        paths.append(path)
    return paths


def provenance(source: Path, command: Sequence[str]) -> dict[str, Any]:
    """What depends on the day and the machine: time, command, versions."""
    return {
        "written": now(),
        "source": str(source),
        "command": list(command),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


def sentences(data: Form) -> str:
    """The finding, the APA sentences and the methods paragraph of every question."""
    parts = []
    for block in blocks(data):
        primary = block["primary"]
        parts += [
            f"# {block['question']}",
            *(["SIMULATED ratings."] if data["simulated"] else []),
            finding(block),
            "",
            omnibus_sentence(primary, block["design"]),
            *(pair_sentence(pair, primary) for pair in primary["pairs"]),
            "",
            methods_paragraph(data, block),
            "",
        ]
    return "\n".join(parts)


def csv_table(sheet: Sheet) -> str:
    """A sheet as CSV in full precision; what a spreadsheet would execute gets an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_cell(column.title) for column in sheet.columns])
    writer.writerows([_cell(value) for value in row] for row in sheet.rows)
    return stream.getvalue()


def slug(name: str) -> str:
    """A file name out of any name."""
    return re.sub(r"[^\w-]+", "-", name).strip("-").lower()[:60] or "table"


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return repr(value) if isinstance(value, float) else value
