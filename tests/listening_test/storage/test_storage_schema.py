"""A database is brought up to date once, under a lock, and only where there is something to do."""

import contextlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from database_versions import database_of

from earmark.listening_test.storage import schema
from earmark.listening_test.storage.connections import Sqlite, StillSqlite, postgres
from earmark.listening_test.storage.schema import is_older, upgrade, upgraded_copy, versions
from earmark.listening_test.study.study import StudyFolder
from earmark.models.errors import UserError


def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What an upgrade does, in its order."""
    steps: list[str] = []

    def watched(place: Any, name: str, words: Callable[..., str]) -> None:
        whole = getattr(place, name)

        def step(*values: Any, **more: Any) -> Any:
            steps.append(words(*values[1:], **more))
            return whole(*values, **more)

        monkeypatch.setattr(place, name, step)

    watched(Sqlite, "lock", lambda _connection, about: f"lock {about}")
    watched(schema, "version", lambda *_: "look")
    watched(schema, "_migrate", lambda *_: "migrate")
    watched(Sqlite, "forget", lambda *, whole: f"forget, whole: {whole}")
    return steps


@pytest.mark.parametrize(
    ("revision", "steps"),
    [
        (None, ["lock migrations", "look", "migrate"]),
        ("head", ["lock migrations", "look"]),
        ("0001", ["lock migrations", "look", "migrate", "forget, whole: True"]),
    ],
)
def test_only_what_is_older_is_changed_and_what_it_held_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str | None, steps: list[str]
) -> None:
    storage = database_of(tmp_path / "ratings.sqlite", revision)
    found = noted(monkeypatch)
    upgrade(storage)
    assert found == steps
    with storage.engine.connect() as connection:
        assert schema.version(connection, "") == versions()[-1]


def test_the_newest_of_many_versions_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = database_of(tmp_path / "ratings.sqlite", "head")
    newest = versions()[-1]
    monkeypatch.setattr(schema, "versions", lambda: ["0000", "0000a", "0001", newest])
    found = noted(monkeypatch)
    upgrade(storage)
    assert found == ["lock migrations", "look"]
    assert not is_older(StillSqlite(storage.path), StudyFolder(tmp_path))
    monkeypatch.setattr(schema, "versions", lambda: [newest, "9998", "9999"])
    assert is_older(StillSqlite(storage.path), StudyFolder(tmp_path))


def test_a_reader_in_the_way_of_clearing_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = database_of(tmp_path / "ratings.sqlite", "0001")

    def locked(*_: object, **_more: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(Sqlite, "forget", locked)
    upgrade(storage)
    with storage.engine.connect() as connection:
        assert schema.version(connection, "") == versions()[-1]


def test_a_table_of_versions_that_holds_none_is_no_version(tmp_path: Path) -> None:
    storage = database_of(tmp_path / "ratings.sqlite", "head")
    with closing(sqlite3.connect(storage.path)) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.commit()
    with storage.engine.connect() as connection:
        assert schema.version(connection, "") is None
    with pytest.raises(UserError, match="made by an older Earmark"):
        is_older(StillSqlite(storage.path), StudyFolder(tmp_path))


def test_versions_are_those_of_the_files_oldest_first() -> None:
    names = [path.name for path in (schema.MIGRATIONS / "versions").glob("*.py")]
    assert versions() == sorted(name[:4] for name in names)
    assert len(versions()) > 1


def test_an_older_server_is_told_and_an_older_file_is_read_from_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = database_of(tmp_path / "ratings.sqlite", "0001")
    still = StillSqlite(file.path)
    before = file.path.read_bytes()
    assert is_older(still, StudyFolder(tmp_path))
    assert is_older(file, StudyFolder(tmp_path))
    (tmp_path / "place").mkdir()
    copy = upgraded_copy(still, tmp_path / "place")
    assert copy.path == tmp_path / "place" / "ratings.sqlite"
    assert not is_older(copy, StudyFolder(tmp_path))
    file.engine.dispose()
    assert file.path.read_bytes() == before
    # A server's own tables are not copied: whoever may write brings them up to date.
    server = postgres("postgresql+pg8000://somebody:secret@localhost:1/none")
    monkeypatch.setattr(server, "engine", file.engine)
    with pytest.raises(UserError, match="made by an older Earmark; 'earmark study status"):
        is_older(server, StudyFolder(tmp_path))
    upgrade(file)
    assert not is_older(server, StudyFolder(tmp_path))


def test_a_database_without_tables_is_made_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = database_of(tmp_path / "ratings.sqlite", None)
    whole = schema._migrate

    def broken(connection: Any) -> None:
        whole(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "_migrate", broken)
    with contextlib.suppress(KeyboardInterrupt):
        upgrade(storage)
    storage.engine.dispose()
    with closing(sqlite3.connect(storage.path)) as connection:
        assert json.dumps(connection.execute("SELECT * FROM sqlite_master").fetchall()) == "[]"
