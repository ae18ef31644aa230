"""What is deleted leaves the files, connections go back, and a database closes behind itself."""

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from database_versions import first_schema
from sqlalchemy import text

from earmark.listening_test.storage import connections
from earmark.listening_test.storage.connections import Sqlite, StillSqlite, UnavailableError, key_of
from earmark.listening_test.storage.tables import Database, StudyVersion, opened
from earmark.listening_test.storage.wire import Statement
from earmark.listening_test.study.study import StudyFolder

SECRET = "a name that somebody left"


def said(folder: StudyFolder) -> bytes:
    """Every byte of the database's files."""
    files = (path for path in folder.path.iterdir() if path.name.startswith("ratings.sqlite"))
    return b"".join(path.read_bytes() for path in files)


def left_and_erased(database: Database) -> None:
    with database.writing() as session:
        session.add(StudyVersion(sha256="v", study="small", snapshot={"x": SECRET}, created_at="t"))
    with database.writing() as session:
        session.execute(text("DELETE FROM study_version"))


def test_what_was_erased_is_in_no_byte_of_the_files(
    folder: StudyFolder, database: Database
) -> None:
    left_and_erased(database)
    assert SECRET.encode() in said(folder), "the log still holds it"
    database.forget()
    assert SECRET.encode() not in said(folder)


@pytest.mark.parametrize("whole", [False, True])
def test_a_large_file_is_written_anew_only_where_it_is_asked_for(
    folder: StudyFolder, database: Database, monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> None:
    with database.writing() as session:
        session.execute(text("CREATE TABLE filler (x BLOB)"))
        session.execute(text("INSERT INTO filler VALUES (zeroblob(400000))"))
        session.execute(text("DROP TABLE filler"))
    database.forget(whole=False)
    small = folder.ratings.stat().st_size
    assert small < 400_000, "a small file is always written anew"
    with database.writing() as session:
        session.execute(text("CREATE TABLE filler (x BLOB)"))
        session.execute(text("INSERT INTO filler VALUES (zeroblob(400000))"))
        session.execute(text("DROP TABLE filler"))
    database.engine.dispose()
    size = folder.ratings.stat().st_size
    monkeypatch.setattr(connections, "_SMALL_BYTES", size - 1)
    database.forget()
    database.storage.forget()
    assert folder.ratings.stat().st_size == size
    database.forget(whole=whole)
    assert (folder.ratings.stat().st_size < size) == whole
    monkeypatch.setattr(connections, "_SMALL_BYTES", size)
    database.forget()
    assert folder.ratings.stat().st_size < size, "just so small"


def test_clearing_that_is_hindered_is_logged_and_tried_again(
    folder: StudyFolder,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    left_and_erased(database)
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0)
    with closing(sqlite3.connect(folder.ratings, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.WARNING):
            database.forget()
    (line,) = caplog.messages
    assert line == f"{folder.ratings}: not cleared yet (database is locked)"
    database.forget()
    assert SECRET.encode() not in said(folder)


def test_reading_alone_clears_nothing(folder: StudyFolder) -> None:
    with opened(folder) as database:
        left_and_erased(database)
    before = said(folder)
    still = StillSqlite(folder.ratings)
    still.present()
    still.forget(whole=True)
    assert said(folder) == before


def test_a_connection_goes_back_whatever_happens_to_what_was_done_with_it(
    database: Database,
) -> None:
    kept: list[Any] = []
    for way in (database.changing, database.looking):
        with pytest.raises(ZeroDivisionError) as caught, way() as wire:
            kept.append(wire)
            raise ZeroDivisionError
        kept.append(caught)  # what was raised holds on to the frames
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    for wire in kept[::2]:
        with pytest.raises(sqlite3.ProgrammingError, match="closed cursor"):
            wire._cursor.fetchone()


def test_a_file_that_goes_midway_takes_nothing_with_it(
    folder: StudyFolder, database: Database
) -> None:
    erase = Statement(text("DELETE FROM alembic_version RETURNING version_num"))
    with pytest.raises(UnavailableError, match="is gone"), database.changing() as wire:
        assert wire.rows(erase)
        folder.ratings.rename(folder.path / "away")
    (folder.path / "away").rename(folder.ratings)
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_threads_share_the_connections_of_a_file(database: Database) -> None:
    """One that a thread opened and gave back is used by another."""
    found: list[object] = []

    def look() -> None:
        with database.reading() as session:
            found.append(session.scalar(text("SELECT count(*) FROM study_version")))

    for _ in range(2):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(30)
    look()
    assert found == [0, 0, 0]


def test_a_closed_database_holds_no_connection_and_no_copy(folder: StudyFolder) -> None:
    with closing(first_schema(folder.ratings)):
        pass
    database = Database(folder, read_only=True)
    assert database._place is not None
    place = Path(database._place.name)
    assert (place / "ratings.sqlite").is_file()
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM study_version")) == 0
    assert database.engine.pool.checkedout() == 1  # type: ignore[attr-defined]
    database.close()
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert database.engine.pool.checkedin() == 0  # type: ignore[attr-defined]
    assert not place.exists()
    with opened(folder) as writing, writing.reading() as session:
        session.scalar(text("SELECT 1"))
    assert writing.engine.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_a_file_of_another_name_is_another_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Sqlite(tmp_path / name).create()
    assert connections._identity(tmp_path / "one") != connections._identity(tmp_path / "two")
    assert connections._identity(tmp_path / "one") == connections._identity(tmp_path / "one")


def test_the_locks_of_a_server_are_the_same_in_every_version() -> None:
    assert key_of("migrations") == 1097585147124988406
    assert key_of("") == 526968958982640979
    assert key_of("token") == -6531978065450730642
