"""The listener's interface: saved before it is answered, once, and never lost to bad input."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from listening_client import Client
from sqlalchemy import select
from study_fixtures import make_study

from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import CSRF_HEADER, ServedStudy
from earmark.listening_test.storage.journal import Stored
from earmark.listening_test.storage.many import events
from earmark.listening_test.storage.tables import (
    Listening,
    RatingRow,
    StudyVersion,
    counts,
    opened,
)
from earmark.listening_test.study.study import StudyFolder, load_keys, load_study

HARD = "a & b <script>alert(1)</script> ../../etc/passwd '; DROP TABLE rating; 🎧 שלום \u202eabc "


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, stored: Callable[[StudyFolder], StudyFolder]
) -> StudyFolder:
    place = tmp_path_factory.mktemp("api")
    return stored(make_study(place, "ape", test="comments: per_stimulus"))


@pytest.fixture(scope="module")
def app(folder: StudyFolder) -> Iterator[Flask]:
    app = create_app(folder)
    yield app
    held(app).database.close()


def held(app: Flask) -> ServedStudy:
    found: ServedStudy = app.extensions["earmark"]
    return found


@pytest.fixture
def client(app: Flask) -> Client:
    return Client(app, held(app).keys.study)


def events_of(app: Flask, client: Client) -> list[Stored]:
    with held(app).database.reading() as session:
        return events(session, [client.session])


def first(client: Client) -> dict[str, Any]:
    """The first stimulus of the page that is rated."""
    found: dict[str, Any] = next(
        one for one in client.step()["stimuli"] if one["role"] == "stimulus"
    )
    return found


def test_everything_is_unrated_at_first_and_says_so(client: Client) -> None:
    for one in client.step()["stimuli"]:
        assert set(one["rating"].values()) <= {None}
        if one["role"] == "stimulus":
            assert 0 <= one["start"]["preference"] <= 100


def test_an_event_that_is_sent_twice_is_stored_once_and_acknowledged_twice(
    app: Flask, client: Client
) -> None:
    event = client.event("rating", page=1, stimulus=first(client)["id"], question="preference",
                         value=42.25)  # fmt: skip
    answers = [client.send(event), client.send(event), client.send(event, event)]
    assert [one["acknowledged"] for one in answers] == [[event["id"]], [event["id"]],
                                                        [event["id"]] * 2]  # fmt: skip
    # Also of events that were there already: with a stale revision the page could not be left.
    assert [one["revision"] for one in answers] == [1, 1, 1]
    assert len(events_of(app, client)) == 1
    assert first(client)["rating"]["preference"] == 42.25


def test_of_one_client_the_highest_sequence_number_holds_whatever_arrives_last(
    client: Client,
) -> None:
    stimulus = first(client)["id"]
    early, late = (
        client.event("rating", page=1, stimulus=stimulus, question="preference", value=value)
        for value in (10, 90)
    )
    client.send(late)
    client.send(early)
    assert first(client)["rating"]["preference"] == 90


def test_of_two_devices_the_one_that_speaks_later_holds(app: Flask, client: Client) -> None:
    other = Client(app, "", link=client.link)
    stimulus = first(client)["id"]
    client.rate(stimulus, 10)
    client.rate(stimulus, 20)
    other.rate(stimulus, 70)
    assert first(client)["rating"]["preference"] == first(other)["rating"]["preference"] == 70


def test_a_rating_of_null_is_unrated_again_and_zero_is_a_rating(client: Client) -> None:
    stimulus = first(client)["id"]
    client.rate(stimulus, 0)
    assert first(client)["rating"]["preference"] == 0
    client.rate(stimulus, None)
    assert first(client)["rating"]["preference"] is None


@pytest.mark.parametrize("value", [-0.01, 100.01, 1e9, "50", True, [], {}])
def test_a_value_off_the_scale_is_refused_and_changes_nothing(client: Client, value: Any) -> None:
    stimulus = first(client)["id"]
    client.rate(stimulus, 33)
    answer = client.rate(stimulus, value)
    assert answer["acknowledged"] == []
    assert len(answer["refused"]) == 1
    assert first(client)["rating"]["preference"] == 33


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_no_numbers_are_refused(client: Client, text: str) -> None:
    event = json.dumps(client.event("rating", page=1, stimulus=first(client)["id"],
                                    question="preference", value=12345))  # fmt: skip
    body = f'{{"client": "c", "events": [{event.replace("12345", text)}]}}'
    done = client.http.post(
        f"/api/l/{client.session}/events",
        data=body,
        headers={CSRF_HEADER: client.csrf, "Content-Type": "application/json"},
    )
    assert done.status_code in (200, 400)
    if done.status_code == 200:
        assert len(done.get_json()["refused"]) == 1
    assert first(client)["rating"]["preference"] is None


def test_a_page_is_left_only_when_everything_was_heard_and_rated(client: Client) -> None:
    page = client.step()
    refused = client.next()
    assert refused.status_code == 422
    why = {(one["stimulus"], one["why"]) for one in refused.get_json()["missing"]}
    rated = [one["id"] for one in page["stimuli"] if one["role"] == "stimulus"]
    assert why == {(one["id"], "unplayed") for one in page["stimuli"]} | {
        (one, "unrated") for one in rated
    }
    client.complete(page)
    done = client.next()
    assert done.status_code == 200
    assert done.get_json()["step"]["id"] == "page-2"


def test_next_from_a_page_that_was_left_already_says_where_the_session_is(client: Client) -> None:
    client.complete(client.step())
    assert client.post("next", {"step": "page-1"}).status_code == 200
    again = client.post("next", {"step": "page-1"})
    assert again.status_code == 409
    assert again.get_json()["step"]["id"] == "page-2"
    assert client.state()["progress"] == {"page": 2, "pages": 2}


def test_next_with_a_page_that_changed_in_another_window_shows_it_first(client: Client) -> None:
    client.complete(client.step())
    seen = client.step()["revision"]
    client.rate(first(client)["id"], 77)
    refused = client.post("next", {"step": "page-1", "page": 1, "revision": seen})
    assert refused.status_code == 409
    assert first(client)["rating"]["preference"] == 77
    ready = client.step()["revision"]
    assert client.post("next", {"step": "page-1", "revision": ready}).status_code == 200


def test_back_shows_the_page_as_it_was_left(client: Client) -> None:
    before = client.step()
    client.complete(before, (1, 2, 3))
    assert client.next().get_json()["step"]["back"] is True
    after = client.post("back", {"step": "page-2"}).get_json()["step"]
    assert [one["id"] for one in after["stimuli"]] == [one["id"] for one in before["stimuli"]]
    assert [one["start"] for one in after["stimuli"]] == [one["start"] for one in before["stimuli"]]
    values = [one["rating"].get("preference") for one in after["stimuli"]]
    assert values == [None, 1, 2, 3]
    assert client.post("back", {"step": "page-1"}).status_code == 409


def test_another_device_finds_the_same_order_positions_and_ratings(
    app: Flask, client: Client
) -> None:
    client.rate(first(client)["id"], 64)
    other = Client(app, "", link=client.link)
    mine, theirs = client.state(), other.state()
    assert mine == theirs
    assert theirs["next_seq"] > 0


def test_the_order_outlives_the_server(folder: StudyFolder, app: Flask, client: Client) -> None:
    before = client.state()
    again = create_app(folder)
    after = Client(again, "", link=client.link).state()
    held(again).database.close()
    assert after == before


@pytest.mark.parametrize("text", [HARD, HARD * 80, "x" * 10_000, "\ud800 half", "nul \x00", ""])
def test_a_comment_is_kept_to_the_character(app: Flask, client: Client, text: str) -> None:
    text = (text * 200)[:10_000] if text == HARD else text
    stimulus = first(client)["id"]
    client.send(client.event("comment", page=1, stimulus=stimulus, value=text))
    kept = text.replace("\ud800", "\ufffd").replace("\x00", "\ufffd")
    assert first(client)["comment"] == kept
    assert events_of(app, client)[-1].data["text"] == kept


def test_a_comment_beyond_the_limit_is_refused_and_the_rest_of_the_batch_kept(
    client: Client,
) -> None:
    stimulus = first(client)["id"]
    good = client.event("rating", page=1, stimulus=stimulus, question="preference", value=5)
    bad = client.event("comment", page=1, stimulus=stimulus, value="x" * 20_001)
    answer = client.send(bad, good)
    assert answer["acknowledged"] == [good["id"]]
    assert [one["id"] for one in answer["refused"]] == [bad["id"]]


@pytest.mark.parametrize(
    "event",
    [
        5,
        {},
        {"id": "", "seq": 0, "at_ms": 0, "type": "play"},
        {"id": "x" * 65, "seq": 0, "at_ms": 0, "type": "play"},
        {"id": "a", "seq": -1, "at_ms": 0, "type": "play"},
        {"id": "b", "seq": 1.5, "at_ms": 0, "type": "play"},
        {"id": "c", "seq": 10**400, "at_ms": 0, "type": "play"},
        {"id": "d", "seq": 0, "at_ms": 10**400, "type": "play"},
        {"id": "e", "seq": 0, "at_ms": 0, "type": "../x"},
        {"id": "f", "seq": 0, "at_ms": 0, "type": "play", "page": "1"},
        {"id": "g", "seq": 0, "at_ms": 0, "type": "play", "page": 10**400},
        {"id": "h", "seq": 0, "at_ms": 0, "type": "play", "stimulus": ["a"]},
    ],
)
def test_a_malformed_event_is_refused_by_itself(app: Flask, client: Client, event: Any) -> None:
    good = client.event("pause", page=1)
    answer = client.send(event, good)
    assert (len(answer["refused"]), answer["acknowledged"]) == (1, [good["id"]])
    assert len(events_of(app, client)) == 1


def test_an_event_about_what_is_not_there_is_kept_and_called_unknown(
    app: Flask, client: Client
) -> None:
    events = [
        client.event("rating", page=99, stimulus="x", question="preference", value=1),
        client.event("rating", page=1, stimulus="not mine", question="preference", value=1),
        client.event("rating", page=1, stimulus=first(client)["id"], question="?", value=1),
    ]
    answer = client.send(*events)
    assert answer["unknown"] == [one["id"] for one in events]
    assert len(events_of(app, client)) == 3


def test_ids_stay_text(app: Flask, client: Client) -> None:
    for name in ("007", "1e3", "nan", "true", "null"):
        client.send(client.event("play", page=1) | {"id": name})
    assert [one.id for one in events_of(app, client)] == ["007", "1e3", "nan", "true", "null"]


def test_a_clock_that_jumps_is_stored_as_it_was(app: Flask, client: Client) -> None:
    times = [1000.5, -5.0, 9e12, 3.0]
    for at_ms in times:
        client.send(client.event("play", page=1, stimulus=first(client)["id"]) | {"at_ms": at_ms})
    assert [one.at_ms for one in events_of(app, client)] == times


def test_a_pause_ends_by_itself_and_withdrawing_ends_the_session(app: Flask) -> None:
    client = Client(app, held(app).keys.study)
    client.rate(first(client)["id"], 50)
    assert client.post("pause", {}).get_json()["link"] == client.link
    assert client.state()["session"]["state"] == "paused"
    client.rate(first(client)["id"], 60)
    assert client.state()["session"]["state"] == "open"
    done = client.post("withdraw", {"erase": True}).get_json()
    assert done["step"]["type"] == "withdrawn"
    assert client.next().status_code == 409
    client.send(client.event("rating", page=1, question="preference", value=1))
    with held(app).database.reading() as session:
        found = session.get(Listening, client.session)
        assert found is not None
        assert {rating.value for page in found.pages for rating in page.ratings} == {None}


def test_previews_pilots_and_simulations_never_count_nor_freeze(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape")
    app = create_app(folder)
    keys = held(app).keys
    for token, mark in ((keys.preview, "preview"), (keys.pilot, "pilot"),
                        (keys.simulated, "SIMULATED")):  # fmt: skip
        client = Client(app, token)
        assert client.state()["study"]["marked"] == mark
        client.complete(client.step())
    with opened(folder) as database:
        assert counts(database) == {"sessions": 0, "ratings": 0}
    assert frozen(app) is None
    real = Client(app, keys.study)
    assert frozen(app) is None
    real.rate(first(real)["id"], 12)
    assert frozen(app) is not None
    with opened(folder) as database:
        assert counts(database) == {"sessions": 1, "ratings": 1}
    held(app).database.close()


def frozen(app: Flask) -> str | None:
    with held(app).database.reading() as session:
        version = session.get(StudyVersion, held(app).study.sha256)
        return None if version is None else version.frozen_at


def test_starting_again_in_the_same_browser_goes_on_unless_asked_otherwise(app: Flask) -> None:
    token = held(app).keys.study
    client = Client(app, token)
    for form, same in (({}, True), ({"fresh": "1"}, False)):
        page = client.http.get(f"/s/{token}/").text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        done = client.http.post(f"/s/{token}/start", data={"csrf": csrf, **form})
        assert (done.headers["Location"] == client.link) is same
    assert client.http.post(f"/s/{token}/start", data={}).status_code == 403


def test_a_language_is_changed_in_the_middle_and_an_unknown_one_is_not(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "mushra", more="languages: [en, de]")
    app = create_app(folder)
    client = Client(app, load_keys(folder).study)
    labels = client.step()["questions"][0]["scale"]["labels"]
    assert [one["text"] for one in labels] == ["Bad", "Poor", "Fair", "Good", "Excellent"]
    state = client.post("language", {"language": "de"}).get_json()
    shown = state["step"]["questions"][0]["scale"]["labels"]
    assert [one["text"] for one in shown][-1] == "Ausgezeichnet"
    assert client.post("language", {"language": "xx"}).get_json()["language"] == "de"
    held(app).database.close()


def test_the_least_used_pages_come_next_whoever_begins(tmp_path: Path) -> None:
    more = "design: {pages_per_listener: 2}"
    folder = make_study(tmp_path, "ape", passages=4, seconds=1.0, more=more)
    app = create_app(folder)
    for _ in range(6):
        Client(app, load_keys(folder).study)
    study = load_study(folder)
    with held(app).database.reading() as session:
        pages = [p.passage for one in session.scalars(select(Listening)) for p in one.pages]
        assert session.scalar(select(RatingRow.value).where(RatingRow.value.is_not(None))) is None
    assert {pages.count(passage.id) for passage in study.passages} == {3}
    held(app).database.close()
