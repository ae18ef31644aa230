"""The kinds of test, one file for each family; a user's plug-in adds more."""

from .contract import KINDS, VIEWS, Kind, bands, kind, kind_of, kinds, named, opens, rated
from .pages import Answered, ItemState, Missing, PageItem, Question, Row, Rules, Unit, letter
from .parts import part_of, parts, units_of

__all__ = [
    "KINDS",
    "VIEWS",
    "Answered",
    "ItemState",
    "Kind",
    "Missing",
    "PageItem",
    "Question",
    "Row",
    "Rules",
    "Unit",
    "bands",
    "kind",
    "kind_of",
    "kinds",
    "letter",
    "named",
    "opens",
    "part_of",
    "parts",
    "rated",
    "units_of",
]
