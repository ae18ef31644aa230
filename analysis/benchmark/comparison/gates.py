"""Conditions that make a build fail: a limit on how a mean changed, or being told to be worse."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from ....models.errors import UserError
from ...presentation.numbers import fixed
from ..result.standings import SongVerdict
from .compare import ComparedRow, SideComparison, Sought, parse_asked

_LIMIT = re.compile(
    r"\s*(?P<metric>\S.*?)\s*(?P<sign>[<>]=?)\s*(?P<value>[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*"
)


class GateOutcome(IntEnum):
    """What a gate says, as an exit status."""

    PASSED = 0
    FAILED = 1
    UNJUDGED = 2


@dataclass(frozen=True)
class Limit:
    """``METRIC > +0.02``: fails where B's mean less A's lies beyond the value."""

    said: str
    asked: Sought
    sign: str
    value: float


@dataclass(frozen=True)
class Worse:
    """Fails where B is told to be worse than A in this metric."""

    asked: Sought

    @property
    def said(self) -> str:
        """The condition in words."""
        return f"{self.asked.text} worse"


Gate = Limit | Worse


@dataclass(frozen=True)
class Judged:
    """A gate's outcome, and why in words."""

    gate: Gate
    outcome: GateOutcome
    why: str


def parse_limit(text: str) -> Limit:
    """A condition such as ``mrstft_music > +0.02`` or ``lufs_error:raw >= 1``.

    Raises:
        UserError: if it is none.
    """
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise UserError(
            f"condition {text!r}: write METRIC, then one of > >= < <=, then the change of the mean "
            'from A to B that fails, such as "mrstft_music > +0.02"'
        )
    return Limit(text.strip(), parse_asked(found["metric"]), found["sign"], float(found["value"]))


def judge(comparison: SideComparison, gates: Sequence[Gate]) -> list[Judged]:
    """Each gate over every pair of systems; the worst outcome counts.

    A system or song that B lost, a mean that no song has, and a claim for which songs are too few
    are :attr:`GateOutcome.UNJUDGED`: a gate never passes for want of data.
    """
    lacking = _lacking(comparison)
    found = [_judged(gate, _of(comparison, gate.asked)) for gate in gates]
    return [
        Judged(one.gate, GateOutcome.UNJUDGED, f"{lacking}; {one.why}")
        if lacking and one.outcome is GateOutcome.PASSED
        else one
        for one in found
    ]


def _lacking(comparison: SideComparison) -> str:
    """The songs and systems of A that B lacks; empty where it has them all."""
    lacks = [*comparison.only_a]
    if songs := comparison.songs.only_a:
        lacks.append(f"{len(songs)} {'song' if len(songs) == 1 else 'songs'} of A")
    return f"B lacks {', '.join(lacks)}" if lacks else ""


def _of(comparison: SideComparison, asked: Sought) -> list[ComparedRow]:
    rows = [
        row
        for row in comparison.rows
        if asked.metric in (row.column.label, row.column.id, row.column.metric)
        and asked.variant in ("", row.variant)
    ]
    # Without a variant it is the first, as in the table.
    return [row for row in rows if asked.variant or row.variant == row.column.variants[0]] or rows


def _judged(gate: Gate, rows: Sequence[ComparedRow]) -> Judged:
    found = [_lost(row) or _outcome(gate, row) for row in rows]
    if not found:
        return Judged(gate, GateOutcome.PASSED, "nothing changed")
    for outcome in (GateOutcome.FAILED, GateOutcome.UNJUDGED, GateOutcome.PASSED):
        why = [said for one, said in found if one is outcome]
        if why:
            return Judged(gate, outcome, "; ".join(why))
    raise AssertionError("an outcome is one of three")


def _lost(row: ComparedRow) -> tuple[GateOutcome, str] | None:
    if not row.lost:
        return None
    songs = f"{row.lost} of {row.difference.songs + row.lost}"
    return GateOutcome.UNJUDGED, f"{_named(row)} B has no value for {songs} songs that A has"


def _outcome(gate: Gate, row: ComparedRow) -> tuple[GateOutcome, str]:
    return _limit(gate, row) if isinstance(gate, Limit) else _worse(row)


def _limit(gate: Limit, row: ComparedRow) -> tuple[GateOutcome, str]:
    mean = row.difference.mean
    if mean is None:
        return GateOutcome.UNJUDGED, f"{_named(row)} no song has a value of both"
    beyond = {
        ">": mean > gate.value,
        ">=": mean >= gate.value,
        "<": mean < gate.value,
        "<=": mean <= gate.value,
    }[gate.sign]
    said = f"{_named(row)} changed by {fixed(mean, 4, signed=True)}"
    return (GateOutcome.FAILED if beyond else GateOutcome.PASSED), said


def _worse(row: ComparedRow) -> tuple[GateOutcome, str]:
    if row.verdict is SongVerdict.NO_CLAIM:
        said = f"{row.difference.songs} songs allow no claim; six are needed"
        return GateOutcome.UNJUDGED, f"{_named(row)} {said}"
    if row.column.better == "none":
        return GateOutcome.UNJUDGED, f"{_named(row)} neither direction is better"
    failed = row.verdict is SongVerdict.WORSE
    return (GateOutcome.FAILED if failed else GateOutcome.PASSED), f"{_named(row)} {row.verdict}"


def _named(row: ComparedRow) -> str:
    same = row.system_a == row.system_b
    systems = row.system_b if same else f"{row.system_b} beside {row.system_a}"
    return f"{systems}, {row.column.label}:"
