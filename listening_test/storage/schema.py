"""Which schema a ratings database has, and the migrations that bring it up to date."""

import contextlib
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ...models.errors import UserError
from ..study.study import StudyFolder
from .connections import Sqlite, StillSqlite, Storage, require_fsync

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(storage: Storage) -> None:
    """Bring a database up to date.

    Raises:
        UserError: if its schema is a newer one.
    """
    config, scripts = _migrations()
    with storage.engine.execution_options(writes=True).connect() as connection:
        storage.lock(connection, "migrations")
        require_fsync(connection, storage)
        found = _revision(connection, scripts, storage.name)
        if found != scripts.get_current_head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        connection.commit()
    if found is not None and found != scripts.get_current_head() and isinstance(storage, Sqlite):
        # What the old tables held is still in the file; it is large, and some of it is private.
        with contextlib.suppress(sqlite3.OperationalError):  # somebody reads it: no harm
            storage.forget(whole=True)


def is_older(storage: Storage, folder: StudyFolder) -> bool:
    """Whether a database has an older schema, which a reader cannot change.

    Raises:
        UserError: if its schema is a newer one, or it holds none.
    """
    _, scripts = _migrations()
    with storage.engine.connect() as connection:
        found = _revision(connection, scripts, storage.name)
    if found is None or (found != scripts.get_current_head() and not _is_file(storage)):
        raise UserError(
            f"{storage.name}: was made by an older Earmark; 'earmark study status "
            f"{folder.path.name}' brings it up to date"
        )
    return found != scripts.get_current_head()


def upgraded_copy(storage: StillSqlite, place: Path) -> Sqlite:
    """A copy of an older database in the folder ``place``, brought up to date there."""
    copy = Sqlite(place / "ratings.sqlite")
    copy.create()
    source, target = storage.connected(), sqlite3.connect(copy.path)
    with contextlib.closing(source), contextlib.closing(target):
        source.backup(target)
    upgrade(copy)
    return copy


def _is_file(storage: Storage) -> bool:
    return isinstance(storage, Sqlite | StillSqlite)


def _migrations() -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config, ScriptDirectory.from_config(config)


def _revision(connection: Connection, scripts: ScriptDirectory, name: str) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise UserError(
            f"{name}: schema {found} is newer than this Earmark reads "
            f"({scripts.get_current_head()}); use the version that made it"
        )
    return found
