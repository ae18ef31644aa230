"""A listener's browser in the test process: Flask's own client, cookies and CSRF token included."""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from earmark.listening_test.server.request import CSRF_HEADER


class Client:
    """One browser with one session; events get ids and sequence numbers by themselves."""

    def __init__(self, app: Flask, token: str, *, link: str = "") -> None:
        self.http: FlaskClient = app.test_client()
        self.ids = count()
        if not link:
            page = self.http.get(f"/s/{token}/").text
            csrf = _csrf(page, "value")
            done = self.http.post(f"/s/{token}/start", data={"csrf": csrf, "fresh": "1"})
            link = done.headers["Location"]
        self.link = link
        self.session = link.strip("/").split("/")[-1]
        self.csrf = _csrf(self.http.get(link).text, "content")
        self.client = f"client-{self.csrf}"

    def state(self) -> dict[str, Any]:
        """The session's state."""
        found: dict[str, Any] = self.http.get(f"/api/l/{self.session}/state").get_json()
        return found

    def step(self) -> dict[str, Any]:
        """The step at which it stands."""
        found: dict[str, Any] = self.state()["step"]
        return found

    def post(self, what: str, body: Any, **more: Any) -> TestResponse:
        """Send to the session's interface."""
        path = f"/api/l/{self.session}/{what}"
        return self.http.post(path, json=body, headers={CSRF_HEADER: self.csrf}, **more)

    def event(self, kind: str, **more: Any) -> dict[str, Any]:
        """An event, the next in sequence unless ``more`` says otherwise."""
        seq = next(self.ids)
        return {
            "id": f"{self.client}-{seq}",
            "seq": seq,
            "at_ms": seq * 100.0,
            "type": kind,
            **more,
        }

    def send(self, *events: Mapping[str, Any]) -> dict[str, Any]:
        """Send events; what came of them."""
        done = self.post("events", {"client": self.client, "events": list(events)})
        assert done.status_code == 200, done.text
        found: dict[str, Any] = done.get_json()
        return found

    def rate(self, stimulus: str | None, value: float | None, question: str = "preference") -> Any:
        """Rate on the first page."""
        page = self.step()["number"]
        return self.send(
            self.event("rating", page=page, stimulus=stimulus, question=question, value=value)
        )

    def play_all(self, page: Mapping[str, Any]) -> None:
        """Play every stimulus of a page."""
        self.send(
            *(
                self.event("play", page=page["number"], stimulus=one["id"])
                for one in page["stimuli"]
            )
        )

    def complete(self, page: Mapping[str, Any], values: Sequence[float] = (10, 20, 30)) -> None:
        """Play and rate everything on an APE page."""
        self.play_all(page)
        rated = [one for one in page["stimuli"] if one["role"] == "stimulus"]
        for one, value in zip(rated, values, strict=False):
            self.rate(one["id"], value)

    def next(self) -> TestResponse:
        """Leave the step at which the session stands."""
        step = self.step()
        return self.post("next", {"step": step["id"]})


def _csrf(page: str, attribute: str) -> str:
    found = re.search(rf'name="csrf"\s+{attribute}="([^"]+)"', page)
    assert found, page
    return found[1]
