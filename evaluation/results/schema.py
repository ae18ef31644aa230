"""The schema of ``results.sqlite``: its number, and how an older one is brought up to date.

``meta`` holds the number under ``schema`` and, from schema 2 on, the Earmark that wrote the schema
under ``earmark``. Each migration is a list of statements; all that are missing run in one
transaction, so that a kill leaves the database as it was.
"""

import sqlite3
from importlib.metadata import version
from pathlib import Path

from ...models.errors import UserError
from .migrations import MIGRATIONS

SCHEMA = len(MIGRATIONS)


def schema_of(connection: sqlite3.Connection, database: Path) -> int:
    """The schema of an open database; 0 where it is empty.

    Raises:
        UserError: if it is not Earmark's, or newer than this Earmark reads.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return 0
    meta = dict(connection.execute("SELECT key, value FROM meta")) if "meta" in tables else {}
    found = str(meta.get("schema", ""))
    if not found.isdigit() or found == "0":
        raise UserError(
            f"{database}: is not a results database of Earmark; choose another folder with "
            "--results"
        )
    if int(found) > SCHEMA:
        writer = f"Earmark {meta['earmark']}" if meta.get("earmark") else "a newer Earmark"
        raise UserError(
            f"{database}: schema {found}, this Earmark reads {SCHEMA}; {writer} wrote it: update "
            "Earmark, or choose another folder with --results"
        )
    return int(found)


def upgrade(connection: sqlite3.Connection, found: int) -> None:
    """Bring a database of schema ``found`` up to date, in the transaction that is open."""
    for statements in MIGRATIONS[found:]:
        for statement in statements:
            connection.execute(statement)
    connection.executemany(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
        [("schema", str(SCHEMA)), ("earmark", version("earmark"))],
    )
