"""The scale that a question was answered on: its ends, and whether it has steps."""

from dataclasses import dataclass

import numpy as np

from ....models.errors import UserError
from .table import Floats

# (low, high, name); the first that holds nearly all ratings is taken.
_KNOWN = (
    (0.0, 1.0, "0 to 1"),
    (1.0, 5.0, "ACR, DCR or BS.1116"),
    (-3.0, 3.0, "CCR"),
    (0.0, 10.0, "0 to 10"),
    (0.0, 100.0, "MUSHRA or APE"),
)
# The name that a scale of degradation has where a study says that it is one.
DEGRADATION = "DCR"
_NEARLY_ALL = 0.95
_MOST_STEPS = 11
# What programs write for "missing" where a cell must hold a number.
_MISSING = (-1.0, -9.0, -99.0, -999.0, 99.0, 999.0, 9999.0)


@dataclass(frozen=True)
class Scale:
    """``low`` to ``high``; ``ordinal`` where all ratings are few whole steps."""

    low: float
    high: float
    ordinal: bool
    origin: str
    name: str = ""

    @property
    def signed(self) -> bool:
        """Whether zero means "no difference": CCR and its like."""
        return self.low < 0 and self.low == -self.high


def declared_scale(low: float, high: float) -> Scale:
    """The scale that the user states; its ratings tell whether it is ``ordinal``.

    Raises:
        UserError: if it has no length.
    """
    if not low < high:
        raise UserError(f"scale {low:g} to {high:g} has no length; the lower end comes first")
    known = next((name for a, b, name in _KNOWN if (a, b) == (low, high)), "")
    return Scale(low, high, ordinal=False, origin="declared", name=known)


def few_steps(values: Floats, low: float, high: float) -> bool:
    """Whether ratings ``(n,)`` are few whole steps of a scale, of preferences also halves.

    The ratings say so and not the scale: grades from 1 to 5 may be whole or have tenths.
    """
    steps = np.unique(values)
    if (low, high) == (0, 1) and set(steps.tolist()) <= {0.0, 0.5, 1.0}:
        return True
    whole = bool((steps == np.round(steps)).all())
    return whole and len(steps) <= _MOST_STEPS and high - low < _MOST_STEPS


def guessed_scale(values: Floats) -> Scale:
    """The scale that ratings ``(n,)`` seem to come from: a usual one, else their own range.

    A few ratings outside a usual scale are mistakes and the scale stands; many are another scale.
    """
    if set(np.unique(values).tolist()) <= {0.0, 0.5, 1.0}:
        return Scale(0.0, 1.0, ordinal=True, origin="inferred", name="no or yes")
    for low, high, name in _KNOWN:
        if np.mean((values >= low) & (values <= high)) >= _NEARLY_ALL:
            if (low < 0) != bool((values < 0).any()):
                continue
            ordinal = few_steps(values, low, high)
            return Scale(low, high, ordinal=ordinal, origin="inferred", name=name)
    _check_codes(values)
    low, high = float(values.min()), float(values.max())
    ordinal = few_steps(values, low, high)
    return Scale(low, high, ordinal=ordinal, origin="the range of the ratings")


def _check_codes(values: Floats) -> None:
    """Stop where one of the usual codes for "missing" lies far from all ratings.

    Raises:
        UserError: with the code and how often it stands.
    """
    for code in _MISSING:
        found = values == code
        rest = values[~found]
        if not found.any() or not len(rest):
            continue
        gap = min(abs(rest - code))
        if gap > max(float(np.ptp(rest)), 1.0) / 2 and not rest.min() < code < rest.max():
            raise UserError(
                f"the ratings hold {code:g} {int(found.sum())} times, and else {rest.min():g} to "
                f"{rest.max():g}: if it means missing, leave these cells empty; if it is a rating, "
                "say the ends of the scale with --scale LOW HIGH"
            )
