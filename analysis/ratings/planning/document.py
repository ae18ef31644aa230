"""What ``earmark plan --json`` prints: what was assumed, and the power of each plan."""

from typing import Literal

from pydantic import Field

from ...result.parts import Number, ResultPart
from ..result.names import Adjust, Scope

SCHEMA: Literal[1] = 1


class SimulatedShare(ResultPart):
    """A simulated share with its 95 % Monte-Carlo interval."""

    value: Number
    low: Number
    high: Number


class PlannedPower(ResultPart):
    """How likely a plan finds any difference, that of a given pair, and that of every pair."""

    listeners: int
    passages: int
    omnibus: SimulatedShare
    pair: SimulatedShare
    every: SimulatedShare

    @property
    def shares(self) -> tuple[SimulatedShare, ...]:
        """Any difference, a given pair, every pair."""
        return self.omnibus, self.pair, self.every


class Enough(ResultPart):
    """The fewest listeners that surely suffice; None where even the ``most`` do not."""

    passages: int
    listeners: int | None
    most: int


class PlanResult(ResultPart):
    """A grid of plans; ``variances`` says where the standard deviations ``sds`` come from."""

    schema_number: Literal[1] = Field(alias="schema")
    label: str | None
    variances: str
    sds: dict[str, Number]
    effect: Number
    systems: int
    scope: Scope
    alpha: Number
    adjust: Adjust
    power: Number
    runs: int
    seed: int
    grid: tuple[PlannedPower, ...]
    enough: tuple[Enough, ...]
