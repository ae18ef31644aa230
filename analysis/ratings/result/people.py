"""Who took part, as a result tells it: counts and quartiles that point at nobody."""

from .stored import Number, Stored


class FlowStage(Stored):
    """How many people came so far; None with a note where that is not known."""

    stage: str
    count: int | None
    note: str


class Spread(Stored):
    """Median and quartiles; the extremes would point at single people."""

    median: Number
    q1: Number
    q3: Number


class OptionCount(Stored):
    """How many people chose an option."""

    option: str
    count: int


class Answers(Stored):
    """The answers to one question of a questionnaire: ``counts`` of options or ``spread``."""

    id: str
    label: str
    type: str
    answered: int
    of: int
    counts: tuple[OptionCount, ...] | None = None
    spread: Spread | None = None


class Texts(Stored):
    """What people wrote in answer to one question, in alphabetical order."""

    id: str
    answers: tuple[str, ...]


class Participants(Stored):
    """The flow of participants, the time they took, and their questionnaires as counts."""

    sessions: str
    flow: tuple[FlowStage, ...]
    others: dict[str, int]
    minutes: Spread | None
    questionnaire: tuple[Answers, ...]
    texts: tuple[Texts, ...] = ()
