"""The journal gives back every event as it was stored, and knows each of them again."""

import json
import random
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.listening_test.storage.journal import (
    LONGEST,
    Journal,
    Pack,
    Places,
    Said,
    Stored,
    about_of,
    events_in,
    milliseconds,
    moment,
    short,
    whole,
)

SHOWN = {1: ["ref", "one", "two"], 2: ["three", "0"]}
PLACES: Places = {
    (page, token): place for page, tokens in SHOWN.items() for place, token in enumerate(tokens)
}
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAMES = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda one: one.hex),
    st.uuids().map(lambda one: str(one).upper()),
    WORDS.filter(bool),
    st.sampled_from(["u" + 22 * "A", "=x", "a\nb", '"],', "[1", "h" * 32, "\u2028"]),
)
NUMBERS = st.floats(-(2**52), 2**52, allow_nan=False) | st.integers(-100, 10**9).map(float)
DATA = st.dictionaries(WORDS, st.none() | st.integers(-5, 5) | WORDS | st.lists(WORDS), max_size=2)


@st.composite
def batches(draw: st.DrawFn) -> list[Stored]:
    found, at = list[Stored](), 1_790_000_000_000
    names = draw(st.lists(NAMES, unique=True, max_size=25))
    for name in names:
        at += draw(st.sampled_from([0, 0, 0, 7, 120_000]))
        page = draw(st.sampled_from([None, 1, 2, 99]))
        found.append(
            Stored(
                id=name,
                client=draw(st.sampled_from(["a", "b", ""])),
                seq=draw(st.integers(0, 2**53 - 1)),
                at_ms=draw(NUMBERS),
                received_at=moment(at),
                type=draw(st.sampled_from(["move", "play", "rating", "device"])),
                page=page,
                stimulus=draw(
                    st.sampled_from([None, "one", "two", "three", "0", "1", "elsewhere"])
                ),
                question=draw(st.sampled_from([None, "preference", ""])),
                value=draw(st.none() | NUMBERS),
                data=draw(DATA),
            )
        )
    return found


def kept(found: Journal, before: list[Pack]) -> list[Pack]:
    """The packs after what was added is written."""
    longer, new = found.changes()
    rows = {one.number: one for one in before} | {one.number: one for one in new}
    if longer is not None:
        rows[longer.number] = longer
    return [Pack(one.number, one.client, one.lines) for one in rows.values()]


def row(pack: Pack) -> tuple[int, str, str]:
    return pack.number, pack.client, pack.lines


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(batches(), st.integers(1, 6))
def test_every_event_comes_back_as_it_was_stored_however_it_was_added(
    events: list[Stored], at_once: int
) -> None:
    packs: list[Pack] = []
    for first in range(0, len(events), at_once):
        found = Journal(map(row, packs))
        for event in events[first : first + at_once]:
            assert not found.knows(event.id)
            found.add(event, PLACES)
            assert found.knows(event.id)
        packs = kept(found, packs)
    assert list(events_in(packs, SHOWN)) == events
    again = Journal(map(row, packs))
    assert all(again.knows(event.id) for event in events)
    assert again.changes() == (None, [])


@given(NAMES)
def test_a_short_id_is_of_one_id_alone(name: str) -> None:
    assert whole(short(name)) == name


def test_only_the_two_usual_spellings_of_a_uuid_are_shortened() -> None:
    one = uuid.UUID(int=7)
    assert len(short(str(one))) == len(short(one.hex)) == 23
    assert short(str(uuid.UUID(int=2**127 + 10)).upper()).startswith("=")


def event(name: str, **more: Any) -> Stored:
    values: dict[str, Any] = {
        "client": "a",
        "seq": 0,
        "at_ms": 1.5,
        "received_at": moment(1_790_000_000_000),
        "type": "move",
        "page": 1,
        "stimulus": "one",
        "question": "q",
        "value": 2.0,
        "data": {},
    }
    return Stored(id=name, **(values | more))


def test_what_lies_beside_an_event_is_not_taken_for_an_id() -> None:
    found = Journal([])
    hidden = {"x": ["b", 1], "y": '\n["=b",', "z": {"text": '["=b",'}}
    found.add(event("a", data=hidden), PLACES)
    again = Journal(map(row, kept(found, [])))
    assert again.knows("a")
    assert not again.knows("b")
    assert not again.knows("=a")


def test_a_drag_takes_a_line_of_forty_bytes_an_event() -> None:
    found = Journal([])
    for number in range(200):
        found.add(event(str(uuid.uuid4()), seq=number, at_ms=1234.5 + 100 * number), PLACES)
    packs = kept(found, [])
    assert max(len(one.lines) for one in packs) <= LONGEST
    assert sum(len(one.lines) for one in packs) < 50 * 200
    assert [one.number for one in packs] == list(range(len(packs)))


def test_a_time_is_kept_to_the_millisecond() -> None:
    for at in ("2026-11-30T03:44:12.743+00:00", "1999-12-31T23:59:59.999+00:00"):
        assert moment(milliseconds(at)) == at


@pytest.mark.parametrize("seed", range(20))
def test_what_was_said_later_is_found_among_all_that_one_client_said(seed: int) -> None:
    draw, found, said = random.Random(seed), Journal([]), list[Stored]()
    for number in range(60):
        one = event(
            str(number),
            client=draw.choice("ab"),
            seq=draw.randrange(40),
            type=draw.choice(["rating", "comment", "move"]),
            page=draw.choice([1, 2]),
            stimulus=draw.choice(["one", "three", None]),
            question=draw.choice(["q", None]),
        )
        found.add(one, PLACES)
        said.append(one)
    again = Journal(map(row, kept(found, [])))
    for one in said:
        for seq in (one.seq, one.seq + 1):
            about = (one.client, one.type, one.page, one.stimulus, one.question)
            later = any(
                other.seq >= seq
                and (other.client, other.type, other.page, other.stimulus, other.question) == about
                for other in said
            )
            asked = Said(
                one.client, seq, one.type, about_of(one.page, one.stimulus, one.question, PLACES)
            )
            assert found.later(asked) == again.later(asked) == later


def test_the_lines_are_json_that_a_person_can_read() -> None:
    found = Journal([])
    found.add(event("a"), PLACES)
    found.add(event("b", seq=1, value=None, data={"text": "hör\nzu"}), PLACES)
    (pack,) = kept(found, [])
    assert [json.loads(line) for line in pack.lines.splitlines()] == [
        1_790_000_000_000,
        ["=a", 0, 1.5, 0, 2, [1, 1, "q"]],
        ["=b", 1, 1.5, 0, None, 0, {"text": "hör\nzu"}],
    ]
