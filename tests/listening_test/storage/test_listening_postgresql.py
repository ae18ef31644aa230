"""Ratings in PostgreSQL: the same as in a file, over a crash of its server, and clear words."""

import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from listening_client import Client
from postgres_server import Server
from sqlalchemy import text
from study_fixtures import make_study

from earmark.analysis.ratings.reading.files import Reading
from earmark.analysis.ratings.reading.study_export import Which
from earmark.analysis.ratings.reading.study_folder import read_study
from earmark.listening_test.export.everything import as_json
from earmark.listening_test.export.progress import status_of
from earmark.listening_test.export.ratings import SessionFilter, TidyRow, tidy
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import simulate
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.storage.backup import backup
from earmark.listening_test.storage.tables import Base, Database, opened, use
from earmark.listening_test.study.study import StudyFolder, load_keys, load_study
from earmark.models.errors import UserError

SIMULATED = SessionFilter(session_types=("simulated",))


def begun(folder: StudyFolder) -> tuple[Client, ServedStudy]:
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    return Client(app, held.keys.study), held


def stimulus(client: Client) -> str:
    found: str = next(one for one in client.step()["stimuli"] if one["role"] == "stimulus")["id"]
    return found


def rows(folder: StudyFolder) -> list[TidyRow]:
    """Without what differs from one run to the next."""
    with opened(folder) as database:
        found = tidy(load_study(folder), database, SIMULATED)
    return [
        replace(row, session="", page_first_at="", page_done_at="", rated_at="") for row in found
    ]


@pytest.mark.slow
def test_simulated_ratings_are_the_same_in_either_database_and_in_a_backup(
    tmp_path: Path, postgresql: Server
) -> None:
    more = "before: [consent, {training: {pages: 1}}]\ndesign: {repeats: 1}"
    here = make_study(tmp_path, "ape", seconds=0.6, test="comments: per_stimulus", more=more)
    there = StudyFolder(tmp_path / "other" / "studies" / "small")
    shutil.copytree(here.path, there.path)
    use(there, postgresql.url())
    assert there.database.stat().st_mode & 0o077 == 0
    for folder in (here, there):
        with in_background(folder) as address:
            link = f"{address}/s/{load_keys(folder).simulated}/"
            simulate(addresses_of(folder), link, 2, seed=3)
    assert not there.ratings.exists()
    assert rows(here) == rows(there) != []
    backup(there, tmp_path / "copy")
    copy = StudyFolder(tmp_path / "copy")
    assert rows(copy) == rows(there)
    study = load_study(there)
    with opened(there) as one, opened(copy) as other:
        assert as_json(study, one, SIMULATED) == as_json(study, other, SIMULATED)
    how = Reading(which=Which("SIMULATED"))
    read = [read_study(one.path, how) for one in (here, there)]
    assert [one.file.rows for one in read] == [len(rows(here))] * 2
    assert [len(one.people) for one in read] == [2, 2]


@pytest.mark.slow
def test_a_crash_of_the_database_server_loses_nothing_that_was_confirmed(
    tmp_path: Path, postgresql: Server
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    use(folder, postgresql.url())
    client, held = begun(folder)
    one = stimulus(client)
    client.rate(one, 41)
    postgresql.stop(signal.SIGQUIT)
    event = client.event("rating", page=1, stimulus=one, question="preference", value=73)
    lost = client.post("events", {"client": client.client, "events": [event]})
    assert (lost.status_code, lost.headers["Retry-After"]) == (503, "2")
    postgresql.start()
    values = [
        found["rating"]["preference"] for found in client.step()["stimuli"] if found["rating"]
    ]
    assert 41 in values
    assert client.send(event)["acknowledged"] == [event["id"]]
    held.database.close()


def test_the_migrations_make_the_tables_of_the_code(tmp_path: Path, postgresql: Server) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    folder = make_study(tmp_path, "ape", seconds=0.6)
    use(folder, postgresql.url())
    with opened(folder) as database, database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.slow
def test_two_studies_share_a_database_and_each_sees_its_own(
    tmp_path: Path, postgresql: Server
) -> None:
    url, found = postgresql.url(), []
    for name in ("one", "two"):
        folder = make_study(tmp_path / name, "ape", name=name, seconds=0.6)
        use(folder, url)
        client, held = begun(folder)
        for value in range(1 if name == "one" else 3):
            client.rate(stimulus(client), value)
        found.append((folder, held))
    for folder, held in found:
        status = status_of(load_study(folder), load_keys(folder), held.database)
        assert (len(status.sessions), status.ratings["real"]) == (1, 1)
        held.database.close()


def test_a_study_that_nobody_began_may_change_its_database(
    tmp_path: Path, postgresql: Server
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    with opened(folder) as database:
        assert database.storage.name == str(folder.ratings)
    use(folder, postgresql.url())
    with opened(folder) as database:
        assert database.storage.name.startswith("postgresql")


def test_ratings_are_never_left_behind_by_a_change_of_database(
    tmp_path: Path, postgresql: Server
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    _, held = begun(folder)
    held.database.close()
    with pytest.raises(UserError, match=r"1 sessions of this study lie in .*ratings\.sqlite"):
        use(folder, postgresql.url())
    with opened(folder) as database:
        assert database.storage.name.endswith("ratings.sqlite")


@pytest.mark.slow
def test_a_newer_schema_and_a_server_without_fsync_are_refused(
    tmp_path: Path, postgresql: Server
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    use(folder, postgresql.url())
    with opened(folder) as database:
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(UserError, match="schema 9999 is newer"):
            Database(folder)
    for setting in ("off", "on"):
        (postgresql.folder / "data" / "postgresql.auto.conf").write_text(f"fsync = {setting}\n")
        postgresql.stop()
        postgresql.start()
        if setting == "off":
            with pytest.raises(UserError, match="runs with fsync off"):
                Database(folder)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "is not a URL; give one like postgresql"),
        ("mysql://u:secret@h/x", "is not a PostgreSQL address"),
        ("sqlite:///x", "is not a PostgreSQL address"),
        ("postgresql://u:secret@127.0.0.1:1/x", "cannot be used"),
    ],
)
def test_a_wrong_address_is_one_line_without_its_password(
    tmp_path: Path, url: str, said: str
) -> None:
    pytest.importorskip("pg8000")
    folder = make_study(tmp_path, "ape", passages=1, seconds=0.6)
    with pytest.raises(UserError, match=said) as caught:
        use(folder, url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not folder.database.exists()
