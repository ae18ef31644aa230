"""Simulated listening tests with known effects. SIMULATED: no listener gave these ratings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from earmark.analysis.ratings.reading.table import Floats


def simulated_cells(
    seed: int,
    shape: tuple[int, int, int] = (16, 5, 5),
    *,
    effects: Floats | None = None,
    listener: float = 12.0,
    passage: float = 8.0,
    listener_passage: float = 6.0,
    listener_system: float = 0.0,
    passage_system: float = 0.0,
    residual: float = 10.0,
) -> Floats:
    """Ratings ``(listeners, passages, systems)`` about 50 with the given standard deviations."""
    n, m, k = shape
    r = np.random.default_rng(seed)
    cells: Floats = 50 + r.normal(0, residual, shape)
    cells += r.normal(0, listener, (n, 1, 1)) + r.normal(0, passage, (1, m, 1))
    cells += r.normal(0, listener_passage, (n, m, 1)) + r.normal(0, listener_system, (n, 1, k))
    cells += r.normal(0, passage_system, (1, m, k))
    return cells if effects is None else cells + effects


def written_ratings(
    path: Path,
    cells: Floats,
    *,
    systems: Sequence[str] = "ABCDE",
    question: str = "overall",
    digits: int = 1,
    more: Sequence[str] = (),
) -> Path:
    """Write ``cells`` (NaN: no row) as a ratings file, with ``more`` rows after; SIMULATED."""
    rows = ["listener,passage,system,question,value"]
    for (listener, passage, system), value in np.ndenumerate(cells):
        if not np.isnan(value):
            cell = f"{np.clip(value, 0, 100):.{digits}f}"
            rows.append(f"L{listener},song {passage},{systems[system]},{question},{cell}")
    path.write_text("\n".join([*rows, *more]) + "\n", encoding="utf-8")
    return path


def passed(result: dict[str, Any]) -> bool:
    """Whether every self-check of a result holds."""
    return all(check["passed"] for check in result["checks"])


def pair(block: dict[str, Any], names: str) -> dict[str, Any]:
    """The pair of two names of one letter each."""
    found = [p for p in block["pairs"] if p["group1"] + p["group2"] == names]
    assert len(found) == 1
    only: dict[str, Any] = found[0]
    return only
