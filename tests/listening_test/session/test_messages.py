"""Events, receipts and plans are what their types say, whatever a browser sends."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from study_fixtures import make_study

from earmark.listening_test.session.messages import MOST_EVENTS, BadEventError, Batch, Event
from earmark.listening_test.session.plan import (
    BreakStep,
    PageStep,
    TextStep,
    ThanksStep,
    plan_of,
    stored,
)
from earmark.listening_test.study.study import load_study

GOOD = {"id": "a", "type": "rating", "seq": 0, "at_ms": 1, "page": 1, "value": 50}


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("id", "", "id: 1 to 64 characters"),
        ("id", "a" * 65, "id: 1 to 64 characters"),
        ("id", "\ud800", "id: 1 to 64 characters"),
        ("id", 7, "id: 1 to 64 characters"),
        ("type", "Rating", "type: a word"),
        ("type", "a" * 41, "type: a word"),
        ("seq", True, "seq: a whole number from 0"),
        ("seq", 1.0, "seq: a whole number from 0"),
        ("seq", 2**53, "seq: a whole number from 0"),
        ("at_ms", "1", "at_ms: a number"),
        ("at_ms", float("inf"), "at_ms: a finite number"),
        ("at_ms", 10**400, "at_ms: a finite number"),
        ("page", False, "page: a number"),
        ("page", -1, "page: a number"),
        ("value", [50], "value: a number"),
        ("value", float("nan"), "value: a finite number"),
        ("value", "x" * 20_001, "value: at most 20000 characters"),
        ("stimulus", 3, "stimulus: text"),
        ("question", "x" * 201, "question: text"),
    ],
)
def test_a_field_that_cannot_be_is_named_with_what_it_may_be(
    field: str, value: Any, why: str
) -> None:
    with pytest.raises(BadEventError, match=f"^{why}$"):
        Event.read(GOOD | {field: value})


@pytest.mark.parametrize("field", ["id", "type", "seq", "at_ms"])
def test_a_field_that_is_required_and_missing_is_named(field: str) -> None:
    with pytest.raises(BadEventError, match=f"^{field}: "):
        Event.read({name: value for name, value in GOOD.items() if name != field})


def test_the_first_fault_in_the_order_of_the_fields_is_told() -> None:
    with pytest.raises(BadEventError, match=r"^id: "):
        Event.read({"value": [], "type": "?", "id": None})


def test_whatever_else_was_sent_is_kept_as_data() -> None:
    event = Event.read(GOOD | {"data": 1, "position": 2.5, "far": {"deep": [None]}})
    assert event.data == {"data": 1, "position": 2.5, "far": {"deep": [None]}}
    assert Event.read(GOOD).data == {}


SENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@pytest.mark.slow
@given(SENT | st.fixed_dictionaries(dict.fromkeys(GOOD, SENT) | {"stimulus": SENT}))
def test_whatever_is_sent_is_an_event_that_can_be_stored_or_is_refused_in_words(sent: Any) -> None:
    event, why = None, ""
    try:
        event = Event.read(sent)
    except BadEventError as error:
        why = str(error)
    assert (event is None) == bool(why)
    assert "\n" not in why
    if event is not None:
        json.dumps(event.model_dump(), allow_nan=False).encode()


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Event.read(GOOD).seq = 3


@pytest.mark.parametrize(
    "body",
    [{}, {"events": {}}, {"events": [], "client": 1}, {"events": [0] * (MOST_EVENTS + 1)}],
)
def test_a_batch_that_is_none_is_refused_whole(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Batch.model_validate(body)


@pytest.mark.slow
def test_a_plan_is_stored_as_it_was_drawn(tmp_path: Path) -> None:
    steps = "{training: {pages: 1}}, {questionnaire: [{id: age, label: Age}]}"
    more = f"before: [consent, {steps}]\nafter: [{{text: Bye}}]\ndesign: {{repeats: 0}}"
    study = load_study(make_study(tmp_path, more=more))
    plan = plan_of(study, ["training", *["main"] * 7])
    types = [type(entry) for entry in plan]
    assert types.count(PageStep) == 8
    assert types.count(BreakStep) == 1
    assert types[-2:] == [TextStep, ThanksStep]
    assert [entry.page for entry in plan if isinstance(entry, PageStep)] == list(range(1, 9))
    assert stored(plan)[0] == {"id": "before-1", "type": "consent", "where": "before", "index": 0}
    assert stored(plan)[-1] == {"id": "thanks", "type": "thanks"}
