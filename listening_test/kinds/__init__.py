"""The kinds of test, one file for each family; a user's plug-in adds more."""

from .contract import KINDS, VIEWS, Kind, bands, kind, kind_of, kinds, named, opens, rated
from .pages import Answered, Missing, Place, Question, Row, Rules, Slot, Unit, letter

__all__ = [
    "KINDS",
    "VIEWS",
    "Answered",
    "Kind",
    "Missing",
    "Place",
    "Question",
    "Row",
    "Rules",
    "Slot",
    "Unit",
    "bands",
    "kind",
    "kind_of",
    "kinds",
    "letter",
    "named",
    "opens",
    "rated",
]
