"""Draws what a listener will meet: which pages, in which order, with which versions where.

A study of one kind is one draw of pages. A sequence is drawn block by block as it stands in the
file; each block's orders go round by themselves, so that none is tied to another's.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..kinds import Unit, kind_of, part_of, units_of
from ..study.orders import free_turn, least_used, ordered, turn, with_repeats
from ..study.sequence import Block, walk
from ..study.study import Study
from .balance import Uses


@dataclass(frozen=True)
class DrawnPage:
    """One page as drawn: its unit, its part, whether it comes again, its systems in order.

    ``turn`` is the row of the unit's square that this order is, -1 in practice.
    """

    number: int
    part: str
    repeat: int
    unit: Unit
    systems: tuple[str, ...]
    turn: int = -1


@dataclass(frozen=True)
class Between:
    """A step between pages, by its place among the steps of the sequence; None is a break."""

    index: int | None


def draw_session(
    study: Study, known: Uses, number: int, draw: random.Random
) -> list[DrawnPage | Between]:
    """The pages of listener ``number`` (from 0) and the steps between them.

    ``known`` says how often each unit was used.
    """
    if not study.file.sequence:
        return list(_pages(study, known, number, draw))
    drawn = list[DrawnPage | Between]()
    places = {id(one): index for index, one in enumerate(walk(study.file.sequence))}
    steps = [one for one in walk(study.file.sequence) if one.step is not None]
    indices = {places[id(one)]: index for index, one in enumerate(steps)}

    def meet(blocks: Sequence[Block]) -> None:
        for one in blocks:
            if one.pages is not None:
                pages = _pages(part_of(study, one.pages), known, number, draw, one)
                drawn.extend(_with_breaks(pages, one.design.break_after))
            elif one.step is not None:
                drawn.append(Between(indices[places[id(one)]]))
            else:
                meet(_in_order(study, one, places[id(one)], number, draw))

    meet(study.file.sequence)
    numbers = iter(range(1, len(drawn) + 1))
    return [
        replace(one, number=next(numbers)) if isinstance(one, DrawnPage) else one for one in drawn
    ]


def draw_pages(study: Study, known: Uses, number: int, draw: random.Random) -> list[DrawnPage]:
    """The pages of listener ``number`` (from 0), given how often each unit was used."""
    return [one for one in draw_session(study, known, number, draw) if isinstance(one, DrawnPage)]


def _with_breaks(pages: Sequence[DrawnPage], every: int | None) -> list[DrawnPage | Between]:
    """A block's pages with a break after so many of them, none at its end."""
    found = list[DrawnPage | Between]()
    for count, page in enumerate(pages, 1):
        found.append(page)
        if every and count % every == 0 and count < len(pages):
            found.append(Between(None))
    return found


def _in_order(
    study: Study, block: Block, place: int, number: int, draw: random.Random
) -> list[Block]:
    """The blocks of a block as this listener meets them."""
    how = block.order or "fixed"
    if how in ("williams", "latin"):
        number = turn(how, len(block.sequence), number, study.seed, "blocks", place)
    return ordered(block.sequence, how, number, draw)


def _pages(
    study: Study, known: Uses, number: int, draw: random.Random, block: Block | None = None
) -> list[DrawnPage]:
    """The pages of a study of one kind, or of a block."""
    kind, design = kind_of(study), study.file.design
    units = list(units_of(study))
    by_key = {unit.key: unit for unit in units}
    count = len(units) if design.pages_per_listener == "all" else design.pages_per_listener
    if design.pool == "least_used":
        keys = least_used(list(by_key), known.units, count, draw)
    elif design.pool == "random":
        chosen = set(draw.sample(list(by_key), min(count, len(by_key))))
        keys = [key for key in by_key if key in chosen]
    else:
        keys = list(by_key)[:count]
    how = design.order or kind.default_order
    whole = len(keys) == len(units)
    if block is None:
        keys = ordered(keys, _page_order(how, whole=whole), number, draw)
    else:
        keys = _block_order(
            study, keys, _page_order(how, whole=whole), (block, whole), number, draw
        )

    def row(key: str) -> int:
        """By how often the unit was used, so that its orders are balanced whoever gets it."""
        return free_turn(how, len(by_key[key].systems), known.turns.get(key, {}), study.seed, key)

    if block is not None and block.training:
        wanted = [(by_key[key], "training", 0, draw.randrange(1000)) for key in keys]
    else:
        wanted = [
            *(
                (unit, "training", 0, draw.randrange(1000))
                for unit in _practice(study, units, keys, draw, alone=block is None)
            ),
            *(
                (by_key[key], "main", repeat, row(key) + repeat)
                for key, repeat in with_repeats(keys, design.repeats, draw)
            ),
        ]
    return [
        DrawnPage(
            *(place + 1, part, repeat, unit, tuple(ordered(unit.systems, how, turned, draw))),
            turn=turned if part == "main" and not repeat else -1,
        )
        for place, (unit, part, repeat, turned) in enumerate(wanted)
    ]


def _page_order(how: str, *, whole: bool) -> str:
    """How pages are ordered where stimuli are ordered ``how``; squares need all units each time."""
    if how == "fixed" or (how == "williams" and whole):
        return how
    return "random"


def _block_order(
    study: Study,
    keys: Sequence[str],
    usual: str,
    block: tuple[Block, bool],
    number: int,
    draw: random.Random,
) -> list[str]:
    """The pages of a block as its ``order`` says, else as ``usual``.

    Rows of squares come in an order of the block's own, so that the order of one block's pages
    tells nothing of another's.
    """
    one, whole = block
    how = one.order or usual
    if how in ("williams", "latin"):
        if not whole:
            how = "random"
        else:
            number = turn(how, len(keys), number, study.seed, "pages", study.block)
    return ordered(keys, how, number, draw)


def _practice(
    study: Study, units: Sequence[Unit], keys: Sequence[str], draw: random.Random, *, alone: bool
) -> list[Unit]:
    """Units for training: of passages that the listener will not rate, as far as there are any.

    In a sequence, training is a block of its own.
    """
    if not alone:
        return []
    count = sum(step.pages for step in study.file.before if step.type == "training")
    heard = {unit.passage for unit in units if unit.key in set(keys)}
    shuffled = draw.sample(list(units), len(units))
    shuffled.sort(key=lambda unit: unit.passage in heard)
    return shuffled[:count]
