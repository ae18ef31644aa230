"""The page of a result: one offline HTML file with figures, tables and players of outliers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.offline

from ....evaluation.results.store import written
from ...presentation import pages
from ...presentation.assets import FIRST_SCRIPT, SCRIPTS, STATIC, STYLES, TOKENS
from ...presentation.figures import Figure
from ...presentation.looks import Look
from ...presentation.numbers import fixed
from ...ratings.report.export import csv_table, labelled, slug
from ...ratings.report.html import TEMPLATES as RATINGS_TEMPLATES
from ...ratings.report.system_looks import system_looks
from ...ratings.report.tables.latex import latex_table
from ...ratings.report.tables.sheet import Sheet, shown
from ...ratings.result.validity import ValidityLevel
from ..document import ValidityDocument
from ..summary import summary_of
from .validity_figures import correlations, scatter
from .validity_sheets import markdown_table, validity_sheets
from .words import cautions, ceiling_text, design_text, finding

TEMPLATES = Path(__file__).parent / "templates"
_STYLES = (TOKENS, *(STATIC / name for name in STYLES), RATINGS_TEMPLATES / "report.css")
_SCRIPTS = (*(STATIC / name for name in SCRIPTS), RATINGS_TEMPLATES / "report.js")
_MOST_SCATTERS = 40
_MOST_POINTS = 20_000
_ROW_LIMIT = 200
_FOLDED = 12
_NAMED = ("System",)


@dataclass(frozen=True)
class _Table:
    """A sheet as the page shows it: cells with text, number as text, side and look."""

    name: str
    caption: str
    header: list[tuple[str, bool]]
    rows: list[list[tuple[str, str, bool, Look | None]]]
    more: int
    folded: bool
    csv: str


def write_validity(
    document: ValidityDocument, out: Path, players: Mapping[tuple[str, str], str] | None = None
) -> Path:
    """Write the report, ``result.json``, ``validity.json`` and the tables into ``out``.

    ``players`` are addresses of the stimuli, relative to ``out``. The path of the report.

    Raises:
        UserError: if a file cannot be written.
    """
    sheets = [labelled(sheet, document.label) for sheet in validity_sheets(document)]
    texts = {
        "result.json": document.json_text(),
        "validity.json": summary_of(document).json_text(),
        "report.html": validity_html(document, plotly.offline.get_plotlyjs(), players or {}),
    }
    for sheet in sheets:
        name = slug(sheet.name)
        texts[f"tables/{name}.csv"] = csv_table(sheet)
        texts[f"tables/{name}.tex"] = latex_table(sheet)
        texts[f"tables/{name}.md"] = markdown_table(sheet)
    for name, text in texts.items():
        with written(out / name) as scratch:
            scratch.write_text(text, encoding="utf-8", newline="")
    return out / "report.html"


def validity_html(
    document: ValidityDocument, bundle: str, players: Mapping[tuple[str, str], str]
) -> str:
    """The report as HTML with Plotly inside."""
    found = document.following
    names = list(dict.fromkeys(one.system for one in found.stimuli))
    looks = system_looks(names, document.options.reference, document.options.anchors, {})
    figures: dict[str, Figure] = {}
    for level in ValidityLevel:
        figure = correlations(found, level)
        if figure is not None:
            figures[f"forest-{level}"] = figure
    drawn = [one for one in found.metrics if one.levels]
    most = max(1, min(_MOST_SCATTERS, _MOST_POINTS // max(1, len(found.stimuli))))
    choices = []
    for at, one in enumerate(drawn[:most]):
        figures[f"metric-{at}"] = scatter(found, one, looks)
        choices.append((f"metric-{at}", one.label))
    tables = {sheet.name: _table(sheet, looks) for sheet in validity_sheets(document)}
    return pages.render(
        TEMPLATES,
        "validity.html",
        data=document,
        found=found,
        finding=finding(found),
        design=design_text(document),
        ceiling=ceiling_text(found),
        cautions=[said for one in found.metrics for said in cautions(one)],
        choices=choices,
        not_drawn=len(drawn) - len(choices),
        tables=tables,
        outliers=_outliers(document, players),
        has=set(figures),
        looks={name: looks[name] for name in names},
        figures=_script_json(figures),
        css=_text(*_STYLES),
        first_script=_text(STATIC / FIRST_SCRIPT),
        script=_text(*_SCRIPTS),
        bundle=bundle,
        fixed=fixed,
    )


def _outliers(
    document: ValidityDocument, players: Mapping[tuple[str, str], str]
) -> list[dict[str, Any]]:
    """Outliers that can be heard, a list per metric."""
    found = []
    for one in document.following.metrics:
        rows = [
            {"outlier": row, "address": players[row.passage, row.system]}
            for row in one.outliers
            if (row.passage, row.system) in players
        ]
        if rows:
            found.append({"label": one.label, "rows": rows})
    return found


def _table(sheet: Sheet, looks: Mapping[str, Look]) -> _Table:
    numeric = [column.kind not in ("text", "yes") for column in sheet.columns]
    marks = [looks if column.title in _NAMED else {} for column in sheet.columns]
    rows = [
        [
            (shown(value, column.kind), _raw(value), number, mark.get(str(value)))
            for value, column, number, mark in zip(row, sheet.columns, numeric, marks, strict=True)
        ]
        for row in sheet.rows[:_ROW_LIMIT]
    ]
    return _Table(
        sheet.name,
        sheet.caption,
        list(zip([column.title for column in sheet.columns], numeric, strict=True)),
        rows,
        max(0, len(sheet.rows) - _ROW_LIMIT),
        len(sheet.rows) > _FOLDED and sheet.name != "metrics",
        _script_json(csv_table(sheet)) if len(sheet.rows) <= _ROW_LIMIT else "",
    )


def _raw(value: Any) -> str:
    return "" if value is None or isinstance(value, str) else repr(float(value))


def _text(*paths: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def _script_json(value: Any) -> str:
    """JSON that can stand in a script element: no "<" ends or opens anything."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
