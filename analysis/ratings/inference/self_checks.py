"""Checks that a result passes on itself: what is printed must follow from what is printed.

Published tables disagree with themselves more often than one thinks: a p that is not that of the
statistic beside it, a pair marked significant with p = .3, a system that the text names otherwise.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..methods.abx import abx_d_prime, beta_binomial_test
from ..methods.equivalence import verdict
from ..methods.libraries import MOST_RATINGS
from ..methods.multiplicity import adjusted
from ..methods.signed_rank import signed_rank_p
from ..result.blocks import Check, Classical
from ..result.document import AllListeners, QuestionResult
from ..result.names import Adjust, Distribution
from ..result.p_values import comparison_p, omnibus_p
from ..result.secondary import Secondary
from ..result.tests import Pair, PairTest, SystemsTest
from .against import ZERO

Same = Callable[[float, float], bool]
_EVERYONE = "all listeners, "


@dataclass(frozen=True)
class _Decision:
    """One of a family of p-values that are adjusted together, and what is said of it."""

    where: str
    p: float | None
    p_adj: float | None
    reject: bool | None


def checks(result: QuestionResult, alpha: float) -> tuple[Check, ...]:
    """Every check with what it covered; ``passed`` is False with the place where it failed."""
    tests = list(_tests(result))
    pairs = list(_pairs(result))
    others = list(_others(result.secondary))
    families = list(_families(result))
    decisions = [decision for _, family in families for decision in family]
    verdicts = list(_verdicts(result))
    names = {row.system for _, one in _analyses(result) for row in one.descriptives.systems}
    known = names | {ZERO}
    return (
        _check(
            "p follows from statistic and degrees of freedom",
            [where for where, test in tests if not _omnibus_holds(test, _rule(where))]
            + [where for where, pair in pairs if not _pair_holds(pair, _rule(where))]
            + [where for where, printed, again in others if not _close(printed, again)],
            f"{len(tests)} tests of all systems, {len(pairs)} pairs and {len(others)} other tests "
            "recomputed",
        ),
        _check(
            "p of scipy, scikit-posthocs and statsmodels agree with ours",
            [where for one in _analyses(result) for where in _contradicted(*one)],
            _libraries_covered(result.classical),
        ),
        _check(
            "reject is p_adj < alpha",
            [one.where for one in decisions if not _decided(one, alpha)],
            f"{len(decisions)} decisions at alpha {alpha:g}",
        ),
        _check(
            "no adjusted p is below the raw one",
            [one.where for one in decisions if _lowered(one)],
            f"{len(decisions)} p-values",
        ),
        _check(
            "adjusted p follow from the raw ones",
            [where for method, family in families for where in _misadjusted(method, family)],
            f"{len(families)} families adjusted again",
        ),
        _check(
            "verdicts follow from differences, decisions and margin",
            [at for at, pair, heard in verdicts if not _verdict_holds(pair, alpha, heard=heard)],
            f"{len(verdicts)} verdicts",
        ),
        _check(
            "ranks follow from the verdicts",
            [f"{who}ranks" for who, one in _analyses(result) if not _ranks_hold(one)],
            f"{len(result.design.system_names)} systems",
        ),
        _check(
            "the names in the tables are the systems that were rated",
            [where for where, pair in pairs if {pair.group1, pair.group2} - known],
            f"{len(names)} systems",
        ),
        _check("counts add up", list(_miscounted(result)), "rows, missing, duplicates, ratings"),
        *_optima(result),
        *_subjects(result),
    )


def _optima(result: QuestionResult) -> Iterator[Check]:
    """The check of the mixed models, where any was fitted."""
    proofs = [(f"{who}primary", one.primary.proof) for who, one in _analyses(result)]
    proofs.append(("variances", result.variance_components.proof))
    if result.secondary.grades:
        proofs.append(("grades", result.secondary.grades.proof))
    fitted = [(where, proof) for where, proof in proofs if proof is not None]
    if fitted:
        yield _check(
            "the optimum of each mixed model is proved",
            [where for where, proof in fitted if not proof.holds],
            f"{len(fitted)} {'fit' if len(fitted) == 1 else 'fits'}: slopes, terms at zero, "
            "curvature, several starts",
        )


def _subjects(result: QuestionResult) -> Iterator[Check]:
    """The check of the model of listeners, where one was fitted."""
    model = result.secondary.subjects
    if model is None or model.proof is None:
        return
    bias = math.fsum(row.bias for row in model.listeners)
    size = max(abs(row.quality) for row in model.stimuli) or 1.0
    rated = sum(row.ratings for row in model.listeners)
    failures = [
        ("its slopes or its curvature", not model.proof.holds),
        ("biases, which do not sum to 0", abs(bias) > 1e-9 * size * len(model.listeners)),
        ("counts", rated != sum(row.ratings for row in model.stimuli)),
        ("intervals", not all(row.low < row.quality < row.high for row in model.stimuli)),
    ]
    yield _check(
        "the model of listeners is at a maximum",
        [where for where, failed in failures if failed],
        f"{len(model.listeners)} biases that sum to 0, {len(model.stimuli)} qualities in their "
        "intervals, slopes and curvature of the likelihood",
    )


def _check(name: str, failures: list[str], covered: str) -> Check:
    detail = f"fails at {', '.join(failures[:5])}" if failures else covered
    return Check(check=name, passed=not failures, detail=detail)


def _analyses(result: QuestionResult) -> Iterator[tuple[str, QuestionResult | AllListeners]]:
    """The analysis without the excluded listeners and, where there are such, with everyone."""
    yield "", result
    if result.all_listeners:
        yield _EVERYONE, result.all_listeners


def _tests(result: QuestionResult) -> Iterator[tuple[str, SystemsTest]]:
    for who, one in _analyses(result):
        yield f"{who}classical", one.classical.kruskal
        yield f"{who}primary", one.primary.omnibus
    for test in result.secondary.tests:
        if test.omnibus:
            yield f"secondary {test.method}", test.omnibus
    grades = result.secondary.grades
    if grades and grades.omnibus:
        yield "grades", grades.omnibus
    for effect in result.secondary.aligned_ranks:
        yield f"aligned ranks {effect.term}", effect
    for row in result.secondary.per_passage.passages:
        yield f"passage {row.passage}", row


def _pair_groups(result: QuestionResult) -> Iterator[tuple[str, Adjust, Sequence[PairTest]]]:
    """Pairs that are adjusted together: the place, the adjustment and the pairs."""
    secondary = result.secondary
    for who, one in _analyses(result):
        yield f"{who}classical", one.classical.adjust, one.classical.pairs
        yield f"{who}primary", one.primary.adjust, one.primary.pairs
    for test in secondary.tests:
        if test.adjust is not None:
            yield test.method, test.adjust, test.pairs
    for control in secondary.many_to_one:
        yield "wilcoxon", control.adjust, control.wilcoxon
        yield "demsar", control.adjust, control.demsar
    if secondary.grades:
        yield "grades", secondary.grades.adjust, secondary.grades.pairs
    if secondary.against_zero:
        yield "against zero", secondary.against_zero.adjust, secondary.against_zero.systems


def _pairs(result: QuestionResult) -> Iterator[tuple[str, PairTest]]:
    for name, _, pairs in _pair_groups(result):
        for pair in pairs:
            yield _place(name, pair), pair


def _place(name: str, pair: PairTest) -> str:
    return f"{name} {pair.group1} – {pair.group2}"


def _families(result: QuestionResult) -> Iterator[tuple[Adjust, list[_Decision]]]:
    """Every family of p-values with its adjustment: pairs, passages and ABX tests."""
    for name, adjust, pairs in _pair_groups(result):
        yield (
            adjust,
            [_Decision(_place(name, pair), pair.p_raw, pair.p_adj, pair.reject) for pair in pairs],
        )
    for who, one in _analyses(result):
        claims = [(pair, pair.equivalence) for pair in one.primary.pairs if pair.equivalence]
        yield (
            one.primary.adjust,
            [
                _Decision(_place(f"{who}equivalence", pair), claim.p, claim.p_adj, claim.within)
                for pair, claim in claims
            ],
        )
    passages = result.secondary.per_passage
    yield (
        passages.adjust,
        [
            _Decision(f"passage {row.passage}", row.p, row.p_adj, row.reject)
            for row in passages.passages
        ],
    )
    yield (
        result.primary.adjust,
        [
            _Decision(f"ABX {row.system}", row.deciding_p, row.p_adj, row.reject)
            for row in result.secondary.abx or ()
        ],
    )


def _others(secondary: Secondary) -> Iterator[tuple[str, float, float]]:
    """The place, the p that is printed and the p again, of order effects and ABX answers."""
    for effect in secondary.order_effects:
        if effect.p is not None:
            again = comparison_p(Distribution.T, effect.t or 0.0, effect.df)
            yield f"order {effect.order}", effect.p, again
    for row in secondary.abx or ():
        for entry in (row, *row.listeners):
            again = float(stats.binom.sf(entry.right - 1, entry.trials, 0.5))
            yield f"ABX {row.system}", entry.p, again
        for one in row.d_primes:
            if one.value is not None:
                yield f"ABX {row.system}, d′", one.value, abx_d_prime(row.share, one.strategy)
        if row.beta_binomial.p is not None:
            right = np.array([entry.right for entry in row.listeners], dtype=np.float64)
            trials = np.array([entry.trials for entry in row.listeners], dtype=np.float64)
            again = beta_binomial_test(right, trials).p
            yield f"ABX {row.system}, beta-binomial", row.beta_binomial.p, again


def _verdicts(result: QuestionResult) -> Iterator[tuple[str, Pair, bool]]:
    """Each pair with whether a difference could be heard: in the whole test, or in the pair."""
    for who, one in _analyses(result):
        shown = one.primary.assay is not None and one.primary.assay.sensitive
        for pair in one.primary.pairs:
            yield _place(f"{who}verdict", pair), pair, shown or bool(pair.reject)


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300)


def _agree(theirs: float | None, ours: float | None) -> bool:
    """Whether two implementations mean the same p; their formulas round in other places.

    Compared by logarithm: a p of 1e-200 takes its digits from a statistic that has as many more.
    """
    if theirs is None or ours is None:
        return theirs is ours
    if theirs == 0 or ours == 0:
        return abs(theirs - ours) < 1e-300
    return math.isclose(math.log(theirs), math.log(ours), rel_tol=1e-6, abs_tol=1e-6)


def _contradicted(who: str, result: QuestionResult | AllListeners) -> Iterator[str]:
    """Where the libraries' p of the classical block are not those of our statistic."""
    block = result.classical
    test, pairs = block.kruskal, block.pairs
    if test.statistic is not None and test.df is not None:
        again = omnibus_p(test.distribution, test.statistic, test.df, test.df2)
        if not _agree(test.p, again):
            yield f"{who}classical"
    own = [_own_p(pair) for pair in pairs]
    for pair, p, p_adj in zip(pairs, own, adjusted(own, block.adjust), strict=True):
        if not (_agree(pair.p_raw, p) and _agree(pair.p_adj, p_adj)):
            yield f"{who}{_place('classical', pair)}"


def _own_p(pair: PairTest) -> float | None:
    """The p of the statistic; what is printed where there is none."""
    if pair.statistic is None or pair.df is None:
        return pair.p_raw
    return comparison_p(pair.distribution, pair.statistic, pair.df, pair.groups)


def _libraries_covered(block: Classical) -> str:
    count = len(block.pairs)
    pairs = f"{count} {'pair' if count == 1 else 'pairs'} of the classical block"
    if block.n > MOST_RATINGS:
        return (
            f"{pairs}: adjusted p only, because scikit-posthocs cannot count more than "
            f"{MOST_RATINGS:,} ratings; the raw p are ours"
        )
    return f"the test of all systems and {pairs}, computed by both"


def _rule(where: str) -> Same:
    """How near p and statistic must be: those of the classical block are of two programs."""
    return _agree if where.removeprefix(_EVERYONE).startswith("classical") else _close


def _omnibus_holds(test: SystemsTest, same: Same) -> bool:
    p, statistic = test.p, test.statistic
    if p is None:
        return statistic is None
    if statistic is None:
        return bool(p == 0)  # complete agreement
    if test.distribution is Distribution.PERMUTATION:
        return bool(0 < p <= 1)
    if test.df is None or (test.distribution is Distribution.F and test.df2 is None):
        return False  # a p that nothing printed leads to
    return same(p, omnibus_p(test.distribution, statistic, test.df, test.df2))


def _pair_holds(pair: PairTest, same: Same) -> bool:
    p, statistic = pair.p_raw, pair.statistic
    if p is None:
        return statistic is None
    if statistic is None:
        return bool(p in (0.0, 1.0))
    if pair.distribution is Distribution.PERMUTATION:
        return bool(0 < p <= 1)
    if pair.distribution is Distribution.WILCOXON:
        return _close(p, signed_rank_p(statistic, pair.ties))
    if pair.distribution is Distribution.T and pair.df is None:
        return False
    return same(p, comparison_p(pair.distribution, statistic, pair.df, pair.groups))


def _decided(one: _Decision, alpha: float) -> bool:
    if one.p_adj is None:
        return one.reject is None
    return bool(one.reject == (one.p_adj < alpha))


def _lowered(one: _Decision) -> bool:
    return one.p_adj is not None and (one.p is None or one.p_adj < one.p)


def _misadjusted(method: Adjust, family: Sequence[_Decision]) -> Iterator[str]:
    again = adjusted([one.p for one in family], method)
    for one, p in zip(family, again, strict=True):
        if None in (p, one.p_adj):
            if p is not one.p_adj:
                yield one.where
        elif not _close(p or 0.0, one.p_adj or 0.0):
            yield one.where


def _verdict_holds(pair: Pair, alpha: float, *, heard: bool) -> bool:
    claim = pair.equivalence
    if claim:
        inside = max(-claim.low, claim.high) < claim.margin
        within = claim.p_adj is not None and claim.p_adj < alpha
        if inside != (claim.p < alpha) or within != claim.within:
            return False
        if claim.equivalent != (within and claim.withheld is None):
            return False
        if claim.equivalent and not heard:
            return False
    again = verdict(
        pair.mean_diff,
        rejected=pair.reject,
        equivalent=bool(claim and claim.equivalent),
        names=(pair.group1, pair.group2),
    )
    return pair.verdict == again


def _ranks_hold(one: QuestionResult | AllListeners) -> bool:
    primary, ranks = one.primary, one.primary.ranks
    if ranks is None:
        return all(pair.p_adj is None for pair in primary.pairs)
    winners = [pair.better for pair in primary.pairs if pair.better]
    losers = [
        pair.group1 if pair.better == pair.group2 else pair.group2
        for pair in primary.pairs
        if pair.better
    ]
    count = len(ranks.systems)
    return all(
        row.low == 1 + losers.count(row.system)
        and row.high == count - winners.count(row.system)
        and (row.low == 1) == (row.system in ranks.first)
        and (row.high == 1) == (row.system == ranks.best)
        for row in ranks.systems
    )


def _miscounted(result: QuestionResult) -> Iterator[str]:
    counted = result.input
    if counted.rows != counted.missing + counted.duplicates + counted.ratings:
        yield "input rows"
    if sum(counted.per_question.values()) != counted.ratings:
        yield "ratings per question"
    excluded = sum(row.ratings for row in result.screening.flow.excluded)
    described = sum(row.n for row in result.descriptives.systems)
    if described + excluded != counted.per_question[result.question]:
        yield "descriptives and exclusions"
    if sum(row.n for row in result.descriptives.cells) != described:
        yield "descriptives per passage"
    if result.classical.n != result.design.ratings:
        yield "classical and design"
