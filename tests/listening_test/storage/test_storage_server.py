"""What a transaction in PostgreSQL promises, whatever the server's own settings say."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from postgres_server import Server
from sqlalchemy import event, text

from earmark.listening_test.storage import schema
from earmark.listening_test.storage.connections import UnavailableError, key_of, postgres
from earmark.listening_test.storage.tables import Database, StudyVersion, opened, use
from earmark.listening_test.storage.wire import Statement
from earmark.listening_test.study.study import StudyFolder


@pytest.fixture
def folder(tmp_path: Path, postgresql: Server) -> StudyFolder:
    home = StudyFolder(tmp_path / "studies" / "small")
    home.path.mkdir(parents=True)
    use(home, postgresql.url())
    return home


@pytest.fixture
def database(folder: StudyFolder) -> Iterator[Database]:
    with opened(folder) as found:
        yield found


def shown(way: AbstractContextManager[Any], *names: str) -> list[str]:
    """The settings of a transaction, by SQLAlchemy or on the driver's own connection."""
    with way as one:
        if hasattr(one, "rows"):
            return [one.one(Statement(text(f"SHOW {name}"))) for name in names]
        return [one.scalar(text(f"SHOW {name}")) for name in names]


def test_a_transaction_that_writes_confirms_what_is_on_disk_and_waits_so_long(
    database: Database, postgresql: Server
) -> None:
    postgresql._run(f"ALTER DATABASE {database.engine.url.database} SET synchronous_commit = off")
    database.engine.dispose()  # new connections have the new default
    names = ("synchronous_commit", "lock_timeout", "transaction_read_only")
    for way in (database.writing, database.changing):
        assert shown(way("a"), *names) == ["on", "20s", "off"]
    names = ("transaction_isolation", "transaction_read_only", "synchronous_commit")
    for look in (database.reading, database.looking):
        assert shown(look(), *names) == ["repeatable read", "on", "off"]


def free(database: Database, about: str) -> bool:
    """Whether another transaction could lock this now."""
    with database.engine.connect() as connection:
        said = text("SELECT pg_try_advisory_xact_lock(:key)")
        return bool(connection.scalar(said, {"key": key_of(about)}))


def test_transactions_about_the_same_wait_for_each_other_and_others_do_not(
    database: Database,
) -> None:
    for way in (database.writing, database.changing):
        with way("one session"):
            assert not free(database, "one session")
            assert free(database, "another")
        assert free(database, "one session")
    for look in (database.reading, database.looking):
        with look():
            assert free(database, "")


def test_tables_are_changed_by_one_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    found = []
    monkeypatch.setattr(
        schema, "_migrate", lambda _connection: found.append(free(database, "migrations"))
    )
    schema.upgrade(database.storage)
    assert found == [False]
    assert free(database, "migrations")


@pytest.mark.parametrize("whole", [False, True])
def test_a_server_is_asked_to_reuse_the_room_only_where_all_was_erased(
    database: Database, *, whole: bool
) -> None:
    said: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *values: said.append(str(values[2]))
    )
    database.forget(whole=whole)
    assert [one for one in said if "SET" not in one] == (["VACUUM"] if whole else [])
    said.clear()
    database.storage.forget()
    assert said == []


PID = Statement(text("SELECT pg_backend_pid()"))


def session_of(database: Database) -> int:
    """The server's process for the connection that is used next."""
    with database.looking() as wire:
        return int(wire.one(PID))


def ended(database: Database, process: int) -> None:
    """Have the server end a connection, as it does when it is restarted."""
    other = postgres(database.engine.url.render_as_string(hide_password=False))
    with other.engine.connect() as connection:
        # It waits until the process is gone.
        said = text("SELECT pg_terminate_backend(:pid, 30000)")
        assert connection.scalar(said, {"pid": process})
    other.engine.dispose()


def test_a_connection_that_the_server_closed_is_noticed_before_it_is_used(
    database: Database,
) -> None:
    with database.writing() as session:
        session.add(StudyVersion(sha256="v", study="small", snapshot={}, created_at="t"))
    for _ in range(2):
        with database.reading() as session:
            closed = session.scalar(text("SELECT pg_backend_pid()"))
        ended(database, closed)
        with database.reading() as session:
            assert session.get(StudyVersion, "v") is not None
        ended(database, session_of(database))
        with database.looking() as wire:
            assert wire.one(Statement(text("SELECT sha256 FROM study_version"))) == "v"


def test_a_connection_that_is_lost_midway_is_told_as_unavailable(database: Database) -> None:
    with pytest.raises(UnavailableError), database.changing() as wire:
        ended(database, wire.one(PID))
        wire.rows(PID)
    with pytest.raises(UnavailableError), database.changing() as wire:
        ended(database, wire.one(PID))
    with database.looking() as wire:
        assert wire.rows(PID)
