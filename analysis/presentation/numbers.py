"""Numbers as a reader wants them: few digits, equal in a column, a true minus sign.

Every page and table takes its numbers from here. The sentences of a ratings report are made to be
copied into a manuscript and keep the hyphen of the keyboard.
"""

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
            text = f"{_rounded(value, self.decimals):{sign},.{self.decimals}f}"
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


def fixed(value: float, decimals: int, *, signed: bool = False) -> str:
    """``value`` with ``decimals`` digits after the point, thousands not set apart."""
    sign = "+" if signed else ""
    return f"{_rounded(value, decimals):{sign}.{decimals}f}".replace("-", "−")


def decibels(gain: float) -> str:
    """A gain with its sign: +1.5 dB."""
    return f"{fixed(gain, 1, signed=True)} dB"


def hertz_text(hertz: float) -> str:
    """A frequency as the label of an axis: 63, 31.5, 2k, 12.5k."""
    return f"{hertz:.3g}" if hertz < 1000 else f"{hertz / 1000:.3g}k"


def p_text(p: float) -> str:
    """A p-value in a table: three decimals, two significant digits where small, never zero."""
    if p < 1e-16:
        return "<1e-16"
    return f"{p:.1e}" if p < 0.001 else f"{p:.3f}"


def p_equals(p: float) -> str:
    """A p-value in running text: ``p = 0.012`` or ``p < 1e-16``."""
    text = p_text(p)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def p_apa(p: float) -> str:
    """A p-value as the APA manual asks: no leading zero, three decimals, never zero."""
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def p_cell(p: float) -> str:
    """A p-value where there is room for four signs: ``<.001``, ``.012`` or ``1``."""
    return "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0") if p < 1 else "1"


def _rounded(value: float, decimals: int) -> float:
    return round(value, decimals) + 0.0  # no "-0.0"


def _significant(value: float, sign: str) -> str:
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < _SMALLEST:
        return f"{value:{sign}.2e}"
    return f"{value:{sign},.{max(0, 2 - size)}f}"
