"""Pages are balanced by what was completed and what is under way, whoever goes away for good."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, text
from study_fixtures import make_study

from earmark.listening_test.session import erasure, navigation, sessions
from earmark.listening_test.session.balance import ABANDONED_AFTER_MINUTES, abandoned_after
from earmark.listening_test.session.events import record
from earmark.listening_test.session.messages import Batch
from earmark.listening_test.storage import connections, rooms
from earmark.listening_test.storage.tables import Database, Listening, PageRow, opened
from earmark.listening_test.storage.wire import Wire
from earmark.listening_test.study.orders import free_turn, turn
from earmark.listening_test.study.study import Study, StudyFolder, load_study

VISITOR = sessions.Visitor("", "en")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)

    def __call__(self) -> str:
        return self.time.isoformat(timespec="milliseconds")

    def pass_by(self, minutes: float) -> None:
        self.time += timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about what outlives a power cut, and hundreds of sessions are begun."""
    quick = [one.replace("= FULL", "= OFF") for one in connections._PRAGMAS]
    monkeypatch.setattr(connections, "_PRAGMAS", quick)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in (rooms, sessions):
        monkeypatch.setattr(module, "now", found)
    return found


def made(place: Path, pages: int, design: str = "", passages: int = 4) -> StudyFolder:
    more = f"design: {{pages_per_listener: {pages}{design}}}"
    return make_study(place, "ape", passages=passages, seconds=0.5, more=more)


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return made(tmp_path, 1)


@pytest.fixture
def database(folder: StudyFolder) -> Iterator[Database]:
    with opened(folder) as found:
        yield found


def begin(database: Database, study: Study) -> str:
    with database.changing(f"{study.sha256} begins") as wire:
        return sessions.begin(wire, study, VISITOR).token


def finish(database: Database, study: Study, token: str) -> None:
    """Go to the last step at once."""
    with database.changing(token) as wire:
        found = sessions.find(wire, token, study)
        assert found is not None
        found.place = len(found.plan) - 1
        sessions.arrive(wire, found)


def speak(database: Database, study: Study, token: str) -> None:
    """Be heard of again."""
    sent = {"id": f"e{random.random()}", "seq": 0, "at_ms": 1, "type": "visibility"}
    with database.changing(token) as wire:
        found = sessions.find(wire, token, study, pages=False)
        assert found is not None
        record(wire, study, found, Batch(client="c", events=[sent]))


def passage(database: Database, token: str) -> str:
    with database.reading() as session:
        return session.scalars(select(PageRow.passage).where(PageRow.session_token == token)).one()


def completed(database: Database, study: Study) -> list[int]:
    """How often each page was completed, pages of unfinished sessions left out."""
    with database.reading() as session:
        heard = Counter(
            session.scalars(
                select(PageRow.passage)
                .join(Listening, PageRow.session_token == Listening.token)
                .where(Listening.state == "complete")
            )
        )
    return [heard[one.id] for one in study.passages]


def truth(database: Database) -> dict[str, int]:
    """What the counters should say: sessions that hold their pages, counted one by one."""
    with database.reading() as session:
        pages = session.scalars(
            select(PageRow.unit)
            .join(Listening, PageRow.session_token == Listening.token)
            .where(Listening.holds == 1)
        )
        return dict(Counter(pages))


def counters(database: Database) -> dict[str, int]:
    with database.reading() as session:
        rows = session.execute(text("SELECT unit, sum(held) FROM unit_count GROUP BY unit"))
        return {unit: held for unit, held in rows if held}


@pytest.mark.slow
def test_an_abandoned_session_gives_its_page_back_and_not_before_its_time(
    folder: StudyFolder, database: Database, clock: Clock
) -> None:
    study = load_study(folder)
    first = [begin(database, study) for _ in range(4)]
    lost = passage(database, first[1])
    for token in (first[0], *first[2:]):
        finish(database, study, token)
    clock.pass_by(ABANDONED_AFTER_MINUTES - 1)
    early = begin(database, study)
    finish(database, study, early)
    clock.pass_by(2)
    late = begin(database, study)
    assert passage(database, late) == lost
    assert counters(database) == truth(database)
    taken = Counter(passage(database, one) for one in (first[0], *first[2:], early, late))
    assert sorted(taken.values()) in ([1, 1, 1, 2], [1, 1, 2, 1])


def test_who_comes_back_goes_on_and_counts_again(
    folder: StudyFolder, database: Database, clock: Clock
) -> None:
    study = load_study(folder)
    token = begin(database, study)
    clock.pass_by(ABANDONED_AFTER_MINUTES + 1)
    begin(database, study)
    assert sum(counters(database).values()) == 1
    speak(database, study, token)
    assert sum(counters(database).values()) == 2
    speak(database, study, token)
    finish(database, study, token)
    assert sum(counters(database).values()) == 2
    clock.pass_by(10 * ABANDONED_AFTER_MINUTES)
    begin(database, study)
    # What is complete counts for ever; the second of them was never heard of again.
    assert sum(counters(database).values()) == 2
    assert counters(database) == truth(database)


def test_a_step_of_the_set_up_is_a_sign_of_life_too(tmp_path: Path, clock: Clock) -> None:
    more = "before: [consent]\ndesign: {pages_per_listener: 1}"
    folder = make_study(tmp_path, "ape", seconds=0.5, more=more)
    study = load_study(folder)
    with opened(folder) as database:
        token = begin(database, study)
        clock.pass_by(ABANDONED_AFTER_MINUTES + 1)
        begin(database, study)
        with database.changing(token) as wire:
            found = sessions.find(wire, token, study)
            assert found is not None
            said = {"step": "before-1", "answers": {"agree": True}}
            navigation.answer(wire, study, found, said)
        assert sum(counters(database).values()) == 2


def test_who_withdraws_gives_the_page_back_at_once_and_only_once(
    folder: StudyFolder, database: Database, clock: Clock
) -> None:
    study = load_study(folder)
    token = begin(database, study)
    for whole in (False, True, True):
        with database.changing(token) as wire:
            found = sessions.find(wire, token, study)
            assert found is not None
            erasure.withdraw(wire, found, whole=whole)
        assert counters(database) == truth(database) == {}
    assert clock.time.hour == 9


def test_the_order_that_was_given_back_is_given_next(tmp_path: Path, clock: Clock) -> None:
    folder = made(tmp_path, 1, ", order: latin", passages=1)
    study = load_study(folder)

    def order(database: Database, token: str) -> int:
        with database.reading() as session:
            return session.scalars(select(PageRow.turn).where(PageRow.session_token == token)).one()

    with opened(folder) as database:
        tokens = [begin(database, study) for _ in range(3)]
        turns = [order(database, token) for token in tokens]
        assert sorted(turns) == [0, 1, 2]
        finish(database, study, tokens[0])
        finish(database, study, tokens[2])
        clock.pass_by(ABANDONED_AFTER_MINUTES + 1)
        assert order(database, begin(database, study)) == turns[1]


@pytest.mark.parametrize(("how", "size"), [("latin", 4), ("williams", 5), ("random", 3)])
def test_without_anything_given_back_rows_come_as_they_always_did(how: str, size: int) -> None:
    used: Counter[int] = Counter()
    for uses in range(40):
        row = free_turn(how, size, used, 7, "unit")
        assert row == turn(how, size, uses, 7, "unit")
        used[row] += 1
    # Some of them from before rows were kept.
    for old in range(20):
        later = Counter({-1: old})
        for uses in range(old, 30):
            row = free_turn(how, size, later, 7, "unit")
            assert row == turn(how, size, uses, 7, "unit")
            later[row] += 1


def crowd(folder: StudyFolder, clock: Clock, seed: int) -> list[int]:
    """Forty listeners, of whom 40 % go away for good; then some more, until all are even.

    One comes every four minutes and takes about half an hour, so that eight are there at once.
    """
    draw, study = random.Random(seed), load_study(folder)
    ends: list[tuple[float, str]] = []
    with opened(folder) as database:
        for number in range(40):
            clock.pass_by(4)
            now = number * 4.0
            for end, token in [one for one in ends if one[0] <= now]:
                finish(database, study, token)
                ends.remove((end, token))
            token = begin(database, study)
            if draw.random() >= 0.4:
                ends.append((now + draw.uniform(20, 40), token))
        for _, token in ends:
            finish(database, study, token)
        clock.pass_by(ABANDONED_AFTER_MINUTES + 1)
        for _ in range(10):
            finish(database, study, begin(database, study))
        assert counters(database) == truth(database)
        return completed(database, study)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pages", [1, 2])
def test_a_crowd_of_whom_many_go_away_leaves_every_page_completed_equally_often(
    tmp_path: Path, clock: Clock, seed: int, pages: int
) -> None:
    found = crowd(made(tmp_path, pages, passages=6), clock, seed)
    assert max(found) - min(found) <= 1, found


@pytest.mark.slow
def test_where_abandoned_sessions_count_for_ever_pages_come_out_uneven(
    tmp_path: Path, clock: Clock
) -> None:
    spread = []
    for seed in range(4):
        never = ", abandoned_after_minutes: 9999999"
        found = crowd(made(tmp_path / str(seed), 1, never, passages=6), clock, seed)
        spread.append(max(found) - min(found))
    assert max(spread) > 1, "the test above can fail"


@pytest.mark.slow
def test_the_time_is_the_study_file_s_own_or_two_hours(tmp_path: Path) -> None:
    plain = load_study(made(tmp_path / "a", 1))
    own = load_study(made(tmp_path / "b", 1, ", abandoned_after_minutes: 30"))
    assert abandoned_after(plain) == timedelta(hours=2)
    assert abandoned_after(own) == timedelta(minutes=30)
    assert "abandoned_after_minutes" not in plain.as_json()["config"]["design"]
    assert "retention" not in plain.as_json()["config"]


class Counted:
    """A wire that counts its statements."""

    def __init__(self, wire: Wire) -> None:
        self.wire, self.said = wire, 0

    def __getattr__(self, name: str) -> Any:
        self.said += 1
        return getattr(self.wire, name)


@pytest.mark.slow
def test_a_beginning_takes_as_many_statements_after_many_sessions_as_after_few(
    tmp_path: Path, stored: Callable[[StudyFolder], StudyFolder]
) -> None:
    folder = stored(made(tmp_path, 2))
    study = load_study(folder)
    with opened(folder) as database:
        begin(database, study)

        def statements() -> int:
            with database.changing("begins") as wire:
                counted = Counted(wire)
                sessions.begin(cast(Wire, counted), study, VISITOR)
            return counted.said

        few = statements()
        for _ in range(30):
            finish(database, study, begin(database, study))
        assert statements() == few
