"""Reads a study file whole: its keys, and what its kind of test can do of what they ask."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...models.plugins import load_entry_points
from ..study.file import StudyFile, Test, read
from .contract import KINDS


class _Registered:
    """The kinds that are registered, as a study file is judged by them."""

    def names(self) -> Sequence[str]:
        load_entry_points()
        return list(KINDS)

    def problems(self, test: Test) -> Iterable[str]:
        return KINDS[test.kind].problems(test)


def read_study_file(path: Path) -> StudyFile:
    """The study file at ``path``; paths in it are relative to it.

    Raises:
        UserError: one line ``file:line: ...`` for each mistake.
    """
    return read(path, _Registered())
