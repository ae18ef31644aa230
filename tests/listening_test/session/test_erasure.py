"""Nothing of an erased session is left in the study's folder: no word, time, count or browser."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from listening_client import Client
from sqlalchemy import select, text, update
from study_fixtures import make_study

from earmark.cli import earmark
from earmark.listening_test.erase import erase_expired, erase_sessions
from earmark.listening_test.export.everything import as_json
from earmark.listening_test.export.progress import status_of
from earmark.listening_test.export.ratings import SessionFilter, tidy
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.storage.tables import Listening, PageRow, RatingRow, opened
from earmark.listening_test.study.study import StudyFolder, load_study
from earmark.models.errors import UserError

MORE = """
before:
  - questionnaire: [{id: age, type: number, label: Age}, {id: name, type: text, label: Name}]
"""
ALL = SessionFilter(states=("open", "paused", "complete", "withdrawn"))
AGENT, WORDS, NAME = "Quaint-Browser/77.1", "harsh cymbals, said Ottilie", "Ottilie Wienerberg"


def make(place: Path, more: str = MORE) -> StudyFolder:
    return make_study(place, "ape", seconds=0.6, test="comments: per_stimulus", more=more)


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return make(tmp_path)


@pytest.fixture
def app(folder: StudyFolder) -> Iterator[Flask]:
    app = create_app(folder)
    yield app
    held(app).database.close()


def held(app: Flask) -> ServedStudy:
    found: ServedStudy = app.extensions["earmark"]
    return found


class Person(Client):
    """A client with a browser of their own."""

    def __init__(self, app: Flask, token: str) -> None:
        app.test_client_class = _Browser
        super().__init__(app, token)


class _Browser(FlaskClient):
    """A client that says which browser it is."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.environ_base["HTTP_USER_AGENT"] = AGENT


def taken(app: Flask, words: str = WORDS, name: str = NAME, pages: int = 2) -> Person:
    """A session with everything that a person can leave in it."""
    client = Person(app, held(app).keys.study)
    step = client.step()
    client.post("answers", {"step": step["id"], "answers": {"age": 41, "name": name}})
    client.next()
    for _ in range(pages):
        page = client.step()
        client.complete(page)
        one = page["stimuli"][1]["id"]
        client.send(client.event("comment", page=page["number"], stimulus=one, value=words))
        client.send(client.event("comment", page=page["number"], value=words))
        assert client.next().status_code == 200
    return client


def session_id(app: Flask, client: Client) -> str:
    with held(app).database.reading() as session:
        return session.scalars(select(Listening.id).where(Listening.token == client.session)).one()


def bytes_of(folder: StudyFolder) -> bytes:
    """Every byte of the study's folder, stimuli apart."""
    return b"".join(path.read_bytes() for path in folder.path.iterdir() if path.is_file())


def test_the_bytes_of_an_erased_session_are_in_no_file_of_the_folder(
    app: Flask, folder: StudyFolder
) -> None:
    # Others before and after, whose rows move about in the same pages of the file.
    people = [taken(app, f"words of {n} " * 20, f"name of {n}") for n in range(3)]
    client = taken(app)
    people += [taken(app, f"words of {n} " * 20, f"name of {n}") for n in range(3, 5)]
    for secret in (WORDS, NAME, AGENT):
        assert secret.encode() in bytes_of(folder), "the test can fail"
    assert client.post("withdraw", {"erase": True}).get_json()["step"]["type"] == "withdrawn"
    for secret in (WORDS, NAME):
        assert secret.encode() not in bytes_of(folder)
    for one in people:
        one.post("withdraw", {"erase": True})
    left = bytes_of(folder)
    assert AGENT.encode() not in left
    assert b"words of" not in left
    assert b"name of" not in left


def told(app: Flask, client: Client) -> dict[str, Any]:
    """What the export of everything says of a session."""
    name = session_id(app, client)
    sessions = as_json(held(app).study, held(app).database, ALL)["sessions"]
    found: dict[str, Any] = next(one for one in sessions if one["id"] == name)
    for event in found["events"]:
        del event["arrival"]  # it counts the events of the sessions before, too
    return found


def test_no_time_finer_than_a_day_no_count_and_no_answer_is_left(app: Flask) -> None:
    client = taken(app)
    before = told(app, client)
    assert before["events"]
    assert before["answers"]
    client.post("withdraw", {"erase": True})
    after = told(app, client)
    day = before["created_at"][:10]
    assert (after["events"], after["answers"], after["agent"]) == ([], [], "")
    assert (after["completion_code"], after["next_seq"], after["state"]) == ("", 0, "withdrawn")
    kept = json.dumps(after)
    for moment in ("created_at", "updated_at", "completed_at", "erased_at"):
        assert after[moment] == f"{day}T00:00:00.000+00:00"
    for page in after["pages"]:
        assert (page["comment"], page["revision"], page["first_at"]) == ("", 0, None)
        assert page["done_at"] == f"{day}T00:00:00.000+00:00"
        assert {(one["comment"], one["plays"]) for one in page["presentations"]} == {("", 0)}
        for one in page["ratings"]:
            assert {one[name] for name in ("value", "at", "at_ms")} == {None}
            assert (one["changes"], one["client"], one["seq"]) == (0, "", -1)
    assert client.client not in kept
    # What was drawn stays: it names nobody, and others were balanced against it.
    drawn = [[one["system"] for one in page["presentations"]] for page in before["pages"]]
    assert [[one["system"] for one in page["presentations"]] for page in after["pages"]] == drawn


def test_nothing_comes_back_to_an_erased_session(app: Flask) -> None:
    client = taken(app, pages=1)
    page = client.step()
    client.post("withdraw", {"erase": True})
    erased = told(app, client)
    late = client.event("comment", page=2, stimulus=page["stimuli"][1]["id"], value=WORDS)
    assert client.send(late)["acknowledged"] == [late["id"]]
    assert client.post("withdraw", {}).status_code == 200
    assert client.post("next", {"step": page["id"]}).status_code == 409
    assert told(app, client) == erased


def test_an_experimenter_erases_a_complete_session_while_it_is_served(
    app: Flask, folder: StudyFolder
) -> None:
    client, other = taken(app), taken(app, "other words", "other name")
    name, before = session_id(app, client), told(app, other)
    run = CliRunner().invoke
    results = str(folder.path.parent.parent)
    done = run(earmark, ["study", "erase", "small", name, "--results", results])
    assert done.exit_code == 0, done.output
    assert f"small: erased 1 sessions: {name}" in done.output
    assert "Backups" in done.output
    assert WORDS.encode() not in bytes_of(folder)
    assert told(app, client)["state"] == "withdrawn"
    assert told(app, other) == before
    # The counters still say what is there.
    status = status_of(held(app).study, held(app).keys, held(app).database)
    assert status.ratings["real"] == 6
    assert (status.count("real", "complete"), status.count("real", "withdrawn")) == (1, 1)


@pytest.mark.parametrize("words", [[], ["id", "--expired"]])
def test_what_is_to_be_erased_has_to_be_said(folder: StudyFolder, words: list[str]) -> None:
    results = str(folder.path.parent.parent)
    done = CliRunner().invoke(earmark, ["study", "erase", "small", *words, "--results", results])
    assert isinstance(done.exception, UserError)
    assert str(done.exception).startswith("name the sessions to erase")


def test_an_unknown_session_is_named_and_then_none_is_erased(
    app: Flask, folder: StudyFolder
) -> None:
    client = taken(app)
    before, name = told(app, client), session_id(app, client)
    with pytest.raises(UserError, match="has no session 'nobody'; the ids are in the export"):
        erase_sessions(held(app).study, folder, [name, "nobody"])
    assert told(app, client) == before


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["keep", "erase"])
def test_sessions_older_than_the_retention_time_are_erased_and_no_others(
    tmp_path: Path, kept: str
) -> None:
    folder = make(tmp_path, f"{MORE}\nretention: {{days: 30, ratings: {kept}}}")
    app = create_app(folder)
    study = held(app).study
    old, new = taken(app), taken(app, "new words")
    unfinished = taken(app, "open words", pages=1)
    ago = (datetime.now(UTC) - timedelta(days=31)).isoformat(timespec="milliseconds")
    with held(app).database.writing() as session:
        for client in (old, unfinished):
            session.execute(
                update(Listening).where(Listening.token == client.session).values(updated_at=ago)
            )
    values = [row.value for row in tidy(study, held(app).database, SessionFilter())]
    gone = {session_id(app, old), session_id(app, unfinished)}
    fresh = told(app, new)
    assert set(erase_expired(study, folder)) == gone
    assert erase_expired(study, folder) == [], "once is enough"
    assert told(app, new) == fresh
    assert told(app, old)["state"] == ("complete" if kept == "keep" else "withdrawn")
    # Ratings of a session that nobody finished belong to no result, and are never kept.
    assert told(app, unfinished)["state"] == "withdrawn"
    rows = tidy(study, held(app).database, SessionFilter())
    assert [row.value for row in rows] == (values if kept == "keep" else values[6:])
    assert b"cymbals" not in bytes_of(folder)
    assert b"open words" not in bytes_of(folder)
    held(app).database.close()


def test_a_study_without_a_retention_time_says_how_to_give_one(folder: StudyFolder) -> None:
    with pytest.raises(UserError, match=r"names no time; write retention: \{days: 365\}"):
        erase_expired(load_study(folder), folder)


def test_the_retention_time_is_said_by_the_check(tmp_path: Path) -> None:
    folder = make(tmp_path, f"{MORE}\nretention: {{days: 365}}")
    results = str(folder.path.parent.parent)
    done = CliRunner().invoke(earmark, ["study", "check", "small", "--results", results])
    assert "is kept for 365 days; then 'earmark study erase small --expired'" in done.output


@pytest.mark.slow
def test_erasing_is_the_same_in_either_database(
    tmp_path: Path, stored: Callable[[StudyFolder], StudyFolder]
) -> None:
    folder = stored(make(tmp_path))
    app = create_app(folder)
    client = taken(app)
    erase_sessions(held(app).study, folder, [session_id(app, client)])
    with opened(folder) as database, database.reading() as session:
        for table in ("journal", "answer"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        assert set(session.scalars(select(RatingRow.value))) == {None}
        assert set(session.scalars(select(PageRow.first_at))) == {None}
        assert session.execute(
            text("SELECT sum(held), sum(heard), sum(ratings) FROM unit_count")
        ).one() == (0, 2, 0)
    held(app).database.close()
