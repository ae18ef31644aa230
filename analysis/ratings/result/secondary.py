"""The secondary part of a question's result: other methods, other questions, metrics.

None of it decides; it shows whether the primary result hangs on the choice of method.
"""

from ...result.following import Following
from ...result.parts import Free, Maybe, Number, ResultPart
from .names import AbxTest, Adjust, Method, OpinionKind, Order, Scope, Term
from .notes import Note
from .proof import Proof
from .subjects import SubjectModel
from .tests import EstimatedPair, Omnibus, PairTest, PassageTest, SystemsTest


class DPrime(ResultPart):
    """d′ by one strategy, from the share of right answers and its interval.

    None where it has no bound: all answers are right, or the interval reaches that.
    """

    strategy: str
    value: Maybe
    low: Maybe
    high: Maybe


class ResponseBias(ResultPart):
    """How often listeners said that X is the first of the two, where it is known which it was.

    ``criterion`` is below 0 for those who say it too often; of several listeners it is their mean.
    ``share`` is the share of right answers without the bias, ``d_prime`` that of it by the
    differencing strategy.
    """

    said_first: Number
    trials: int
    criterion: Maybe
    low: Maybe
    high: Maybe
    share: Maybe
    d_prime: Maybe


class OtherTest(ResultPart):
    """A test beside the primary one; ``omnibus`` of all systems, ``pairs`` by ``pair_method``."""

    method: Method
    unit: str
    coded_unit: Note | None = None
    omnibus: Omnibus | None = None
    kendall_w: Maybe = None
    critical_difference: Maybe = None
    pair_method: Method | None = None
    pairs: tuple[PairTest, ...] = ()
    adjust: Adjust | None = None
    mean_ranks: dict[str, Number] | None = None


class PerPassage(ResultPart):
    """A test on each passage by itself."""

    method: Method
    adjust: Adjust
    passages: tuple[PassageTest, ...]


class ManyToOne(ResultPart):
    """Every system under test against one; ``note`` says why where nothing can be compared."""

    control: str
    adjust: Adjust
    wilcoxon: tuple[EstimatedPair, ...]
    demsar: tuple[PairTest, ...]
    note: str
    coded_note: Note | None = None


class Triads(ResultPart):
    """How many of one listener's decided triads go round in a circle."""

    listener: str
    circular: int
    decided: int


class Ability(ResultPart):
    """A system's ability in log odds against the first system."""

    system: str
    ability: Number
    se: Maybe


class Preference(ResultPart):
    """The Bradley-Terry model of preferences; ``abilities`` is None where it cannot be fitted."""

    wins: tuple[tuple[Number, ...], ...]
    circular_triads: int
    decided_triads: int
    listeners: tuple[Triads, ...]
    abilities: tuple[Ability, ...] | None
    deviance: Maybe = None
    df: int | None = None
    note: str
    coded_note: Note | None = None


class _Answers(ResultPart):
    right: int
    trials: int
    p: Number
    low: Number
    high: Number


class _Listener(ResultPart):
    listener: str


class AbxListener(_Answers, _Listener):
    """One listener's right answers, tested exactly against guessing.

    ``bias`` stands where it is known which of the two X was.
    """

    d_primes: tuple[DPrime, ...] = ()
    bias: ResponseBias | None = None


class BetaBinomialFit(ResultPart):
    """All listeners' answers where listeners may differ; None where there is one listener."""

    mean: Maybe
    overdispersion: Maybe
    statistic: Maybe
    p: Maybe
    low: Maybe
    high: Maybe


class _System(ResultPart):
    system: str


class AbxResult(_Answers, _System):
    """Whether the two of a comparison were told apart; ``low`` to ``high`` is about ``share``.

    ``d_primes`` are by each strategy; ``d_prime`` is the first of them.
    """

    test: AbxTest
    share: Number
    beta_binomial: BetaBinomialFit
    d_prime: Maybe
    d_prime_strategy: str
    listeners: tuple[AbxListener, ...]
    p_adj: Maybe
    reject: bool
    d_primes: tuple[DPrime, ...] = ()
    bias: ResponseBias | None = None

    @property
    def deciding_p(self) -> float | None:
        """The p of the test that decides."""
        return self.p if self.test is AbxTest.BINOMIAL else self.beta_binomial.p


class AgainstZero(ResultPart):
    """Each system against "no difference" on a signed scale."""

    method: Method
    adjust: Adjust
    systems: tuple[EstimatedPair, ...]


class OrderEffect(ResultPart):
    """Points of the scale per step of the order, tested over listeners; None where untestable.

    ``steps`` are the step, the mean of what is left of the ratings there, and their number.
    """

    order: Order
    slope: Maybe
    low: Maybe
    high: Maybe
    t: Maybe
    df: Maybe
    p: Maybe
    listeners: int
    steps: tuple[tuple[Number, Number, int], ...]
    note: str
    coded_note: Note | None = None


class Correlation(ResultPart):
    """A correlation with its interval."""

    value: Maybe
    low: Maybe
    high: Maybe


class RatedStimulus(ResultPart):
    """The mean rating of a passage as one system made it."""

    passage: str
    system: str
    mean: Number


class MetricAgreementRow(ResultPart):
    """A metric against the ratings; ``values`` are those of the stimuli, in their order.

    Correlations are positive where the metric says what listeners say; results before
    ``following`` have them with the sign of the values.
    """

    metric: str
    variant: str
    parameters: dict[str, Free]
    unit: str
    stimuli: int
    values: tuple[Maybe, ...]
    pearson: Correlation
    spearman: Correlation
    kendall: Correlation
    system_pearson: Correlation
    system_spearman: Correlation
    within_passages: Maybe
    note: str
    coded_note: Note | None = None


class MetricAgreement(ResultPart):
    """How metrics of what was heard go with the ratings of it; ``following`` has all of it."""

    systems: int
    passages: int
    interval: str
    caution: str
    ranked: bool
    reliability: Maybe
    stimuli: tuple[RatedStimulus, ...]
    rows: tuple[MetricAgreementRow, ...]
    following: Following | None = None


class GradePair(PairTest):
    """A pair's difference in log odds of a higher grade, first less second, with its interval."""

    log_odds: Number
    low: Number
    high: Number


class GradeTerm(ResultPart):
    """The variance of a source of variation, on the scale of log odds."""

    term: Term
    variance: Number


class GradeModel(ResultPart):
    """The cumulative-link mixed model of grades; ``note`` says why where there is none.

    ``thresholds`` lie between neighbouring ``grades`` that were given: those of the first system
    and, on scope *passages*, of the first passage.
    """

    scope: Scope
    adjust: Adjust
    note: str
    coded_note: Note | None = None
    omnibus: Omnibus | None = None
    pairs: tuple[GradePair, ...] = ()
    grades: tuple[Number, ...] = ()
    thresholds: tuple[Number, ...] = ()
    terms: tuple[GradeTerm, ...] = ()
    log_likelihood: Maybe = None
    proof: Proof | None = None


class OpinionScore(ResultPart):
    """The mean of a condition's votes with P.800's interval, which takes votes as independent.

    ``over_listeners`` is the mean of listeners' means, with the interval over listeners.
    """

    system: str
    votes: int
    listeners: int
    score: Number
    sd: Maybe
    low: Maybe
    high: Maybe
    over_listeners: Number
    listeners_low: Maybe
    listeners_high: Maybe


class OpinionScores(ResultPart):
    """MOS, DMOS or CMOS of each condition."""

    score: OpinionKind
    interval: str
    conditions: tuple[OpinionScore, ...]


class AlignedTest(SystemsTest):
    """The test of one effect by aligned ranks; without ``p`` its note says why."""

    term: Term


class Secondary(ResultPart):
    """Everything that shows the primary result in another light.

    ``opinions`` is there on scales of categories, ``aligned_ranks`` where every listener rated
    every system on every passage.
    ``grades`` is there where the scale has few steps, ``subjects`` where stimuli were rated one by
    one.
    """

    tests: tuple[OtherTest, ...]
    per_passage: PerPassage
    many_to_one: tuple[ManyToOne, ...]
    preference: Preference | None
    abx: tuple[AbxResult, ...] | None
    against_zero: AgainstZero | None
    order_effects: tuple[OrderEffect, ...]
    metrics: MetricAgreement | None
    grades: GradeModel | None = None
    subjects: SubjectModel | None = None
    opinions: OpinionScores | None = None
    aligned_ranks: tuple[AlignedTest, ...] = ()
