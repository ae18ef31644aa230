"""What the server refuses: forged requests, edited cookies, huge bodies, paths to files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from listening_client import Client
from study_fixtures import make_study

from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import CSRF_HEADER, ServedStudy
from earmark.listening_test.storage.many import events


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = create_app(make_study(tmp_path_factory.mktemp("refused"), "ape", seconds=0.6))
    yield app
    held(app).database.close()


def held(app: Flask) -> ServedStudy:
    found: ServedStudy = app.extensions["earmark"]
    return found


@pytest.fixture
def client(app: Flask) -> Client:
    return Client(app, held(app).keys.study)


def stored(app: Flask, client: Client) -> int:
    with held(app).database.reading() as session:
        return len(events(session, [client.session]))


def test_a_request_without_its_token_changes_nothing(app: Flask, client: Client) -> None:
    event = client.event("play", page=1)
    for headers in ({}, {CSRF_HEADER: "wrong"}, {CSRF_HEADER: "\xff"}):
        for what in ("events", "next", "back", "answers", "pause", "withdraw", "language"):
            done = client.http.post(
                f"/api/l/{client.session}/{what}",
                json={"client": "c", "events": [event]},
                headers=headers,
            )
            assert (done.status_code, done.get_json()) == (403, {"error": "csrf"})
    assert stored(app, client) == 0
    assert client.state()["session"]["state"] == "open"


def test_an_edited_cookie_is_no_cookie_and_a_fresh_page_mends_it(
    app: Flask, client: Client
) -> None:
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.http.get_cookie(name)
    assert cookie is not None
    client.http.set_cookie(name, cookie.value[:-3] + "abc")
    assert client.post("pause", {}).status_code == 403
    client.http.delete_cookie(name)
    page = client.http.get(client.link)
    assert page.status_code == 200
    client.csrf = page.text.split('name="csrf" content="')[1].split('"')[0]
    assert client.post("pause", {}).status_code == 200


def test_two_studies_on_one_host_keep_a_cookie_each(
    app: Flask, client: Client, tmp_path: Path
) -> None:
    other = create_app(make_study(tmp_path, "ape", seconds=0.6, name="another"))
    beside = Client(other, held(other).keys.study)
    name, theirs = (one.config["SESSION_COOKIE_NAME"] for one in (app, other))
    cookie = beside.http.get_cookie(theirs)
    assert name != theirs
    assert cookie is not None
    # A browser sends both, whichever port it asks.
    client.http.set_cookie(theirs, cookie.value)
    assert client.post("pause", {}).status_code == 200
    assert 'name="fresh"' in client.http.get(f"/s/{held(app).keys.study}/").text
    held(other).database.close()


def test_no_get_request_changes_anything(app: Flask, client: Client) -> None:
    for what in ("events", "next", "back", "answers", "pause", "withdraw"):
        assert client.http.get(f"/api/l/{client.session}/{what}").status_code == 405
    before = client.state()
    for path in (f"/s/{held(app).keys.study}/", client.link, "/", "/languages/en.json"):
        client.http.get(path)
    assert client.state() == before


def test_a_body_that_is_too_large_or_no_object_is_refused(client: Client) -> None:
    big = {"client": "c", "events": [client.event("comment", value="x" * 1_100_000)]}
    assert client.post("events", big).status_code == 413
    many = {"client": "c", "events": [client.event("play") for _ in range(501)]}
    assert client.post("events", many).status_code == 400
    bodies: list[Any] = [[], 5, "x", None]
    for body in bodies:
        assert client.post("events", body).status_code in (400, 415)
    for data in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        done = client.http.post(
            f"/api/l/{client.session}/events",
            data=data,
            headers={CSRF_HEADER: client.csrf, "Content-Type": "application/json"},
        )
        assert done.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/audio/../study.json",
        "/audio/..%2f..%2fkeys.json",
        "/audio/%2e%2e/keys",
        f"/audio/{48 * '0'}",
        "/audio/study.json",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/languages/..%2f..%2fx.json",
        "/l/..%2f..%2fx/",
        "/api/l/none/state",
        "/s/none/",
        "/progress/none/",
        "/keys.json",
        "/ratings.sqlite",
    ],
)
def test_no_path_of_a_client_leads_to_a_file(client: Client, path: str) -> None:
    assert client.http.get(path).status_code == 404


def test_every_answer_carries_the_headers_that_protect_it(app: Flask, client: Client) -> None:
    audio = client.step()["stimuli"][0]["url"]
    for path in (
        f"/s/{held(app).keys.study}/",
        client.link,
        audio,
        "/nothing",
        "/languages/en.json",
    ):
        with client.http.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
    cookie = client.http.get("/s/" + held(app).keys.study + "/").headers.get("Set-Cookie", "")
    fresh = app.test_client().get("/s/" + held(app).keys.study + "/").headers["Set-Cookie"]
    assert "HttpOnly" in fresh
    assert "SameSite=Lax" in fresh
    assert client.session not in cookie
