"""Comparisons with the master that are adjusted together, by the machinery of the primary analysis.

Tests and differences are those that fit the ratings and the scope; equivalence has the margin, the
adjustment and the evidence of the primary analysis. Nothing here decides by a rule of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..inference.assay import assay, at_an_end, with_pairs
from ..inference.design import detect
from ..inference.options import RatingsOptions
from ..inference.pairs import pair_tests
from ..inference.primary import choose, run
from ..methods.equivalence import Grounds, claims
from ..methods.multiplicity import adjusted
from ..methods.paired import PairDifference
from ..reading.scales import Scale
from ..reading.table import Ratings
from ..result.assay import Assay
from ..result.names import Method
from ..result.tests import Comparison, Equivalence, PairTest


@dataclass(frozen=True)
class ComparedWith:
    """One system less the master: its test, its equivalence and its difference.

    ``sign`` is -1 where ``test`` is of the master less the system.
    """

    system: str
    sign: int
    test: PairTest
    equivalence: Equivalence | None
    estimate: PairDifference

    @property
    def group1(self) -> str:
        """The first name of the test."""
        return self.test.group1

    @property
    def group2(self) -> str:
        """The second name of the test."""
        return self.test.group2

    @property
    def reject(self) -> bool | None:
        """Whether a difference was decided."""
        return self.test.reject


@dataclass(frozen=True)
class ComparedPassages:
    """The comparisons within one set of passages, and what its listeners could hear there."""

    assay: Assay | None
    method: Method
    interval: str
    pairs: tuple[ComparedWith, ...]


@dataclass(frozen=True)
class _Part:
    """What one set of passages says before anything is adjusted."""

    rated: Ratings
    names: tuple[str, ...]
    method: Method
    interval: str
    tests: tuple[Comparison, ...]
    estimates: Mapping[tuple[int, int], PairDifference]


def strata(
    rated: Sequence[Ratings],
    options: RatingsOptions,
    scale: Scale,
    master: str,
    everyone: Sequence[ComparedPassages] | None = None,
) -> list[ComparedPassages]:
    """Every system against the ``master`` in each of ``rated``, adjusted as one family.

    Args:
        rated: all versions, reference and anchors too, of each set of passages.
        options: what the user asks.
        scale: the question's scale.
        master: the system that the others are compared with.
        everyone: the same with the excluded listeners; None where nobody is excluded.
    """
    count = sum(len(_others(one, options, master)) for one in rated)
    parts = [_part(one, options, scale, master, max(1, count)) for one in rated]
    tests = [test for part in parts for test in _named(part, options)]
    p_adj = adjusted([test.p_raw for test in tests], options.adjust)
    tests = [
        test.model_copy(
            update={"p_adj": p, "reject": None if p is None else p < options.alpha},
        )
        for test, p in zip(tests, p_adj, strict=True)
    ]
    grounds = [_grounds(part, options, scale) for part in parts]
    known = [
        replace(ground, everyone=everyone[at]) if everyone else ground
        for at, ground in enumerate(grounds)
    ]
    estimates = [part.estimates.get((t.first, t.second)) for part in parts for t in part.tests]
    found = claims(
        tests,
        estimates,
        [ground for part, ground in zip(parts, known, strict=True) for _ in part.tests],
        margin=options.margin,
        adjust=options.adjust,
        alpha=options.alpha,
    )
    compared = iter(
        ComparedWith(
            test.group1 if test.group2 == master else test.group2,
            1 if test.group2 == master else -1,
            test,
            claim,
            estimate or PairDifference(None),
        )
        for test, claim, estimate in zip(tests, found, estimates, strict=True)
    )
    made = []
    for part, ground in zip(parts, grounds, strict=True):
        pairs = tuple(next(compared) for _ in part.tests)
        made.append(ComparedPassages(ground.assay, part.method, part.interval, pairs))
    return made


def under_and_master(rated: Ratings, options: RatingsOptions, master: str) -> Ratings:
    """The systems under test and the master."""
    return rated.without_systems(tuple(name for name in options.aside if name != master))


def _others(rated: Ratings, options: RatingsOptions, master: str) -> list[str]:
    return [name for name in under_and_master(rated, options, master).systems if name != master]


def _part(rated: Ratings, options: RatingsOptions, scale: Scale, master: str, family: int) -> _Part:
    """The tests of one set of passages; intervals are those of all ``family`` comparisons."""
    under = under_and_master(rated, options, master)
    names = under.systems
    choice = replace(choose(detect(under), options.resolved_scope()), ordinal=scale.ordinal)
    outcome = run(choice, under, options.alpha / family, options.seed)
    tests = [test for test in outcome.pairs if master in (names[test.first], names[test.second])]
    return _Part(
        rated, names, outcome.pair_method, outcome.interval, tuple(tests), outcome.estimates
    )


def _named(part: _Part, options: RatingsOptions) -> list[PairTest]:
    return pair_tests(part.tests, part.names, options.adjust, options.alpha)


def _grounds(part: _Part, options: RatingsOptions, scale: Scale) -> Grounds:
    found = assay(part.rated, options)
    if found is not None:
        found = with_pairs(found, part.names, part.estimates, options)
    return Grounds(found, None, at_an_end(part.rated, scale))
