"""Writes exports to files, whole or not at all, without holding all sessions in memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from ...evaluation.results.store import written
from ..storage.tables import Database
from ..study.study import Study
from .everything import json_parts
from .ratings import SessionFilter, TidyRow, csv_lines, tidy_rows

T = TypeVar("T")


def write_csv(
    study: Study, database: Database, choice: SessionFilter, path: Path
) -> tuple[int, int]:
    """Write the ratings as CSV; how many rows of how many sessions."""
    seen = _Seen[TidyRow]()
    sessions, last = 0, ""
    found = seen.of(tidy_rows(study, database, choice))
    with (
        written(path) as scratch,
        # The mark in front tells spreadsheets that it is UTF-8.
        scratch.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        for line in csv_lines(found, blocks=bool(study.file.sequence)):
            file.write(line)
            if seen.latest is not None and seen.latest.session != last:
                sessions, last = sessions + 1, seen.latest.session
    return seen.count, sessions


def write_json(study: Study, database: Database, choice: SessionFilter, path: Path) -> int:
    """Write everything as JSON; how many sessions."""
    seen = _Seen[str]()
    with written(path) as scratch, scratch.open("w", encoding="utf-8") as file:
        for part in seen.of(json_parts(study, database, choice)):
            file.write(part)
    return seen.count - 2  # the head and the end


class _Seen(Generic[T]):
    """Counts what passes."""

    def __init__(self) -> None:
        self.count = 0
        self.latest: T | None = None

    def of(self, found: Iterable[T]) -> Iterator[T]:
        """The same."""
        for one in found:
            self.count, self.latest = self.count + 1, one
            yield one
