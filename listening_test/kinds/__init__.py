"""The kinds of test, one file for each family."""

from . import ape, attributes, mushra, pairs, single
from .contract import (
    Answered,
    Kind,
    Missing,
    Place,
    Question,
    Row,
    Rules,
    Slot,
    Unit,
    kind,
    kind_of,
    kinds,
    opens,
)

__all__ = [
    "Answered",
    "Kind",
    "Missing",
    "Place",
    "Question",
    "Row",
    "Rules",
    "Slot",
    "Unit",
    "ape",
    "attributes",
    "kind",
    "kind_of",
    "kinds",
    "mushra",
    "opens",
    "pairs",
    "single",
]
