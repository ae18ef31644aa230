"""What a test says: of all systems at once, or of a pair of them, and by how much a pair differs.

Methods give an :class:`Omnibus` and, by the positions of the systems, a :class:`Comparison`; a
result stores pairs by name, with what was found of each.
"""

from dataclasses import dataclass

from ...result.parts import Maybe, Number, ResultPart
from .assay import Withheld
from .names import Distribution, Method, Verdict
from .notes import Note


class SystemsTest(ResultPart):
    """A test that all systems are alike.

    ``distribution`` is ``chi2`` (``df``), ``F`` (``df``, ``df2``) or ``permutation``. ``statistic``
    and ``p`` are None where the data allow no test, with the reason in ``note``; after complete
    agreement the statistic has no bound and ``p`` is 0.
    """

    method: Method
    symbol: str
    statistic: Maybe
    distribution: Distribution
    df: Maybe
    df2: Maybe
    p: Maybe
    note: str
    coded_note: Note | None = None


class Omnibus(SystemsTest):
    """A test of all systems with the effect sizes that belong to it.

    ``p_questions`` is ``p`` adjusted over the ``tested_questions`` of a file.
    """

    kendall_w: Maybe = None
    epsilon2: Maybe = None
    eta2: Maybe = None
    h: Maybe = None
    p_questions: Maybe = None
    tested_questions: int = 0


class _OnPassage(ResultPart):
    passage: str
    listeners: int


class PassageTest(SystemsTest, _OnPassage):
    """The test on one passage, over the ``listeners`` who rated every system there."""

    p_adj: Maybe
    reject: bool | None


@dataclass(frozen=True)
class Comparison:
    """A test of one pair of systems by their positions; the statistic's sign is first - second.

    ``distribution`` is ``t`` (two-sided), ``range`` (studentised range of ``groups``), ``normal``
    (two-sided), ``wilcoxon`` (signed ranks with groups of ``ties``) or ``permutation``.
    """

    first: int
    second: int
    statistic: float | None
    distribution: Distribution
    df: float | None
    p: float | None
    rank_difference: float | None = None
    groups: int | None = None
    ties: tuple[int, ...] = ()


class Effect(ResultPart):
    """An effect size with its interval; None where it is not defined."""

    name: Method
    value: Maybe
    low: Maybe
    high: Maybe


class Tost(ResultPart):
    """Two one-sided tests of a difference: the larger p, and the interval of level 1 - 2α."""

    margin: Number
    p: Number
    low: Number
    high: Number


class Equivalence(Tost):
    """What two one-sided tests decide.

    ``p_adj`` is adjusted over all pairs, a family beside that of the differences; ``within`` says
    that it is below α. ``equivalent`` is the claim; ``withheld`` is why it is not made although
    ``within``. Results of versions before these three have none of them.
    """

    p_adj: Maybe = None
    within: bool | None = None
    withheld: Withheld | None = None
    equivalent: bool


class _Names(ResultPart):
    group1: str
    group2: str


class _PairTest(ResultPart):
    mean_rank_diff: Maybe
    statistic: Maybe
    distribution: Distribution
    groups: int | None
    ties: tuple[int, ...] = ()  # of signed ranks
    df: Maybe
    p_raw: Maybe
    p_adj: Maybe
    reject: bool | None


class PairTest(_PairTest, _Names):
    """A test of a pair, with p adjusted over all pairs and the decision; first less second."""


class _Centres(_Names):
    mean_diff: Number
    median_diff: Number


class ClassicalPair(PairTest, _Centres):
    """A pair of the classical analysis; ``t`` is its statistic."""

    t: Maybe


class _Estimated(_Names):
    n: int
    mean_diff: Maybe
    low: Maybe
    high: Maybe


class EstimatedPair(PairTest, _Estimated):
    """A pair with its difference over ``n`` units and the interval of that."""


class Compared(_Names):
    """By how much the systems of a pair differ, with effect sizes and equivalence."""

    n: int
    mean_diff: Maybe
    median_diff: Maybe
    low: Maybe
    high: Maybe
    effect: Effect
    effects: tuple[Effect, ...]
    equivalence: Equivalence | None


class Pair(PairTest, Compared):
    """A pair of the primary analysis, beside what the classical one says, and its verdict.

    ``verdict`` is ``A better``, ``equivalent`` or ``inconclusive``.
    """

    classical_p_adj: Maybe
    classical_reject: bool | None
    agrees: bool | None
    verdict: str

    @property
    def kind(self) -> Verdict:
        """The verdict without the system's name."""
        if self.verdict in (Verdict.EQUIVALENT, Verdict.INCONCLUSIVE):
            return Verdict(self.verdict)
        return Verdict.BETTER

    @property
    def better(self) -> str | None:
        """The better system's name; None where the pair is equivalent or undecided."""
        decided = self.kind is Verdict.BETTER
        return self.verdict.removesuffix(f" {Verdict.BETTER}") if decided else None
