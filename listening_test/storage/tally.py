"""What a transaction changes of the counters, added up until its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True, slots=True)
class UnitKey:
    """A row of :class:`.tables.UnitCount`."""

    study_version: str
    mark: str
    unit: str
    turn: int


@dataclass(frozen=True, order=True, slots=True)
class StateKey:
    """A row of :class:`.tables.SessionCount`."""

    study_version: str
    mark: str
    state: str


@dataclass(slots=True)
class Change:
    """How many more pages of a unit are held, heard, and how many more ratings there are."""

    held: int = 0
    heard: int = 0
    ratings: int = 0


@dataclass(slots=True)
class Tally:
    """The changes of one transaction; ``states`` is that of each session as it is stored."""

    units: dict[UnitKey, Change] = field(default_factory=dict)
    sessions: dict[StateKey, int] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    def count(self, keys: Iterable[UnitKey], *, held: int, heard: int, ratings: int) -> None:
        """Count pages of these units."""
        for key in keys:
            change = self.units.setdefault(key, Change())
            change.held += held
            change.heard += heard
            change.ratings += ratings

    def note(self, token: str, key: StateKey) -> None:
        """Count a session in the state that it has now, and no longer in the one it had."""
        before = self.states.get(token)
        if before == key.state:
            return
        if before is not None:
            old = StateKey(key.study_version, key.mark, before)
            self.sessions[old] = self.sessions.get(old, 0) - 1
        self.sessions[key] = self.sessions.get(key, 0) + 1
        self.states[token] = key.state

    def held(self, study_version: str, mark: str) -> Mapping[tuple[str, int], int]:
        """How many more pages are held of each unit and row of a study's sessions of a type."""
        return {
            (key.unit, key.turn): change.held
            for key, change in self.units.items()
            if (key.study_version, key.mark) == (study_version, mark)
        }
