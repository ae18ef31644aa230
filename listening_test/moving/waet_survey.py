"""Reads the surveys of a WAET configuration as questionnaires."""

from typing import Any

from .contract import MovingNotes
from .html_text import markdown
from .names import question_id
from .xml_lines import XmlElement

_TYPES = {
    "surveyquestion": "text",
    "surveyradio": "choice",
    "surveycheckbox": "choices",
    "surveystatement": "statement",
    "surveynumber": "number",
    "surveyslider": "slider",
}
# <surveyentry type="..."> says what elements of one's own say by their name.
_ENTRIES = {
    "question": "surveyquestion",
    "radio": "surveyradio",
    "checkbox": "surveycheckbox",
    "statement": "surveystatement",
    "number": "surveynumber",
    "slider": "surveyslider",
    "video": "surveyvideo",
    "youtube": "surveyyoutube",
}


def survey_steps(survey: XmlElement, notes: MovingNotes) -> list[Any]:
    """A survey as steps of a study file: one questionnaire, or nothing."""
    asked = [found for one in survey.inside if (found := _ask(one, notes)) is not None]
    return [{"questionnaire": asked}] if asked else []


def _ask(one: XmlElement, notes: MovingNotes) -> dict[str, Any] | None:
    name = one.name
    if name == "surveyentry":
        name = _ENTRIES.get(one.get("type"), "surveyentry")
    if name not in _TYPES:
        what = {"surveyvideo": "a video", "surveyyoutube": "a video"}.get(name, f"<{name}>")
        notes.lost(one.line, f"{what} has no place in a questionnaire")
        return None
    words, lost = markdown(one.words("statement"))
    for tag in lost:
        notes.lost(one.line, f"<{tag}> in a question is not shown")
    found: dict[str, Any] = {"id": question_id(one.get("id") or words), "type": _TYPES[name]}
    found["label"] = words or found["id"]
    options = [" ".join(each.text.split()) or each.get("name") for each in one.all("option")]
    if options:
        found["options"] = options
    if one.get("mandatory") == "true" and name != "surveystatement":
        found["required"] = True
    if name in ("surveynumber", "surveyslider"):
        for theirs, ours in (("min", "minimum"), ("max", "maximum")):
            said = _number(one.get(theirs))
            if said is None and name == "surveyslider":
                said = 0 if theirs == "min" else 100
            if said is not None:
                found[ours] = said
        ends = one.words("minText"), one.words("maxText")
        if any(ends):
            low, high = (found.get(end) for end in ("minimum", "maximum"))
            found["label"] += f" ({low}: {ends[0]}, {high}: {ends[1]})"
    for jump in one.all("conditional"):
        target = jump.get("jumpToOnPass") or jump.get("jumpToOnFail")
        notes.lost(jump.line, f"conditional: no jump to {target!r}; all questions are asked")
    if name == "surveycheckbox" and (one.get("min") or one.get("max")):
        notes.lost(
            one.line,
            f"checkbox: between {one.get('min') or 0} and {one.get('max') or 'all'} boxes: there "
            "is no limit",
        )
    if one.get("randomise") == "true":
        notes.lost(one.line, "randomise: options keep their order")
    if one.get("minWait"):
        notes.lost(one.line, "minWait: nobody has to wait")
    return found


def _number(said: str) -> int | float | None:
    try:
        value = float(said)
    except ValueError:
        return None
    return int(value) if value.is_integer() else value
