"""Plans a listening test from a program: power over a grid of listeners and passages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ....models.errors import UserError
from ...presentation import notebook
from ...presentation.numbers import fixed
from ..result.names import Adjust
from .document import PlanResult
from .plan import PlanRequest, VarianceSource, from_pilot, lines, planned, stated
from .power import USUAL_SDS, planned_scope

_SHARES = ("omnibus", "pair", "every")


@dataclass(frozen=True)
class PlanGrid:
    """The power of each plan."""

    result: PlanResult

    @property
    def data(self) -> Mapping[str, Any]:
        """What ``earmark plan --json`` prints."""
        return self.result.as_json()

    def frame(self) -> pd.DataFrame:
        """A row per plan: listeners, passages, and the power of any difference (``omnibus``), of a
        given pair (``pair``) and of every pair (``every``), each with its 95 % interval.
        """
        rows = [
            {"listeners": row.listeners, "passages": row.passages}
            | {
                name if end == "value" else f"{name}_{end}": value
                for name, share in zip(_SHARES, row.shares, strict=True)
                for end, value in share.as_json().items()
            }
            for row in self.result.grid
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return "\n".join(lines(self.result))

    def _repr_html_(self) -> str:
        said = [line for line in lines(self.result) if line]
        rows = [
            (
                f"{row.listeners} listeners, {row.passages} passages",
                *(fixed(share.value, 3) for share in row.shares),
            )
            for row in self.result.grid
        ]
        header = ("plan", "any difference", "one given pair", "every pair")
        before, after = said[:2], said[-1 - len(self.result.enough) :]
        return notebook.framed(
            "Power of a listening test",
            [*map(notebook.paragraph, before), notebook.table(header, rows)]
            + [notebook.paragraph(line) for line in after],
        )


def plan(
    effect: float,
    *,
    listeners: Sequence[int] = (10, 15, 20, 30),
    passages: Sequence[int] = (5, 10),
    systems: int = 5,
    pilot: Path | str | None = None,
    question: str | None = None,
    sds: Mapping[str, float] | None = None,
    scope: Literal["passages", "music"] | None = None,
    alpha: float = 0.05,
    adjust: str = "holm",
    power: float = 0.8,
    runs: int = 1000,
    seed: int = 0,
) -> PlanGrid:
    """How likely a listening test finds a difference of ``effect`` points, by simulating it.

    Args:
        effect: how far one system lies from the others, in points of the scale.
        listeners: how many; every combination with ``passages`` is simulated.
        passages: how many.
        systems: under test.
        pilot: the ``result.json`` of a pilot, whose variances are taken.
        question: which one of the pilot.
        sds: standard deviations in points by term (``listener:system``, ``residual``, …), without
            a pilot; what is not named is zero.
        scope: what results shall hold for; as the pilot, else ``music``.
        alpha: level of the tests.
        adjust: for several comparisons.
        power: the power you want.
        runs: simulated tests per plan.
        seed: of the draws.

    Raises:
        UserError: for values that cannot be planned with.
    """
    if pilot is not None and sds is not None:
        raise UserError("give the variances once: pilot or sds")
    source = from_pilot(Path(pilot), question) if pilot is not None else _stated(sds)
    wanted = PlanRequest(
        listeners=tuple(listeners),
        passages=tuple(passages),
        systems=systems,
        effect=float(effect),
        scope=None if scope is None else planned_scope(scope),
        alpha=alpha,
        adjust=Adjust.called(adjust),
        power=power,
        runs=runs,
        seed=seed,
    )
    return PlanGrid(planned(wanted, source))


def _stated(sds: Mapping[str, float] | None) -> VarianceSource:
    if sds is None:
        return stated(None)
    unknown = sorted(set(sds) - set(USUAL_SDS))
    if unknown:
        raise UserError(f"sds: unknown term {unknown[0]!r}; choose from {', '.join(USUAL_SDS)}")
    return stated(",".join(f"{name}={float(value)!r}" for name, value in sds.items()))
