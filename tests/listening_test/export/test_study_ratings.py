"""Ratings out of a study: one row each, ids as text, no sort of session mixed with another."""

import csv
import io
import json
from pathlib import Path

import pytest
from listening_client import Client
from pydantic import ValidationError
from sqlalchemy import event
from study_fixtures import make_study

from earmark.listening_test.export.everything import as_json, json_text
from earmark.listening_test.export.ratings import SessionFilter, TidyRow, as_csv, tidy
from earmark.listening_test.export.session_schema import SessionsDocument
from earmark.listening_test.kinds import kinds
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import simulate
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import StudyFolder, load_keys, load_study

SIMULATED = SessionFilter(session_types=("simulated",))


FAST = ("ape", "abx")
EVERY = [
    name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in sorted(kinds())
]


@pytest.fixture(scope="module", params=EVERY)
def simulated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[StudyFolder, int]:
    more = "design: {repeats: 1}\nbefore: [consent, {training: {pages: 1}}]"
    folder = make_study(
        tmp_path_factory.mktemp(request.param), request.param, seconds=0.8, more=more
    )
    with in_background(folder) as address:
        link = f"{address}/s/{load_keys(folder).simulated}/"
        simulate(addresses_of(folder), link, 2, seed=1)
    return folder, 2


def rows(folder: StudyFolder, choice: SessionFilter = SIMULATED) -> list[TidyRow]:
    with opened(folder) as database:
        return tidy(load_study(folder), database, choice)


@pytest.mark.slow
def test_every_rating_of_every_kind_is_one_row_with_a_value(
    simulated: tuple[StudyFolder, int],
) -> None:
    folder, sessions = simulated
    found = rows(folder)
    study = load_study(folder)
    assert len({row.session for row in found}) == sessions
    assert all(row.value is not None for row in found)
    assert {row.part for row in found} == {"main"}
    assert all(row.counts_as == "SIMULATED" and row.session.startswith("SIM") for row in found)
    keys = [(row.session, row.page, row.system, row.other, row.question) for row in found]
    assert len(keys) == len(set(keys))
    assert {row.passage for row in found} == {one.id for one in study.passages}
    assert max(row.repeat for row in found) == 1
    assert all(row.listened_seconds > 0 and row.plays > 0 for row in found)


def test_sessions_that_do_not_count_are_exported_only_when_asked_for(
    simulated: tuple[StudyFolder, int],
) -> None:
    folder, _ = simulated
    assert rows(folder, SessionFilter()) == []
    assert rows(folder, SessionFilter(session_types=("pilot",))) == []
    more = rows(folder, SessionFilter(session_types=("simulated",), practice=True))
    assert {row.part for row in more} == {"main", "training"}


def test_csv_and_json_say_the_same(simulated: tuple[StudyFolder, int]) -> None:
    folder, sessions = simulated
    found = rows(folder)
    read = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [row["session"] for row in read] == [row.session for row in found]
    assert [float(row["value"]) for row in read] == [row.value for row in found]
    study = load_study(folder)
    with opened(folder) as database:
        whole = json.loads(json_text(as_json(study, database, SIMULATED)))
    assert len(whole["sessions"]) == sessions
    document = SessionsDocument.model_validate(whole)
    assert document.model_dump(mode="json", by_alias=True, exclude_unset=True) == whole
    with pytest.raises(ValidationError, match="extra_forbidden"):
        SessionsDocument.model_validate({**whole, "token": "opens"})
    keys = load_keys(folder)
    for secret in (keys.cookie, keys.admin, keys.study):
        assert secret not in json.dumps(whole)
    for one in whole["sessions"]:
        assert len(one["events"]) > 0
        assert [event["arrival"] for event in one["events"]] == sorted(
            event["arrival"] for event in one["events"]
        )


@pytest.mark.slow
def test_the_values_of_a_page_belong_to_the_systems_that_were_rated(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", test="comments: per_stimulus")
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.study)
    given: dict[tuple[int, str], float] = {}
    for number in (1, 2):
        page = client.step()
        client.play_all(page)
        rated = [one for one in page["stimuli"] if one["role"] == "stimulus"]
        for place, one in enumerate(rated):
            value = number * 20.0 + place
            client.rate(one["id"], value)
            given[number, held.addresses.behind(one["url"]).system] = value  # type: ignore[union-attr]
        first = rated[0]["id"]
        client.send(client.event("comment", page=number, stimulus=first, value='=1+1, "x"\n&'))
        assert client.next().status_code == 200
    found = rows(folder, SessionFilter())
    assert {(row.page, row.system): row.value for row in found} == given
    assert all(row.changes == 1 and row.start_position is not None for row in found)
    read = list(csv.DictReader(io.StringIO(as_csv(found))))
    comments = {row["comment"] for row in read} - {""}
    assert comments == {'\'=1+1, "x"\n&'}
    held.database.close()


@pytest.mark.slow
def test_listened_seconds_are_the_time_between_play_switch_and_pause(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape")
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.study)
    page = client.step()
    ids = [one["id"] for one in page["stimuli"]]
    times = [("play", ids[1], 1000.0), ("switch", ids[2], 2500.0), ("pause", None, 6500.0)]
    times += [("play", ids[1], 9000.0), ("pause", None, 9250.0), ("play", ids[3], 50.0)]
    for kind, stimulus, at_ms in times:
        client.send(client.event(kind, page=1, stimulus=stimulus) | {"at_ms": at_ms})
    found = {
        row.shown_label: row.listened_seconds
        for row in rows(folder, SessionFilter(states=("open",)))
        if row.page == 1
    }
    assert found == {"A": 1.75, "B": 4.0, "C": 0.0}
    held.database.close()


def test_what_ends_the_sound_without_a_press_ends_what_is_counted(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.study)
    page = client.step()
    a, b, c = (one["id"] for one in page["stimuli"] if one["role"] == "stimulus")

    def send(kind: str, at_ms: float, stimulus: str | None = None, **more: object) -> None:
        client.send(client.event(kind, stimulus=stimulus, **more) | {"at_ms": at_ms})

    send("play", 1000, a, page=1)
    send("pause_session", 2000)
    send("resume_session", 9000)
    send("play", 10_000, b, page=1)
    send("device", 10_500, page=1, state="rate")
    send("device", 12_000, page=1, state="stopped")
    send("play", 20_000, c, page=1)
    send("visibility", 23_000, page=1)
    send("preload", 50_000, page=2)
    send("pause", 60_000, page=2)
    found = {
        row.shown_label: row.listened_seconds
        for row in rows(folder, SessionFilter(states=("open",)))
        if row.page == 1
    }
    # C: nothing says when it ended, but that it was heard when the window was last heard of.
    assert found == {"A": 1.0, "B": 2.0, "C": 3.0}
    held.database.close()


@pytest.mark.slow
def test_pairs_are_told_in_one_direction_whichever_was_shown_first(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ab", systems=("old", "new"), passages=4, seconds=0.6)
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.study)
    shown_first = set()
    while (page := client.step())["type"] == "page":
        client.play_all(page)
        labels = {
            held.addresses.behind(one["url"]).system: one["label"]  # type: ignore[union-attr]
            for one in page["stimuli"]
            if one["role"] == "stimulus"
        }
        shown_first.add(labels["new"])
        value = 0.0 if labels["new"] == "A" else 100.0
        client.send(client.event("rating", page=page["number"], question="preference", value=value))
        assert client.next().status_code == 200
    found = rows(folder, SessionFilter())
    assert shown_first == {"A", "B"}
    assert {(row.system, row.other, row.value) for row in found} == {("old", "new", 0.0)}
    held.database.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ab", "ccr", "abx", "ape"])
def test_every_comment_of_a_page_is_in_a_row(tmp_path: Path, kind: str) -> None:
    folder = make_study(tmp_path, kind, systems=("old", "new"), seconds=0.6, passages=1)
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    client = Client(app, held.keys.study)
    rated = [one for one in client.step()["stimuli"] if one["role"] == "stimulus"]
    for one in rated:
        words = f"of {one['label']}"
        client.send(client.event("comment", page=1, stimulus=one["id"], value=words))
    labels = [one["label"] for one in rated]
    pair = kind != "ape"
    together = " | ".join(f"{label}: of {label}" for label in labels)
    alone = {f"of {label}" for label in labels}
    unfinished = SessionFilter(states=("open",))
    assert {row.comment for row in rows(folder, unfinished)} - {""} == (
        {together} if pair else alone
    )
    client.send(client.event("comment", page=1, value="all in all"))
    found = {row.comment for row in rows(folder, unfinished)}
    if pair:
        assert f"{together} | page: all in all" in found
    else:
        assert found == {f"{label}: of {label} | page: all in all" for label in labels}
    held.database.close()


def test_sessions_are_read_a_hundred_at_once_in_six_statements(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    statements: list[str] = []
    event.listen(
        held.database.engine,
        "before_cursor_execute",
        lambda _, __, statement, *rest: statements.append(statement),
    )

    def asked() -> int:
        statements.clear()
        tidy(held.study, held.database, SessionFilter(states=("open",)))
        return len([one for one in statements if one.startswith("SELECT")])

    Client(app, held.keys.study)
    # The sessions' names, then journals, sessions, pages, presentations, ratings.
    assert asked() == 6
    for _ in range(3):
        Client(app, held.keys.study)
    assert asked() == 6
    held.database.close()
