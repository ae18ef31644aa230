"""The scores of audio files as a table of text: a row for each metric, a column for each file."""

from collections.abc import Iterator, Sequence

from ...evaluation.measure import FileScores
from ...evaluation.metrics import Measurement
from .numbers import NONE, NumberFormat, number_format


def score_rows(files: Sequence[FileScores]) -> Iterator[tuple[str, ...]]:
    """Label, unit, and the value of each file; the digits of a row are those of all its values."""
    labels = {name: one.unit for file in files for name, one in file.scores.items()}
    for name, unit in labels.items():
        row = [file.scores[name] for file in files]
        whole = unit == "samples"
        show = NumberFormat(0) if whole else number_format((one.value for one in row), unit)
        yield (name, unit, *(_in_words(one, show) for one in row))


def _in_words(measurement: Measurement, show: NumberFormat) -> str:
    if measurement.value is None:
        return f"{NONE} ({measurement.reason})"
    return show(measurement.value)
