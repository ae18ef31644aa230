"""Right and wrong answers of ABX tests: whether listeners tell the two of a comparison apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from ....models.errors import UserError
from ..methods.abx import (
    STRATEGIES,
    BetaBinomial,
    Binomial,
    abx_d_prime,
    beta_binomial_test,
    binomial_test,
    criterion,
    d_prime_interval,
)
from ..methods.multiplicity import adjusted
from ..reading.table import Bools, Floats, Ratings
from ..result.names import AbxTest
from ..result.secondary import AbxListener, AbxResult, BetaBinomialFit, DPrime, ResponseBias
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
    interval: Binomial | BetaBinomial = fit or exact
    listeners = tuple(_listeners(ratings, code, (right, trials), took.tolist(), alpha))
    known = [one.bias for one in listeners if one.bias]
    optional: dict[str, Any] = {"bias": _pooled(known, alpha)} if known else {}
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
        listeners=listeners,
        p_adj=None,
        reject=False,
        d_primes=_d_primes(share, interval.low, interval.high),
        **optional,
    )


def _fitted(fit: BetaBinomial) -> BetaBinomialFit:
    return BetaBinomialFit(**vars(fit))


def _listeners(
    ratings: Ratings, code: int, answers: tuple[Floats, Floats], took: Sequence[int], alpha: float
) -> list[AbxListener]:
    right, trials = answers
    found = []
    for at in took:
        test = binomial_test(int(right[at]), int(trials[at]), alpha)
        bias = _bias(ratings, (ratings.listener == at) & (ratings.system == code), alpha)
        more: dict[str, Any] = {"bias": bias} if bias else {}
        share = test.right / test.trials
        found.append(
            AbxListener(
                listener=ratings.listeners[at],
                **vars(test),
                d_primes=_d_primes(share, test.low, test.high),
                **more,
            )
        )
    return found


def _d_primes(share: float, low: float, high: float) -> tuple[DPrime, ...]:
    found = []
    for strategy in STRATEGIES:
        ends = d_prime_interval(low, high, strategy)
        value = abx_d_prime(share, strategy)
        found.append(DPrime(strategy=strategy, value=value, low=ends[0], high=ends[1]))
    return tuple(found)


def _bias(ratings: Ratings, mine: Bools, alpha: float) -> ResponseBias | None:
    """The bias in some answers; None where it is not known which of the two X was."""
    if ratings.position is None:
        return None
    mine = mine & np.isin(ratings.position, (1, 2))
    if not mine.any():
        return None
    first = ratings.position[mine] == 1
    said = first == (ratings.value[mine] == 1)
    found = criterion(
        int((said & first).sum()),
        int(first.sum()),
        int((said & ~first).sum()),
        int((~first).sum()),
        alpha,
    )
    return ResponseBias(
        said_first=float(said.mean()),
        trials=len(said),
        criterion=found.value if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        share=found.share if found else None,
        d_prime=abx_d_prime(found.share) if found else None,
    )


def _pooled(biases: Sequence[ResponseBias], alpha: float) -> ResponseBias:
    """The mean of listeners' criteria, tested over listeners; of one listener its own."""
    if len(biases) == 1:
        return biases[0]
    values = np.array([one.criterion for one in biases if one.criterion is not None])
    shares = [one.share for one in biases if one.share is not None]
    trials = [one.trials for one in biases]
    n = len(values)
    mean = float(values.mean()) if n else None
    half = None
    if n > 1:
        half = float(stats.t.isf(alpha / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    share = float(np.mean(shares)) if shares else None
    return ResponseBias(
        said_first=float(np.average([one.said_first for one in biases], weights=trials)),
        trials=sum(trials),
        criterion=mean,
        low=None if mean is None or half is None else mean - half,
        high=None if mean is None or half is None else mean + half,
        share=share,
        d_prime=None if share is None else abx_d_prime(share),
    )
