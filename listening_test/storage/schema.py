"""Brings a ratings database up to date.

Alembic, which takes longer to load than most starts of a server, is loaded only where there is
something to change: which version a database has, and which is the newest, is read without it.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ...models.errors import UserError
from ..study.study import StudyFolder
from .connections import Storage, require_fsync

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


def check_schema(storage: Storage, folder: StudyFolder) -> None:
    """Refuse a database that would have to be changed before it can be read.

    Raises:
        UserError: if its schema is older or newer.
    """
    with storage.engine.connect() as connection:
        if version(connection, storage.name) != versions()[-1]:
            raise UserError(
                f"{storage.name}: was made by an older Earmark; 'earmark study status "
                f"{folder.path.name}' brings it up to date"
            )


def upgrade(storage: Storage) -> None:
    """Make the tables, or bring them up to date.

    Raises:
        UserError: if the schema is newer than this Earmark knows.
    """
    with storage.engine.execution_options(writes=True).connect() as connection:
        storage.lock(connection, "migrations")
        require_fsync(connection, storage)
        if version(connection, storage.name) != versions()[-1]:
            _migrate(connection)
        connection.commit()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
