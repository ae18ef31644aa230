"""Which schema a ratings database has, and the migrations that bring it up to date.

Alembic, which takes longer to load than most starts of a server, is loaded only where there is
something to change: which version a database has, and which is the newest, is read without it.
"""

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ...models.errors import UserError
from ..study.study import StudyFolder
from .connections import Sqlite, StillSqlite, Storage, require_fsync

MIGRATIONS = Path(__file__).parent / "migrations"


def versions() -> list[str]:
    """The versions of the schema, oldest first; a migration's file name begins with its own."""
    found = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted(path.name.partition("_")[0] for path in found)


def version(connection: Connection, name: str) -> str | None:
    """The version of a database; None where it has no tables yet. ``name`` says which it is.

    Raises:
        UserError: if this Earmark does not know it.
    """
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    known = versions()
    if found is not None and found not in known:
        raise UserError(
            f"{name}: schema {found} is newer than this Earmark reads ({known[-1]}); use the "
            "version that made it"
        )
    return None if found is None else str(found)


def upgrade(storage: Storage) -> None:
    """Make the tables, or bring them up to date.

    Raises:
        UserError: if the schema is newer than this Earmark knows.
    """
    with storage.engine.execution_options(writes=True).connect() as connection:
        storage.lock(connection, "migrations")
        require_fsync(connection, storage)
        found = version(connection, storage.name)
        if found != versions()[-1]:
            _migrate(connection)
        connection.commit()
    if found not in (None, versions()[-1]) and isinstance(storage, Sqlite):
        # What the old tables held is still in the file; it is large, and some of it is private.
        with contextlib.suppress(sqlite3.OperationalError):  # somebody reads it: no harm
            storage.forget(whole=True)


def is_older(storage: Storage, folder: StudyFolder) -> bool:
    """Whether a database has an older schema, which a reader cannot change.

    Raises:
        UserError: if its schema is a newer one, or it holds none.
    """
    with storage.engine.connect() as connection:
        found = version(connection, storage.name)
    newest = versions()[-1]
    if found is None or (found != newest and not _is_file(storage)):
        raise UserError(
            f"{storage.name}: was made by an older Earmark; 'earmark study status "
            f"{folder.path.name}' brings it up to date"
        )
    return found != newest


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


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
