"""A cookie says which browser it is, and no more: none can be forged, fixed or carried over."""

import re
from collections.abc import Iterator
from time import time

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from listening_client import Client
from study_fixtures import make_study

from earmark.listening_test.server import request
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.settings import Settings
from earmark.listening_test.study.study import StudyFolder, load_keys


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    return make_study(tmp_path_factory.mktemp("cookies"), "ape", seconds=0.6)


@pytest.fixture(scope="module")
def app(folder: StudyFolder) -> Iterator[Flask]:
    app = create_app(folder, Settings(rates=None))
    yield app
    app.extensions["earmark"].database.close()


def forged(app: Flask, key: str, held: dict[str, str]) -> str:
    """A cookie that holds this, signed with a key."""
    before, app.secret_key = app.secret_key, key
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    app.secret_key = before
    assert signer is not None
    return str(signer.dumps(held))


def start(http: FlaskClient, link: str, **form: str) -> str:
    """Where a press on the welcome page's button leads."""
    csrf = re.search(r'name="csrf" value="([^"]+)"', http.get(link).text)
    assert csrf
    done = http.post(f"{link}start", data={"csrf": csrf[1], **form})
    assert done.status_code == 303
    return done.headers["Location"]


def test_a_cookie_signed_with_any_other_key_opens_nothing(app: Flask, folder: StudyFolder) -> None:
    keys = load_keys(folder)
    victim = Client(app, keys.pilot)
    name, link = app.config["SESSION_COOKIE_NAME"], f"/s/{keys.pilot}/"
    held = {"session": victim.session, "csrf": "known"}
    for key in ("", "dev", "secret", keys.study, keys.pilot, keys.admin, victim.session):
        http = app.test_client()
        http.set_cookie(name, forged(app, key or "x", held))
        assert 'name="fresh"' not in http.get(link).text
        assert start(http, link) != victim.link
    # The test can fail: with the study's own key the same cookie is believed.
    http = app.test_client()
    http.set_cookie(name, forged(app, keys.cookie, held))
    assert 'name="fresh"' in http.get(link).text


def test_a_session_is_reached_by_its_link_and_never_by_a_cookie(
    app: Flask, folder: StudyFolder
) -> None:
    """Whoever plants a cookie in another's browser learns nothing of what is done there."""
    keys = load_keys(folder)
    attacker, victim = Client(app, keys.pilot), Client(app, keys.pilot)
    name = app.config["SESSION_COOKIE_NAME"]
    planted = attacker.http.get_cookie(name)
    assert planted is not None
    victim.http.set_cookie(name, planted.value)
    victim.csrf = attacker.csrf
    event = victim.event("play", page=1)
    assert victim.send(event)["acknowledged"] == [event["id"]]
    assert attacker.state()["next_seq"] == 0
    assert victim.state()["next_seq"] == 1


def test_a_cookie_of_one_link_continues_no_session_of_another(
    app: Flask, folder: StudyFolder
) -> None:
    keys = load_keys(folder)
    http = app.test_client()
    pilot = start(http, f"/s/{keys.pilot}/")
    real = start(http, f"/s/{keys.study}/")
    assert pilot != real
    assert start(http, f"/s/{keys.study}/") == real
    assert start(http, f"/s/{keys.pilot}/") not in (pilot, real)


def test_over_https_no_other_host_and_no_plain_page_can_set_the_cookie(
    folder: StudyFolder,
) -> None:
    secure = create_app(folder, Settings(secure=True))
    link = f"/s/{load_keys(folder).pilot}/"
    cookie = secure.test_client().get(link, base_url="https://listen.example.org").headers
    said = cookie["Set-Cookie"]
    # What a browser asks of the prefix: Secure, of the whole host, and of no domain.
    assert said.startswith("__Host-earmark_")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(said.split("; "))
    assert "Domain" not in said
    secure.extensions["earmark"].database.close()


def test_a_cookie_that_was_read_before_is_refused_once_it_is_too_old(
    app: Flask, folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = f"/s/{load_keys(folder).pilot}/"
    http = app.test_client()
    start(http, link)
    known = 'name="fresh"'
    assert known in http.get(link).text
    month, began = app.permanent_session_lifetime.total_seconds(), time()
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = http.get_cookie(name)
    assert cookie is not None
    for later, believed in ((month - 60, True), (month + 60, False), (-60, False)):
        monkeypatch.setattr(request, "time", lambda later=later: began + later)
        http.set_cookie(name, cookie.value)
        assert (known in http.get(link).text) is believed, later


def test_what_one_request_changes_in_a_cookie_reaches_no_other(
    app: Flask, folder: StudyFolder
) -> None:
    link = f"/s/{load_keys(folder).pilot}/"
    name = app.config["SESSION_COOKIE_NAME"]
    first, second = app.test_client(), app.test_client()
    first.get(link)
    cookie = first.get_cookie(name)
    assert cookie is not None
    second.set_cookie(name, cookie.value)
    start(first, link)
    assert 'name="fresh"' in first.get(link).text
    assert 'name="fresh"' not in second.get(link).text


def test_nothing_but_a_page_sets_a_cookie(app: Flask, folder: StudyFolder) -> None:
    client = Client(app, load_keys(folder).pilot)
    sound = client.step()["stimuli"][0]["url"]
    for path in (sound, "/static/listen.js", "/languages/en.json", "/health"):
        with client.http.get(path) as answer:
            assert "Set-Cookie" not in answer.headers, path
            assert "Cookie" not in answer.headers.get("Vary", ""), path
    assert "Set-Cookie" in client.http.get(client.link).headers
