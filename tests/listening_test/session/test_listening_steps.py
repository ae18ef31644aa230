"""The steps around the pages: nothing is skipped, nothing wrong is stored, practice is practice."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from listening_client import Client
from study_fixtures import make_study

from earmark.listening_test.export.everything import as_json
from earmark.listening_test.export.ratings import SessionFilter, tidy
from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import Sound, StudyFolder, load_study

MORE = """
before:
  - consent: {text: "# Consent\\n\\n<script>x</script> [x](javascript:x)", version: "2"}
  - volume
  - {headphone_check: {method: antiphase, trials: 3, attempts: 2}}
  - questionnaire:
      - {id: age, type: number, label: Age, required: true, minimum: 18, maximum: 99}
      - {id: gear, type: choice, label: Gear, options: [headphones, {en: loudspeakers, de: Boxen}]}
      - {id: many, type: choices, label: Many, options: [a, b]}
      - {id: words, type: long_text, label: Words}
      - {id: name, type: text, label: Name, required: true}
      - {id: years, type: number, label: Years, minimum: 1, step: 2}
      - {id: part, type: slider, label: Part, minimum: 0, maximum: 1, step: 0.3}
  - {training: {pages: 2}}
after: [{thanks: {completion_code: C0DE, redirect: "https://example.org/done"}}]
design: {pages_per_listener: 2, break_after: 1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    place = tmp_path_factory.mktemp("steps")
    return make_study(place, "ape", passages=4, seconds=0.6, more=MORE)


@pytest.fixture(scope="module")
def app(folder: StudyFolder) -> Iterator[Flask]:
    app = create_app(folder)
    yield app
    held(app).database.close()


def held(app: Flask) -> ServedStudy:
    found: ServedStudy = app.extensions["earmark"]
    return found


def at(app: Flask, kind: str) -> tuple[Client, dict[str, Any]]:
    """A session taken to the first step of this type."""
    client = Client(app, held(app).keys.study)
    for _ in range(20):
        step = client.step()
        if step["type"] == kind:
            return client, step
        answer(app, client, step)
        assert client.next().status_code == 200
    raise AssertionError(kind)


def answer_to(app: Flask, trial: dict[str, Any]) -> int:
    """The right answer to a trial of the headphone test, which its address leads to."""
    sound = held(app).addresses.behind(trial["url"])
    assert isinstance(sound, Sound)
    return int(sound.answer)


def answer(app: Flask, client: Client, step: dict[str, Any]) -> None:
    """What a willing listener answers."""
    right = {one["id"]: answer_to(app, one) for one in step.get("trials", [])}
    given: dict[str, dict[str, Any]] = {
        "consent": {"agree": True},
        "volume": {"level": 0.5} | {one["id"]: "left" for one in step.get("sides", [])},
        "headphone": right,
        "questionnaire": {"age": 30, "name": "A"},
    }
    if step["type"] == "page":
        client.complete(step)
    elif step["type"] in given:
        done = client.post("answers", {"step": step["id"], "answers": given[step["type"]]})
        assert done.status_code == 200


def give(client: Client, answers: Any) -> tuple[int, Any]:
    done = client.post("answers", {"step": client.step()["id"], "answers": answers})
    return done.status_code, done.get_json()


@pytest.mark.slow
def test_consent_must_be_given_and_its_text_cannot_act(app: Flask) -> None:
    client, step = at(app, "consent")
    assert (step["version"], step["back"]) == ("2", False)
    assert "<h1>" in step["html"]
    assert "<script" not in step["html"]
    assert "javascript:" not in step["html"].replace("](javascript:", "")
    assert client.next().get_json()["missing"] == [{"question": "agree", "why": "not_agreed"}]
    answers: list[Any] = [{"agree": False}, {"agree": "yes"}, {"other": True}, [], None]
    for wrong in answers:
        assert give(client, wrong)[0] == 422
    assert client.next().status_code == 422
    assert give(client, {"agree": True})[0] == 200
    assert client.next().get_json()["step"]["type"] == "volume"


def test_the_volume_is_set_before_going_on(app: Flask) -> None:
    client, step = at(app, "volume")
    assert client.next().status_code == 422
    assert len(step["sides"]) == 2
    for wrong in ({"level": 2}, {"level": "loud"}, {"level": True}, {"../x": "left"}):
        assert give(client, wrong)[0] == 422
    first, second = (one["id"] for one in step["sides"])
    assert give(client, {"level": 0.4, first: "left"})[0] == 200
    assert client.next().get_json()["missing"] == [{"question": second, "why": "unanswered"}]
    assert give(client, {second: "right"})[0] == 200
    assert client.next().status_code == 200


def test_the_headphone_test_tells_no_answer_and_leaves_a_way_out(app: Flask) -> None:
    client, step = at(app, "headphone")
    wrong = {one["id"]: answer_to(app, one) % 3 + 1 for one in step["trials"]}
    assert set(step["trials"][0]) == {"id", "url", "intervals"}
    assert client.next().status_code == 422
    assert give(client, {})[1]["missing"][0]["why"] == "unanswered"
    assert give(client, dict.fromkeys(wrong, 4))[0] == 422
    assert give(client, wrong)[1]["step"]["last"] == {"passed": False, "correct": 0, "of": 3}
    assert client.step()["attempts_left"] == 1
    assert client.next().status_code == 422
    assert give(client, wrong)[1]["step"]["attempts_left"] == 0
    assert give(client, wrong)[0] == 422
    assert client.next().status_code == 200


def test_an_attempt_that_is_sent_twice_is_one_attempt(app: Flask) -> None:
    client, step = at(app, "headphone")
    wrong = {"step": step["id"], "answers": {one["id"]: 1 for one in step["trials"]}, "left": 2}
    for _ in range(3):
        assert client.post("answers", wrong).get_json()["step"]["attempts_left"] == 1
    assert client.post("answers", wrong | {"left": 1}).get_json()["step"]["attempts_left"] == 0


def test_the_headphone_test_is_passed_with_right_answers_or_left_out(app: Flask) -> None:
    client, step = at(app, "headphone")
    answer(app, client, step)
    assert client.step()["last"] == {"passed": True, "correct": 3, "of": 3}
    assert client.next().status_code == 200
    client, _ = at(app, "headphone")
    assert give(client, {"skip": True})[0] == 200
    assert client.next().status_code == 200


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({"age": 17}, 422),
        ({"age": "thirty"}, 422),
        ({"age": True}, 422),
        ({"gear": "2"}, 422),
        ({"gear": 0}, 422),
        ({"many": "0"}, 422),
        ({"many": [["0"]]}, 422),
        ({"unknown": 1}, 422),
        ({"words": "x" * 20_001}, 422),
        (
            {"age": 18.5, "name": "n", "gear": "1", "many": ["0", "1"], "words": "& <b> 🎧 \ud800"},
            200,
        ),
    ],
)
def test_a_questionnaire_takes_answers_to_its_questions_alone(
    app: Flask, answers: dict[str, Any], status: int
) -> None:
    client, _ = at(app, "questionnaire")
    assert give(client, answers)[0] == status
    assert client.next().status_code == (200 if "age" in answers and status == 200 else 422)


def test_practice_comes_first_is_marked_and_never_counts(app: Flask, folder: StudyFolder) -> None:
    client, step = at(app, "training")
    assert step["pages"] == 2
    assert client.state()["progress"] == {"page": 0, "pages": 2}
    client.next()
    kinds = []
    while (step := client.step())["type"] != "thanks":
        kinds.append((step["type"], step.get("practice")))
        if step["type"] == "break":
            assert "1 of 2 pages are done" in step["html"]
        assert step["back"] is (len(kinds) in (2, 4, 5))
        answer(app, client, step)
        assert client.next().status_code == 200
    assert kinds == [("page", True)] * 2 + [("page", False), ("break", None), ("page", False)]
    assert (step["completion_code"], step["redirect"]) == ("C0DE", "https://example.org/done")
    with opened(folder) as database:
        study = load_study(folder)
        rows = tidy(study, database, SessionFilter())
        whole = as_json(study, database, SessionFilter())["sessions"]
    mine = [row for row in rows if row.session == whole[-1]["id"]]
    assert {row.part for row in mine} == {"main"}
    assert len(mine) == 2 * 3
    assert {one["question"] for one in whole[-1]["answers"]} >= {"agree", "version", "level", "age"}


def test_practice_plays_passages_that_are_not_rated_later(app: Flask) -> None:
    client, _ = at(app, "thanks")
    study = held(app).study
    heard: dict[str, set[str]] = {}
    with held(app).database.reading() as session:
        from earmark.listening_test.storage.tables import Listening

        found = session.get(Listening, client.session)
        assert found is not None
        for page in found.pages:
            heard.setdefault(page.part, set()).add(page.passage)
    assert heard["training"].isdisjoint(heard["main"])
    assert heard["training"] | heard["main"] == {one.id for one in study.passages}


def test_a_session_that_is_complete_does_not_change(app: Flask) -> None:
    client, _ = at(app, "thanks")
    before = client.state()
    assert before["session"]["state"] == "complete"
    assert client.post("back", {"step": "thanks"}).status_code == 409
    event = client.event("rating", page=3, question="preference", stimulus="x", value=1)
    assert client.send(event)["unknown"] == [event["id"]]
    assert client.next().get_json()["step"]["type"] == "thanks"


@pytest.mark.parametrize("blank", ["   ", "\t\n", ""])
def test_a_required_answer_of_blanks_is_none(app: Flask, blank: str) -> None:
    client, step = at(app, "questionnaire")
    client.post("answers", {"step": step["id"], "answers": {"age": 30, "name": blank}})
    refused = client.next()
    assert refused.status_code == 422
    assert [one["question"] for one in refused.get_json()["missing"]] == ["name"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"years": 3}, 200),
        ({"years": 3.7}, 422),
        ({"years": 4}, 422),
        ({"part": 0.9}, 200),
        ({"part": 1}, 200),
        ({"part": 0.5}, 422),
    ],
)
def test_a_number_is_of_the_steps_that_were_asked_for(
    app: Flask, given: dict[str, float], status: int
) -> None:
    client, step = at(app, "questionnaire")
    done = client.post("answers", {"step": step["id"], "answers": given})
    assert done.status_code == status
