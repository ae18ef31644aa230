"""What a result says of each system beside the reference master: share, difference, verdict."""

from enum import StrEnum

from ...result.parts import Free, Maybe, Number, ResultPart
from .names import Adjust, Method
from .notes import Note
from .tests import Equivalence


class MasterVerdict(StrEnum):
    """What is said of a system beside the master."""

    BETTER = "better"
    EQUIVALENT = "equivalent"
    WORSE = "worse"
    NOT_SHOWN = "not shown"


class Unsaid(StrEnum):
    """Why a verdict is not given that the numbers of a row alone would give."""

    NOT_OVERALL = "nothing of the kind over all passages"
    HELD_AGAINST = "preference was not asked"


class BesideMaster(ResultPart):
    """A system less the master, over all passages or those of a genre.

    ``share`` of the ``comparisons`` (listener × passage) is that in which the system is rated above
    the master or preferred to it, ties half, with its pointwise interval. ``low`` and ``high``
    bound ``mean_diff`` for all comparisons of the family together. ``unsaid`` says why the verdict
    is not that of the numbers.
    """

    system: str
    listeners: int
    comparisons: int
    share: Maybe
    share_low: Maybe
    share_high: Maybe
    mean_diff: Maybe
    low: Maybe
    high: Maybe
    p_raw: Maybe
    p_adj: Maybe
    reject: bool | None
    equivalence: Equivalence | None
    verdict: MasterVerdict
    unsaid: Unsaid | None


class GenreBesideMaster(ResultPart):
    """The systems on the passages of one genre; ``note`` says why there are no verdicts."""

    genre: str
    passages: tuple[str, ...]
    listeners: int
    systems: tuple[BesideMaster, ...]
    note: str
    coded_note: Note | None = None


class MasterDistance(ResultPart):
    """A metric of what was heard that compares with the master: its mean per system.

    ``genres`` holds the same for the passages of each genre.
    """

    metric: str
    variant: str
    parameters: dict[str, Free]
    unit: str
    passages: int
    means: dict[str, Maybe]
    genres: dict[str, dict[str, Maybe]]


class AgainstMaster(ResultPart):
    """Every system under test against the reference master.

    ``under_test`` says that the master is one of the systems of the primary analysis: verdicts and
    ``p_adj`` are then those of its pairs, one of a ``family`` of so many. Else the systems are a
    family of their own. ``genre_family`` counts the comparisons within genres, which are adjusted
    together; a genre has no verdict of a kind that all passages together do not have. ``together``
    is the level at which the intervals of the differences hold at once.
    """

    master: str
    under_test: bool
    method: Method
    adjust: Adjust
    family: int
    genre_family: int
    interval: str
    together: Number
    share_interval: str
    preferences: bool
    systems: tuple[BesideMaster, ...]
    genres: tuple[GenreBesideMaster, ...]
    genres_from: str
    untagged: int
    distances: tuple[MasterDistance, ...]
    note: str
    coded_note: Note | None = None
