"""Variance components of the ratings at hand, and what another test with them would find."""

from typing import Any

import numpy as np

from ..methods.crossed import TERMS, components, mean_squares
from ..methods.mixed import fit_mixed
from ..reading.table import Ratings, listener_means
from ..result.design import Design
from .sample_size import better_buy, precision, smallest_detectable

_WANTED = 0.8


def variance_components(
    ratings: Ratings, design: Design, scope: str, alpha: float
) -> dict[str, Any]:
    """Variances by term, the smallest detectable differences, and what to buy more of."""
    variances, method, note = _variances(ratings, design)
    if variances is None:
        return {"method": None, "note": note, "terms": [], "planning": None}
    positive = {name: max(value, 0.0) for name, value in variances.items()}
    total = sum(positive.values())
    terms = [
        {
            "term": name,
            "variance": variances[name],
            "sd": float(np.sqrt(positive[name])),
            "share": positive[name] / total if total else None,
        }
        for name in (*TERMS, "listener:system + residual")
        if name in variances
    ]
    return {
        "method": method,
        "note": note,
        "terms": terms,
        "planning": _planning(positive, design, scope, alpha),
    }


def _variances(ratings: Ratings, design: Design) -> tuple[dict[str, float] | None, str, str]:
    if design.kind in ("one system", "no variation", "between", "one listener", "preferences"):
        return None, "", f"not estimable: {design.kind}"
    if design.passages > 1:
        if design.balanced:
            found = components(mean_squares(ratings.cells))
            note = ""
            if min(found.values()) < 0:
                note = "A negative variance means: no more variation than chance; taken as zero."
            return found, "method of moments", note
        try:
            return fit_mixed(ratings.cells, "music").variances, "REML", ""
        except (ValueError, np.linalg.LinAlgError) as error:
            return None, "", f"not estimable: {error}"
    means = listener_means(ratings.cells)
    whole = means[~np.isnan(means).any(axis=1)]
    n, k = whole.shape
    if n < 2:
        return None, "", "not estimable: fewer than two listeners rated every system"
    centred = whole - whole.mean(axis=1, keepdims=True) - whole.mean(axis=0) + whole.mean()
    residual = float((centred**2).sum()) / ((n - 1) * (k - 1))
    note = "One passage: a listener's own taste and chance cannot be told apart."
    return {"listener:system + residual": residual}, "method of moments", note


def _planning(
    variances: dict[str, float], design: Design, scope: str, alpha: float
) -> dict[str, Any]:
    known = variances
    if "residual" not in variances:
        known = {"residual": variances["listener:system + residual"]}
        scope = "passages"
    n, m = design.listeners, design.passages
    scope = scope if m > 1 else "passages"
    listeners = sorted({5, 10, 15, 20, 30, 50, 100, n})
    passages = sorted({m}) if m < 2 else sorted({5, 10, 15, 20, m})
    grid = []
    for count in (c for c in listeners if c > 1):
        for pieces in passages:
            at = precision(known, count, pieces, scope)
            grid.append(
                {
                    "listeners": count,
                    "passages": pieces,
                    "standard_error": at.error,
                    "df": at.df,
                    "detectable": smallest_detectable(at, alpha, _WANTED),
                }
            )
    now = next(row for row in grid if row["listeners"] == n and row["passages"] == m)
    return {
        "scope": scope,
        "power": _WANTED,
        "alpha": alpha,
        "detectable_now": now["detectable"],
        "better_buy": better_buy(known, n, m, scope) if m > 1 else "listeners",
        "grid": grid,
        "note": (
            "The smallest true difference of two systems that one comparison would find with this "
            "power, without adjustment for several comparisons."
        ),
    }
