"""What a listener is shown at a step: plain data for the browser, without a system's identity."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ..kinds import VIEWS, Answered, ItemState, PageItem, Question, Unit, kind_of, part_of
from ..kinds.pages import Shown
from ..stimuli.addresses import Addresses
from ..storage.rooms import Page, Room, answers, furnish, sounds
from ..storage.wire import Wire
from ..study.file import Ask, Step
from ..study.study import FADE_MS, MINIMUM_LOOP_MS, Sound, Study, in_language
from ..study.texts import NAMES, direction, html_of, text
from .asked import help_html, questions, rules, title, unit_named
from .plan import (
    BreakStep,
    PageStep,
    PlanEntry,
    TextStep,
    ThanksStep,
    entries,
    entry_at,
    page_of,
)


def state(wire: Wire, addresses: Addresses, listening: Room) -> dict[str, Any]:
    """Everything the listener's page needs to show where the session stands."""
    study = addresses.study
    file = study.file
    return {
        "study": {
            "title": in_language(file.title, listening.language, file.languages),
            "languages": [{"code": code, "name": NAMES[code]} for code in file.languages],
            "contact": file.contact,
            "marked": banner(study, listening.mark),
        },
        "language": listening.language,
        "direction": direction(listening.language),
        "progress": progress(listening),
        "next_seq": listening.next_seq,
        "level": level(wire, listening),
        "session": {"state": listening.state, "link": f"/l/{listening.token}/"},
        "step": step(wire, addresses, listening),
        "preload": preload(wire, addresses, listening),
    }


def banner(study: Study, session_type: str) -> str:
    """The words of the band over a session that does not count, or whose music was made."""
    if session_type == "simulated" or (study.simulated and not session_type):
        return "SIMULATED"
    return session_type


def progress(listening: Room) -> dict[str, int]:
    """How many of the pages that count are done or open, and how many there are."""
    main = [page.number for page in listening.pages if page.part == "main"]
    passed = entries(listening, stop=listening.place + 1)
    seen = {one.page for one in passed if isinstance(one, PageStep)}
    return {"page": sum(number in seen for number in main), "pages": len(main)}


def level(wire: Wire, listening: Room) -> float | None:
    """The level (0 to 1) that was set at the volume step, on whichever device; None before it."""
    for entry in entries(listening, stop=listening.place):
        if entry.type == "volume":
            found = answers(wire, listening, entry.id).get("level")
            return None if found is None else float(found)
    return None


def step(wire: Wire, addresses: Addresses, listening: Room) -> dict[str, Any]:
    """The step at which the session stands."""
    study, language = addresses.study, listening.language
    if listening.state == "withdrawn":
        return {
            "id": "withdrawn",
            "type": "withdrawn",
            "back": False,
            "title": "",
            "html": html_of(text(language, "step.withdrawn")),
        }
    entry = entry_at(listening)
    shown: dict[str, Any] = {"id": entry.id, "type": entry.type}
    shown["back"] = can_go_back(study, listening)
    if isinstance(entry, PageStep):
        here = page_of(listening, entry)
        furnish(wire, [here])
        return shown | page(addresses, listening, here)
    said = said_of(study, entry)
    words = _html(study, language, said, entry.type, progress(listening))
    shown |= {"title": "", "html": words}
    if entry.type == "consent":
        shown["version"] = said.version
    elif entry.type == "volume":
        shown |= _volume(addresses, listening)
    elif entry.type == "headphone":
        shown |= headphone(wire, addresses, listening, said)
    elif entry.type == "questionnaire":
        shown["questions"] = [_ask(study, ask, language) for ask in said.questions]
        shown["answers"] = answers(wire, listening, entry.id)
    elif entry.type == "training":
        shown["pages"] = said.pages
    elif entry.type == "thanks":
        code = said.completion_code or listening.completion_code
        shown |= {"completion_code": code, "redirect": said.redirect or None}
    return shown


def said_of(study: Study, entry: PlanEntry) -> Step:
    """What the study file says of a step."""
    if isinstance(entry, TextStep):
        file = study.file
        steps = {"before": file.before, "after": file.after, "between": file.between}
        return steps[entry.where][entry.index]
    if isinstance(entry, ThanksStep):
        thanks = [one for one in study.file.after if one.type == "thanks"]
        return thanks[0] if thanks else Step(type="thanks")
    return Step(type="text")


def can_go_back(study: Study, listening: Room) -> bool:
    """Whether Back leads somewhere: from page to page of one part, never into the set-up.

    In a sequence it leads from page to page of one block.
    """
    if listening.state != "open" or listening.place == 0:
        return False
    here, before = entry_at(listening), entry_at(listening, listening.place - 1)
    if isinstance(before, BreakStep) and listening.place > 1:
        before = entry_at(listening, listening.place - 2)
    if not isinstance(before, PageStep) or not isinstance(here, PageStep | BreakStep):
        return False
    last = page_of(listening, before)
    if not part_of(study, unit_of(last).block).test.back:
        return False
    if isinstance(here, BreakStep):
        return True
    page = page_of(listening, here)
    return (page.part, unit_of(page).block) == (last.part, unit_of(last).block)


def page(addresses: Addresses, listening: Room, row: Page) -> dict[str, Any]:
    """A page as the browser gets it; every value that could name a system stays here."""
    study, language = addresses.study, listening.language
    unit = unit_named(study, row.unit)
    part = part_of(study, unit.block)
    test, asked = part.test, questions(study, unit, language)
    ratings: dict[str, dict[str, float | None]] = {}
    for one in row.ratings:
        ratings.setdefault(one.presentation, {})[one.question] = one.value
    tokens = {place.label: place.token for place in row.presentations}
    return {
        "number": row.number,
        "practice": row.part == "training",
        "kind": row.kind,
        "view": script_of(part),
        "title": title(part, language),
        "html": help_html(part, language),
        "questions": [_question(ask, tokens) for ask in asked],
        "stimuli": [
            {
                "id": place.token,
                "label": place.label,
                "url": addresses.of(place.audio, place.token),
                "role": place.shown,
                "start": place.start,
                "rating": ratings.get(place.token, {}),
                "comment": place.comment,
                "played": place.plays > 0,
            }
            for place in row.presentations
        ],
        "ratings": ratings.get("", {}),
        "comments": test.comments,
        "comment": row.comment,
        "audio": {
            **_file_facts(study),
            "samples": study.passage(row.passage).samples,
            "fade_ms": FADE_MS,
            "crossfade": test.crossfade,
            "loop": test.loop,
            "minimum_loop_ms": MINIMUM_LOOP_MS,
        },
        "rules": dict(rules(part).__dict__),
        "revision": row.revision,
    }


def script_of(study: Study) -> str:
    """Where the script that draws a page of the study's or block's kind is served."""
    name = kind_of(study).view
    if name in VIEWS:
        return f"/static/kinds/{name}.js"
    return next(f"/kinds/{one.place}" for one in study.plugins if one.name == name)


def answered(row: Page) -> Answered:
    """A stored page as its kind judges it."""
    ratings: dict[str, dict[str, float | None]] = {}
    for one in row.ratings:
        ratings.setdefault(one.presentation, {})[one.question] = one.value
    return Answered(
        unit_of(row),
        tuple(
            ItemState(
                one.token,
                PageItem(
                    one.label, one.system, "reference" if one.shown == "reference" else "stimulus"
                ),
                one.position,
                ratings.get(one.token, {}),
                one.plays > 0,
                one.comment,
            )
            for one in row.presentations
        ),
        ratings.get("", {}),
        row.comment,
    )


def _shown(said: str) -> Shown:
    return "reference" if said == "reference" else "stimulus"


def unit_of(row: Page) -> Unit:
    """The unit that a stored page is about."""
    return Unit.parse(row.unit)


def preload(wire: Wire, addresses: Addresses, listening: Room) -> list[str]:
    """The audio of the next page, if there is one."""
    for entry in entries(listening, listening.place + 1):
        if isinstance(entry, PageStep):
            heard = sounds(wire, page_of(listening, entry))
            return [addresses.of(audio, token) for token, audio in heard]
    return []


def headphone(wire: Wire, addresses: Addresses, listening: Room, said: Step) -> dict[str, Any]:
    """The headphone test as it stands; which interval is right is not told."""
    study = addresses.study
    trials = trials_of(study, said.method, listening)
    return {
        "method": said.method,
        "audio": _file_facts(study),
        "trials": [
            {"id": name, "url": _sound_url(addresses, one, listening), "intervals": 3}
            for name, one in trials.items()
        ],
        **attempts(wire, listening, said),
    }


def attempts(wire: Wire, listening: Room, said: Step) -> dict[str, Any]:
    """What came of the headphone test so far."""
    tries = answers(wire, listening, entry_at(listening).id)
    done = [tries[name] for name in sorted(tries) if name.startswith("attempt-")]
    last = done[-1] if done else None
    return {
        "attempts_left": max(said.attempts - len(done), 0),
        "last": last and {key: last[key] for key in ("passed", "correct", "of")},
        "required": said.required,
        "skipped": bool(tries.get("skip")),
    }


def trials_of(study: Study, use: str, listening: Room) -> dict[str, Sound]:
    """The set-up files for a use by their names in this session, in its own order.

    Names and order are another in each session: listeners who compare them learn no answer.
    """
    named = {
        hmac.digest(one.token.encode(), listening.token.encode(), sha256).hex()[:12]: one
        for one in study.sounds
        if one.use == use
    }
    return dict(sorted(named.items()))


def stored_name(sound: Sound) -> str:
    """What a set-up file is called in what is stored and exported, in every session."""
    return sound.token[:12]


def _volume(addresses: Addresses, listening: Room) -> dict[str, Any]:
    study = addresses.study
    (music,) = trials_of(study, "volume", listening).values()
    return {
        "audio": {
            "url": _sound_url(addresses, music, listening),
            **_file_facts(study),
            "samples": music.samples,
        },
        "sides": [
            {"id": name, "url": _sound_url(addresses, one, listening)}
            for name, one in trials_of(study, "side", listening).items()
        ],
    }


def _file_facts(study: Study) -> dict[str, int]:
    return {"sample_rate": study.sample_rate, "lead": study.lead}


def _sound_url(addresses: Addresses, sound: Sound, listening: Room) -> str:
    return addresses.of(sound.token, f"{listening.token} {sound.token}")


def _html(study: Study, language: str, said: Step, kind: str, done: Mapping[str, int]) -> str:
    own = in_language(said.text, language, study.file.languages)
    key = f"step.headphone.{said.method}" if kind == "headphone" else f"step.{kind}"
    return html_of(own or text(language, key, missing="", **done))


def _question(question: Question, tokens: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": question.id,
        "name": question.name,
        "per": question.per,
        "input": question.input,
        "left": question.left,
        "right": question.right,
        "scale": {
            "minimum": question.minimum,
            "maximum": question.maximum,
            "step": question.step,
            "labels": [dict(one) for one in question.labels],
        },
        "options": [
            {"value": value, "label": words, "stimulus": tokens.get(label) if label else None}
            for value, words, label in question.options
        ],
    }


def _ask(study: Study, ask: Ask, language: str) -> dict[str, Any]:
    languages = study.file.languages
    return {
        "id": ask.id,
        "type": ask.type,
        "label": in_language(ask.label, language, languages),
        "options": [
            {"value": str(index), "label": in_language(words, language, languages)}
            for index, words in enumerate(ask.options)
        ],
        "required": ask.required,
        "minimum": ask.minimum,
        "maximum": ask.maximum,
        "step": ask.step,
    }
