"""Reads the questionnaires of webMUSHRA, and says of its Likert pages that no kind has them."""

import re
from collections.abc import Mapping
from typing import Any

from ...models.configuration import Key, YamlLines
from .contract import MovingNotes
from .html_text import markdown
from .names import question_id


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


def tell_steps(
    page: Mapping[str, Any], here: tuple[Key, ...], lines: YamlLines, notes: MovingNotes
) -> None:
    """Say of a page that is rated in named steps why it cannot be moved in."""
    kind = page["type"]
    for key in ("mustPlayback", "maxStimuli"):
        if key in page:
            why = {
                "mustPlayback": "must_play asks only that each version was started",
                "maxStimuli": "there are pools of pages, not of versions of a page",
            }[key]
            notes.lost(lines.at(*here, key), f"{key}: {why}")
    response = page.get("response")
    first = response[0] if isinstance(response, list) and response else None
    deeper = (0,) if isinstance(first, list) else ()
    for index, one in enumerate(response if isinstance(response, list) else []):
        for key in one if isinstance(one, dict) else ():
            if str(key).startswith("img"):
                where = (*here, "response", index, key)
                notes.lost(lines.at(*where), f"{key}: steps have words, no images")
    stimuli = page.get("stimuli")
    for name in stimuli if isinstance(stimuli, dict) else ():
        if str(name).lower() in ("ref", "reference"):
            notes.say(
                lines.at(*here, "stimuli", name),
                f"stimuli: {name!r} is a version by its name alone, no declared reference",
            )
    notes.fault(
        lines.at(*here, "response", *deeper, 0),
        f"response: a {kind} page is rated in named steps, for which no kind has a scale; a "
        "slider would be another test, so leave the page out",
    )
