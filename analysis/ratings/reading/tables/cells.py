"""What a cell of a ratings file says: a number, nothing, a name, a winner, a list."""

import ast
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "–"})
# As tables write numbers. Python's float also reads 1_0, full-width digits and "infinity".
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
# What may be a number with a decimal comma, or one above a thousand as English tables write it.
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_LIST = re.compile(r"\s*[\[(].*[\])]\s*", re.DOTALL)
_LONGEST_LIST = 1_000_000

TIES = frozenset({"=", "tie", "ties", "tied", "-", "draw", "equal", "same", "no preference"})
BOTH_BAD = frozenset({"both_bad", "bothbad", "both bad", "tie (bothbad)", "tie (both bad)"})
_FIRST = frozenset({"a", "model_a", "system_a", "left", "first"})
_SECOND = frozenset({"b", "model_b", "system_b", "right", "second"})


def number(text: str) -> float | None:
    """The number in a cell; NaN where the rating is missing, None where it is no number."""
    text = text.strip()
    if NUMBER.fullmatch(text) or DECIMAL_COMMA.fullmatch(text):
        found = float(text.replace(",", "."))
        return found if math.isfinite(found) else None
    return math.nan if text.lower() in MISSING else None


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no rating."""
    return text.strip().lower() in MISSING


def is_numeric(cells: Iterable[str]) -> bool:
    """Whether every cell is a number or missing, and at least one is a number."""
    some = False
    for cell in cells:
        found = number(cell)
        if found is None:
            return False
        some = some or not math.isnan(found)
    return some


def name(text: str) -> str:
    """A name as it is compared: without blanks at its ends, in one form of Unicode."""
    return unicodedata.normalize("NFC", text.strip())


def winner(first: str, second: str, said: str) -> str | None:
    """Who won, ``a``, ``b`` or ``=``; '' where it is missing, None where it cannot be told."""
    said = name(said)
    low = said.lower()
    if low in MISSING - {"-", "–"}:
        return ""
    if said in (first, second):
        return "a" if said == first else "b"
    if low in _FIRST or low in _SECOND:
        return "a" if low in _FIRST else "b"
    return "=" if low in TIES or low in BOTH_BAD else None


def listed(text: str) -> list[str] | None:
    """The items of a list that a cell holds as Python or JSON writes it; None where it holds none.

    Nothing is run: only literals are read.
    """
    if len(text) > _LONGEST_LIST or not _LIST.fullmatch(text):
        return None
    found = literal(text)
    if not isinstance(found, list | tuple):
        return None
    return ["" if item is None else str(item) for item in found]


def literal(text: str) -> object:
    """The value that a text of Python or JSON literals stands for; the text where it is none."""
    if len(text) > _LONGEST_LIST:
        return text
    plain = re.sub(r"\bnan\b|\bNaN\b|\bnull\b(?=\s*[,\]}])", "None", text)
    plain = re.sub(r"\btrue\b", "True", re.sub(r"\bfalse\b", "False", plain))
    try:
        return ast.literal_eval(plain.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def distinct(cells: Sequence[str]) -> list[str]:
    """The values of a column, each once, in the order of the file."""
    return list(dict.fromkeys(name(cell) for cell in cells))
