"""Right and wrong answers of ABX tests: whether listeners tell the two of a comparison apart."""

from collections.abc import Sequence

import numpy as np

from ....models.errors import UserError
from ..methods.abx import BetaBinomial, abx_d_prime, beta_binomial_test, binomial_test
from ..methods.multiplicity import adjusted
from ..reading.table import Floats, Ratings
from ..result.names import AbxTest
from ..result.secondary import AbxListener, AbxResult, BetaBinomialFit
from .options import RatingsOptions

_NO_FIT = BetaBinomialFit(
    mean=None, overdispersion=None, statistic=None, p=None, low=None, high=None
)


def abx_answers(ratings: Ratings, options: RatingsOptions) -> tuple[AbxResult, ...]:
    """Right (1) or wrong (0) answers per system, which here names what A and B were.

    Raises:
        UserError: if there are other answers.
    """
    if not set(np.unique(ratings.value).tolist()) <= {0.0, 1.0}:
        raise UserError("--abx needs ratings that are 1 (right) or 0 (wrong)")
    found = [_comparison(ratings, code, options.alpha) for code in range(len(ratings.systems))]
    p_adj = adjusted([one.deciding_p for one in found], options.adjust)
    return tuple(
        AbxResult(**one.given() | {"p_adj": p, "reject": p is not None and p < options.alpha})
        for one, p in zip(found, p_adj, strict=True)
    )


def _comparison(ratings: Ratings, code: int, alpha: float) -> AbxResult:
    """One comparison, not yet adjusted for the others.

    Of several listeners the beta-binomial test and its interval decide, else the exact one: the
    exact interval of pooled answers takes listeners as alike and is too narrow where they are not.
    """
    mine = ratings.system == code
    count = len(ratings.listeners)
    trials = np.bincount(ratings.listener[mine], minlength=count).astype(np.float64)
    right: Floats = np.bincount(
        ratings.listener[mine], weights=ratings.value[mine], minlength=count
    ).astype(np.float64)
    took = np.flatnonzero(trials > 0)
    exact = binomial_test(int(right.sum()), int(trials.sum()), alpha)
    fit = beta_binomial_test(right[took], trials[took], alpha) if len(took) > 1 else None
    share = float((right[took] / trials[took]).mean()) if fit else exact.right / exact.trials
    interval = fit or exact
    return AbxResult(
        system=ratings.systems[code],
        right=exact.right,
        trials=exact.trials,
        p=exact.p,
        low=interval.low,
        high=interval.high,
        test=AbxTest.BETA_BINOMIAL if fit else AbxTest.BINOMIAL,
        share=share,
        beta_binomial=_fitted(fit) if fit else _NO_FIT,
        d_prime=abx_d_prime(share),
        d_prime_strategy="differencing",
        listeners=tuple(_listeners(ratings, right, trials, took.tolist(), alpha)),
        p_adj=None,
        reject=False,
    )


def _fitted(fit: BetaBinomial) -> BetaBinomialFit:
    return BetaBinomialFit(**vars(fit))


def _listeners(
    ratings: Ratings, right: Floats, trials: Floats, took: Sequence[int], alpha: float
) -> list[AbxListener]:
    tests = [binomial_test(int(right[at]), int(trials[at]), alpha) for at in took]
    return [
        AbxListener(listener=ratings.listeners[at], **vars(test))
        for at, test in zip(took, tests, strict=True)
    ]
