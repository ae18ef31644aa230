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
    reading_storage_of,
    record_url,
    recorded_url,
    storage_of,
)
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
