"""A database whose host is gone is "come again"; any other error of the system is ours."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from study_fixtures import make_study

from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.settings import Settings
from earmark.listening_test.storage.tables import Database
from earmark.listening_test.study.study import load_keys


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Flask, str]]:
    """The application, and the address of its progress page."""
    folder = make_study(tmp_path, "ape", seconds=0.6)
    app = create_app(folder, Settings(rates=None))
    yield app, f"/progress/{load_keys(folder).admin}/"
    app.extensions["earmark"].database.close()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.EHOSTUNREACH, "No route to host"), 503),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), 503),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), 503),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset"), 503),
        (FileNotFoundError(errno.ENOENT, "No such file"), 500),
    ],
)
def test_only_what_the_network_raises_is_come_again(
    served: tuple[Flask, str], monkeypatch: pytest.MonkeyPatch, error: OSError, status: int
) -> None:
    app, progress = served
    client = app.test_client()
    assert client.get(progress).status_code == 200

    def fails(_: Database) -> None:
        raise error

    for way in ("reading", "writing", "looking", "changing"):
        monkeypatch.setattr(Database, way, fails)
    answer = client.get(progress)
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (status == 503)
