"""A database that cannot be used, whatever it lacks, is told in one line with the mend."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from earmark.listening_test.storage.connections import (
    Sqlite,
    StillSqlite,
    UnavailableError,
    postgres,
    reason,
    recorded_url,
    told,
)
from earmark.listening_test.storage.schema import versions
from earmark.listening_test.storage.tables import Database, counts, opened
from earmark.listening_test.storage.wire import Statement, Wire, unavailable
from earmark.listening_test.study.study import StudyFolder
from earmark.models.errors import UserError

A_URL = "postgresql+pg8000://somebody:secret@localhost:1/none"


@pytest.mark.parametrize(
    "said", ["", "{", "[]", '{"format": 1}', '{"format": 2, "url": ""}', '{"url": "x"}', "\xff"]
)
def test_a_record_that_cannot_be_read_is_one_line(folder: StudyFolder, said: str) -> None:
    folder.database.write_bytes(said.encode("latin-1"))
    with pytest.raises(UserError, match=r"database.json: cannot be read .*restore it") as caught:
        recorded_url(folder)
    assert "\n" not in str(caught.value)
    if '"format": 2' in said:
        assert "format 2, this Earmark reads 1" in str(caught.value)


@pytest.mark.parametrize("driver", ["postgresql", "postgres", "postgresql+pg8000"])
def test_the_driver_of_a_url_may_be_left_out_and_a_password_is_never_shown(driver: str) -> None:
    found = postgres(f"{driver}://somebody:secret@localhost:1/none")
    assert found.engine.url.drivername == "postgresql+pg8000"
    assert found.name == "postgresql+pg8000://somebody:***@localhost:1/none"
    found.present()
    for wrong, words in (
        ("mysql+pymysql://somebody:secret@host/none", r"'mysql\+pymysql://somebody:\*\*\*@host"),
        ("somebody:secret@host", "database 'host': is not a URL"),
        ("x" * 200, f"database '{'x' * 80}': is not a URL"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            postgres(wrong)
        assert "secret" not in str(caught.value)
        assert "give one like postgresql+pg8000://" in str(caught.value)


def test_a_missing_driver_is_said_with_the_mend() -> None:
    with pytest.raises(UserError, match=r"the driver is missing .*pip install 'earmark\[postgre"):
        postgres("postgresql+nodriver://somebody:secret@host/none")


def test_an_error_of_a_database_is_one_line() -> None:
    assert reason(ValueError("one\ntwo")) == "one"
    assert reason(ValueError()) == "ValueError"
    inner = sqlite3.OperationalError("disk I/O error")
    assert reason(OperationalError("SELECT", {}, inner)) == "disk I/O error"
    assert reason(ValueError({"M": "the server's words", "C": "1"})) == "the server's words"
    assert "C" in reason(ValueError({"C": "1"}))


@pytest.mark.parametrize(
    "error", [UnavailableError("away"), sqlite3.DatabaseError("malformed"), None]
)
def test_what_a_database_raises_when_it_is_opened_is_told_with_its_mend(
    folder: StudyFolder, error: Exception | None
) -> None:
    if error is None:
        with told(StillSqlite(folder.ratings)):
            pass
        return
    for storage, mend in (
        (Sqlite(folder.ratings), "free space, close what holds it, or restore it"),
        (StillSqlite(folder.ratings), "free space, close what holds it, or restore it"),
        (postgres(A_URL), "check the address, the password, and that the server runs"),
    ):
        words = f"cannot be used .{error}.; {mend}"
        with pytest.raises(UserError, match=words) as caught, told(storage):
            raise error
        assert str(caught.value).startswith(storage.name)
    with pytest.raises(ValueError, match="a slip of ours"), told(Sqlite(folder.ratings)):
        raise ValueError("a slip of ours")


class LostCursor:
    """A cursor of a connection that was reset."""

    def execute(self, *_: object) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    executemany = execute


def test_a_connection_that_was_reset_is_told_as_unavailable() -> None:
    dialect = postgres(A_URL).engine.dialect
    wire, one = Wire(LostCursor(), dialect), Statement(text("SELECT 1"))  # type: ignore[arg-type]
    for use in (
        lambda: wire.rows(one),
        lambda: wire.one(one),
        lambda: wire.run(one, [{}]),
        lambda: wire.run(one, [{}, {}]),
        lambda: wire.say("BEGIN"),
    ):
        with pytest.raises(UnavailableError, match="Connection reset by peer"):
            use()
    wire.run(one, [])  # asks for nothing
    with pytest.raises(UnavailableError, match="reset"), unavailable(dialect):
        raise ConnectionResetError(104, "Connection reset by peer")
    with pytest.raises(ValueError, match="a slip of ours"), unavailable(dialect):
        raise ValueError("a slip of ours")


def set_revision(folder: StudyFolder, revision: str) -> None:
    with closing(sqlite3.connect(folder.ratings)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_schema_is_refused_and_left_alone(folder: StudyFolder, *, read_only: bool) -> None:
    with opened(folder):
        pass
    set_revision(folder, "9999")
    before = folder.ratings.read_bytes()
    with pytest.raises(
        UserError, match=rf"schema 9999 is newer than this Earmark reads \({versions()[-1]}\)"
    ):
        Database(folder, read_only=read_only)
    assert folder.ratings.read_bytes() == before


def test_an_older_database_is_brought_up_to_date_by_a_writer_and_told_to_a_reader(
    folder: StudyFolder,
) -> None:
    folder.ratings.touch()
    with pytest.raises(UserError, match=r"made by an older Earmark; 'earmark study status small'"):
        Database(folder, read_only=True)
    with opened(folder) as database:
        assert counts(database) == {"sessions": 0, "ratings": 0}
    with opened(folder, read_only=True) as still:
        assert counts(still) == {"sessions": 0, "ratings": 0}


def test_what_is_no_database_is_one_line(folder: StudyFolder) -> None:
    folder.ratings.write_text("this is no database, and long enough to tell so " * 20)
    for read_only in (False, True):
        with pytest.raises(UserError, match=r"cannot be used \(file is not a database\); free"):
            Database(folder, read_only=read_only)
