"""What networks are trained on: pairs, effects put on tracks, stems; docs/training-data.md."""

from .collecting import SongPlace, check, collect
from .items import DataRequest, Dataset, TrainingItem, unprocessed
from .section import TrainingSongs

__all__ = [
    "DataRequest",
    "Dataset",
    "SongPlace",
    "TrainingItem",
    "TrainingSongs",
    "check",
    "collect",
    "unprocessed",
]
