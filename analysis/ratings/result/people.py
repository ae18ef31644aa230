"""Who took part, as a result tells it: counts and quartiles that point at nobody."""

from ...result.parts import Number, ResultPart
from .notes import Note


class FlowStage(ResultPart):
    """How many people came so far; None with a note where that is not known."""

    stage: str
    count: int | None
    note: str
    coded_note: Note | None = None


class Spread(ResultPart):
    """Median and quartiles; the extremes would point at single people."""

    median: Number
    q1: Number
    q3: Number


class OptionCount(ResultPart):
    """How many people chose an option."""

    option: str
    count: int


class Answers(ResultPart):
    """The answers to one question of a questionnaire: ``counts`` of options or ``spread``."""

    id: str
    label: str
    type: str
    answered: int
    of: int
    counts: tuple[OptionCount, ...] | None = None
    spread: Spread | None = None


class Texts(ResultPart):
    """What people wrote in answer to one question, in alphabetical order."""

    id: str
    answers: tuple[str, ...]


class Participants(ResultPart):
    """The flow of participants, the time they took, and their questionnaires as counts.

    ``source`` names the files about people that were joined with ratings of another tool.
    """

    sessions: str
    flow: tuple[FlowStage, ...]
    others: dict[str, int]
    minutes: Spread | None
    questionnaire: tuple[Answers, ...]
    texts: tuple[Texts, ...] = ()
    source: str | None = None
