"""kill -9 of the server in the middle of sessions: what was acknowledged is stored, all of it."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select
from study_fixtures import make_study, served

from earmark.listening_test.simulate import Browser, Listener
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.storage.many import events
from earmark.listening_test.storage.tables import Listening, RatingRow, opened
from earmark.listening_test.study.orders import generator
from earmark.listening_test.study.study import StudyFolder, load_keys
from earmark.listening_test.taste import qualities, taste


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def shown(browser: Browser) -> list[object]:
    """What must not change: the page's stimuli in order, their files and start positions."""
    step = browser.state()["step"]
    return [(one["id"], one["label"], one["url"], one["start"]) for one in step.get("stimuli", [])]


def test_a_killed_server_has_stored_what_it_acknowledged_and_goes_on_at_the_same_place(
    tmp_path: Path, stored: Callable[[StudyFolder], StudyFolder]
) -> None:
    test, more = "comments: per_stimulus", "after: [thanks]"
    folder = make_study(tmp_path, "ape", passages=6, seconds=0.6, test=test, more=more)
    folder = stored(folder)
    addresses, port = addresses_of(folder), free_port()
    study = addresses.study
    link = f"http://127.0.0.1:{port}/s/{load_keys(folder).simulated}/"
    begun, rated = threading.Semaphore(0), threading.Semaphore(0)
    listeners: list[Listener] = []
    errors: list[BaseException] = []

    def take(number: int) -> None:
        try:
            browser = Browser(link)
            browser.begin()
            begun.release()
            draw = generator("kill", number)
            listener = Listener(
                addresses_of(folder), browser, taste(study, draw, qualities(study, 0)), draw
            )
            listener.page_done = lambda _: rated.release()
            listeners.append(listener)
            listener.listen()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(3)]
    with served(folder, port) as server:
        for thread in threads:
            thread.start()
        # Were a session killed before its listener has its link, it would be begun twice.
        for _ in range(3):
            assert begun.acquire(timeout=300)
        for _ in range(3):
            assert rated.acquire(timeout=300)
        os.kill(server.pid, signal.SIGKILL)
    check(folder, listeners)
    # What was under way is sent again to the server that comes back.
    with served(folder, port):
        for thread in threads:
            thread.join(300)
        assert errors == []
        check(folder, listeners)
    with opened(folder) as database, database.reading() as session:
        states = {one.state for one in session.scalars(select(Listening))}
        ratings = session.scalars(select(RatingRow.value)).all()
    assert states == {"complete"}
    assert None not in ratings
    assert len(ratings) == 3 * 6 * 3


def check(folder: StudyFolder, listeners: list[Listener]) -> None:
    """Every acknowledged event is in the database, once, as it was sent."""
    with opened(folder) as database, database.reading() as session:
        for listener in listeners:
            acknowledged = dict(listener.browser.acknowledged)
            rows = events(session, [listener.browser.session])
            found = {row.id: row for row in rows}
            assert len(found) == len(rows)
            assert set(acknowledged) <= set(found)
            for name, event in acknowledged.items():
                row = found[name]
                said = event.get("value")
                assert (row.seq, row.type, row.page) == (event["seq"], event["type"], event["page"])
                assert (row.data.get("text") if isinstance(said, str) else row.value) == said


def test_a_session_is_found_as_it_was_after_a_kill(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "mushra", seconds=0.6)
    with served(folder) as server:
        browser = Browser(server.links["pilot"])
        browser.begin()
        before, link = shown(browser), f"/l/{browser.session}/"
        os.kill(server.pid, signal.SIGKILL)
    with served(folder) as server:
        again = Browser(server.links["pilot"])
        again.open(server.url + link)
        assert shown(again) == before != []
