"""What the storage of ratings promises, tried without a server or a browser."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from earmark.listening_test.storage.connections import (
    Postgres,
    Sqlite,
    StillSqlite,
    UnavailableError,
    postgres,
    reading_storage_of,
    reason,
    record_url,
    recorded_url,
    storage_of,
    told,
)
from earmark.listening_test.storage.schema import versions
from earmark.listening_test.storage.tables import (
    Database,
    Listening,
    PageRow,
    RatingRow,
    StudyVersion,
    counts,
    frozen_at,
    now,
    opened,
)
from earmark.listening_test.storage.wire import Statement, Wire, unavailable
from earmark.listening_test.study.study import StudyFolder
from earmark.models.errors import UserError

A_URL = "postgresql+pg8000://somebody:secret@localhost:1/none"


def version(name: str = "v", study: str = "small", frozen: str | None = None) -> StudyVersion:
    return StudyVersion(
        sha256=name, study=study, snapshot={"x": 1}, created_at="t", frozen_at=frozen
    )


def listening(token: str, mark: str = "", study_version: str = "v") -> Listening:
    texts = dict.fromkeys(("seed", "language", "completion_code", "agent"), "")
    return Listening(
        token=token, id=f"id-{token}", study_version=study_version, mark=mark, number=len(token),
        plan=[], place=0, state="open", next_seq=0, created_at="t", updated_at="t", **texts,
    )  # fmt: skip


def page(token: str, number: int = 1, part: str = "main") -> PageRow:
    texts = {"kind": "ape", "passage": "p", "unit": "u", "comment": ""}
    return PageRow(session_token=token, number=number, part=part, repeat=0, revision=0, **texts)


def rating(page_id: int, value: float | None, question: str = "q") -> RatingRow:
    return RatingRow(
        page_id=page_id, presentation="x", question=question, value=value, changes=0, client="c",
        seq=0,
    )  # fmt: skip


def pragma(database: Database, name: str) -> Any:
    with database.engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_sqlite_confirms_only_what_is_on_disk_and_keeps_what_belongs_together(
    database: Database,
) -> None:
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2
    assert pragma(database, "busy_timeout") == 20_000
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(listening("t"))  # of a study version that is in no table
    with database.reading() as session:
        assert session.get(Listening, "t") is None


def test_a_writer_holds_the_lock_before_it_reads_and_readers_wait_for_nobody(
    folder: StudyFolder, database: Database
) -> None:
    other = sqlite3.connect(folder.ratings, timeout=0, isolation_level=None)
    with closing(other):
        with database.writing() as session:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
            session.add(version())
            session.flush()
            with database.reading() as reading:
                assert reading.get(StudyVersion, "v") is None
        with database.reading() as reading:
            assert reading.get(StudyVersion, "v") is not None
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE study_version SET study = 'changed'")
            other.execute("COMMIT")
            reading.expire_all()
            found = reading.get(StudyVersion, "v")
            assert found is not None
            assert found.study == "small", "one state from the first read on"


def test_what_fails_midway_is_not_written(database: Database) -> None:
    with pytest.raises(KeyboardInterrupt), database.writing() as session:
        session.add(version())
        raise KeyboardInterrupt
    with database.writing() as session:
        assert session.get(StudyVersion, "v") is None


def test_nothing_is_written_to_a_file_that_is_gone_or_another_one(
    folder: StudyFolder, database: Database
) -> None:
    with pytest.raises(UnavailableError, match="is gone"), database.writing() as session:
        session.add(version())
        folder.ratings.rename(folder.path / "away")
    for use in (database.writing, database.reading):
        words = r"ratings.sqlite: is gone \(No such file"
        with pytest.raises(UnavailableError, match=words), use():
            pass
    assert not folder.ratings.exists()
    # A backup that is put in the place is noticed once, and opened next.
    database.engine.dispose()
    other = StudyFolder(folder.path / "other")
    other.path.mkdir()
    with opened(other):
        pass
    other.ratings.rename(folder.ratings)
    words = "was exchanged for another file"
    with pytest.raises(UnavailableError, match=words), database.reading():
        pass
    with database.writing() as session:
        session.add(version("again"))
    with closing(sqlite3.connect(folder.ratings)) as asked:
        assert asked.execute("SELECT sha256 FROM study_version").fetchall() == [("again",)]


def test_a_connection_never_makes_the_file_that_it_finds_gone(folder: StudyFolder) -> None:
    storage = Sqlite(folder.ratings)
    with pytest.raises(OperationalError, match="unable to open"):
        storage.engine.connect()
    assert not folder.ratings.exists()
    with pytest.raises(UnavailableError, match="is gone"):
        storage.present()
    storage.create()
    storage.present()
    assert storage.name == str(folder.ratings)


def test_ratings_that_were_there_and_are_gone_are_not_begun_anew(folder: StudyFolder) -> None:
    found = storage_of(folder)
    assert isinstance(found, Sqlite)
    assert folder.ratings.is_file()
    record_url(folder, "")
    assert isinstance(storage_of(folder), Sqlite)
    folder.ratings.unlink()
    with pytest.raises(UserError, match=r"ratings.sqlite: is gone; restore it.*delete .*base.json"):
        storage_of(folder)
    assert not folder.ratings.exists()
    with pytest.raises(UserError, match=r"ratings.sqlite: cannot be made \(No such file"):
        storage_of(StudyFolder(folder.path / "nowhere"))


def test_where_the_ratings_lie_is_recorded_for_the_owner_alone(folder: StudyFolder) -> None:
    assert recorded_url(folder) == ""
    record_url(folder, A_URL)
    assert folder.database.stat().st_mode & 0o777 == 0o600
    said = folder.database.read_text()
    assert json.loads(said) == {"format": 1, "url": A_URL}
    assert said.endswith("}\n")
    before = folder.database.stat()
    record_url(folder, A_URL)
    assert folder.database.stat().st_ino == before.st_ino, "what is so already is not rewritten"
    assert isinstance(storage_of(folder), Postgres)
    assert isinstance(reading_storage_of(folder), Postgres)
    record_url(folder, "")
    assert recorded_url(folder) == ""
    assert isinstance(reading_storage_of(folder), StillSqlite)
    assert not folder.ratings.exists(), "reading makes nothing"


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


def test_reading_alone_leaves_no_trace_and_sees_one_state(folder: StudyFolder) -> None:
    with opened(folder) as database, database.writing() as session:
        session.add(version())
    names = sorted(path.name for path in folder.path.iterdir())
    assert names == ["database.json", "ratings.sqlite"]
    before = folder.ratings.read_bytes()
    with opened(folder, read_only=True) as still, still.reading() as session:
        assert session.get(StudyVersion, "v") is not None
        with pytest.raises(OperationalError, match="readonly"):
            session.execute(text("DELETE FROM study_version"))
    assert sorted(path.name for path in folder.path.iterdir()) == names
    assert folder.ratings.read_bytes() == before


def test_reading_alone_sees_what_a_server_has_only_in_its_log(folder: StudyFolder) -> None:
    with opened(folder) as database:
        with database.writing() as session:
            session.add(version())
        with opened(folder, read_only=True) as still:
            with still.reading() as session:
                assert session.scalar(text("SELECT count(*) FROM study_version")) == 1
            with database.writing() as session:
                session.add(version("second"))
            with still.reading() as session:
                assert session.scalar(text("SELECT count(*) FROM study_version")) == 1


def test_a_folder_that_may_not_be_written_can_still_be_read(folder: StudyFolder) -> None:
    with opened(folder):
        pass
    folder.path.chmod(0o500)
    try:
        with opened(folder, read_only=True) as still:
            assert counts(still) == {"sessions": 0, "ratings": 0}
    finally:
        folder.path.chmod(0o700)


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


def test_only_real_sessions_and_answered_pages_that_are_no_training_count(
    database: Database,
) -> None:
    with database.writing() as session:
        session.add_all([version("v"), version("w", "other")])
        session.flush()
        session.add_all(
            [
                listening("a"),
                listening("bb"),
                listening("ccc", "preview"),
                listening("dddd", "pilot"),
                listening("eeeee", "simulated"),
                listening("ffffff", study_version="w"),
            ]
        )
        session.flush()
        for token in ("a", "ccc", "dddd", "eeeee", "ffffff"):
            pages = [page(token, 1), page(token, 2, "training")]
            session.add_all(pages)
            session.flush()
            for one in pages:
                session.add_all([rating(one.id, 5.0), rating(one.id, None, "other")])
    assert counts(database) == {"sessions": 3, "ratings": 2}
    assert counts(database, "small") == {"sessions": 2, "ratings": 1}
    assert counts(database, "other") == {"sessions": 1, "ratings": 1}
    assert counts(database, "none") == {"sessions": 0, "ratings": 0}


def test_a_study_is_frozen_once_it_says_when(database: Database) -> None:
    with database.writing() as session:
        session.add_all([version("v"), version("w", frozen="then")])
    assert frozen_at(database, "v") is None
    assert frozen_at(database, "w") == "then"
    assert frozen_at(database, "unknown") is None


def test_times_are_utc_to_the_millisecond() -> None:
    said = now()
    read = datetime.fromisoformat(said)
    assert read.utcoffset() == UTC.utcoffset(None)
    assert len(said) == len("2026-01-01T00:00:00.000+00:00")
    assert abs((datetime.now(UTC) - read).total_seconds()) < 3600
