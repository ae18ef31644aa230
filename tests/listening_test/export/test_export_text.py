"""What exports write fast is to the byte what the plain way of writing it gives."""

import json
from collections.abc import Sequence
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listening_client import Client
from study_fixtures import make_study

from earmark.listening_test.export import ratings
from earmark.listening_test.export.event_text import events_text
from earmark.listening_test.export.everything import _EVENT, as_json, json_text
from earmark.listening_test.export.json_text import Written, json_at
from earmark.listening_test.export.ratings import SessionFilter
from earmark.listening_test.export.to_files import write_json
from earmark.listening_test.server.app import create_app
from earmark.listening_test.session.clean_input import plain
from earmark.listening_test.storage.journal import (
    Journal,
    Pack,
    Places,
    Sign,
    Stored,
    events_in,
    moment,
    signs_in,
)

SHOWN = {1: ["ref", "one", "two"], 2: ["three", "0"]}
PLACES: Places = {
    (n, token): place for n, tokens in SHOWN.items() for place, token in enumerate(tokens)
}
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NUMBERS = st.floats(-(2**52), 2**52, allow_nan=False) | st.integers(-100, 10**9).map(float)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers() | FINITE | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(WORDS, one, max_size=3),
    max_leaves=12,
)
DATA = st.dictionaries(WORDS, st.none() | st.floats() | WORDS | st.lists(WORDS), max_size=2)
EVENTS = st.builds(
    Stored,
    id=st.uuids().map(str) | WORDS.filter(bool),
    client=st.sampled_from(["a", "b", "ü"]),
    seq=st.integers(0, 2**55) | st.integers(0, 9),
    at_ms=NUMBERS,
    received_at=st.integers(1_700_000_000_000, 1_700_000_000_020).map(moment),
    type=st.sampled_from(["move", "play", "comment", "nów"]),
    page=st.sampled_from([None, 1, 2, 99]),
    stimulus=st.sampled_from([None, "one", "two", "three", "nobody's"]),
    question=st.sampled_from([None, "q"]),
    value=st.none() | NUMBERS,
    data=DATA,
)


def packs_of(events: Sequence[Stored]) -> list[Pack]:
    """A journal of these events, each id once."""
    journal = Journal(())
    for one in {one.id: one for one in events}.values():
        journal.add(one, PLACES)
    return journal.changes()[1]


def told(packs: Sequence[Pack]) -> list[dict[str, Any]]:
    """The events as :mod:`everything` gives them."""
    return [
        {"arrival": arrival, **{name: plain(getattr(one, name)) for name in _EVENT}}
        for arrival, one in enumerate(events_in(packs, SHOWN), 5)
    ]


def dumped(value: Any, depth: int) -> str:
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return text.replace("\n", "\n" + " " * depth)


@given(VALUES, st.integers(0, 4))
def test_values_are_written_as_json_dumps_writes_them(value: Any, depth: int) -> None:
    assert json_at(value, depth) == dumped(value, depth)


def test_what_is_written_already_is_kept_and_text_is_not() -> None:
    assert json_at({"a": Written("[1]"), "b": "[1]"}) == '{\n "a": [1],\n "b": "[1]"\n}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]])
def test_a_number_that_json_has_not_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON has no such number"):
        json_at(value)
    with pytest.raises(TypeError, match="bytes"):
        json_at({"a": b""})


@pytest.mark.slow
@settings(max_examples=200)
@given(st.lists(EVENTS, max_size=12), st.integers(0, 3))
def test_events_are_written_as_json_dumps_writes_them(events: list[Stored], depth: int) -> None:
    packs = packs_of(events)
    text = events_text(packs, SHOWN, count(5), depth)
    assert text == dumped(told(packs), depth)


def test_what_an_early_version_kept_is_written_with_null_for_what_json_has_not() -> None:
    lines = "\n".join(
        (
            "1700000000000",
            f'["=n\\u0000", {2**60}, Infinity, "play", NaN, [1,1], {{"x": [Infinity,"\\u0000"]}}]',
            '["=m", 3, 1.5, 0, -Infinity]',
        )
    )
    packs = [Pack(0, "client\0", lines + "\n")]
    text = events_text(packs, SHOWN, count(5), 0)
    assert text == dumped(told(packs), 0)
    first, second = json.loads(text)
    assert (first["id"], first["seq"], first["at_ms"], first["value"]) == (
        "n\ufffd",
        None,
        None,
        None,
    )
    assert (second["type"], second["stimulus"], second["value"]) == ("move", "one", None)


def test_a_file_of_everything_is_to_the_byte_its_data(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.5, test="comments: per_stimulus")
    app = create_app(folder)
    held = app.extensions["earmark"]
    for number in range(3):
        client = Client(app, held.keys.study)
        page = client.step()
        stimulus = page["stimuli"][1]["id"]
        client.rate(stimulus, 10 * number)
        about = {"page": page["number"], "stimulus": stimulus}
        client.send(client.event("comment", **about, value='hör\n"zu" \\ \u2028'))
    choice = SessionFilter(states=("open", "paused", "complete"))
    out = tmp_path / "all.json"
    assert write_json(held.study, held.database, choice, out) == 3
    assert out.read_text(encoding="utf-8") == json_text(as_json(held.study, held.database, choice))
    nothing = SessionFilter(session_types=("pilot",))
    assert write_json(held.study, held.database, nothing, out) == 0
    assert out.read_text(encoding="utf-8") == json_text(as_json(held.study, held.database, nothing))
    held.database.close()


HEARD = st.builds(
    Stored,
    id=st.uuids().map(str),
    client=st.sampled_from(["a", "b"]),
    seq=st.integers(0, 12),
    at_ms=st.integers(0, 500).map(float),
    received_at=st.just(moment(1_700_000_000_000)),
    type=st.sampled_from(["move"] * 6 + ["play", "switch", "pause", "device", "rating"]),
    page=st.sampled_from([None, 1, 1, 1, 2]),
    stimulus=st.sampled_from(["one", "two", "three"]),
    question=st.none(),
    value=st.none(),
    data=st.sampled_from([{}, {}, {"state": "blocked"}]),
)


def seconds(signs: Sequence[Sign]) -> dict[str, float]:
    """For how long each was heard, as an export adds it up."""
    found: dict[str, float] = {}
    for client in ("a", "b"):
        of = sorted((one for one in signs if one.client == client), key=attrgetter("seq"))
        for stimulus, since, until in ratings._intervals(of):
            found[stimulus] = found.get(stimulus, 0.0) + max(0.0, until - since)
    return found


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(HEARD, max_size=14), st.booleans())
def test_moves_that_are_left_out_change_no_time_that_was_heard(
    events: list[Stored],
    in_order: bool,  # noqa: FBT001
) -> None:
    if in_order:
        events = sorted(events, key=attrgetter("client", "seq"))
    packs = packs_of(events)
    every = [
        Sign(one.client, one.seq, one.at_ms, one.type, one.page, one.stimulus, one.data)
        for one in events_in(packs, SHOWN)
    ]
    assert seconds(list(signs_in(packs, SHOWN))) == seconds(every)


def test_of_moves_in_a_row_the_last_alone_is_read() -> None:
    events = [
        Stored(f"e{n}", "a", n, 10.0 * n, moment(1_700_000_000_000), kind, 1, "one", "q", 1.0, {})
        for n, kind in enumerate(["play", *["move"] * 5, "rating", "move", "move", "pause"])
    ]
    signs = list(signs_in(packs_of(events), SHOWN))
    assert [(one.type, one.seq) for one in signs] == [
        ("play", 0), ("move", 5), ("rating", 6), ("move", 8), ("pause", 9),
    ]  # fmt: skip
