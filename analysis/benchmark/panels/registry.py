"""What a report is made of: sections and per-metric charts, in registries that later ones join."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ...presentation import pages
from ...presentation.figures import Figure
from ..result.columns import Column
from ..result.document import Result

TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True)
class Context:
    """What a section may read: the result, and where the pages of songs and systems lie."""

    result: Result
    song_pages: Mapping[str, str]
    system_pages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """A part of the report's page.

    ``html`` is safe markup. ``data`` holds JSON objects by name, which the page's scripts find
    under that name; ``parts`` are such objects that a page loads when they are asked for.
    ``tables`` become ``tables/NAME.csv``, and ``files`` are texts by their place in the folder.
    """

    id: str
    title: str
    html: str
    data: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    parts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Rows under a header for the page to show, sort and copy.

    A cell is text, a number, None, or ``{"v": text or number}`` with a ``note`` that stands beneath
    it or the address ``href`` that it leads to.
    ``digits`` are decimals per column, three significant digits where None; without any all are
    None. The first column names the row.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    digits: Sequence[int | None] = ()

    def as_json(self) -> dict[str, Any]:
        """The form that the page's scripts read."""
        rows = [list(row) for row in self.rows]
        digits = list(self.digits or [None] * len(self.header))
        return {"header": list(self.header), "rows": rows, "digits": digits}


@dataclass(frozen=True)
class Chart:
    """A figure with the table that stands folded under it, and a sentence between them."""

    figure: Figure
    table: Table
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form that the page's scripts read."""
        made = {"figure": self.figure, "table": self.table.as_json()}
        return made | {"note": self.note} if self.note else made


SectionMaker = Callable[[Context], Section | None]
ChartMaker = Callable[[Result, Column, str], Chart | None]

SECTIONS: dict[int, SectionMaker] = {}
CHARTS: dict[str, ChartMaker] = {}


def section(order: int) -> Callable[[SectionMaker], SectionMaker]:
    """Register the function below; sections stand by rising ``order``, None leaves one out."""

    def register(make: SectionMaker) -> SectionMaker:
        if order in SECTIONS:
            raise ValueError(f"two report sections want place {order}")
        SECTIONS[order] = make
        return make

    return register


def metric_chart(name: str) -> Callable[[ChartMaker], ChartMaker]:
    """Register a chart that the page draws for the metric and variant that its reader chose.

    A section shows it where its markup holds ``<div class="chart" data-chart="name">``.
    """

    def register(make: ChartMaker) -> ChartMaker:
        if name in CHARTS:
            raise ValueError(f"two report charts are named {name!r}")
        CHARTS[name] = make
        return make

    return register


def sections(context: Context) -> list[Section]:
    """Every section that has something to say, in order."""
    made = (SECTIONS[order](context) for order in sorted(SECTIONS))
    return [found for found in made if found is not None]


def metric_data(result: Result, column: Column) -> dict[str, Any]:
    """All charts of one metric, by variant and chart name."""
    variants: dict[str, Any] = {}
    for variant in column.variants:
        charts = {name: make(result, column, variant) for name, make in CHARTS.items()}
        variants[variant] = {
            name: chart.as_json() for name, chart in charts.items() if chart is not None
        }
    heading = {"heading": column.heading, "direction": column.direction}
    return heading | {"summary": column.summary, "variants": variants}


def render(template: str, **values: Any) -> str:
    """A template of the ``templates`` folder, filled in; every value is escaped."""
    return pages.render(TEMPLATES, template, **values)
