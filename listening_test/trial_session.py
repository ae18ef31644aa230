"""A SIMULATED listener takes a made study in a copy that is thrown away: what was it sent?"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

from flask import Flask

from .conformance.evidence import Steps, Trial
from .export.ratings import SessionFilter, tidy
from .server.app import create_app
from .simulate import Browser, Listener, RefusedError
from .stimuli.addresses import Addresses, addresses_of
from .storage.tables import opened
from .study.orders import generator
from .study.study import Study, StudyFolder, load_keys, load_study
from .taste import qualities, taste
from .told import ToldStep, step_of

_HOST = "http://study.invalid"
_HELD_BY = {"unplayed": "must_play", "unrated": "must_rate", "none_at_maximum": "one_at_maximum"}


def take_trials(study: Study, folder: StudyFolder) -> dict[str, Trial]:
    """One session in each language.

    Raises:
        UserError: if the server lets no listener past a step.
    """
    with tempfile.TemporaryDirectory(prefix="earmark-trial-") as scratch:
        copy = _copy(folder, Path(scratch) / folder.path.name)
        app = create_app(copy)
        addresses = addresses_of(copy)
        link = f"{_HOST}/s/{load_keys(copy).simulated}/"
        walked = {code: _walk(app, addresses, link, code) for code in study.file.languages}
        with opened(copy) as database:
            rows = tidy(load_study(copy), database, SessionFilter(session_types=("simulated",)))
        app.extensions["earmark"].database.close()
    return {
        code: Trial(steps, tuple(row for row in rows if row.language == code), refused)
        for code, (steps, refused) in walked.items()
    }


def _copy(folder: StudyFolder, to: Path) -> StudyFolder:
    """The study without its ratings; its files are read where they lie."""
    copy = StudyFolder(to)
    to.mkdir()
    load_keys(folder)
    for path in (folder.study, folder.keys):
        shutil.copy2(path, to / path.name)
    if folder.plugins.is_dir():
        shutil.copytree(folder.plugins, copy.plugins)
    copy.stimuli.symlink_to(folder.stimuli.absolute(), target_is_directory=True)
    return copy


class _InProcess(Browser):
    """A browser that asks the application itself, without a network."""

    def __init__(self, app: Flask, link: str) -> None:
        super().__init__(link)
        self._client = app.test_client()

    def _send(self, request: Request) -> tuple[str, bytes]:
        at = urlsplit(request.full_url)
        answer = self._client.open(
            at.path,
            method=request.get_method(),
            data=request.data,
            headers=list(request.header_items()),
            base_url=_HOST,
            follow_redirects=True,
        )
        if answer.status_code >= 400:
            raise RefusedError(answer.status_code, answer.get_json(silent=True) or {})
        return answer.request.url, answer.data


def _walk(
    app: Flask, addresses: Addresses, link: str, language: str
) -> tuple[Steps, frozenset[str]]:
    study = addresses.study
    browser = _InProcess(app, link)
    browser.begin(language)
    draw = generator(study.seed, "trial", language)
    listener = Listener(addresses, browser, taste(study, draw, qualities(study, 0)), draw)
    sent: list[Mapping[str, Any]] = []
    refused = frozenset[str]()
    while not sent or not step_of(sent[-1]).last:
        sent.append(browser.state()["step"])
        step = step_of(sent[-1])
        if step.page is not None and not sent[-1]["practice"] and not refused:
            refused = _refused(browser, step)
        if not step.last:
            listener.take(step)
    return tuple(sent), refused


def _refused(browser: Browser, step: ToldStep) -> frozenset[str]:
    """The rules by which the server does not let a page go on as it came."""
    assert step.page is not None
    body = {"step": step.id, "page": step.page.number, "revision": step.page.revision}
    try:
        browser.post("next", body)
    except RefusedError as error:
        return frozenset(_HELD_BY.get(one["why"], "") for one in error.body.get("missing", ()))
    return frozenset({"nothing"})
