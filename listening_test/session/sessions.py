"""Sessions: what a listener will meet is drawn once, at the beginning, and never changes."""

import random
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, select

from ..kinds import kind_of, part_of
from ..stimuli.blind_copies import copy_for
from ..storage.rooms import (
    SESSION,
    Item,
    Page,
    Rating,
    Room,
    add,
    count,
    enter,
    room,
    save,
    save_pages,
    table,
)
from ..storage.tables import StudyVersion, now
from ..storage.wire import Statement, Wire, written
from ..study.orders import generator
from ..study.study import Study
from .asked import questions
from .balance import taken, uses
from .draws import DrawnPage, draw_session
from .plan import PageStep, ThanksStep, entry_at, page_of, plan_of, stored

_VERSION = table(StudyVersion)
_KNOWN = Statement(select(_VERSION.c.sha256).where(_VERSION.c.sha256 == bindparam("sha256")))
_NOTE = Statement(insert(_VERSION).values({one.key: bindparam(one.key) for one in _VERSION.c}))
_LAST = Statement(
    select(func.max(SESSION.c.number)).where(
        SESSION.c.study_version == bindparam("study_version"), SESSION.c.mark == bindparam("mark")
    )
)
_TOKEN = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Visitor:
    """Who begins a session: by which sort of link, in which language, with which browser."""

    session_type: str
    language: str
    agent: str = ""


def begin(wire: Wire, study: Study, visitor: Visitor) -> Room:
    """A new session of ``study``; the caller's transaction holds the lock, so draws cannot race."""
    at = now()
    _note_version(wire, study, at)
    last = wire.one(_LAST, study_version=study.sha256, mark=visitor.session_type)
    number = 0 if last is None else last + 1
    draw = generator(study.seed, visitor.session_type, number)
    met = draw_session(study, uses(wire, study, visitor.session_type, at), number, draw)
    drawn = [one for one in met if isinstance(one, DrawnPage)]
    found = Room(
        token=secrets.token_urlsafe(16),
        id=_id(visitor.session_type),
        study_version=study.sha256,
        mark=visitor.session_type,
        number=number,
        seed=f"{study.seed}/{visitor.session_type}/{number}",
        language=visitor.language,
        plan=stored(
            plan_of(study, [one.part if isinstance(one, DrawnPage) else one for one in met])
        ),
        place=0,
        state="open",
        next_seq=0,
        completion_code=secrets.token_hex(4).upper(),
        agent=visitor.agent[:400],
        created_at=at,
        updated_at=at,
        completed_at=None,
        holds=1,
        main_pages=sum(page.part == "main" for page in drawn),
        done_pages=0,
        erased_at=None,
    )
    found.pages = [_page(study, page, found.token, draw) for page in drawn]
    add(wire, found)
    count(wire, found, taken(found), held=1)
    arrive(wire, found)
    return found


def _note_version(wire: Wire, study: Study, at: str) -> None:
    if wire.one(_KNOWN, sha256=study.sha256) is None:
        values = {"sha256": study.sha256, "study": study.id, "created_at": at, "frozen_at": None}
        wire.run(_NOTE, [values | {"snapshot": written(study.as_json())}])


def _id(session_type: str) -> str:
    """A session's id, which tells of what type it is where it does not count."""
    return f"{session_type.upper() + '-' if session_type else ''}{secrets.token_hex(5)}"


def find(wire: Wire, token: str, study: Study, *, pages: bool = True) -> Room | None:
    """The session of this token, if it belongs to this study as it is now."""
    found = room(wire, token) if _TOKEN.fullmatch(token) else None
    if found is None or found.study_version != study.sha256:
        return None
    if pages:
        enter(wire, found)
    return found


def arrive(wire: Wire, found: Room) -> None:
    """Note that the listener came to the step at ``place``."""
    step = entry_at(found)
    found.updated_at = at = found.now()
    if isinstance(step, PageStep):
        page = page_of(found, step)
        if page.first_at is None:
            page.first_at = at
            save_pages(wire, [page])
    elif isinstance(step, ThanksStep) and found.state in ("open", "paused"):
        found.state = "complete"
        found.completed_at = at
    save(wire, found)


def _page(study: Study, drawn: DrawnPage, session_token: str, draw: random.Random) -> Page:
    unit = drawn.unit
    part_study = part_of(study, unit.block)
    kind = kind_of(part_study)
    slots = kind.slots(part_study, unit, drawn.systems, draw)
    asked = questions(study, unit, "en")
    # Pages of a block of training have files of their own already.
    practice = drawn.part == "training" and not unit.block
    part = "practice" if practice else "repeat" if drawn.repeat else ""
    starts = iter(kind.starts(asked, sum(one.shown == "stimulus" for one in slots), draw))
    page = Page(
        id=0,
        session_token=session_token,
        number=drawn.number,
        part=drawn.part,
        kind=kind.name,
        passage=unit.passage,
        unit=unit.key,
        repeat=drawn.repeat,
        turn=drawn.turn,
        revision=0,
        comment="",
        first_at=None,
        done_at=None,
    )
    for position, slot in enumerate(slots):
        rated = slot.shown == "stimulus"
        copy = copy_for(part_study, slot, unit, part)
        one = Item(
            token=secrets.token_urlsafe(12),
            page_id=0,
            position=position,
            label=slot.label,
            system=slot.system,
            shown=slot.shown,
            audio=part_study.stimulus(unit.passage, slot.system, copy).token,
            start=next(starts) if rated else {},
            comment="",
            plays=0,
        )
        page.presentations.append(one)
        if rated:
            page.ratings += [_unrated(one.token, ask.id) for ask in asked if ask.per == "stimulus"]
    page.ratings += [_unrated("", one.id) for one in asked if one.per == "page"]
    return page


def _unrated(presentation: str, question: str) -> Rating:
    return Rating(
        id=0,
        page_id=0,
        presentation=presentation,
        question=question,
        value=None,
        changes=0,
        client="",
        seq=-1,
        at_ms=None,
        at=None,
    )
