"""Takes a session from step to step: next, back, answers, pause, withdraw."""

from collections.abc import Mapping
from typing import Any

from ..kinds import kind_of, part_of
from ..storage.rooms import Room, answers, count, furnish, save, save_answer, save_pages
from ..storage.wire import Wire
from ..study.file import Ask
from ..study.study import Study
from .asked import questions, rules, unit_named
from .balance import take
from .clean_input import clean
from .messages import LONGEST_COMMENT
from .plan import BreakStep, PageStep, PlanEntry, entry_at, page_of
from .sessions import arrive
from .view import (
    answered,
    attempts,
    can_go_back,
    said_of,
    stored_name,
    trials_of,
)


class ElsewhereError(Exception):
    """The session stands at another step, or the page changed in another window."""


class IncompleteError(Exception):
    """What keeps a step from being left, as a list for the browser."""

    def __init__(self, missing: list[dict[str, Any]]) -> None:
        super().__init__("incomplete")
        self.missing = missing


def forward(wire: Wire, study: Study, listening: Room, request: Mapping[str, Any]) -> None:
    """Leave the step that ``request`` names for the next one.

    Raises:
        ElsewhereError: if the session does not stand there.
        IncompleteError: if something is missing.
    """
    entry = _at(wire, listening, request)
    done = None
    if isinstance(entry, PageStep):
        page = page_of(listening, entry)
        if request.get("revision") is not None and request["revision"] != page.revision:
            raise ElsewhereError("the page was changed in another window")
        furnish(wire, [page])
        unit = unit_named(study, page.unit)
        asked, part = questions(study, unit, listening.language), part_of(study, unit.block)
        missing = kind_of(part).missing(answered(page), asked, rules(part))
        if missing:
            raise IncompleteError([dict(one.__dict__) for one in missing])
        if page.done_at is None and page.part == "main":
            listening.done_pages += 1
            done = page
        page.done_at = listening.now()
        save_pages(wire, [page])
    else:
        missing_answers = _missing_answers(wire, study, listening, entry)
        if missing_answers:
            raise IncompleteError(missing_answers)
    if listening.place + 1 < len(listening.plan):
        listening.place += 1
        arrive(wire, listening)
    if done is not None:
        count(wire, listening, [done], heard=1)


def backward(wire: Wire, study: Study, listening: Room, request: Mapping[str, Any]) -> None:
    """Go back to the page before.

    Raises:
        ElsewhereError: if the session does not stand where ``request`` says, or Back leads nowhere.
    """
    _at(wire, listening, request)
    if not can_go_back(study, listening):
        raise ElsewhereError("there is no way back from here")
    listening.place -= 1
    if isinstance(entry_at(listening), BreakStep):
        listening.place -= 1
    arrive(wire, listening)


def answer(wire: Wire, study: Study, listening: Room, request: Mapping[str, Any]) -> None:
    """Store answers of the step that ``request`` names.

    Raises:
        ElsewhereError: if the session does not stand there.
        IncompleteError: if an answer cannot be one; nothing is stored then.
    """
    entry = _at(wire, listening, request)
    given = request.get("answers")
    if not isinstance(given, Mapping):
        raise IncompleteError([{"question": None, "why": "invalid"}])
    if entry.type == "headphone":
        _try_headphones(wire, study, listening, given, request.get("left"))
        return
    checked = _checked(study, listening, entry.type, given)
    for question, value in checked.items():
        save_answer(wire, listening, entry.id, question, value)
    listening.updated_at = listening.now()
    save(wire, listening)


def _at(wire: Wire, listening: Room, request: Mapping[str, Any]) -> PlanEntry:
    entry = entry_at(listening)
    if listening.state == "withdrawn" or listening.erased_at is not None:
        raise ElsewhereError("this session was withdrawn")
    here = request.get("step") == entry.id
    if "step" not in request:
        here = isinstance(entry, PageStep) and request.get("page") == entry.page
    if not here:
        raise ElsewhereError("the session is at another step")
    if listening.state == "paused":
        listening.state = "open"
    take(wire, listening)
    return entry


def _missing_answers(
    wire: Wire, study: Study, listening: Room, entry: PlanEntry
) -> list[dict[str, Any]]:
    step = said_of(study, entry)
    given = answers(wire, listening, entry.id)
    if entry.type == "consent" and given.get("agree") is not True:
        return [{"question": "agree", "why": "not_agreed"}]
    if entry.type == "volume":
        sides = trials_of(study, "side", listening)
        asked = {"level": "level"} | {name: stored_name(one) for name, one in sides.items()}
        return [
            {"question": name, "why": "unanswered"}
            for name, stored in asked.items()
            if stored not in given
        ]
    if entry.type == "headphone":
        shown = attempts(wire, listening, step)
        passed = bool(shown["last"] and shown["last"]["passed"])
        tried = shown["attempts_left"] == 0 or shown["skipped"]
        if not passed and (step.required or not tried):
            return [{"question": None, "why": "not_passed" if shown["last"] else "unanswered"}]
    return [
        {"question": ask.id, "why": "unanswered"}
        for ask in step.questions
        if ask.required and _blank(given.get(ask.id))
    ]


def _blank(value: Any) -> bool:
    return value in (None, []) or (isinstance(value, str) and not value.strip())


def _checked(study: Study, listening: Room, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    step, sides = said_of(study, entry_at(listening)), trials_of(study, "side", listening)
    wrong, found = [], {}
    for name, value in given.items():
        stored = str(name)
        ok, value = False, clean(value) if isinstance(value, str) else value
        if kind == "consent" and name == "agree":
            ok = value is True
            found["version"] = step.version
        elif kind == "volume":
            stored = stored_name(sides[name]) if name in sides else stored
            ok = (name == "level" and _between(value, 0.0, 1.0)) or (
                name in sides and value in ("left", "right")
            )
        elif kind == "questionnaire":
            asked = {ask.id: ask for ask in step.questions}
            ok = name in asked and _fits(asked[name], value)
        if ok:
            found[stored] = value
        else:
            wrong.append({"question": clean(str(name))[:60], "why": "invalid"})
    if wrong:
        raise IncompleteError(wrong)
    return _in_order(study, found)


def _in_order(study: Study, given: Mapping[str, Any]) -> dict[str, Any]:
    """Answers to set-up sounds in the study's order, not in that of the session."""
    places = {stored_name(one): place for place, one in enumerate(study.sounds)}
    return dict(sorted(given.items(), key=lambda one: places.get(one[0], -1)))


def _fits(ask: Ask, value: Any) -> bool:
    if value is None or (value == "" and not ask.required):
        return True
    choices = {str(index) for index in range(len(ask.options))}
    if ask.type in ("choice", "likert"):
        return isinstance(value, str) and value in choices
    if ask.type == "choices":
        return isinstance(value, list) and all(isinstance(v, str) and v in choices for v in value)
    if ask.type in ("number", "slider"):
        low = -1e12 if ask.minimum is None else ask.minimum
        high = 1e12 if ask.maximum is None else ask.maximum
        return _between(value, low, high) and _on_step(ask, value)
    return isinstance(value, str) and len(value) <= LONGEST_COMMENT


def _on_step(ask: Ask, value: float) -> bool:
    """Whether a value is of the steps from the minimum (or 0) on; a slider may stand at its end."""
    if ask.step is None or (ask.type == "slider" and value == ask.maximum):
        return True
    steps = (value - (ask.minimum or 0.0)) / ask.step
    return abs(steps - round(steps)) < 1e-6


def _between(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _try_headphones(
    wire: Wire, study: Study, listening: Room, given: Mapping[str, Any], left: Any
) -> None:
    entry = entry_at(listening)
    step = said_of(study, entry)
    shown = attempts(wire, listening, step)
    if given.get("skip") is True and not step.required:
        save_answer(wire, listening, entry.id, "skip", value=True)
        return
    trials = trials_of(study, step.method, listening)
    wrong = [
        {"question": name, "why": "unanswered" if name not in given else "invalid"}
        for name in trials
        if given.get(name) not in (1, 2, 3)
    ]
    if isinstance(left, int) and left > shown["attempts_left"]:
        return  # sent again because what we answered was lost: one attempt, not two
    if wrong or shown["attempts_left"] == 0:
        raise IncompleteError(wrong or [{"question": None, "why": "no_attempts_left"}])
    correct = sum(str(given[name]) == one.answer for name, one in trials.items())
    need = step.pass_at or -(-len(trials) * 5 // 6)
    number = step.attempts - shown["attempts_left"] + 1
    result = {
        "answers": _in_order(
            study, {stored_name(one): given[name] for name, one in trials.items()}
        ),
        "correct": correct,
        "of": len(trials),
        "passed": correct >= need,
    }
    save_answer(wire, listening, entry.id, f"attempt-{number}", result)
