"""Whatever is sent to whatever address: no answer is a fault, and the data stays whole.

The routes and their methods are those that the application itself lists. Bodies are JSON of any
shape, and near misses of what a page sends.
"""

import json
import sqlite3
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listening_client import Client
from study_fixtures import make_study

from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import CSRF_HEADER
from earmark.listening_test.server.settings import UNLIMITED
from earmark.listening_test.study.study import StudyFolder, load_keys

MORE = """\
before:
  - consent
  - volume
  - {type: headphone_check, trials: 3}
  - type: questionnaire
    questions:
      - {id: age, type: number, label: Age, minimum: 1, maximum: 99}
      - {id: many, type: choices, label: Which, options: [a, b]}
languages: [en, de]
"""
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
# A server may refuse, and may ask to come again later. 500 would be a fault that nobody foresaw.
FAULTS = range(500, 503)

TEXT = st.text(max_size=30) | st.sampled_from(
    ["", "../x", "\x00", "é" * 9, "NaN", "%s", "'--", "{{1}}"]
)
NUMBER = (
    st.integers()
    | st.floats()
    | st.sampled_from([-1, 0, 2**31, 2**63, 2**64, 10**400, 1e308, -0.0])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
MAYBE = st.one_of(JSON, st.just("page-1"), st.integers(0, 3))


@pytest.fixture(scope="module", params=["ape", "ab"])
def studied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[StudyFolder, Flask, list[Client]]:
    """A study with a session at its beginning and one on a page."""
    folder = make_study(tmp_path_factory.mktemp("fuzz"), request.param, seconds=0.6, more=MORE)
    app = create_app(folder, UNLIMITED)
    fresh, on = (Client(app, load_keys(folder).study) for _ in range(2))
    while on.step()["type"] != "page":
        step = on.step()
        answers = {
            "consent": {"agree": True},
            "volume": {"level": 0.5} | {one["id"]: "left" for one in step.get("sides", [])},
            "headphone": {"skip": True},
            "questionnaire": {"age": 30, "many": ["0"]},
        }[step["type"]]
        assert on.post("answers", {"step": step["id"], "answers": answers}).status_code == 200
        assert on.post("next", {"step": step["id"]}).status_code == 200
    return folder, app, [fresh, on]


def addresses(app: Flask, clients: list[Client]) -> list[str]:
    """Every rule of the application, filled with what is there and what is not."""
    keys = [one.session for one in clients]
    held = app.extensions["earmark"]
    tokens = [*keys, held.keys.study, held.keys.admin, "nothing", "%00", "..%2f", "é", "a" * 3000]
    found = []
    for rule in app.url_map.iter_rules():
        for token in tokens:
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<{name}>", token).replace(f"<path:{name}>", token)
            found.append(path)
    return sorted(set(found))


@pytest.mark.slow
def test_no_method_on_any_address_is_a_fault(
    studied: tuple[StudyFolder, Flask, list[Client]],
) -> None:
    _, app, clients = studied
    for path in addresses(app, clients):
        for method in METHODS:
            if "withdraw" in path and method == "POST":
                continue
            answer = app.test_client().open(
                path, method=method, data=b"\xff{", headers={"Range": "bytes=9-1,x"}
            )
            assert answer.status_code not in FAULTS, (method, path)
            answer.close()


ACTIONS = ("events", "next", "back", "answers", "pause", "language")


EVENT = st.fixed_dictionaries(
    {},
    optional={
        "id": TEXT,
        "seq": NUMBER,
        "at_ms": NUMBER,
        "page": MAYBE,
        "stimulus": MAYBE,
        "type": st.sampled_from(["play", "rating", "comment", "move", "device"]) | TEXT,
        "question": MAYBE | st.just("preference"),
        "value": JSON,
        "data": JSON,
        "x": JSON,
    },
)
NAMED = st.dictionaries(st.sampled_from(["age", "many", "level", "agree", "skip"]), JSON)
NEARLY = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("step", "page", "revision", "left", "language", "client"), MAYBE)
    | {"answers": JSON | NAMED, "events": JSON | st.lists(EVENT, max_size=3)},
)


@pytest.mark.slow
@given(which=st.integers(0, 1), action=st.sampled_from(ACTIONS), sent=JSON | NEARLY)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_body_is_a_fault_and_none_makes_the_session_unreadable(
    studied: tuple[StudyFolder, Flask, list[Client]], which: int, action: str, sent: Any
) -> None:
    _, _, clients = studied
    one = clients[which]
    if isinstance(sent, dict):
        step = one.step()
        sent = {"step": step["id"], **sent}
    path = f"/api/l/{one.session}/{action}"
    body = json.dumps(sent).encode("utf-8", "surrogatepass")
    headers = {CSRF_HEADER: one.csrf, "Content-Type": "application/json"}
    answer = one.http.post(path, data=body, headers=headers)
    assert answer.status_code not in FAULTS, answer.text
    assert one.state()["step"]["type"]


def test_after_all_this_the_database_is_whole(
    studied: tuple[StudyFolder, Flask, list[Client]],
) -> None:
    folder, _, _ = studied
    connection = sqlite3.connect(folder.ratings)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
