"""Whether a test showed that its listeners can hear a difference: what "equivalent" rests on.

Listeners who hear nothing rate everything alike, and so do listeners of equal systems. Only what is
known to differ tells them apart (assay sensitivity, ICH E10).
"""

from enum import StrEnum

from ...result.parts import Maybe, Number, ResultPart


class Withheld(StrEnum):
    """Why a difference within the margin is not said to be an equivalence."""

    NOT_SENSITIVE = "the test did not show that it could hear a difference of that size"
    NOT_WITH_EVERYONE = "with the excluded listeners it does not hold"
    AT_AN_END = "most ratings of one of them stand at an end of the scale"
    NO_SPREAD = "their ratings do not vary, so that no error is known"


class AssayControl(ResultPart):
    """Two versions that are known to differ, and whether they were told apart.

    ``low`` and ``high`` bound the difference of ``better`` less ``worse`` at the level 1 - α
    divided by the number of controls; ``told`` says that ``low`` is above the margin.
    """

    better: str
    worse: str
    n: int
    mean_diff: Maybe
    low: Maybe
    high: Maybe
    told: bool


class Reliability(ResultPart):
    """How far mean ratings would come out alike with other listeners, within pages.

    ``value`` is 1 - 1/F of stimuli against stimulus × listener after the mean of every page is
    taken off, with its interval (McGraw & Wong 1996, ICC(C,k)): what a passage adds to all of its
    systems does not count.
    """

    value: Number
    low: Number
    high: Number
    listeners: int
    stimuli: int


class Assay(ResultPart):
    """``sensitive`` where anything shows that a difference of the margin's size could be heard.

    That is a control told apart, ``pairs`` under test whose interval, adjusted over all pairs, lies
    beyond the margin, or ``reliability.low`` at the ``floor``.
    """

    controls: tuple[AssayControl, ...]
    pairs: tuple[tuple[str, str], ...]
    reliability: Reliability | None
    floor: Number
    sensitive: bool
