"""What networks are trained on: pairs, effects put on tracks, stems; docs/training-data.md."""

from .collecting import Place, check, collect
from .items import Dataset, Item, Request, unprocessed
from .section import TrainingSongs

__all__ = [
    "Dataset",
    "Item",
    "Place",
    "Request",
    "TrainingSongs",
    "check",
    "collect",
    "unprocessed",
]
