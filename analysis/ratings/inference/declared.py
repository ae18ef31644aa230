"""What was declared before there were ratings, read from a YAML file and checked as options are."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ....listening_test.study.exclusion import read_exclusions
from ....models.configuration import read_yaml
from ....models.errors import UserError
from ..result.names import Adjust
from .options import DECLARABLE, SCOPES


def read_declared(path: Path) -> dict[str, Any]:
    """Names and values that a file declares; a value of null declares nothing.

    Raises:
        UserError: one line with the file, if it cannot be read or a value is none of its option's.
    """
    found, lines = read_yaml(path)
    if not isinstance(found, dict):
        raise UserError(f"{path}: must hold names and values, as 'scope: music'")
    declared = {}
    for name, value in found.items():
        if name not in DECLARABLE:
            raise UserError(
                f"{lines.where(name)}: declared {name!r} is unknown; "
                f"choose from {', '.join(DECLARABLE)}"
            )
        if value is None:
            continue
        fits, wanted = _WANTED[name]
        if not fits(value):
            raise UserError(f"{lines.where(name)}: {name} {value!r} is not {wanted}")
        if name == "exclude":
            declared[name] = _rules(value, lines.where(name))
            continue
        declared[name] = names_in(value) if name == "anchors" else value
    return declared


def names_in(names: Any) -> list[str]:
    """``A,B`` as names, or a list of names; one that holds a comma stands in quotes, as in CSV."""
    if not isinstance(names, str):
        return list(names)
    parted = next(csv.reader([names], skipinitialspace=True), [])
    return [name.strip() for name in parted if name.strip()]


def _rules(value: str | list[str], where: str) -> list[str]:
    rules = [value] if isinstance(value, str) else value
    try:
        read_exclusions(rules)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    return rules


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(map(_is_text, value)))


_SYSTEM = (_is_text, "a system's name; write numbers, yes and no in quotes")
_QUESTION = (_is_text, "a question's name; write numbers, yes and no in quotes")
_WANTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "alpha": (
        lambda value: _is_number(value) and 0 < value < 0.5,
        "a number between 0 and 0.5; write 'alpha: 0.05'",
    ),
    "margin": (
        lambda value: _is_number(value) and 0 < value < float("inf"),
        "a positive number of points of the scale; write 'margin: 5'",
    ),
    "scope": (lambda value: value in SCOPES, f"a scope; choose from {', '.join(SCOPES)}"),
    "adjust": (
        lambda value: value in list(Adjust),
        f"an adjustment; choose from {', '.join(sorted(Adjust))}",
    ),
    "anchors": (_are_names, "names of systems; write 'anchors: low,mid' or 'anchors: [low, mid]'"),
    "mid_anchor": _SYSTEM,
    "exclude": (_are_names, "a rule or a list of rules; write 'exclude: bs1534'"),
    "reference": _SYSTEM,
    "baseline": _SYSTEM,
    "reference_master": _SYSTEM,
    "primary": _QUESTION,
    "question": _QUESTION,
}
