"""Reads what metrics say of the stimuli of a study, as they are heard."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....models.errors import UserError


@dataclass(frozen=True)
class HeardScore:
    """A metric of one passage as one system made it; ``value`` is None where it is undefined."""

    passage: str
    system: str
    metric: str
    variant: str
    value: float | None
    unit: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_heard(path: Path, block: str = "") -> tuple[HeardScore, ...]:
    """The scores in a study's ``heard.json``, those of a block of its sequence; none without it.

    Raises:
        UserError: one line with the file, if it cannot be read.
    """
    if not path.is_file():
        return ()
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["scores"]
        return tuple(_score(one) for one in rows if one.get("block", "") == block)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: cannot be read ({type(error).__name__}); restore it from a backup"
        ) from None


def _score(row: Mapping[str, Any]) -> HeardScore:
    value = row["value"]
    return HeardScore(
        passage=row["passage"],
        system=row["system"],
        metric=row["metric"],
        variant=row["variant"],
        value=None if value is None else float(value),
        unit=row.get("unit") or "",
        parameters=row.get("parameters") or {},
    )
