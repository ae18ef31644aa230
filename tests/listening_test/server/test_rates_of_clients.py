"""How often one session, one address and one browser may ask; whom a proxy speaks for."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from listening_client import Client
from study_fixtures import make_study

from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.settings import Settings
from earmark.listening_test.study.study import StudyFolder, load_keys
from earmark.listening_test.wire.limits import Rate, Rates
from earmark.models.errors import UserError

LAB, OTHER = "198.51.100.7", "198.51.100.8"
NEVER = 1e-6  # so seldom that no test sees it


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    return make_study(tmp_path_factory.mktemp("rates"), "ape", seconds=0.6)


@contextmanager
def application(
    folder: StudyFolder, *, trust_proxy: bool = False, **rates: Rate
) -> Iterator[Flask]:
    app = create_app(folder, Settings(rates=Rates(**rates), trust_proxy=trust_proxy))
    try:
        yield app
    finally:
        app.extensions["earmark"].database.close()


def browser(app: Flask, address: str) -> FlaskClient:
    found = app.test_client()
    found.environ_base["REMOTE_ADDR"] = address
    return found


def begin(app: Flask, http: FlaskClient, **more: Any) -> int:
    """Begin a session in a browser, whether or not there is one; the status."""
    link = f"/s/{app.extensions['earmark'].keys.pilot}/"
    csrf = re.search(r'name="csrf" value="([^"]+)"', http.get(link, **more).text)
    assert csrf
    return http.post(f"{link}start", data={"csrf": csrf[1], "fresh": "1"}, **more).status_code


def test_a_session_that_asks_too_often_is_told_when_to_come_again_and_stores_nothing(
    folder: StudyFolder,
) -> None:
    with application(folder, session=Rate(3, NEVER)) as app:
        client, other = (Client(app, load_keys(folder).pilot) for _ in range(2))
        event = client.event("play", page=1)
        for _ in range(3):
            assert client.send(event)["acknowledged"] == [event["id"]]
        late = client.event("play", page=1)
        done = client.post("events", {"client": client.client, "events": [late]})
        assert done.status_code == 429
        assert int(done.headers["Retry-After"]) >= 1
        assert done.get_json() == {"error": "too_many", "limit": "requests of a session"}
        # Another session, from the same address, is not the one that asks too often.
        assert other.send(other.event("play", page=1))["acknowledged"] != []
        state = client.http.get(f"/api/l/{client.session}/state")
        assert state.status_code == 429


def test_an_address_that_asks_too_often_reads_why_on_a_page(folder: StudyFolder) -> None:
    with application(folder, address=Rate(4, NEVER)) as app:
        link = f"/s/{load_keys(folder).pilot}/"
        http = browser(app, LAB)
        assert [http.get(link).status_code for _ in range(5)] == [200] * 4 + [429]
        refused = http.get(link)
        assert "Too many requests" in refused.text
        assert "default-src 'none'" in refused.headers["Content-Security-Policy"]
        assert browser(app, OTHER).get(link).status_code == 200
        assert http.get("/health").status_code == 200


@pytest.mark.slow
def test_a_laboratory_behind_one_address_meets_no_limit(folder: StudyFolder) -> None:
    with application(folder) as app:
        for _ in range(30):
            http = browser(app, LAB)
            assert begin(app, http) == 303
            for _ in range(20):
                assert http.get("/languages/en.json").status_code == 200


def test_a_browser_begins_so_many_sessions_and_an_address_so_many_more(
    folder: StudyFolder,
) -> None:
    browsers, addresses = Rate(2, NEVER), Rate(5, NEVER)
    with application(folder, begun_in_browser=browsers, begun_at_address=addresses) as app:
        http = browser(app, LAB)
        assert [begin(app, http) for _ in range(3)] == [303, 303, 429]
        assert [begin(app, browser(app, LAB)) for _ in range(4)] == [303, 303, 303, 429]
        assert begin(app, browser(app, OTHER)) == 303
        # To go on with a session is not to begin one.
        link = f"/s/{load_keys(folder).pilot}/"
        csrf = re.search(r'name="csrf" value="([^"]+)"', http.get(link).text)
        assert csrf
        assert http.post(f"{link}start", data={"csrf": csrf[1]}).status_code == 303


def test_links_cannot_be_tried_one_after_the_other(folder: StudyFolder) -> None:
    with application(folder, misses=Rate(5, NEVER)) as app:
        http = browser(app, LAB)
        link = f"/s/{load_keys(folder).pilot}/"
        tried = ["/progress/x/", "/s/x/", "/l/x/", "/api/l/x/state", "/progress/x/metrics"]
        assert [http.get(path).status_code for path in tried] == [404] * 5
        assert {http.get(path).status_code for path in (*tried, link)} == {429}
        assert browser(app, OTHER).get(link).status_code == 200


def test_what_a_client_says_of_itself_is_believed_only_of_a_proxy(folder: StudyFolder) -> None:
    link = f"/s/{load_keys(folder).pilot}/"

    def asks(app: Flask, address: str, said: str) -> int:
        headers = {"X-Forwarded-For": said}
        return browser(app, address).get(link, headers=headers).status_code

    with application(folder, address=Rate(2, NEVER)) as app:
        statuses = [asks(app, LAB, f"203.0.113.{number}") for number in range(3)]
        assert statuses == [200, 200, 429]
    with application(folder, address=Rate(2, NEVER), trust_proxy=True) as app:
        statuses = [asks(app, "127.0.0.1", f"{number}.1.1.1, {LAB}") for number in range(3)]
        assert statuses == [200, 200, 429]
        assert asks(app, "127.0.0.1", OTHER) == 200


def test_a_proxy_on_this_machine_of_which_nothing_is_known_is_not_limited(
    folder: StudyFolder,
) -> None:
    with application(folder, address=Rate(2, NEVER)) as app:
        http = browser(app, "127.0.0.1")
        link = f"/s/{load_keys(folder).pilot}/"
        assert {http.get(link).status_code for _ in range(9)} == {200}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("csrf=x&" * 30, "application/x-www-form-urlencoded"),
        ("csrf=" + "x" * 20_000, "application/x-www-form-urlencoded"),
        ("{}", "application/json"),
        ("--b\r\n\r\n", "multipart/form-data; boundary=b"),
    ],
)
def test_a_form_that_is_none_of_ours_is_refused(folder: StudyFolder, data: str, kind: str) -> None:
    with application(folder) as app:
        link = f"/s/{load_keys(folder).pilot}/start"
        done = app.test_client().post(link, data=data, content_type=kind)
        assert done.status_code in (413, 415)


def test_health_and_readiness_say_what_is_wrong(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    with application(folder) as app:
        http = app.test_client()
        assert http.get("/health").get_json() == {"ok": True}
        assert http.get("/ready").get_json() == {"ok": True}
        folder.study.rename(tmp_path / "away")
        app.extensions["earmark.readiness"].forget()
        gone = http.get("/ready")
        assert gone.status_code == 503
        assert gone.get_json()["ok"] is False
        assert http.get("/health").status_code == 200
        (tmp_path / "away").rename(folder.study)
        folder.ratings.rename(tmp_path / "away.sqlite")
        app.extensions["earmark.readiness"].forget()
        assert http.get("/ready").status_code == 503


def test_the_log_has_a_line_for_each_request_and_nothing_that_says_who_asked(
    tmp_path: Path,
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    log = tmp_path / "access.jsonl"
    app = create_app(folder, Settings(log=str(log)))
    client = Client(app, load_keys(folder).pilot)
    client.http.environ_base |= {"REMOTE_ADDR": LAB, "HTTP_USER_AGENT": "Netscape"}
    client.send(client.event("play", page=1))
    audio = client.step()["stimuli"][0]["url"]
    client.http.get(audio).close()
    client.http.get("/nothing?secret=1")
    app.extensions["earmark"].database.close()
    text = log.read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert {frozenset(one) for one in lines} == {
        frozenset(("time", "method", "route", "status", "ms", "bytes"))
    }
    assert ("POST", "/api/l/<token>/events", 200) in {
        (one["method"], one["route"], one["status"]) for one in lines
    }
    assert (lines[-1]["route"], lines[-1]["status"]) == ("none", 404)
    secrets = (client.session, LAB, "Netscape", "secret", load_keys(folder).pilot, audio[7:30])
    assert [one for one in secrets if one in text] == []


def test_a_log_that_cannot_be_written_is_said_at_the_start_and_later_keeps_no_answer_back(
    folder: StudyFolder, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="--access-log"):
        create_app(folder, Settings(log=str(tmp_path / "none" / "log")))
    full = Path("/dev/full")
    if full.exists():
        app = create_app(folder, Settings(log=str(full)))
        assert app.test_client().get("/health").status_code == 200
        app.extensions["earmark"].database.close()


def test_counts_are_for_the_experimenter_and_add_up(folder: StudyFolder) -> None:
    with application(folder) as app:
        clients = [Client(app, load_keys(folder).pilot) for _ in range(3)]
        for client in clients:
            client.send(client.event("play", page=1))
            client.send(client.event("pause", page=1))
        http = app.test_client()
        assert http.get("/progress/guessed/metrics").status_code == 404
        shown = http.get(f"/progress/{load_keys(folder).admin}/metrics")
        assert shown.mimetype == "text/plain"
        found = dict(
            line.rsplit(" ", 1) for line in shown.text.splitlines() if not line.startswith("#")
        )
        assert found["earmark_sessions_begun_total"] == "3"
        assert found["earmark_batches_stored_total"] == "6"
        route = 'route="/api/l/<token>/events"'
        assert found[f'earmark_requests_total{{method="POST",{route},status="200"}}'] == "6"
        buckets = [
            float(number)
            for name, number in found.items()
            if name.startswith(f"earmark_request_seconds_bucket{{{route}")
        ]
        assert buckets == sorted(buckets)
        assert buckets[-1] == float(found[f"earmark_request_seconds_count{{{route}}}"]) == 6
        assert not any(client.session in shown.text for client in clients)
