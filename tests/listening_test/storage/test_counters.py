"""Counters say what counting would, whatever happens at once, and nobody waits in a circle."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_server import Server
from sqlalchemy import text
from study_fixtures import make_study

from earmark.listening_test.export.progress import SESSION_TYPES, status_of
from earmark.listening_test.server.serve import bind, serve
from earmark.listening_test.session import erasure, navigation, sessions
from earmark.listening_test.storage.rooms import Page, count, room, save, save_language
from earmark.listening_test.storage.tables import Database, opened, use
from earmark.listening_test.storage.tally import StateKey, Tally, UnitKey
from earmark.listening_test.study.study import Study, StudyFolder, load_keys, load_study


@pytest.fixture
def folder(tmp_path: Path, stored: Callable[[StudyFolder], StudyFolder]) -> StudyFolder:
    """A study with its ratings in SQLite, and once more in PostgreSQL."""
    more = "before: [consent]\nafter: [thanks]"
    return stored(make_study(tmp_path, "ape", passages=2, seconds=0.5, more=more))


@pytest.fixture
def database(folder: StudyFolder) -> Iterator[Database]:
    with opened(folder) as found:
        yield found


def begin(database: Database, study: Study, sort: str) -> str:
    with database.changing(f"{study.sha256} begins") as wire:
        return sessions.begin(wire, study, sessions.Visitor(sort, "en")).token


def act(database: Database, study: Study, token: str, what: str) -> None:
    """One of the things that change a session's state."""
    with database.changing(token) as wire:
        found = sessions.find(wire, token, study)
        assert found is not None
        if what == "finish":
            found.place = len(found.plan) - 1
            sessions.arrive(wire, found)
        elif what == "pause" and found.state == "open":
            found.state = "paused"
            save(wire, found)
        elif what == "go on" and found.state == "paused":
            navigation.answer(wire, study, found, {"step": "before-1", "answers": {"agree": True}})
        elif what in ("withdraw", "withdraw all"):
            erasure.withdraw(wire, found, whole=what == "withdraw all")
        elif what == "erase":
            erasure.erase(wire, found, keep_ratings=True)


def counted(database: Database) -> Counter[tuple[str, str]]:
    """Sessions by type and state, counted one by one."""
    with database.reading() as session:
        rows = session.execute(text("SELECT mark, state FROM session"))
        return Counter((SESSION_TYPES[mark], state) for mark, state in rows)


def told(database: Database, folder: StudyFolder) -> dict[tuple[str, str], int]:
    """What the progress page says."""
    totals = status_of(load_study(folder), load_keys(folder), database).totals
    return {(sort, state): n for sort, of in totals.items() for state, n in of.items()}


@pytest.mark.slow
def test_sessions_by_state_are_what_counting_finds_after_whatever_happens(
    folder: StudyFolder, database: Database
) -> None:
    study, draw = load_study(folder), random.Random(0)
    acts = ("finish", "pause", "go on", "withdraw", "withdraw all", "erase")
    tokens: list[str] = []
    for number in range(60):
        if number % 4 == 0:
            tokens.append(begin(database, study, draw.choice(("", "", "pilot"))))
        else:
            act(database, study, draw.choice(tokens), draw.choice(acts))
        assert told(database, folder) == counted(database)
    assert len(told(database, folder)) >= 5


def test_sessions_that_begin_and_change_at_once_are_all_counted(
    folder: StudyFolder, database: Database
) -> None:
    study, errors = load_study(folder), list[BaseException]()

    def take(number: int) -> None:
        try:
            draw = random.Random(number)
            for _ in range(4):
                token = begin(database, study, "")
                for what in ("pause", "go on", draw.choice(("finish", "withdraw all", "pause"))):
                    act(database, study, token, what)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(300)
    assert errors == []
    assert told(database, folder) == counted(database)
    assert sum(told(database, folder).values()) == 16


def test_what_an_older_server_did_not_count_is_counted_when_one_starts(
    folder: StudyFolder, database: Database
) -> None:
    study = load_study(folder)
    tokens = [begin(database, study, "") for _ in range(3)]
    act(database, study, tokens[0], "withdraw")
    with database.writing() as session:
        session.execute(text("UPDATE session SET state = 'complete' WHERE state = 'open'"))
    assert told(database, folder) != counted(database)
    with bind("127.0.0.1", 0) as place:
        serve(folder, place, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert told(database, folder) == counted(database) == {
        ("real", "complete"): 2, ("real", "withdrawn"): 1,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("what", ["withdraw", "finish"])
def test_who_comes_back_while_another_begins_is_counted_once(
    tmp_path: Path, postgresql: Server, what: str
) -> None:
    """The one who begins gives abandoned places back; this one's is not abandoned any more."""
    folder = make_study(tmp_path, "ape", passages=2, seconds=0.5, more="after: [thanks]")
    use(folder, postgresql.url())
    study = load_study(folder)
    with opened(folder) as database:
        token = begin(database, study, "")
        with database.writing() as session:
            session.execute(text("UPDATE session SET updated_at = '2020-01-01T00:00:00.000+00:00'"))
        with database.changing(token) as wire:
            found = sessions.find(wire, token, study)
            assert found is not None
            another = threading.Thread(target=begin, args=(database, study, ""))
            another.start()
            another.join(60)
            assert not another.is_alive()
            if what == "withdraw":
                erasure.withdraw(wire, found, whole=False)
            else:
                found.place = len(found.plan) - 1
                sessions.arrive(wire, found)
        with database.reading() as session:
            held = session.scalar(text("SELECT sum(held) FROM unit_count"))
            by_page = session.scalar(
                text(
                    "SELECT count(*) FROM page JOIN session ON session_token = session.token "
                    "WHERE part = 'main' AND repeat = 0 AND holds = 1"
                )
            )
        assert held == by_page == (2 if what == "withdraw" else 4)


def test_what_fails_is_not_counted(folder: StudyFolder, database: Database) -> None:
    study = load_study(folder)
    token = begin(database, study, "")
    with pytest.raises(ZeroDivisionError), database.changing(token) as wire:
        found = sessions.find(wire, token, study)
        assert found is not None
        erasure.withdraw(wire, found, whole=False)
        raise ZeroDivisionError
    assert told(database, folder) == counted(database) == {("real", "open"): 1}


@pytest.mark.slow
def test_two_who_count_the_same_in_opposite_order_do_not_wait_for_each_other(
    tmp_path: Path, postgresql: Server
) -> None:
    folder = make_study(tmp_path, "ape", passages=2, seconds=0.5)
    use(folder, postgresql.url())
    study, errors = load_study(folder), list[BaseException]()
    database = Database(folder)
    tokens = [begin(database, study, "") for _ in range(2)]
    between = threading.Barrier(2)

    def take(token: str, order: int) -> None:
        try:
            with database.changing(token) as wire:
                found = sessions.find(wire, token, study)
                assert found is not None
                pages: list[Page] = found.pages[::order]
                count(wire, found, pages[:1], heard=1)
                between.wait(60)
                count(wire, found, pages[1:], heard=1)
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=take, args=(token, order))
        for token, order in zip(tokens, (1, -1), strict=True)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)
    assert errors == []
    heard = {units[2] for units in status_of(study, load_keys(folder), database).units}
    assert heard == {2}
    database.close()


def test_who_changes_the_language_alone_changes_nothing_else(
    folder: StudyFolder, database: Database
) -> None:
    study = load_study(folder)
    token = begin(database, study, "")
    with database.looking() as wire:
        stale = room(wire, token)
    assert stale is not None
    act(database, study, token, "finish")
    stale.language = "de"
    with database.changing(token) as wire:
        save_language(wire, stale)
    with database.looking() as wire:
        found = room(wire, token)
    assert found is not None
    assert (found.language, found.state) == ("de", "complete")
    assert told(database, folder) == counted(database)


def test_changes_that_cancel_leave_nothing_to_write() -> None:
    tally = Tally()
    one, other = (UnitKey("v", "", unit, 0) for unit in ("a", "b"))
    tally.count([one, other], held=1, heard=0, ratings=0)
    tally.count([one], held=-1, heard=2, ratings=3)
    assert tally.held("v", "") == {("a", 0): 0, ("b", 0): 1}
    assert tally.held("v", "pilot") == {}
    tally.states["t"] = "open"
    for state in ("paused", "paused", "open"):
        tally.note("t", StateKey("v", "", state))
    assert set(tally.sessions.values()) == {0}
