"""Events that come late, twice, in any order, too large, or from a window that was left behind."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from listening_client import Client
from sqlalchemy import select
from study_fixtures import make_study

from earmark.listening_test.export.everything import as_json, json_text
from earmark.listening_test.export.ratings import SessionFilter
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import CSRF_HEADER, ServedStudy
from earmark.listening_test.storage.journal import Stored
from earmark.listening_test.storage.many import events
from earmark.listening_test.storage.tables import JournalRow
from earmark.listening_test.study.study import StudyFolder

ANY = SessionFilter(states=("open", "paused", "complete", "withdrawn"))


@pytest.fixture(scope="module")
def app(
    tmp_path_factory: pytest.TempPathFactory, stored: Callable[[StudyFolder], StudyFolder]
) -> Iterator[Flask]:
    test = "comments: per_stimulus, back: true"
    folder = stored(make_study(tmp_path_factory.mktemp("events"), "ape", seconds=0.6, test=test))
    app = create_app(folder)
    yield app
    held(app).database.close()


@pytest.fixture
def client(app: Flask) -> Client:
    return Client(app, held(app).keys.study)


def held(app: Flask) -> ServedStudy:
    found: ServedStudy = app.extensions["earmark"]
    return found


def first(client: Client) -> dict[str, Any]:
    """The first stimulus of the page that is rated."""
    found: dict[str, Any] = next(
        one for one in client.step()["stimuli"] if one["role"] == "stimulus"
    )
    return found


def kept(app: Flask, client: Client) -> list[Stored]:
    with held(app).database.reading() as session:
        return events(session, [client.session])


@pytest.mark.parametrize("said", ["1e999", "-1e999", '"\\ud800"', "9" * 400, "[" * 40 + "]" * 40])
def test_what_no_file_can_hold_beside_an_event_does_not_stop_the_export(
    app: Flask, client: Client, said: str
) -> None:
    event = json.dumps(client.event("play", page=1, extra=5, depth={"a": [6]}))
    event = event.replace('"extra": 5', f'"extra": {said}').replace("[6]", f"[{said}]")
    done = client.http.post(
        f"/api/l/{client.session}/events",
        data=f'{{"client": "c", "events": [{event}]}}',
        headers={CSRF_HEADER: client.csrf, "Content-Type": "application/json"},
    )
    assert len(done.get_json()["acknowledged"]) == 1
    text = json_text(as_json(held(app).study, held(app).database, ANY))
    assert json.loads(text.encode())["sessions"]


def test_rows_that_were_stored_as_they_came_are_exported_as_null(
    app: Flask, client: Client
) -> None:
    client.send(client.event("play", page=1))
    with held(app).database.writing() as session:
        row = session.scalars(
            select(JournalRow).where(JournalRow.session_token == client.session)
        ).one()
        written = ',{"a": Infinity, "b": ["\\ud800", true, 3]}]\n'
        row.lines = row.lines.removesuffix("]\n") + written
    told = {"a": None, "b": ["\ufffd", True, 3]}
    whole = json.loads(json_text(as_json(held(app).study, held(app).database, ANY)))
    assert whole["sessions"][-1]["events"][0]["data"] == told


def test_more_than_fits_beside_an_event_is_left_out_and_the_event_kept(
    app: Flask, client: Client
) -> None:
    event = client.event("comment", page=1, stimulus=first(client)["id"], value="words")
    assert client.send(event | {"extra": "x" * 100_000})["acknowledged"] == [event["id"]]
    (row,) = kept(app, client)
    assert row.data == {"left_out_characters": 100_013, "text": "words"}
    assert first(client)["comment"] == "words"


def test_a_late_event_of_one_window_does_not_override_what_another_said_since(
    app: Flask, client: Client
) -> None:
    other = Client(app, "", link=client.link)
    stimulus = first(client)["id"]
    early, late = (
        client.event("rating", page=1, stimulus=stimulus, question="preference", value=value)
        for value in (33, 10)
    )
    client.send(late)
    other.rate(stimulus, 80)
    client.send(early)
    assert first(client)["rating"]["preference"] == 80
    client.rate(stimulus, 44)
    assert first(client)["rating"]["preference"] == 44


@pytest.mark.parametrize("order", ["bad first", "good first"])
@pytest.mark.parametrize("bad", [{"value": 1e9}, {"seq": -1}])
def test_an_id_that_comes_twice_is_refused_or_stored_and_never_both(
    app: Flask, client: Client, bad: dict[str, Any], order: str
) -> None:
    good = client.event(
        "rating", page=1, stimulus=first(client)["id"], question="preference", value=5
    )
    batch = [good | bad, good] if order == "bad first" else [good, good | bad]
    answer = client.send(*batch)
    assert set(answer["acknowledged"]) == {good["id"]}
    assert answer["refused"] == []
    assert first(client)["rating"]["preference"] == 5
    assert [one.value for one in kept(app, client)] == [5]


def test_a_withdrawn_session_settles_what_comes_late_and_keeps_nothing_of_it(
    app: Flask, client: Client
) -> None:
    late = client.event("comment", page=1, stimulus=first(client)["id"], value="private words")
    client.send(client.event("play", page=1))
    client.post("withdraw", {"erase": True})
    assert client.send(late)["acknowledged"] == [late["id"]]
    assert kept(app, client) == []
    text = json_text(as_json(held(app).study, held(app).database, ANY))
    assert "private words" not in text


def test_a_window_left_behind_changes_no_page_that_was_left_and_its_events_are_kept(
    app: Flask, client: Client
) -> None:
    behind = Client(app, "", link=client.link)
    page = client.step()
    client.complete(page, (1, 2, 3))
    client.next()
    stimulus = next(one["id"] for one in page["stimuli"] if one["role"] == "stimulus")
    about = {"page": 1, "stimulus": stimulus}
    events = [
        behind.event("rating", question="preference", value=None, **about),
        behind.event("comment", value="late", **about),
    ]
    assert behind.send(*events)["acknowledged"] == [one["id"] for one in events]
    assert {one["id"] for one in events} <= {one.id for one in kept(app, client)}
    again = client.post("back", {"step": "page-2"}).get_json()["step"]
    assert [one["rating"].get("preference") for one in again["stimuli"]] == [None, 1, 2, 3]
    assert {one["comment"] for one in again["stimuli"]} == {""}
    # Where the listener went back to the page, it can be changed, and is judged again.
    client.rate(stimulus, None)
    assert client.next().status_code == 422
    client.rate(stimulus, 9)
    assert client.next().get_json()["step"]["id"] == "page-2"
