"""Reads ratings from a DataFrame, by the rules that hold for a file."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ....models.errors import UserError
from .files import RatingsFile, Reading, ratings_in
from .files import read_ratings as read_file

NAME = "DataFrame"


def read_ratings(
    source: Path | str | pd.DataFrame,
    *,
    columns: Mapping[str, str] | None = None,
    scale: tuple[float, float] | None = None,
) -> RatingsFile:
    """Ratings of any tool, one rating per row, from a file or a DataFrame.

    Args:
        source: the path of a file, or a frame; a frame's index counts where it has names.
        columns: role (``listener``, ``system``, ``value``, ``passage``, ``question``, …) to
            column name; known names are found.
        scale: the lowest and highest possible rating; inferred by default.

    Raises:
        UserError: one line, if it cannot be read as ratings. Rows of a frame are counted as lines
            of a file are: the first row is line 2.
    """
    return read_source(source, Reading(columns=roles(columns), scale=scale))


def read_source(source: Path | str | pd.DataFrame, how: Reading) -> RatingsFile:
    """The ratings of a file or of a DataFrame, read as ``how`` says.

    Raises:
        UserError: as :func:`read_ratings`.
    """
    if isinstance(source, pd.DataFrame):
        return ratings_in(_csv(source), NAME, NAME, how)
    if not isinstance(source, str | Path):
        raise UserError(
            f"{type(source).__name__} holds no ratings; give the path of a file or a DataFrame "
            "with one rating per row"
        )
    return read_file(Path(source), how)


def marked_simulated(file: RatingsFile) -> RatingsFile:
    """The same ratings with the word that keeps simulated ones out of any count."""
    return replace(file, simulated=True)


def roles(columns: Mapping[str, str] | None) -> Mapping[str, str]:
    """Column names by role; ``score`` is another word for ``value``, as in the commands."""
    return {"value" if role == "score" else role: name for role, name in (columns or {}).items()}


def _csv(frame: pd.DataFrame) -> bytes:
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    if frame.columns.nlevels > 1:
        raise UserError(
            f"{NAME}: its columns have {frame.columns.nlevels} levels; ratings need one row each: "
            "frame.stack() or frame.melt() makes such a frame"
        )
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([str(name) for name in frame.columns])
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return stream.getvalue().encode()


def _cell(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return int(value)  # right and wrong answers
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    return value
