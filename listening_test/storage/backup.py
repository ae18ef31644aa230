"""Copies a study whole, also while it is being served: files, and ratings as of one moment.

The copy is a study folder of its own with a SQLite file, wherever the ratings lay.
"""

import contextlib
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from ...models.errors import UserError
from ..study.study import StudyFolder
from .connections import Sqlite, reason
from .tables import Base, Database, opened

_ROWS = 1000


def backup(folder: StudyFolder, target: Path) -> None:
    """A whole copy of a study in ``target``.

    Raises:
        UserError: if ``target`` is there already or cannot be written, or the ratings are gone or
            of a newer schema; nothing is left of the copy then.
    """
    if target.exists():
        raise UserError(f"{target}: already exists; give a new folder with --out")
    copy = StudyFolder(target.absolute())
    try:
        target.mkdir(parents=True)
        for path in (folder.study, folder.keys, folder.heard):
            if path.is_file():
                shutil.copy2(path, target / path.name)
        if folder.stimuli.is_dir():
            shutil.copytree(folder.stimuli, copy.stimuli)
        if folder.plugins.is_dir():
            shutil.copytree(folder.plugins, copy.plugins)
        if folder.database.is_file() or folder.ratings.is_file():
            with opened(folder) as database:
                _copy_ratings(database, copy)
    except BaseException as error:
        # Half a backup would be taken for one, whatever ended it.
        shutil.rmtree(target, ignore_errors=True)
        if not isinstance(error, OSError | sqlite3.Error | DBAPIError):
            raise
        raise UserError(
            f"{target}: the backup cannot be written ({reason(error)}); free space, or give "
            "another folder with --out"
        ) from None


def _copy_ratings(database: Database, copy: StudyFolder) -> None:
    if isinstance(database.storage, Sqlite):
        source = sqlite3.connect(f"{database.storage.path.as_uri()}?mode=ro", uri=True)
        target = sqlite3.connect(copy.ratings)
        with contextlib.closing(source), contextlib.closing(target):
            source.backup(target)
        return
    with opened(copy) as made, made.writing() as writing, database.reading() as reading:
        for table in Base.metadata.sorted_tables:
            rows = reading.execute(select(table)).mappings()
            for part in rows.partitions(_ROWS):
                writing.execute(insert(table), [dict(row) for row in part])
