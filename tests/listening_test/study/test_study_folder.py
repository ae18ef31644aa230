"""Studies on disk: frozen at the first rating, one of a name, and clear words when damaged."""

import contextlib
import json
import socket
import sqlite3
from pathlib import Path

import pytest
from listening_client import Client
from study_fixtures import write_study

from earmark.listening_test.create import make_study as make
from earmark.listening_test.export.progress import status_of
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.server.serve import bind
from earmark.listening_test.storage.backup import backup
from earmark.listening_test.storage.tables import Database, opened
from earmark.listening_test.study.study import StudyFolder, folder_of, load_keys, load_study
from earmark.models.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    # Made here and not copied: its record names the very files that are read again.
    return make(read_study_file(write_study(tmp_path, "ape", seconds=0.6)), tmp_path / "results")


def rate_once(folder: StudyFolder, *, pilot: bool = False) -> None:
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.pilot if pilot else held.keys.study)
    stimulus = next(one for one in client.step()["stimuli"] if one["role"] == "stimulus")
    client.rate(stimulus["id"], 10)
    held.database.close()


def test_making_a_study_again_changes_nothing(tmp_path: Path, folder: StudyFolder) -> None:
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    again = make(read_study_file(tmp_path / "small.yaml"), tmp_path / "results")
    assert again == folder
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_another_study_of_the_name_is_refused_until_told_to_replace(
    tmp_path: Path, folder: StudyFolder
) -> None:
    other = read_study_file(write_study(tmp_path, "mushra", seconds=0.6))
    with pytest.raises(UserError, match="a study of this name is there and differs"):
        make(other, tmp_path / "results")
    rate_once(folder, pilot=True)
    make(other, tmp_path / "results", again=True)
    study = load_study(folder)
    assert study.test.kind == "mushra"
    assert {p.stem for p in folder.audio_files()} == {one.token for one in study.files}


def test_a_study_with_a_rating_is_frozen(tmp_path: Path, folder: StudyFolder) -> None:
    rate_once(folder)
    other = read_study_file(write_study(tmp_path, "mushra", seconds=0.6))
    with pytest.raises(UserError, match=r"1 sessions, 1 ratings.* another name"):
        make(other, tmp_path / "results", again=True)
    with opened(folder) as database:
        found = status_of(load_study(folder), load_keys(folder), database)
    assert found.frozen_at is not None
    assert found.ratings == {"real": 1, "pilot": 0, "preview": 0, "SIMULATED": 0}


@pytest.mark.parametrize("taken_back", [False, True])
def test_a_study_that_a_listener_has_begun_is_not_replaced_rated_or_not(
    tmp_path: Path, folder: StudyFolder, *, taken_back: bool
) -> None:
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.study)
    if taken_back:
        stimulus = next(one for one in client.step()["stimuli"] if one["role"] == "stimulus")
        client.rate(stimulus["id"], 10)
        client.rate(stimulus["id"], None)
    other = read_study_file(write_study(tmp_path, "mushra", seconds=0.6))
    with pytest.raises(UserError, match=r"1 sessions, 0 ratings.* the changed study another"):
        make(other, tmp_path / "results", again=True)
    with client.http.get(client.step()["stimuli"][0]["url"]) as heard:
        assert heard.status_code == 200
    held.database.close()


@pytest.mark.slow
def test_a_listener_who_begins_while_the_study_is_made_again_keeps_it(
    tmp_path: Path, folder: StudyFolder
) -> None:
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    before = set(folder.stimuli.iterdir())
    other = read_study_file(write_study(tmp_path, "mushra", seconds=0.6))

    def begin(*_: object) -> None:
        Client(app, held.keys.study)

    with pytest.raises(UserError, match="listeners have begun"):
        make(other, tmp_path / "results", begin, again=True)
    assert set(folder.stimuli.iterdir()) == before
    assert load_study(folder) == held.study
    held.database.close()


@pytest.mark.slow
def test_a_server_whose_study_was_replaced_confirms_nothing_more(
    tmp_path: Path, folder: StudyFolder
) -> None:
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.pilot)
    page, old = client.step(), folder.study.read_bytes()
    other = read_study_file(write_study(tmp_path, "mushra", seconds=0.6))
    make(other, tmp_path / "results", again=True)
    event = client.event("play", page=1)
    answer = client.post("events", {"client": "c", "events": [event]})
    assert (answer.status_code, answer.get_json()) == (503, {"error": "replaced"})
    assert client.http.get(page["stimuli"][0]["url"]).status_code == 503
    shown = client.http.get(f"/s/{held.keys.study}/")
    assert (shown.status_code, "The study was changed" in shown.text) == (503, True)
    found = status_of(load_study(folder), load_keys(folder), held.database)
    assert (found.sessions, found.other_versions) == ((), {"pilot": 1})
    # The same study in another file of the name, as from a backup, is served on.
    folder.study.unlink()
    assert client.post("events", {"client": "c", "events": [event]}).status_code == 503
    folder.study.write_bytes(old)
    assert client.send(event)["acknowledged"] == [event["id"]]
    held.database.close()


def test_an_edited_or_damaged_study_is_refused(folder: StudyFolder) -> None:
    text = folder.study.read_text()
    folder.study.write_text(text.replace('"seed": 7', '"seed": 8', 1))
    with pytest.raises(UserError, match="was changed after the study was made"):
        load_study(folder)
    for damaged in (text[: len(text) // 2], "[]", "{}"):
        folder.study.write_text(damaged)
        with pytest.raises(UserError, match="cannot be read"):
            load_study(folder)


def test_a_stimulus_that_is_gone_or_changed_keeps_the_server_from_starting(
    folder: StudyFolder,
) -> None:
    folder.stimulus(load_study(folder).stimuli[0].token).unlink()
    with pytest.raises(UserError, match="is gone; restore it"):
        create_app(folder)


@pytest.mark.slow
def test_a_database_of_a_newer_schema_or_of_no_schema_is_refused(folder: StudyFolder) -> None:
    Database(folder).close()
    with contextlib.closing(sqlite3.connect(folder.ratings)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(UserError, match="schema 9999 is newer"):
        Database(folder)
    folder.ratings.write_bytes(b"this is no database at all, by any means" * 100)
    with pytest.raises(UserError, match="cannot be used"):
        Database(folder)


@pytest.mark.slow
def test_the_tables_that_the_migrations_make_are_those_of_the_code(folder: StudyFolder) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from earmark.listening_test.storage.tables import Base

    with opened(folder) as database, database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.slow
def test_a_locked_database_asks_the_browser_to_come_again(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.listening_test.storage.connections.BUSY_SECONDS", 0.05)
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.study)
    event = client.event("play", page=1)
    with contextlib.closing(sqlite3.connect(folder.ratings)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("events", {"client": "c", "events": [event]})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        other.rollback()
    assert client.send(event)["acknowledged"] == [event["id"]]
    held.database.close()


def test_a_port_in_use_is_told_with_the_mend() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is in use"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "x\n", "C:\\x"])
def test_a_study_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="no path separators"):
        folder_of(tmp_path, name)


def test_a_study_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, folder: StudyFolder
) -> None:
    with pytest.raises(UserError, match="no such study \\(there are small\\)"):
        load_study(folder_of(tmp_path / "results", "smal"))


def test_a_backup_is_whole_while_the_study_is_open(tmp_path: Path, folder: StudyFolder) -> None:
    with opened(folder):
        rate_once(folder)
        backup(folder, tmp_path / "copy")
    copy = StudyFolder(tmp_path / "copy")
    assert load_study(copy) == load_study(folder)
    app = create_app(copy)
    held: ServedStudy = app.extensions["earmark"]
    found = status_of(held.study, held.keys, held.database)
    assert found.ratings["real"] == 1
    held.database.close()
    with pytest.raises(UserError, match="already exists"):
        backup(folder, tmp_path / "copy")


@pytest.mark.parametrize("newer", [False, True])
def test_a_backup_that_fails_leaves_nothing(
    tmp_path: Path, folder: StudyFolder, *, newer: bool
) -> None:
    Database(folder).close()
    if newer:
        with contextlib.closing(sqlite3.connect(folder.ratings)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.commit()
    else:
        folder.ratings.unlink()
    with pytest.raises(UserError, match="schema 9999 is newer" if newer else "is gone"):
        backup(folder, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_the_keys_of_a_study_are_for_its_owner_alone(folder: StudyFolder) -> None:
    assert folder.keys.stat().st_mode & 0o077 == 0
    keys = json.loads(folder.keys.read_text())
    assert len(set(keys.values())) == len(keys) == 6
