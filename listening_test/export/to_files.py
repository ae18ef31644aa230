"""Writes exports to files, whole or not at all, without holding all sessions in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Generic, TypeVar

from ...evaluation.results.store import written
from ...models.errors import UserError
from ..storage.tables import Database
from ..study.study import Study
from .answers import answers_csv
from .everything import json_parts
from .ratings import SessionFilter, TidyRow, chosen, csv_lines, tidy_rows, written_csv

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


def write_answers(study: Study, database: Database, choice: SessionFilter, path: Path) -> int:
    """Write the answers of questionnaires as CSV; how many sessions."""
    with written(path) as scratch:
        scratch.write_bytes(written_csv(answers_csv(study, database, choice)))
    with database.reading() as session:
        return sum(map(len, chosen(session, study, choice)))


def write_parquet(study: Study, database: Database, choice: SessionFilter, path: Path) -> int:
    """Write the ratings as Parquet, with the columns of the CSV as types; how many rows.

    Raises:
        UserError: if pyarrow is not installed.
    """
    from pandas import DataFrame  # takes longer to import than most exports take

    names = [one.name for one in fields(TidyRow) if study.file.sequence or one.name != "block"]
    types = {"int": "Int64", "float": "Float64", "str": "string"}
    rows = [vars(row) for row in tidy_rows(study, database, choice)]
    table = DataFrame(rows, columns=names).astype(
        {
            one.name: next(ours for name, ours in types.items() if name in str(one.type))
            for one in fields(TidyRow)
            if one.name in names
        }
    )
    with written(path) as scratch:
        try:
            table.to_parquet(scratch, index=False)
        except ImportError:
            raise UserError(
                f"{path}: Parquet needs a package: pip install 'earmark[parquet]'; or write "
                "--ratings FILE.csv"
            ) from None
    return len(rows)


def write_folder(files: Iterable[tuple[str, str]], folder: Path) -> int:
    """Write texts by their names below a folder that is new or empty; how many.

    Raises:
        UserError: if the folder holds anything, which would lie among them.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: is there and not an empty folder; name another")
    count = 0
    for name, text in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with written(path) as scratch:
            scratch.write_text(text, encoding="utf-8", newline="")
        count += 1
    return count


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
