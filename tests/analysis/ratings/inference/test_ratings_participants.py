"""How many took part and what they answered, counted by hand. SIMULATED people."""

from typing import Any

from earmark.analysis.ratings.inference.participants import Counted, summarised
from earmark.analysis.ratings.result.people import Participants
from earmark.listening_test.export.participants import Person
from earmark.listening_test.study.steps import Ask


def person(at: int, counts_as: str = "real", state: str = "complete", **more: Any) -> Person:
    usual: dict[str, Any] = {"consented": None, "headphones": None, "minutes": None, "answers": {}}
    return Person(session=f"s{at}", counts_as=counts_as, state=state, **usual | more)


def counted(invited: int | None = None) -> Counted:
    return Counted("real", invited=invited, screened_out=2, analysed=5)


def stages(found: Participants) -> dict[str, tuple[int | None, str]]:
    return {one.stage: (one.count, one.note) for one in found.flow}


def test_the_flow_counts_the_sessions_of_one_sort() -> None:
    people = [
        person(0, consented=True, headphones="passed", minutes=10.0),
        person(1, consented=True, headphones="failed", minutes=20.0),
        person(2, consented=False, headphones="skipped", minutes=None),
        person(3, state="withdrawn", consented=True, headphones="passed", minutes=99.0),
        person(4, state="open"),
        person(5, state="paused"),
        person(6, state="paused"),
        person(7, "pilot"),
        person(8, "preview", state="open"),
        person(9, "pilot", state="open", minutes=7.0),
    ]
    found = summarised(people, [], counted(invited=12))
    assert list(stages(found).items()) == [
        ("invited", (12, "")),
        ("started", (7, "")),
        ("consented", (3, "")),
        ("passed the headphone test", (2, "1 failed, 1 skipped")),
        ("finished", (3, "")),
        ("withdrawn", (1, "")),
        ("not finished", (3, "")),
        ("screened out", (2, "")),
        ("analysed", (5, "")),
    ]
    assert list(found.others.items()) == [("pilot", 2), ("preview", 1)]
    assert found.sessions == "real"
    assert found.minutes is not None
    assert (found.minutes.q1, found.minutes.median, found.minutes.q3) == (12.5, 15.0, 17.5)
    pilots = summarised(people, [], Counted("pilot", None, screened_out=0, analysed=1))
    assert stages(pilots)["started"] == (2, "")
    assert list(pilots.others.items()) == [("preview", 1), ("real", 7)]


def test_what_a_study_does_not_ask_is_not_known_rather_than_nobody() -> None:
    found = summarised([person(0), person(1)], [], counted())
    assert stages(found)["invited"] == (None, "not recorded")
    assert stages(found)["consented"] == (None, "the study asks for no consent")
    assert "passed the headphone test" not in stages(found)
    assert found.minutes is None
    assert (found.others, found.questionnaire, found.texts) == ({}, (), ())
    assert stages(summarised([], [], counted(invited=0)))["invited"] == (0, "")


ASKED = [
    Ask(id="hello", type="statement", label="Welcome"),
    Ask(id="gear", type="choice", label={"de": "Gerät", "en": "Gear"},
        options=[{"de": "Box", "en": "speakers"}, "headphones"]),
    Ask(id="styles", type="choices", label="Styles", options=["rock", "jazz", "folk"]),
    Ask(id="care", type="likert", label="Care", options=["no", "yes"]),
    Ask(id="age", type="number", label="Age"),
    Ask(id="fun", type="slider", label="Fun", minimum=0, maximum=10),
    Ask(id="name", type="text", label="Name"),
    Ask(id="more", type="long_text", label="More"),
]  # fmt: skip
PEOPLE = [
    person(0, answers={"gear": "0", "styles": ["0", "2"], "care": "1", "age": 20, "fun": 0.0,
                       "name": "Zoe", "more": ""}),
    person(1, answers={"gear": "1", "styles": ["2"], "care": "1", "age": "40", "fun": 4.0,
                       "name": "Ann"}),
    person(2, answers={"gear": None, "styles": [], "care": "0", "age": 30.0}),
    person(3, state="open", answers={"gear": "0", "name": "Bob", "age": 99}),
    person(4, "pilot", answers={"gear": "0", "name": "Eve", "age": 99}),
]  # fmt: skip


def test_answers_of_those_who_finished_are_counted_by_option_or_by_quartiles() -> None:
    found = {one.id: one for one in summarised(PEOPLE, ASKED, counted()).questionnaire}
    assert list(found) == ["gear", "styles", "care", "age", "fun", "name", "more"]
    assert {(one.of) for one in found.values()} == {3}
    assert [one.answered for one in found.values()] == [2, 2, 3, 3, 2, 2, 0]
    assert (found["gear"].label, found["gear"].type) == ("Gear", "choice")

    def counts(name: str) -> list[tuple[str, int]] | None:
        options = found[name].counts
        return None if options is None else [(one.option, one.count) for one in options]

    assert counts("gear") == [("speakers", 1), ("headphones", 1)]
    assert counts("styles") == [("rock", 1), ("jazz", 0), ("folk", 2)]
    assert counts("care") == [("no", 1), ("yes", 2)]
    assert counts("age") is counts("name") is None
    age, fun = found["age"].spread, found["fun"].spread
    assert age is not None
    assert fun is not None
    assert (age.q1, age.median, age.q3) == (25, 30, 35)
    assert (fun.q1, fun.median, fun.q3) == (1, 2, 3)
    assert found["gear"].spread is found["name"].spread is None


def test_what_people_wrote_is_shown_only_where_it_is_asked_for_and_without_order_of_sessions() -> (
    None
):
    assert summarised(PEOPLE, ASKED, counted()).texts == ()
    texts = summarised(PEOPLE, ASKED, counted(), free_text=True).texts
    assert [(one.id, one.answers) for one in texts] == [("name", ("Ann", "Zoe")), ("more", ())]
