"""A listener with developer tools and raw HTTP learns nothing of which system is which.

Comparing decoded samples is out of scope, and documented; names, addresses, headers, sizes,
hashes, order and times are in scope, for every kind of test.
"""

import hashlib
import http.client
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from study_fixtures import SECRETS, make_study

from earmark import listening_test
from earmark.listening_test.kinds import kinds
from earmark.listening_test.server.assets import ROOT, assets
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import Browser
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.study.study import Stimulus, StudyFolder, load_keys, load_study

STATIC = Path(listening_test.__file__).parent / "static"
NAMES = SECRETS[:3]
MORE = (
    "design: {repeats: 1}\nbefore: [consent, volume, headphone_check, {training: {pages: 1}}]\n"
    "after: [thanks]\nlanguages: [en, uk, de, fr, es]"
)


class Raw:
    """Every byte that a server sends, headers included."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.place = (parts.hostname or "", parts.port or 80)
        self.seen: list[tuple[str, str, bytes]] = []

    def get(self, path: str) -> tuple[dict[str, str], bytes]:
        """The headers and the body of a path."""
        connection = http.client.HTTPConnection(*self.place, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        headers, body = dict(answer.getheaders()), answer.read()
        connection.close()
        self.seen.append((path, repr(sorted(headers.items())), body))
        return headers, body


# Blocks of several kinds that play one passage: what is one there must not look so either.
SEQUENCE = """
sequence:
  - {pages: wren first, training: true, test: {kind: mushra, comments: per_stimulus}}
  - order: random
    sequence:
      - {pages: wren cobalt, test: {kind: mushra, comments: per_stimulus}, design: {repeats: 1}}
      - {pages: wren umber, test: {kind: ab, comments: per_stimulus}, design: {repeats: 1}}
      - {pages: wren ochre, test: {kind: abx, comments: per_stimulus}}
  - text: Half of it is done.
  - {pages: wren sepia, test: {kind: ape, comments: per_stimulus}, passages: [song 0]}
"""


@pytest.fixture(scope="module", params=[*sorted(kinds()), "sequence"])
def studied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[StudyFolder, str]]:
    place = tmp_path_factory.mktemp(request.param)
    if request.param == "sequence":
        more = re.sub("design: .*\n", "", MORE).replace(", {training: {pages: 1}}", "")
        folder = make_study(place, systems=NAMES, seconds=1.0, more=more, sequence=SEQUENCE)
    else:
        folder = make_study(
            place,
            request.param,
            systems=NAMES,
            seconds=1.0,
            more=MORE,
            test="comments: per_stimulus",
        )
    with in_background(folder) as address:
        yield folder, address


def session_pages(folder: StudyFolder, address: str) -> tuple[Browser, Raw, list[dict[str, Any]]]:
    """A session taken to its end; every page as it was sent, every answer recorded."""
    from blindness_studies import Overheard

    from earmark.listening_test.simulate import Listener
    from earmark.listening_test.study.orders import generator
    from earmark.listening_test.taste import qualities, taste
    from earmark.listening_test.told import step_of

    addresses = addresses_of(folder)
    study = addresses.study
    browser, raw = Overheard(f"{address}/s/{load_keys(folder).study}/"), Raw(address)
    browser.begin()
    draw = generator(1)
    pages: list[dict[str, Any]] = []
    listener = Listener(
        addresses_of(folder), browser, taste(study, draw, qualities(study, 1)), draw
    )

    browser.state()
    while (step := browser.step)["type"] != "thanks":
        raw.get(f"/api/l/{browser.session}/state")
        if step["type"] == "page":
            pages.append(step)
        listener.take(step_of(step))
        raw.seen.append(("next", "", json.dumps(browser.step).encode()))
    raw.get(f"/api/l/{browser.session}/state")
    return browser, raw, pages


def test_no_answer_of_the_server_names_a_system_a_file_or_a_role(
    studied: tuple[StudyFolder, str],
) -> None:
    folder, address = studied
    browser, raw, pages = session_pages(folder, address)
    assert pages
    for path in ("/", f"/s/{load_keys(folder).study}/", f"/l/{browser.session}/"):
        raw.get(path)
    for page in pages:
        for stimulus in page["stimuli"]:
            raw.get(stimulus["url"])
    # What draws the pages of other kinds can be asked for by anybody too.
    for place in assets().files:
        raw.get(f"{ROOT}{place}")
    words = [*NAMES, "lowpass", "anchor", "baseline", str(folder.path), ".wav", "song 0"]
    study = load_study(folder)
    words += [one.sha256 for one in study.stimuli]
    words += ["wren"]  # of the names of blocks
    words += [value for passage in study.passages for value in passage.sources.values()]
    for path, headers, body in raw.seen:
        text = (path + headers).encode() + body
        # A style sheet has baselines of its own kind; it may name no system of the study.
        secret = NAMES if path.startswith("/static/") else words
        assert [word for word in secret if word.encode() in text] == [], path
        # The word itself may say that an open reference is shown; no other place may carry it.
        if path.startswith("/audio/"):
            assert b"reference" not in text


def test_what_is_shown_of_a_hidden_reference_or_anchor_equals_what_is_shown_of_the_others(
    studied: tuple[StudyFolder, str],
) -> None:
    folder, address = studied
    addresses = addresses_of(folder)
    _, _, pages = session_pages(folder, address)
    for page in pages:
        rated = [one for one in page["stimuli"] if one["role"] == "stimulus"]
        shapes = {json.dumps(_shape(one), sort_keys=True) for one in rated}
        assert len(shapes) == 1
        for one in rated:
            assert isinstance(addresses.behind(one["url"]), Stimulus)
            assert re.fullmatch(r"/audio/[0-9a-f]{48}", one["url"])


def _all(raw: Raw) -> bytes:
    return b"".join(body for _, _, body in raw.seen)


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    return type(value).__name__ if not isinstance(value, list) else [_shape(one) for one in value]


@pytest.mark.slow
def test_files_of_a_page_differ_in_nothing_but_their_samples(
    studied: tuple[StudyFolder, str],
) -> None:
    folder, address = studied
    _, raw, pages = session_pages(folder, address)
    for page in pages:
        answers = [raw.get(one["url"]) for one in page["stimuli"]]
        assert len({len(body) for _, body in answers}) == 1
        assert len({hashlib.sha256(body).digest() for _, body in answers}) == len(answers)
        for headers, _ in answers:
            assert "Last-Modified" not in headers
            assert "Content-Disposition" not in headers
        own = ("ETag", "Etag", "Date", "Expires")
        left = [
            {key: value for key, value in headers.items() if key not in own}
            for headers, _ in answers
        ]
        assert all(one == left[0] for one in left)
        for one, (headers, _) in zip(page["stimuli"], answers, strict=True):
            etag = headers.get("ETag") or headers["Etag"]
            assert etag == f'"{one["url"][7:]}"'


@pytest.mark.slow
def test_no_file_of_a_session_comes_twice_so_nothing_tells_that_two_are_the_same(
    studied: tuple[StudyFolder, str],
) -> None:
    folder, address = studied
    _, _, pages = session_pages(folder, address)
    # Within a page and between pages: of pairs, the file that comes again is the common version.
    urls = [one["url"] for page in pages for one in page["stimuli"] if one["role"] == "stimulus"]
    assert len(urls) == len(set(urls))
    known = {one["url"] for page in pages for one in page["stimuli"] if one["role"] != "stimulus"}
    assert known.isdisjoint(urls)
    ids = [one["id"] for page in pages for one in page["stimuli"]]
    assert len(ids) == len(set(ids))


def test_a_position_tells_nothing_when_many_sessions_are_looked_at(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", systems=NAMES, passages=2, seconds=0.6)
    addresses = addresses_of(folder)
    found: dict[tuple[str, str], int] = defaultdict(int)
    with in_background(folder) as address:
        for _ in range(12):
            browser = Browser(f"{address}/s/{load_keys(folder).pilot}/")
            browser.begin()
            for one in browser.state()["step"]["stimuli"]:
                stimulus = addresses.behind(one["url"])
                assert isinstance(stimulus, Stimulus)
                found[one["label"], stimulus.system] += 1
    for name in NAMES:
        assert {label for label, system in found if system == name} == {"A", "B", "C"}
