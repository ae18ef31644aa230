"""Sessions: what a listener will meet is drawn once, at the beginning, and never changes."""

import random
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..kinds import Unit, kind_of
from ..stimuli.blind_copies import copy_for
from ..storage.tables import Listening, PageRow, Presentation, RatingRow, StudyVersion, now
from ..study.orders import generator, least_used, ordered, turn, with_repeats
from ..study.study import Study
from .plan import PageStep, ThanksStep, entry_at, page_of, plan_of, stored

_TOKEN = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Visitor:
    """Who begins a session: by which sort of link, in which language, with which browser."""

    mark: str
    language: str
    agent: str = ""


def begin(session: Session, study: Study, visitor: Visitor) -> Listening:
    """A new session of ``study``; the caller's transaction holds the lock, so draws cannot race."""
    version = session.get(StudyVersion, study.sha256)
    if version is None:
        version = StudyVersion(
            sha256=study.sha256,
            study=study.id,
            snapshot=study.as_json(),
            created_at=now(),
            frozen_at=None,
        )
        session.add(version)
        session.flush()
    last = session.scalar(
        select(func.max(Listening.number)).where(
            Listening.study_version == study.sha256, Listening.mark == visitor.mark
        )
    )
    number = 0 if last is None else last + 1
    seed = f"{study.seed}/{visitor.mark}/{number}"
    draw = generator(study.seed, visitor.mark, number)
    listening = Listening(
        token=secrets.token_urlsafe(16),
        id=f"{visitor.mark.upper() + '-' if visitor.mark else ''}{secrets.token_hex(5)}",
        study_version=study.sha256,
        mark=visitor.mark,
        number=number,
        seed=seed,
        language=visitor.language,
        plan=[],
        place=0,
        state="open",
        next_seq=0,
        completion_code=secrets.token_hex(4).upper(),
        agent=visitor.agent[:400],
        created_at=now(),
        updated_at=now(),
        completed_at=None,
    )
    session.add(listening)
    drawn = draw_pages(study, _uses(session, study, visitor.mark), number, draw)
    listening.plan = stored(plan_of(study, [page.part for page in drawn]))
    listening.pages = [_page(study, page, draw) for page in drawn]
    session.flush()
    arrive(listening)
    return listening


def find(session: Session, token: str, study: Study) -> Listening | None:
    """The session of this token, if it belongs to this study as it is now."""
    listening = session.get(Listening, token) if _TOKEN.fullmatch(token) else None
    if listening is None or listening.study_version != study.sha256:
        return None
    return listening


def arrive(listening: Listening) -> None:
    """Note that the listener came to the step at ``place``."""
    step = entry_at(listening)
    listening.updated_at = now()
    if isinstance(step, PageStep):
        page = page_of(listening, step)
        page.first_at = page.first_at or now()
    elif isinstance(step, ThanksStep) and listening.state in ("open", "paused"):
        listening.state = "complete"
        listening.completed_at = now()


@dataclass(frozen=True)
class Drawn:
    """One page as drawn: its unit, its part, whether it comes again, its systems in order."""

    number: int
    part: str
    repeat: int
    unit: Unit
    systems: tuple[str, ...]


def draw_pages(
    study: Study, uses: Mapping[str, int], number: int, draw: random.Random
) -> list[Drawn]:
    """The pages of listener ``number`` (from 0), given how often each unit was used."""
    kind, design = kind_of(study), study.file.design
    units = list(kind.units(study))
    by_key = {unit.key: unit for unit in units}
    count = len(units) if design.pages_per_listener == "all" else design.pages_per_listener
    if design.pool == "least_used":
        keys = least_used(list(by_key), uses, count, draw)
    elif design.pool == "random":
        chosen = set(draw.sample(list(by_key), min(count, len(by_key))))
        keys = [key for key in by_key if key in chosen]
    else:
        keys = list(by_key)[:count]
    how = design.order or kind.default_order
    keys = ordered(keys, _page_order(how, whole=len(keys) == len(units)), number, draw)

    def row(key: str) -> int:
        """By how often the unit was used, so that its orders are balanced whoever gets it."""
        return turn(how, len(by_key[key].systems), uses.get(key, 0), study.seed, key)

    wanted = [
        *(
            (unit, "training", 0, draw.randrange(1000))
            for unit in _practice(study, units, keys, draw)
        ),
        *(
            (by_key[key], "main", repeat, row(key) + repeat)
            for key, repeat in with_repeats(keys, design.repeats, draw)
        ),
    ]
    return [
        Drawn(place + 1, part, repeat, unit, tuple(ordered(unit.systems, how, turned, draw)))
        for place, (unit, part, repeat, turned) in enumerate(wanted)
    ]


def _page_order(how: str, *, whole: bool) -> str:
    """How pages are ordered where stimuli are ordered ``how``; squares need all units each time."""
    if how == "fixed" or (how == "williams" and whole):
        return how
    return "random"


def _practice(
    study: Study, units: Sequence[Unit], keys: Sequence[str], draw: random.Random
) -> list[Unit]:
    """Units for training: of passages that the listener will not rate, as far as there are any."""
    count = sum(step.pages for step in study.file.before if step.type == "training")
    heard = {unit.passage for unit in units if unit.key in set(keys)}
    shuffled = draw.sample(list(units), len(units))
    shuffled.sort(key=lambda unit: unit.passage in heard)
    return shuffled[:count]


def _uses(session: Session, study: Study, mark: str) -> dict[str, int]:
    found = session.execute(
        select(PageRow.unit, func.count())
        .join(Listening, PageRow.session_token == Listening.token)
        .where(
            Listening.study_version == study.sha256,
            Listening.mark == mark,
            Listening.state != "withdrawn",
            PageRow.part == "main",
            PageRow.repeat == 0,
        )
        .group_by(PageRow.unit)
    )
    return {row[0]: row[1] for row in found}


def _page(study: Study, drawn: Drawn, draw: random.Random) -> PageRow:
    kind, unit = kind_of(study), drawn.unit
    slots = kind.slots(study, unit, drawn.systems, draw)
    questions = kind.questions(study, unit, "en")
    part = "practice" if drawn.part == "training" else "repeat" if drawn.repeat else ""
    starts = iter(kind.starts(questions, sum(one.shown == "stimulus" for one in slots), draw))
    page = PageRow(
        number=drawn.number,
        part=drawn.part,
        kind=kind.name,
        passage=unit.passage,
        unit=unit.key,
        repeat=drawn.repeat,
        revision=0,
        comment="",
        first_at=None,
        done_at=None,
    )
    for position, slot in enumerate(slots):
        rated = slot.shown == "stimulus"
        copy = copy_for(study, slot, unit, part)
        presentation = Presentation(
            token=secrets.token_urlsafe(12),
            position=position,
            label=slot.label,
            system=slot.system,
            shown=slot.shown,
            audio=study.stimulus(unit.passage, slot.system, copy).token,
            start=next(starts) if rated else {},
            comment="",
            plays=0,
        )
        page.presentations.append(presentation)
        if rated:
            page.ratings += [
                _unrated(presentation.token, one.id) for one in questions if one.per == "stimulus"
            ]
    page.ratings += [_unrated("", one.id) for one in questions if one.per == "page"]
    return page


def _unrated(presentation: str, question: str) -> RatingRow:
    return RatingRow(
        presentation=presentation,
        question=question,
        value=None,
        changes=0,
        client="",
        seq=-1,
        at_ms=None,
        at=None,
    )
