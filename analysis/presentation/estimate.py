"""A centre with its interval."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A centre and its interval; all None without values, the interval None below two."""

    n: int
    centre: float | None = None
    low: float | None = None
    high: float | None = None
