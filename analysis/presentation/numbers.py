"""Numbers as a reader wants them: few digits, equal in a column, a true minus sign."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

NONE = "–"
_SMALLEST = -6  # power of ten; what is smaller is written with an exponent
_DECIBELS = ("dB", "dBFS", "dBTP", "LU", "LUFS")


@dataclass(frozen=True)
class NumberFormat:
    """``decimals`` digits after the point, or three significant ones each where None."""

    decimals: int | None

    def __call__(self, value: float | None, *, signed: bool = False) -> str:
        """``value`` as text; a dash where there is none."""
        if value is None or not math.isfinite(value):
            return NONE
        sign = "+" if signed else ""
        if self.decimals is None:
            text = _significant(value, sign)
        else:
            rounded = round(value, self.decimals) + 0.0  # no "-0.0"
            text = f"{rounded:{sign},.{self.decimals}f}"
        return text.replace(",", "\u202f").replace("-", "−")


def number_format(values: Iterable[float | None], unit: str = "") -> NumberFormat:
    """Three digits for a middling value; significant digits where sizes differ a thousandfold.

    Decibels have at most two decimals: nothing smaller can be heard or measured.
    """
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0]
    if not sizes:
        return NumberFormat(0)
    if unit not in _DECIBELS and max(sizes) > 1000 * min(sizes) and min(sizes) < 0.1:
        return NumberFormat(None)
    most = 2 if unit in _DECIBELS else 6
    return NumberFormat(max(0, min(most, 2 - math.floor(math.log10(statistics.median(sizes))))))


def _significant(value: float, sign: str) -> str:
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < _SMALLEST:
        return f"{value:{sign}.2e}"
    return f"{value:{sign},.{max(0, 2 - size)}f}"
