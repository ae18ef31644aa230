"""Frames of pandas as tables of text: Parquet files, and what a program hands over."""

import io
from typing import Any

import pandas as pd

from .....models.errors import UserError
from .documents import TextTable


def parquet(data: bytes, place: str) -> TextTable:
    """The rows of a Parquet file.

    Raises:
        UserError: one line, if it is broken, or no package here reads Parquet.
    """
    try:
        return table(pd.read_parquet(io.BytesIO(data)), place)
    except ImportError:
        raise UserError(
            f"{place}: is a Parquet file, which needs a package: pip install 'earmark[parquet]'"
        ) from None
    except UserError:
        raise
    except Exception as error:  # pyarrow's errors have no base that is known without it
        raise UserError(f"{place}: is a broken Parquet file ({type(error).__name__})") from None


def table(frame: pd.DataFrame, place: str) -> TextTable:
    """A frame as text; its index counts where it has names. The first row is line 2.

    Raises:
        UserError: if its columns have several levels.
    """
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    if frame.columns.nlevels > 1:
        raise UserError(
            f"{place}: its columns have {frame.columns.nlevels} levels; ratings need one row each: "
            "frame.stack() or frame.melt() makes such a frame"
        )
    rows = [(1, [str(name) for name in frame.columns])]
    for line, row in enumerate(frame.itertuples(index=False, name=None), 2):
        cells = [cell(value) for value in row]
        if any(text.strip() for text in cells):
            rows.append((line, cells))
    return TextTable(place, tuple(rows))


def cell(value: Any) -> str:
    """One value as text: right and wrong as 1 and 0, what is not there as ''."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple | dict):
        return repr(value)
    if isinstance(value, bool):
        return str(int(value))  # right and wrong answers
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    return str(value)
