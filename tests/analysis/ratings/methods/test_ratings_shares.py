"""Shares of right answers against scipy's exact tests, likelihoods and simulated listeners."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from earmark.analysis.ratings.methods.abx import (
    abx_d_prime,
    abx_share,
    beta_binomial_test,
    binomial_test,
)
from earmark.analysis.ratings.reading.table import Floats


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
@pytest.mark.parametrize(("right", "trials"), [(0, 5), (1, 5), (4, 5), (5, 5), (9, 16), (60, 100)])
def test_the_exact_interval_of_a_share_is_that_of_scipy(
    right: int, trials: int, alpha: float
) -> None:
    found = binomial_test(right, trials, alpha)
    exact = stats.binomtest(right, trials).proportion_ci(1 - alpha)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert found.p == pytest.approx(
        stats.binomtest(right, trials, alternative="greater").pvalue, rel=1e-10
    )
    assert (found.right, found.trials) == (right, trials)


RIGHT = np.array([16, 15, 9, 7, 8, 12, 14, 10.0])


def likelihood(mean: float, right: Floats = RIGHT, trials: int = 16) -> float:
    """The best log-likelihood of a mean, by scipy's beta-binomial distribution."""

    def minus(size: float) -> float:
        a, b = mean * math.exp(size), (1 - mean) * math.exp(size)
        return -float(stats.betabinom.logpmf(right, trials, a, b).sum())

    grid = np.linspace(-4, 10, 60)
    start = grid[int(np.argmin([minus(size) for size in grid]))]
    found = optimize.minimize_scalar(minus, bounds=(start - 1, start + 1), method="bounded")
    return -float(found.fun)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_beta_binomial_test_and_interval_are_those_of_the_likelihood(alpha: float) -> None:
    found = beta_binomial_test(RIGHT, np.full(8, 16.0), alpha)
    best = likelihood(found.mean)
    assert best >= likelihood(found.mean + 0.01) > likelihood(found.mean + 0.05)
    assert best >= likelihood(found.mean - 0.01)
    assert found.statistic == pytest.approx(2 * (best - likelihood(0.5)), abs=1e-4)
    assert found.p == pytest.approx(stats.norm.sf(math.sqrt(found.statistic)), rel=1e-9)
    for end in (found.low, found.high):
        drop = 2 * (best - likelihood(end))
        assert drop == pytest.approx(stats.chi2.isf(alpha, 1), abs=1e-3)
    assert found.low < found.mean < found.high
    size = (1 - found.overdispersion) / found.overdispersion
    there = stats.betabinom.logpmf(RIGHT, 16, found.mean * size, (1 - found.mean) * size).sum()
    assert there == pytest.approx(best, abs=1e-4)


def test_worse_than_guessing_is_no_sign_of_hearing() -> None:
    better = beta_binomial_test(RIGHT, np.full(8, 16.0))
    worse = beta_binomial_test(16 - RIGHT, np.full(8, 16.0))
    assert worse.mean == pytest.approx(1 - better.mean, abs=1e-4)
    assert worse.p == pytest.approx(1 - better.p, abs=1e-4)
    assert worse.low == pytest.approx(1 - better.high, abs=1e-3)


def test_d_prime_has_its_ends_and_its_strategies() -> None:
    assert abx_d_prime(0.5) == abx_d_prime(0.3) == abx_d_prime(0.0) == 0.0
    assert abx_d_prime(1.0) == math.inf
    # Independent observations: A and B are put in order, X is told by the middle between them.
    r, d = np.random.default_rng(3), 1.3
    a, b, x = r.normal(0, 1, 200_000), r.normal(d, 1, 200_000), r.normal(d, 1, 200_000)
    right = ((a < b) == (x > d / 2)).mean()
    assert abx_share(d, "independent") == pytest.approx(right, abs=0.005)
    for share, strategy in ((1.01, "differencing"), (-0.1, "independent"), (0.7, "guessing")):
        with pytest.raises(ValueError, match="does not exist"):
            abx_d_prime(share, strategy)
