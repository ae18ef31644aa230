"""Values as these panels compare them: the columns of the headline, sizes where zero is best."""

import numpy as np

from ...result.columns import COSTS, Column
from ...result.document import Result
from ...result.summary import Floats

# Parameters are a column like the metrics; the other costs are of the machine.
COST_METRICS = ("parameters", *COSTS)


def compared(result: Result, column: Column, system: str, variant: str = "") -> Floats:
    """A value per song, NaN where there is none; its size where closest to zero is best."""
    values = result.values.of(column.id, variant or column.variants[0], system)
    return np.abs(values) if column.better == "zero" else values


def quality_columns(result: Result) -> list[Column]:
    """The headline metrics that have a better direction, without what renders cost."""
    return [
        column
        for column in result.headline
        if column.better != "none" and column.metric not in COST_METRICS
    ]


def heading(column: Column) -> str:
    """The heading of what is compared, with its direction."""
    text = f"|{column.label}|" if column.better == "zero" else column.label
    unit = f" ({column.unit})" if column.unit else ""
    return f"{text}{unit} {'↓' if column.better == 'zero' else column.arrow}".strip()


def variant_words(column: Column) -> str:
    """``, raw`` where a metric has several variants, else nothing."""
    return f", {column.variants[0]}" if len(column.variants) > 1 else ""
