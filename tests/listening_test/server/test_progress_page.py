"""The experimenter's page shows so many sessions at once, the latest to begin first."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from listening_client import Client
from sqlalchemy import select
from study_fixtures import make_study

from earmark.listening_test.export import progress as status
from earmark.listening_test.server import progress
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.server.settings import Settings
from earmark.listening_test.storage.tables import Listening

SESSIONS, AT_ONCE = 8, 3
WORDS = {"first": "Sessions 1 to 3 of 8", "second": "Sessions 4 to 6 of 8",
         "last": "Sessions 7 to 8 of 8"}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = make_study(tmp_path_factory.mktemp("progress"), "ape", seconds=0.5)
    app = create_app(folder, Settings(rates=None))
    for number in range(SESSIONS):
        client = Client(app, app.extensions["earmark"].keys.study)
        if number in (2, 5):
            client.post("withdraw", {})
    yield app
    app.extensions["earmark"].database.close()


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (status, progress):
        monkeypatch.setattr(module, "LATEST", AT_ONCE)


def page(app: Flask, number: object = "") -> str:
    held: ServedStudy = app.extensions["earmark"]
    query = f"?page={number}" if number != "" else ""
    answer = app.test_client().get(f"/progress/{held.keys.admin}/{query}")
    assert answer.status_code == 200
    return unescape(answer.text)


def shown(text: str) -> list[str]:
    """The sessions of a page in their order."""
    table = text[text.index("Sessions</h2>") : text.index("<h2>Balance")]
    return re.findall(r'<th scope="row">([^<]+)</th>', table)


@pytest.mark.slow
def test_every_session_is_on_one_page_the_latest_first(app: Flask) -> None:
    pages = [shown(page(app, number)) for number in ("", 2, 3)]
    assert [len(one) for one in pages] == [3, 3, 2]
    with app.extensions["earmark"].database.reading() as reading:
        order = [Listening.created_at.desc(), Listening.id.desc()]
        ids = reading.scalars(select(Listening.id).order_by(*order)).all()
    assert [one for found in pages for one in found] == list(ids)
    assert shown(page(app, 1)) == pages[0]


def test_a_page_leads_to_those_beside_it(app: Flask) -> None:
    later, earlier = '<a href="?page=%d">Later ones</a>', '<a href="?page=%d">Earlier ones</a>'
    first, second, last = (page(app, number) for number in (1, 2, 3))
    assert WORDS["first"] in first
    assert earlier % 2 in first
    assert "Later ones" not in first
    assert WORDS["second"] in second
    assert later % 1 in second
    assert earlier % 3 in second
    assert WORDS["last"] in last
    assert later % 2 in last
    assert "Earlier ones" not in last


def test_the_sums_are_of_all_sessions_on_every_page(app: Flask) -> None:
    for number in (1, 2, 3, 4):
        text = page(app, number)
        for name, sessions in (("under way", 6), ("withdrawn", 2), ("sessions complete", 0)):
            assert f"<dt>{name}</dt><dd>{sessions}</dd>" in text, (number, name)


@pytest.mark.parametrize("number", [4, 99_999, 10**30])
def test_a_page_beyond_the_last_says_so(app: Flask, number: int) -> None:
    text = page(app, number)
    assert shown(text) == []
    assert 'No sessions here. <a href="?page=1">The latest ones</a>' in text


@pytest.mark.parametrize("number", ["0", "-3", "x", "1.5", "%00", "1%20OR%201=1"])
def test_what_names_no_page_shows_the_first(app: Flask, number: str) -> None:
    assert WORDS["first"] in page(app, number)


def test_a_study_that_fits_on_one_page_names_none(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (status, progress):
        monkeypatch.setattr(module, "LATEST", SESSIONS)
    text = page(app)
    assert len(shown(text)) == SESSIONS
    assert "?page=" not in text
