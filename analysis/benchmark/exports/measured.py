"""Means of systems by metrics with all that is known of their uncertainty, one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ....evaluation.results.runs import Run
from ....models.configuration import nearest
from ....models.errors import UserError
from ...presentation.estimate import Estimate
from ..ranking.ranks import RankSpan
from ..result import intervals
from ..result.columns import COSTS, Column
from ..result.document import Result

# Metrics that belong to a machine or to a network, not to the audio of songs.
_BESIDE = (*COSTS, "parameters")


@dataclass(frozen=True)
class SystemMean:
    """One system in one column and variant, over the songs where it has a value.

    ``mean`` is the one that ranks are made of: that of the sizes, where closest to zero is best
    (``sized``). ``sd`` is over songs, None for fewer than two. ``rank`` is None where the system
    does not compete or nothing can be claimed, ``ranked`` counts the systems that are ranked.
    ``missing`` counts why songs lack a value.
    """

    system: str
    column: Column
    variant: str
    mean: Estimate
    sd: float | None
    median: Estimate
    rank: RankSpan | None
    ranked: int
    missing: Mapping[str, int]

    @property
    def sized(self) -> bool:
        """Whether the mean is that of the values without their signs."""
        return self.column.better == "zero"

    @property
    def label(self) -> str:
        """The metric's name, with its variant where that is not the usual one."""
        size = f"|{self.column.label}|" if self.sized else self.column.label
        return size if self.variant == "raw" else f"{size} {self.variant}"

    @property
    def standard_error(self) -> float | None:
        """That of the mean over songs."""
        return None if self.sd is None else self.sd / self.mean.n**0.5


def measured(result: Result, systems: Sequence[str]) -> tuple[SystemMean, ...]:
    """Every mean that is a number, by system, then by column and variant.

    What a render cost is left out, as it belongs to a machine, and the count of parameters, which
    is not measured on songs.
    """
    found = []
    for system, column in product(systems, result.columns):
        if column.metric in _BESIDE:
            continue
        for variant in column.variants:
            one = _measured(result, system, column, variant)
            if one.mean.centre is not None:
                found.append(one)
    return tuple(found)


def _measured(result: Result, system: str, column: Column, variant: str) -> SystemMean:
    values = result.values.of(column.id, variant, system)
    known = values[np.isfinite(values)]
    if column.better == "zero":
        known = np.abs(known)
    cell = result.cells[system, column.id, variant]
    ranking = result.standings[column.id, variant].ranking
    return SystemMean(
        system=system,
        column=column,
        variant=variant,
        mean=intervals.mean(known),
        sd=float(known.std(ddof=1)) if len(known) > 1 else None,
        median=cell.median,
        rank=ranking.rank_of(system),
        ranked=len(ranking.ranks),
        missing=cell.reasons,
    )


def under_test(result: Result, asked: Sequence[str]) -> tuple[str, ...]:
    """The systems ``asked`` for, else those under test: no baselines, anchors or masters.

    Raises:
        UserError: if one is no system of the benchmark, or none is under test.
    """
    names = result.system_names
    for name in asked:
        if name not in names:
            raise UserError(
                f"--system {name!r}: no system of this benchmark{nearest(name, list(names))}"
            )
    if asked:
        return tuple(dict.fromkeys(asked))
    roles = zip(result.systems["system"], result.systems["role"], strict=True)
    found = tuple(str(name) for name, role in roles if role == "system")
    if not found:
        raise UserError(
            f"benchmark {result.benchmark!r}: holds only baselines, anchors and masters; name what "
            f"to export with --system: {', '.join(names)}"
        )
    return found


def require_values(result: Result, run: Run | None, what: str) -> None:
    """Refuse where no score of the audio has a value.

    Raises:
        UserError: with the reasons, and how to see them all.
    """
    cells = [
        cell
        for (_, column, _), cell in result.cells.items()
        if result.column(column).metric not in _BESIDE
    ]
    if any(cell.mean.centre is not None for cell in cells):
        return
    reasons: dict[str, int] = {}
    for cell in cells:
        for reason, count in cell.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    why = [f"{count} {reason}" for reason, count in sorted(reasons.items())]
    if len(result.failures):
        why.append(f"{len(result.failures)} failures")
    of = f" ({run.title})" if run is not None else ""
    raise UserError(
        f"benchmark {result.benchmark!r}{of}: no score of the audio has a value"
        f"{': ' + ', '.join(why) if why else ''}; there is nothing to write as {what}. "
        "--format csv writes the reasons, earmark show the failures"
    )
