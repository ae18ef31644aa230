"""A session comes back from the database as it was put there, and only what was saved changes."""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from earmark.listening_test.storage import rooms
from earmark.listening_test.storage.journal import Pack, Stored, events_in, moment
from earmark.listening_test.storage.rooms import Item, Page, Rating, Room
from earmark.listening_test.storage.tables import Database, StudyVersion, opened
from earmark.listening_test.study.study import StudyFolder


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    home = StudyFolder(tmp_path / "studies" / "small")
    home.path.mkdir(parents=True)
    with opened(home) as found:
        with found.writing() as session:
            session.add(StudyVersion(sha256="v", study="small", snapshot={}, created_at="t"))
        yield found


def item(name: str, position: int) -> Item:
    return Item(
        token=name, page_id=0, position=position, label="AB"[position], system="s",
        shown="stimulus", audio="x", start={"q": [position, None]}, comment="", plays=position,
    )  # fmt: skip


def rating(question: str, value: float | None) -> Rating:
    return Rating(
        id=0, page_id=0, presentation="", question=question, value=value, changes=2, client="c",
        seq=2**40, at_ms=1.5, at="then",
    )  # fmt: skip


def page(token: str, number: int) -> Page:
    return Page(
        id=0, session_token=token, number=number, part="main", kind="ape", passage="p",
        unit=f"unit {number % 2}", repeat=0, turn=number, revision=1, comment="so", first_at=None,
        done_at="then",
        presentations=[item(f"{token}{number}{position}", position) for position in (0, 1)],
        ratings=[rating("a", 1.0), rating("b", None)],
    )  # fmt: skip


def room(token: str) -> Room:
    return Room(
        token=token, id=f"id-{token}", study_version="v", mark="pilot", number=ord(token),
        seed="seed", language="de", plan=[{"type": "page", "page": 1}], place=3, state="paused",
        next_seq=2**40, completion_code="code", agent="agent", created_at="2026", updated_at="2027",
        completed_at=None, holds=1, main_pages=2, done_pages=1, erased_at=None,
        pages=[page(token, number) for number in (1, 2, 3)],
    )  # fmt: skip


@pytest.fixture
def two(database: Database) -> tuple[Room, Room]:
    made = room("a"), room("b")
    with database.changing() as wire:
        for one in made:
            rooms.add(wire, one)
    return made


def read(database: Database, token: str) -> Room:
    with database.looking() as wire:
        found = rooms.room(wire, token)
        assert found is not None
        assert found.pages == []
        rooms.enter(wire, found)
        assert [one.presentations for one in found.pages] == [[], [], []]
        rooms.furnish(wire, found.pages)
    return found


def same(found: Room, expected: Room) -> bool:
    """Whether they agree in everything but the ids of ratings, which the database gives."""
    plain = deepcopy(expected)
    for mine, theirs in zip(found.pages, plain.pages, strict=True):
        for one, other in zip(mine.ratings, theirs.ratings, strict=True):
            other.id = one.id
    return found == plain


def test_a_session_comes_back_whole_and_nobody_elses(
    database: Database, two: tuple[Room, Room]
) -> None:
    for made in two:
        assert len({one.id for one in made.pages}) == 3
        assert same(read(database, made.token), made)
    with database.looking() as wire:
        assert rooms.room(wire, "nobody") is None


def test_what_is_there_already_is_not_read_again(
    database: Database, two: tuple[Room, Room]
) -> None:
    found = read(database, "a")
    found.pages[0].presentations[0].comment = "changed"
    with database.looking() as wire:
        rooms.enter(wire, found)
        rooms.furnish(wire, found.pages)
    assert found.pages[0].presentations[0].comment == "changed"


def test_pages_are_found_by_their_numbers(database: Database, two: tuple[Room, Room]) -> None:
    with database.looking() as wire:
        found = rooms.numbered(wire, "b", [3, 9, 1])
    assert list(found) == [3, 1]
    assert [one.token for one in found[3].presentations] == ["b30", "b31"]
    assert [one.question for one in found[1].ratings] == ["a", "b"]
    pages = two[1].pages
    assert rooms.places(pages)[2, "b21"] == 1
    assert len(rooms.places(pages)) == 6
    assert rooms.shown(pages) == {1: ["b10", "b11"], 2: ["b20", "b21"], 3: ["b30", "b31"]}


def changed(one: Any, **more: Any) -> Any:
    for name, value in more.items():
        setattr(one, name, value)
    return one


STANDING = {
    "language": "fr", "place": 9, "state": "complete", "updated_at": "2028",
    "completed_at": "2028", "done_pages": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("how", "values"),
    [
        ("save", STANDING),
        ("heard_of", {"next_seq": 7, "updated_at": "2029"}),
        ("save_holds", {"holds": 0}),
    ],
)
def test_only_what_is_saved_of_a_session_changes(
    database: Database, two: tuple[Room, Room], how: str, values: dict[str, Any]
) -> None:
    everything = STANDING | {"next_seq": 7, "holds": 0, "seed": "other", "number": 99}
    with database.changing() as wire:
        getattr(rooms, how)(wire, changed(deepcopy(two[0]), **everything | values))
    assert same(read(database, "a"), changed(two[0], **values))
    assert same(read(database, "b"), two[1])


def test_only_what_is_saved_of_pages_places_and_ratings_changes(
    database: Database, two: tuple[Room, Room]
) -> None:
    found = read(database, "a")
    one, kept = found.pages[1], deepcopy(found)
    said = {"revision": 5, "comment": "new", "first_at": "now", "done_at": None}
    heard = {"comment": "loud", "plays": 12}
    rated = {
        "value": 7.5, "changes": 4, "client": "d", "seq": 3, "at_ms": None, "at": None
    }  # fmt: skip
    with database.changing() as wire:
        rooms.save_pages(wire, [changed(one, **said, unit="other")])
        rooms.save_items(wire, [changed(one.presentations[1], **heard, label="Z")])
        rooms.save_ratings(wire, [changed(one.ratings[1], **rated, question="z")])
    mine = kept.pages[1]
    changed(mine, **said)
    changed(mine.presentations[1], **heard)
    changed(mine.ratings[1], **rated)
    assert read(database, "a") == kept
    assert same(read(database, "b"), two[1])


def event(name: str, **more: Any) -> Stored:
    return replace(
        Stored(name, "a", 0, 0.0, moment(1_790_000_000_000), "move", None, None, None, None, {}),
        **more,
    )


def test_a_journal_grows_and_is_its_sessions_own(
    database: Database, two: tuple[Room, Room]
) -> None:
    events = [event("one"), event("two"), event("three", client="b"), event("four", client="b")]
    for few in (events[:1], events[1:3], events[3:]):
        with database.changing() as wire:
            found = rooms.journal(wire, "a")
            for one in few:
                found.add(one, {})
            rooms.save_journal(wire, "a", found)
    with database.looking() as wire:
        rows = wire.rows(rooms._PACKS, token="a")
        assert [number for number, *_ in rows] == [0, 1]
        assert list(events_in([Pack(*row) for row in rows], {})) == events
        assert rooms.journal(wire, "a").knows("three")
        assert not rooms.journal(wire, "b").knows("three")


def test_counters_add_up_for_each_unit_and_turn(database: Database, two: tuple[Room, Room]) -> None:
    one = two[0]
    with database.changing() as wire:
        rooms.count(wire, one, one.pages, held=1)
        rooms.count(wire, one, one.pages[::-1], heard=2, ratings=3)
        rooms.count(wire, one, one.pages[:1], held=-1, ratings=1)
        rooms.count(wire, one, [])
    with database.reading() as session:
        rows = session.execute(
            text(
                "SELECT study_version, mark, unit, turn, held, heard, ratings FROM unit_count "
                "ORDER BY unit, turn"
            )
        )
        assert list(map(tuple, rows)) == [
            ("v", "pilot", "unit 0", 2, 1, 2, 3),
            ("v", "pilot", "unit 1", 1, 0, 2, 4),
            ("v", "pilot", "unit 1", 3, 1, 2, 3),
        ]


def test_the_latest_answer_of_a_step_counts_and_null_is_one(
    database: Database, two: tuple[Room, Room]
) -> None:
    one, other = two
    with database.changing() as wire:
        assert rooms.answers(wire, one, "before-0") == {}
        for question, value in (("q", 1), ("r", None), ("q", {"x": ["ü"]})):
            rooms.save_answer(wire, one, "before-0", question, value)
        rooms.save_answer(wire, one, "after-0", "q", "another step")
        rooms.save_answer(wire, other, "before-0", "q", "another session")
        assert rooms.answers(wire, one, "before-0") == {"q": {"x": ["ü"]}, "r": None}
    with database.reading() as session:
        times = session.scalars(text("SELECT at FROM answer")).all()
    assert len(times) == 4
    assert all(re.fullmatch(r"20\d\d.*", at) for at in times)


def test_time_never_runs_backwards_for_a_session() -> None:
    late = room("a")
    late.updated_at = "9999-01-01T00:00:00.000+00:00"
    assert late.now() == late.updated_at
    late.updated_at = "1999-01-01T00:00:00.000+00:00"
    assert late.now() > late.updated_at
