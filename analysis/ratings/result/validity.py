"""How far metrics follow ratings, as a result: levels, tests, mapping, decisions, outliers."""

from enum import StrEnum

from pydantic import StrictBool, StrictInt

from ....evaluation.results.metric_facts import Better
from ...result.parts import Free, Maybe, Number, ResultPart
from .notes import Note


class ValidityLevel(StrEnum):
    """What a point of a correlation is."""

    WITHIN = "within"
    STIMULI = "stimuli"
    SYSTEMS = "systems"


class Coefficient(StrEnum):
    """A coefficient of correlation."""

    SPEARMAN = "spearman"
    KENDALL = "kendall"
    PEARSON = "pearson"


class FollowVerdict(StrEnum):
    """What is claimed of a metric."""

    FOLLOWS = "follows"
    AGAINST = "against its direction"
    NOT_SHOWN = "not shown"
    NO_CLAIM = "no claim"


class Sure(ResultPart):
    """A value with its interval, and the standard error of its Fisher's z with the df of that."""

    value: Maybe
    low: Maybe
    high: Maybe
    z_error: Maybe
    df: Maybe


class LevelFollowing(ResultPart):
    """A metric at one level, positive where it says what listeners say.

    ``pearson_mapped`` is r after the mapping, which is taken as fitted.
    """

    level: ValidityLevel
    spearman: Sure
    kendall: Sure
    pearson: Sure
    pearson_mapped: Sure


class LevelCeiling(ResultPart):
    """What Spearman's ρ at a level can reach: the root of the ratings' split-half reliability."""

    level: ValidityLevel
    reliability: Maybe
    ceiling: Maybe
    one_listener: Maybe


class WithAside(ResultPart):
    """Spearman's ρ at a level with the hidden reference and the anchors."""

    level: ValidityLevel
    spearman: Maybe


class WithoutOne(ResultPart):
    """r over systems, and what it falls to without the one system that it hangs on most."""

    system: str
    pearson: Number
    pearson_without: Number


class Decisions(ResultPart):
    """Pairs, those that listeners tell apart, and the share of them that the metric orders so."""

    level: ValidityLevel
    pairs: StrictInt
    told: StrictInt
    share: Maybe


class Mapping1401(ResultPart):
    """The monotonic cubic of ITU-T P.1401 and its errors in points of the scale.

    The cubic is in x = (value − low) / (high − low), from the power 0 on.
    """

    sign: StrictInt
    coefficients: tuple[Number, Number, Number, Number]
    low: Number
    high: Number
    rmse: Maybe
    rmse_cross: Maybe
    rmse_star: Maybe
    outlier_ratio: Maybe


class HeardOutlier(ResultPart):
    """A stimulus that was rated otherwise than the mapped metric says, by more than its interval.

    ``half`` is half of the 95 % interval of its mean rating.
    """

    passage: str
    system: str
    value: Number
    rated: Number
    mapped: Number
    half: Maybe


class MetricFollowing(ResultPart):
    """How far one metric follows the ratings; ``values`` are those of the stimuli, as measured.

    ``per`` is ``system`` where a metric has one value per system. ``p_adj`` holds for all metrics
    at once; ``low_of_all`` to ``high_of_all``, about ρ within passages, too.
    """

    metric: str
    variant: str
    parameters: dict[str, Free]
    label: str
    unit: str
    better: Better
    version: StrictInt | None
    per: str
    stimuli: StrictInt
    systems: StrictInt
    passages: StrictInt
    values: tuple[Maybe, ...]
    levels: tuple[LevelFollowing, ...]
    p: Maybe
    p_adj: Maybe
    verdict: FollowVerdict
    may_be_best: StrictBool | None
    low_of_all: Maybe
    high_of_all: Maybe
    with_aside: tuple[WithAside, ...]
    without_one: WithoutOne | None
    decisions: tuple[Decisions, ...]
    mapping: Mapping1401 | None
    outliers: tuple[HeardOutlier, ...]
    note: str
    coded_note: Note | None = None

    def at(self, level: ValidityLevel) -> LevelFollowing | None:
        """The metric at a level; None where it has no correlation."""
        return next((one for one in self.levels if one.level is level), None)


class MetricDifference(ResultPart):
    """ρ within passages of the first metric less that of the second, on their common stimuli."""

    first: str
    second: str
    stimuli: StrictInt
    difference: Maybe
    low: Maybe
    high: Maybe
    p: Maybe
    p_adj: Maybe


class JudgedStimulus(ResultPart):
    """A stimulus: its mean rating, half of the 95 % interval of it, and how many rated it."""

    passage: str
    system: str
    mean: Number
    half: Maybe
    listeners: StrictInt


class Least(ResultPart):
    """From how many of each on claims are made."""

    systems: StrictInt
    passages: StrictInt
    listeners: StrictInt


class Following(ResultPart):
    """How far metrics follow the ratings of one question.

    ``claims`` is False where there are too few; ``why_not`` says of what.
    """

    listeners: StrictInt
    passages: StrictInt
    systems: StrictInt
    set_aside: tuple[str, ...]
    alpha: Number
    interval: str
    least: Least
    claims: StrictBool
    why_not: tuple[str, ...]
    ceilings: tuple[LevelCeiling, ...]
    stimuli: tuple[JudgedStimulus, ...]
    metrics: tuple[MetricFollowing, ...]
    differences: tuple[MetricDifference, ...]
    notes: tuple[str, ...]
