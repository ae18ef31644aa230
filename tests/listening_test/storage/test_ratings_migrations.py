"""A database of the first schema is brought up to date and says the same as before."""

import json
import shutil
import sqlite3
from contextlib import closing
from typing import Any

from database_versions import first_schema
from sqlalchemy import text

from earmark.listening_test.storage.many import events
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import StudyFolder

AT = "2026-11-30T03:44:12.{:03d}+00:00"
COLUMNS = ("id", "client", "seq", "at_ms", "received_at", "type", "page", "stimulus", "question",
           "value", "data")  # fmt: skip


def put(database: sqlite3.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*values.values()])


def begin(database: sqlite3.Connection, token: str, number: int, state: str = "open") -> None:
    """A session with a page of practice and two pages, the first of them rated and left."""
    put(
        database, "session", token=token, id=f"id-{token}", study_version="v", mark="",
        number=number, seed="", language="en", plan="[]", place=0, state=state, next_seq=9,
        completion_code="", agent="", created_at=AT.format(number), updated_at=AT.format(1),
    )  # fmt: skip
    for page, part in enumerate(("training", "main", "main"), 1):
        key = 10 * number + page
        put(
            database, "page", id=key, session_token=token, number=page, part=part, kind="ape",
            passage="p", unit=f"unit {page}", repeat=0, revision=0, comment="",
            done_at=AT.format(3) if page < 3 else None,
        )  # fmt: skip
        for position in range(2):
            put(
                database, "presentation", token=f"{token}-{page}-{position}", page_id=key,
                position=position, label="A", system="s", shown="stimulus", audio="x", start="{}",
                comment="", plays=0,
            )  # fmt: skip
        put(
            database, "rating", page_id=key, presentation=f"{token}-{page}-0", question="q",
            value=50.0 if page < 3 else None, changes=1, client="", seq=0,
        )  # fmt: skip


def fill(database: sqlite3.Connection) -> list[dict[str, Any]]:
    """Sessions with every sort of event that the first version kept; the events in order."""
    put(database, "study_version", sha256="v", study="small", snapshot="{}", created_at="t")
    for number, token in enumerate(("a", "b")):
        begin(database, token, number)
    begin(database, "c", 2, "withdrawn")
    kept = []
    data = {"text": 'wörds "quoted"\nand more', "deep": [1, None, True, {"x": 1.5}]}
    for number in range(120):
        token = "ab"[number % 2]
        page = (None, 1, 2, 99)[number % 4]
        kept.append(
            {
                "session_token": token,
                "id": f"{number:08d}-0000-4000-8000-000000000000" if number % 3 else f"n {number}",
                "client": "xyz"[number // 50],
                "seq": number * 7 % 50,
                "at_ms": number * 100.25,
                "received_at": AT.format(number // 4),
                "type": ("move", "play", "comment")[number % 3],
                "page": page,
                "stimulus": (None, f"{token}-1-1", "nobody's")[number % 3],
                "question": (None, "q")[number % 2],
                "value": (None, 3.0, 2.5)[number % 3],
                "data": data if number % 5 == 0 else {},
            }
        )
        put(database, "event", **(kept[-1] | {"data": json.dumps(kept[-1]["data"])}))
    database.commit()
    return kept


def test_every_event_is_as_it_was_and_nothing_of_the_old_table_is_left(folder: StudyFolder) -> None:
    with closing(first_schema(folder.ratings)) as database:
        before = fill(database)
    with opened(folder) as found, found.reading() as session:
        for token in ("a", "b", "c"):
            kept = [one for one in before if one["session_token"] == token]
            now = [
                {name: getattr(one, name) for name in COLUMNS} for one in events(session, [token])
            ]
            assert now == [{name: one[name] for name in COLUMNS} for one in kept]
        assert (
            session.scalars(text("SELECT name FROM sqlite_master WHERE name = 'event'")).all() == []
        )
        assert session.scalar(text("PRAGMA freelist_count")) == 0


def test_counters_say_what_was_counted_before(folder: StudyFolder) -> None:
    with closing(first_schema(folder.ratings)) as database:
        fill(database)
    with opened(folder) as found, found.reading() as session:
        rows = session.execute(text("SELECT unit, turn, held, heard, ratings FROM unit_count"))
        # A withdrawn session is not held; practice is not counted at all.
        assert sorted(map(tuple, rows)) == [("unit 2", -1, 2, 3, 3), ("unit 3", -1, 2, 0, 0)]
        rows = session.execute(text("SELECT token, holds, main_pages, done_pages FROM session"))
        assert sorted(map(tuple, rows)) == [("a", 1, 2, 1), ("b", 1, 2, 1), ("c", 0, 2, 1)]
        rows = session.execute(
            text("SELECT study_version, mark, state, sessions FROM session_count")
        )
        assert sorted(map(tuple, rows)) == [("v", "", "open", 2), ("v", "", "withdrawn", 1)]


def test_half_characters_and_endless_numbers_of_an_early_version_stop_nothing(
    folder: StudyFolder,
) -> None:
    with closing(first_schema(folder.ratings)) as database:
        put(database, "study_version", sha256="v", study="small", snapshot="{}", created_at="t")
        begin(database, "a", 0)
        put(
            database, "event", session_token="a", id="n", client="x", seq=0, at_ms=1.0,
            received_at=AT.format(1), type="device", data='{"a": Infinity, "b": "\\ud800"}',
        )  # fmt: skip
        database.commit()
    with opened(folder) as found, found.reading() as session:
        (one,) = events(session, ["a"])
    assert one.data == {"a": float("inf"), "b": "\ufffd"}


def test_a_reader_sees_an_older_database_up_to_date_and_changes_nothing(
    folder: StudyFolder,
) -> None:
    with closing(first_schema(folder.ratings)) as database:
        kept = fill(database)
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    with opened(folder, read_only=True) as still, still.reading() as session:
        assert len(events(session, ["a", "b", "c"])) == len(kept)
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before
    shutil.rmtree(folder.path)
