"""Makes listening tests from a program, and lists the kinds of test."""

from pathlib import Path

import pandas as pd

from ..models.plugins import load_entry_points
from .create import Watch, make_study
from .kinds import kinds
from .kinds.reading import read_study_file
from .study.study import Study, load_study


def create_study(
    file: Path | str,
    results: Path | str = "results",
    *,
    replace: bool = False,
    watch: Watch = lambda *_: None,
) -> Study:
    """Make the study that a study file describes; one that is there as described stays.

    Args:
        file: the study file.
        results: the folder of all results; the study lies in its ``studies/NAME``.
        replace: whether one of this name that no listener has begun may be replaced.
        watch: is told passage, its number and how many there are.

    Raises:
        UserError: if the audio or the design cannot be used, or a study of this name is another.
    """
    load_entry_points()
    read = read_study_file(Path(file))
    return load_study(make_study(read, Path(results), watch, again=replace))


def list_kinds() -> pd.DataFrame:
    """The kinds of listening test: columns ``name`` and ``summary``."""
    load_entry_points()
    rows = [(name, one.summary) for name, one in sorted(kinds().items())]
    return pd.DataFrame(rows, columns=["name", "summary"])
