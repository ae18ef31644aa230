"""Sessions: what a listener will meet is drawn once, at the beginning, and never changes."""

import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .database import Listening, PageRow, Presentation, RatingRow, StudyVersion, now
from .designs import generator, least_used, ordered, with_repeats
from .kinds import Kind, Slot, Unit, kind_of
from .study import Study
from .study_file import Step

_BREAK_FROM = 6  # so many pages without a word on breaks get one halfway


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
    pages = list(_pages(session, study, (visitor.mark, number), draw))
    listening.plan = plan_of(study, [page.part for page in pages])
    listening.pages = pages
    session.flush()
    arrive(listening)
    return listening


def find(session: Session, token: str, study: Study) -> Listening | None:
    """The session of this token, if it belongs to this study as it is now."""
    listening = session.get(Listening, token)
    if listening is None or listening.study_version != study.sha256:
        return None
    return listening


def arrive(listening: Listening) -> None:
    """Note that the listener came to the step at ``place``."""
    step = listening.plan[listening.place]
    listening.updated_at = now()
    if step["type"] == "page":
        page = page_of(listening, step)
        page.first_at = page.first_at or now()
    elif step["type"] == "thanks" and listening.state in ("open", "paused"):
        listening.state = "complete"
        listening.completed_at = now()


def page_of(listening: Listening, step: Mapping[str, Any]) -> PageRow:
    """The page that a step of type page shows."""
    number: int = step["page"]
    return listening.pages[number - 1]


def plan_of(study: Study, parts: Sequence[str]) -> list[Any]:
    """The steps of a session whose pages belong to ``parts`` (training or main)."""
    file, steps, number = study.file, [], 0
    practice = sum(part == "training" for part in parts)

    def entry(step: Step, where: str, index: int) -> dict[str, Any]:
        name = "headphone" if step.type == "headphone_check" else step.type
        return {"id": f"{where}-{index + 1}", "type": name, "where": where, "index": index}

    for index, step in enumerate(file.before):
        steps.append(entry(step, "before", index))
        if step.type == "training":
            for _ in range(min(step.pages, practice - number)):
                number += 1
                steps.append({"id": f"page-{number}", "type": "page", "page": number})
    main = len(parts) - practice
    every = file.design.break_after or (-(-main // 2) if main >= _BREAK_FROM else 0)
    for count in range(1, main + 1):
        number += 1
        steps.append({"id": f"page-{number}", "type": "page", "page": number})
        if every and count % every == 0 and count < main:
            steps.append({"id": f"break-{count}", "type": "break"})
    after = [one for one in file.after if one.type != "thanks"]
    steps += [entry(step, "after", file.after.index(step)) for step in after]
    return [*steps, {"id": "thanks", "type": "thanks"}]


def _pages(
    session: Session, study: Study, who: tuple[str, int], draw: random.Random
) -> Iterator[PageRow]:
    (mark, number), kind, design = who, kind_of(study), study.file.design
    units = list(kind.units(study))
    uses = _uses(session, study, mark)
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
    pages_how = how if how == "fixed" or len(keys) == len(units) else "random"
    pages_how = "random" if how == "latin" else pages_how
    keys = ordered(keys, pages_how, number, draw)
    index = {unit.key: place for place, unit in enumerate(units)}
    place = 0
    for unit in _practice(study, units, keys, draw):
        place += 1
        yield _page(study, kind, unit, (place, "training", 0), (draw.randrange(1000), how), draw)
    for key, repeat in with_repeats(keys, design.repeats, draw):
        place += 1
        # By how often this unit was used, so that its orders are balanced whoever gets it.
        row = uses.get(key, 0) + index[key] + repeat
        yield _page(study, kind, by_key[key], (place, "main", repeat), (row, how), draw)


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
    return dict(found.tuples().all())


def _page(
    study: Study,
    kind: Kind,
    unit: Unit,
    spot: tuple[int, str, int],
    order: tuple[int, str],
    draw: random.Random,
) -> PageRow:
    number, part, repeat = spot
    row, how = order
    systems = ordered(list(unit.systems), how, row, draw)
    slots = kind.slots(study, unit, systems, draw)
    questions = kind.questions(study, unit, "en")
    starts = iter(kind.starts(questions, sum(one.shown == "stimulus" for one in slots), draw))
    page = PageRow(
        number=number,
        part=part,
        kind=kind.name,
        passage=unit.passage,
        unit=unit.key,
        repeat=repeat,
        revision=0,
        comment="",
        first_at=None,
        done_at=None,
    )
    for position, slot in enumerate(slots):
        rated = slot.shown == "stimulus"
        presentation = Presentation(
            token=secrets.token_urlsafe(12),
            position=position,
            label=slot.label,
            system=slot.system,
            shown=slot.shown,
            audio=study.stimulus(unit.passage, slot.system, _copy(slot, part, repeat)).token,
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


def _copy(slot: Slot, part: str, repeat: int) -> str:
    use = "practice" if part == "training" else "repeat" if repeat else ""
    if not use:
        return slot.copy
    return use if slot.copy == "main" else f"{slot.copy}-{use}"


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
