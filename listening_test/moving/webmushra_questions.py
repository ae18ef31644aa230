"""Reads what webMUSHRA asks in words: its questionnaires, and pages rated in named steps."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ...models.configuration import Key, YamlLines
from .contract import MovingNotes
from .html_text import markdown
from .names import question_id

MOST_STEPS = 11
_LOST = {
    "mustPlayback": "must_play asks only that each version was started",
    "maxStimuli": "there are pools of pages, not of versions of a page",
}


def question(
    one: Mapping[str, Any], at: tuple[Key, ...], lines: YamlLines, notes: MovingNotes
) -> dict[str, Any] | None:
    """An entry of a questionnaire, which stands under ``at``, as the study file asks it."""
    line, kind = lines.at(*at), one.get("type")
    types = {"text": "text", "long_text": "long_text", "number": "number", "likert": "choice"}
    if kind not in types:
        notes.lost(line, f"a question of type {kind!r} has no counterpart")
        return None
    words, name = str(one.get("label") or one.get("name") or ""), str(one.get("name") or "")
    found: dict[str, Any] = {"id": question_id(name or words), "type": types[str(kind)]}
    found["label"] = markdown(words)[0] or found["id"]
    if kind == "likert":
        answers = [a for a in one.get("response") or [] if isinstance(a, dict)]
        found["options"] = [str(a.get("label") or a.get("value")) for a in answers]
    if not one.get("optional"):
        found["required"] = True
    for theirs, ours in (("min", "minimum"), ("max", "maximum")):
        if isinstance(one.get(theirs), int | float):
            found[ours] = one[theirs]
    if "default" in one:
        notes.lost(lines.at(*at, "default"), "default: no answer is filled in beforehand")
    if re.search(r"e-?mail|phone|name\b", f"{words} {name}", re.IGNORECASE) and kind == "text":
        notes.say(
            lines.at(*at, "name"),
            f"{found['id']!r} may identify people: say in the consent what becomes of it",
        )
    return found


def likert_test(
    page: Mapping[str, Any], here: tuple[Key, ...], lines: YamlLines, notes: MovingNotes
) -> dict[str, Any] | None:
    """What a page asks that is rated in named steps; None where that cannot be asked."""
    for key, why in _LOST.items():
        if key in page:
            notes.lost(lines.at(*here, key), f"{key}: {why}")
    said = page.get("response")
    several = isinstance(said, list) and bool(said) and isinstance(said[0], list)
    lists: list[Any] = list(said) if several and isinstance(said, list) else [said]
    axes = []
    for number, one in enumerate(lists):
        at = (*here, "response", *((number,) if several else ()))
        steps = _steps(one, at, lines, notes)
        if steps is None:
            return None
        axes.append({"name": f"rating{number + 1}" if several else "rating", "steps": steps})
    test: dict[str, Any] = {"axes": axes}
    test["rules"] = {
        "must_rate": bool(page.get("mustRate")),
        "must_play": bool(page.get("mustPlayback")),
    }
    if page["type"] == "likert_single_stimulus":
        test["one_at_a_time"] = True
    return test


def _steps(
    said: Any, at: tuple[Key, ...], lines: YamlLines, notes: MovingNotes
) -> list[str] | None:
    """The words of a list of answers, lowest first."""
    answers = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    if not 2 <= len(answers) <= MOST_STEPS:
        notes.fault(lines.at(*at), f"response: {len(answers)} answers; steps are 2 to {MOST_STEPS}")
        return None
    for index, one in enumerate(answers):
        for key in one:
            if str(key).startswith("img"):
                notes.lost(lines.at(*at, index, str(key)), f"{key}: steps have words, no images")
    words = [str(one.get("label") or one.get("value")) for one in answers]
    said_values = [one.get("value") for one in answers]
    line = lines.at(*at, 0)
    values = [one for one in said_values if isinstance(one, int | float)]
    if len(values) == len(said_values) and not any(isinstance(one, bool) for one in values):
        order = sorted(range(len(values)), key=lambda index: values[index])
        if order != list(range(len(values))):
            notes.say(line, "response: the steps stand in the order of their values, lowest first")
        gaps = {values[two] - values[one] for one, two in pairwise(order)}
        if len(gaps) > 1:
            notes.lost(line, "response: the values are not equally far apart; steps here are")
        return [words[index] for index in order]
    notes.say(line, f"response: the steps are taken as written, {words[0]!r} as the lowest")
    return words
