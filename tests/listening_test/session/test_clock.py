"""A clock that is set back, or jumps, never makes a time before another, nor a negative length."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from listening_client import Client
from sqlalchemy import text
from study_fixtures import make_study

from earmark.listening_test.export.everything import as_json
from earmark.listening_test.export.participants import people
from earmark.listening_test.export.ratings import SessionFilter, tidy
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.session import sessions
from earmark.listening_test.storage import rooms

MORE = "before: [consent]\nafter: [thanks]"


class Clock:
    """Each look at it is a second later, unless a test sets it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)

    def __call__(self) -> str:
        self.time += timedelta(seconds=1)
        return self.time.isoformat(timespec="milliseconds")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in (rooms, sessions):
        monkeypatch.setattr(module, "now", found)
    return found


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(make_study(tmp_path, "ape", seconds=0.6, more=MORE))
    yield app
    held(app).database.close()


def held(app: Flask) -> ServedStudy:
    found: ServedStudy = app.extensions["earmark"]
    return found


@pytest.mark.parametrize("hours", [-30, -1, 1])
def test_times_of_a_session_never_go_back(app: Flask, clock: Clock, hours: int) -> None:
    client = Client(app, held(app).keys.study)
    client.post("answers", {"step": "before-1", "answers": {"agree": True}})
    client.next()
    for _ in range(2):
        # Between two requests, as when a server asks for the time of the network.
        clock.time += timedelta(hours=hours)
        page = client.step()
        client.complete(page)
        clock.time += timedelta(hours=hours / 2)
        assert client.next().status_code == 200
    whole = as_json(held(app).study, held(app).database, SessionFilter())["sessions"][0]
    pages = whole["pages"]
    in_order = [
        whole["created_at"],
        whole["answers"][0]["at"],
        pages[0]["first_at"],
        *(event["received_at"] for event in whole["events"] if event["page"] == 1),
        pages[0]["done_at"],
        pages[1]["first_at"],
        *(event["received_at"] for event in whole["events"] if event["page"] == 2),
        pages[1]["done_at"],
        whole["completed_at"],
        whole["updated_at"],
    ]
    assert in_order == sorted(in_order)
    (person,) = people(held(app).study, held(app).database)
    assert person.minutes is not None
    assert person.minutes >= 0
    rows = tidy(held(app).study, held(app).database, SessionFilter())
    assert all(row.page_first_at <= row.rated_at <= row.page_done_at for row in rows)
    assert all(row.listened_seconds >= 0 for row in rows)


def test_what_an_earlier_version_took_down_by_a_wrong_clock_lasts_no_negative_time(
    app: Flask,
) -> None:
    client = Client(app, held(app).keys.study)
    client.post("answers", {"step": "before-1", "answers": {"agree": True}})
    client.next()
    while client.step()["type"] == "page":
        client.complete(client.step())
        client.next()
    with held(app).database.writing() as session:
        session.execute(text("UPDATE session SET completed_at = '2020-01-01T00:00:00.000+00:00'"))
    (person,) = people(held(app).study, held(app).database)
    assert person.minutes == 0


def test_a_page_s_clock_that_starts_anew_makes_no_negative_listening(
    app: Flask, clock: Clock
) -> None:
    client = Client(app, held(app).keys.study)
    client.post("answers", {"step": "before-1", "answers": {"agree": True}})
    client.next()
    page: dict[str, Any] = client.step()
    stimuli = [one["id"] for one in page["stimuli"]]
    times = [5000.0, 100.0, 7000.0, 50.0]
    for number, (at_ms, stimulus) in enumerate(zip(times, stimuli, strict=False)):
        kind = "switch" if number else "play"
        client.send(client.event(kind, page=1, stimulus=stimulus) | {"at_ms": at_ms})
    rows = tidy(held(app).study, held(app).database, SessionFilter(states=("open",)))
    assert all(row.listened_seconds >= 0 for row in rows)
    assert clock.time.hour == 12
