"""The parts of a question's result, but for its secondary tests: from the input to the checks."""

from ...result.parts import Maybe, Number, ResultPart
from .assay import Assay
from .names import Adjust, Chosen, Estimator, Level, Method, Resource, RuleName, Scope, Term
from .notes import Note
from .proof import Proof
from .ranks import RatedRanks
from .tests import ClassicalPair, Omnibus, Pair


class Input(ResultPart):
    """The file that was read: how, and what of it counted."""

    file: str
    sha256: str
    format: str
    delimiter: str
    columns: dict[str, str]
    rows: int
    missing: int
    duplicates: int
    ratings: int
    per_question: dict[str, int]
    warnings: tuple[str, ...]


class Rule(ResultPart):
    """What a screening rule says, and whether it could be applied.

    ``false_positives`` is the share of SIMULATED honest listeners that it names; None where it was
    not applied or looks at times.
    """

    name: RuleName
    text: str
    excludes: bool
    applied: bool
    reason: str
    false_positives: Maybe = None


class Finding(ResultPart):
    """A rule that a listener breaks: the listener's value, the threshold, and the pages."""

    listener: str
    rule: RuleName
    value: Number
    threshold: Number
    evidence: tuple[dict[str, str | Number], ...]
    excludes: bool


class Excluded(ResultPart):
    """A listener who was left out, with how many ratings."""

    listener: str
    ratings: int


class Flow(ResultPart):
    """How many listeners rated, who was excluded, and how many were analysed."""

    listeners: int
    excluded: tuple[Excluded, ...]
    analysed: int


class Screening(ResultPart):
    """The rules, and the listeners who break one that excludes or one that flags."""

    rules: tuple[Rule, ...]
    excluded: tuple[Finding, ...]
    flagged: tuple[Finding, ...]
    flow: Flow

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that a rule found, what excludes first."""
        return self.excluded + self.flagged

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of the excluded listeners, each once."""
        return tuple(one.listener for one in self.flow.excluded)


class AnswerScale(ResultPart):
    """The scale of a question: its ends, and whether it has few steps."""

    low: Number
    high: Number
    ordinal: bool
    origin: str
    name: str


class _System(ResultPart):
    system: str


class Described(_System):
    """Ratings of a system: counts, centre and spread of single ratings, mean of listeners' means.

    ``low`` and ``high`` are the interval of ``mean``.
    """

    n: int
    mean_of_ratings: Number
    sd: Maybe
    median: Number
    q1: Number
    q3: Number
    iqr: Number
    min: Number
    max: Number
    ceiling_percent: Number
    floor_percent: Number
    listeners: int
    mean: Number
    low: Maybe
    high: Maybe


class SystemSummary(Described):
    """A system over all passages."""

    mean_rank: Maybe


class _Passage(ResultPart):
    passage: str


class CellRow(Described, _Passage):
    """A system on one passage."""


class Descriptives(ResultPart):
    """What was rated, before any test."""

    interval: str
    scale: AnswerScale
    systems: tuple[SystemSummary, ...]
    cells: tuple[CellRow, ...]


class Classical(ResultPart):
    """Kruskal-Wallis and Conover-Iman on the pooled ratings."""

    label: str
    banner: str | None
    n: int
    kruskal: Omnibus
    mean_ranks: dict[str, Maybe]
    adjust: Adjust
    pairs: tuple[ClassicalPair, ...]


class Primary(ResultPart):
    """The analysis that fits the design, which decides.

    ``method`` names the test of all systems, ``choice`` the analysis, ``pair_method`` the test of
    pairs. ``ranks`` is None where no pair was tested. ``preferences`` says that differences are
    those of P(i beats j) and not points. ``assay`` stands where equivalence was tested.
    """

    method: Method
    choice: Chosen
    pair_method: Method
    scope: Scope
    scope_asked: Scope
    reason: str
    coded_reason: Note | None = None
    omnibus: Omnibus
    adjust: Adjust
    alpha: Number
    margin: Maybe
    interval: str
    pairs: tuple[Pair, ...]
    letters: dict[str, str]
    ranks: RatedRanks | None = None
    assay: Assay | None = None
    notes: tuple[str, ...]
    coded_notes: tuple[Note, ...] = ()
    preferences: bool
    proof: Proof | None = None


class Krippendorff(ResultPart):
    """Krippendorff's α with the level of its differences."""

    alpha: Maybe
    level: Level


class Icc(ResultPart):
    """Intraclass correlations of targets × judges: single, two-way random and mixed, and means."""

    icc1: Maybe
    icc2: Maybe
    icc3: Maybe
    icc1k: Maybe
    icc2k: Maybe
    icc3k: Maybe
    low: Maybe
    high: Maybe
    low_k: Maybe
    high_k: Maybe
    targets: int
    judges: int


class Repeats(ResultPart):
    """How one listener's first and second ratings of the same cells agree."""

    listener: str
    cells: int
    mean_absolute_difference: Number
    within_sd: Number
    correlation: Maybe


class Agreement(ResultPart):
    """How far listeners agree with each other and with themselves."""

    kendall_w: Maybe
    krippendorff: Krippendorff
    icc: Icc | None
    icc_note: str | None
    coded_icc_note: Note | None = None
    intra_rater: tuple[Repeats, ...]
    intra_rater_note: str | None
    coded_intra_rater_note: Note | None = None


class VarianceTerm(ResultPart):
    """A source of variation and its share of all."""

    term: Term
    variance: Number
    sd: Number
    share: Maybe


class PlanRow(ResultPart):
    """What a test with so many listeners and passages would find."""

    listeners: int
    passages: int
    standard_error: Number
    df: Number
    detectable: Number


class Planning(ResultPart):
    """The smallest differences that other tests with these variances would find."""

    scope: Scope
    power: Number
    alpha: Number
    detectable_now: Number
    better_buy: Resource
    grid: tuple[PlanRow, ...]
    note: str
    coded_note: Note | None = None


class VarianceComponents(ResultPart):
    """Variances by source; ``note`` says why where there are none, ``proof`` is that of REML."""

    method: Estimator | None
    note: str
    coded_note: Note | None = None
    terms: tuple[VarianceTerm, ...]
    planning: Planning | None
    proof: Proof | None = None


class Check(ResultPart):
    """A check of a result on itself, and what it covered or where it failed."""

    check: str
    passed: bool
    detail: str
