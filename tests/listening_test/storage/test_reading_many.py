"""Sessions read by the hundred are those asked for, in the order asked for, each with its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from earmark.listening_test.storage.many import answers_of, events, packs, rooms
from earmark.listening_test.storage.tables import (
    Answer,
    Database,
    JournalRow,
    Listening,
    PageRow,
    Presentation,
    RatingRow,
    StudyVersion,
    opened,
)
from earmark.listening_test.study.study import StudyFolder


def session_of(token: str) -> Listening:
    return Listening(
        token=token, id=f"id-{token}", study_version="v", mark="", number=ord(token), plan=[],
        place=0, state="open", next_seq=0, created_at="t", updated_at="t", seed="", language="en",
        completion_code="", agent="",
    )  # fmt: skip


def page_of(token: str, number: int) -> PageRow:
    return PageRow(
        session_token=token, number=number, part="main", kind="ape", passage="p", unit="u",
        repeat=0, revision=0, comment="",
    )  # fmt: skip


def item_of(token: str, page: PageRow, position: int) -> Presentation:
    return Presentation(
        token=f"{token}{page.number}{position}", page_id=page.id, position=position, label="A",
        system="s", shown="stimulus", audio="x", start={}, comment="", plays=0,
    )  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    home = StudyFolder(tmp_path / "studies" / "small")
    home.path.mkdir(parents=True)
    with opened(home) as found:
        with found.writing() as session:
            session.add(StudyVersion(sha256="v", study="small", snapshot={}, created_at="t"))
            session.flush()
            for token in "abc":
                session.add(session_of(token))
            session.flush()
            for token in "cab":
                for number in (2, 1):
                    page = page_of(token, number)
                    session.add(page)
                    session.flush()
                    session.add_all([item_of(token, page, position) for position in (1, 0)])
                    session.add(
                        RatingRow(
                            page_id=page.id, presentation="", question=f"{token}{number}",
                            value=1.0, changes=0, client="", seq=0,
                        )
                    )  # fmt: skip
                for step in ("one", "two"):
                    session.add(
                        Answer(session_token=token, step=step, question="q", value=[1], at="t")
                    )
                session.add_all(
                    JournalRow(
                        session_token=token, number=number, client="x",
                        lines=f'1790000000000\n["={token}{number}",0,0,0,null,[1,0]]\n',
                    )
                    for number in (1, 0)
                )  # fmt: skip
        yield found


def test_rooms_come_as_they_were_asked_for_with_their_pages_in_order(database: Database) -> None:
    with database.reading() as session:
        found = rooms(session, ["b", "unknown", "a"])
    assert [one.token for one in found] == ["b", "a"]
    for one in found:
        assert [page.number for page in one.pages] == [1, 2]
        for page in one.pages:
            said = [item.token for item in page.presentations]
            assert said == [f"{one.token}{page.number}{position}" for position in (0, 1)]
            assert [rating.question for rating in page.ratings] == [f"{one.token}{page.number}"]


def test_what_nobody_said_of_a_session_or_page_is_that_nothing_was_done(
    database: Database,
) -> None:
    with database.reading() as session:
        (found,) = rooms(session, ["a"])
    assert (found.holds, found.main_pages, found.done_pages, found.erased_at) == (1, 0, 0, None)
    assert [one.turn for one in found.pages] == [-1, -1], "unknown"


def test_rooms_without_pages_are_read_where_they_are_enough(database: Database) -> None:
    with database.reading() as session:
        assert [one.pages for one in rooms(session, ["a", "b"], bare=True)] == [[], []]
        assert rooms(session, []) == []


def test_journals_answers_and_events_are_each_sessions_own(database: Database) -> None:
    with database.reading() as session:
        journals = packs(session, ["b", "a"])
        answers = answers_of(session, ["b", "a"])
        said = events(session, ["b", "unknown", "a"])
    assert {token: [one.number for one in mine] for token, mine in journals.items()} == {
        "b": [0, 1],
        "a": [0, 1],
    }
    assert {token: [one.step for one in mine] for token, mine in answers.items()} == {
        "b": ["one", "two"],
        "a": ["one", "two"],
    }
    assert [one.id for one in said] == ["b0", "b1", "a0", "a1"]
    assert [one.stimulus for one in said] == ["b10", "b10", "a10", "a10"]
