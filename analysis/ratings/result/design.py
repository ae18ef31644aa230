"""The design of an experiment: who rated what, and over what results can be generalised."""

from dataclasses import dataclass

SCOPES = ("passages", "music")


@dataclass(frozen=True)
class Allowed:
    """Whether an inference may be drawn, and why or why not."""

    inference: str
    allowed: bool
    reason: str


@dataclass(frozen=True)
class Design:
    """Counts and kind of one question's ratings.

    ``replicates`` is the least and the greatest number of ratings in a cell that has any.
    ``missing`` counts cells without a rating; ``expected`` all cells.
    """

    kind: str
    listeners: int
    passages: int
    systems: int
    ratings: int
    complete: bool
    balanced: bool
    replicates: tuple[int, int]
    expected: int
    missing: int
    dependent: bool
    allows: tuple[Allowed, ...]

    def permits(self, inference: str) -> bool:
        """Whether ``inference`` is allowed."""
        return any(entry.inference == inference and entry.allowed for entry in self.allows)
