"""Effects, agreement, preferences and crossed models agree with R, closed forms and libraries."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from printed_digits import agrees
from ratings_data import (
    CITATIONS,
    INSECT_SPRAYS,
    KRIPPENDORFF,
    ROUNDING_TIMES,
    SHROUT_FLEISS,
)
from ratings_simulation import simulated_cells
from scipy import stats
from statsmodels.stats.multitest import multipletests

from earmark.analysis.ratings.estimation.agreement import intraclass, krippendorff_alpha
from earmark.analysis.ratings.estimation.effect_sizes import (
    cliffs_delta,
    matched_rank_biserial,
    paired_superiority,
    rank_biserial,
)
from earmark.analysis.ratings.estimation.sample_size import (
    better_buy,
    power,
    precision,
    smallest_detectable,
)
from earmark.analysis.ratings.methods.abx import (
    abx_d_prime,
    abx_share,
    beta_binomial_test,
    binomial_test,
)
from earmark.analysis.ratings.methods.bradley_terry import (
    bootstrap_beats,
    bradley_terry,
    circular_triads,
)
from earmark.analysis.ratings.methods.crossed import (
    components,
    crossed_pairs,
    mean_squares,
    quasi_f,
)
from earmark.analysis.ratings.methods.equivalence import tost
from earmark.analysis.ratings.methods.multiplicity import METHODS, adjusted
from earmark.analysis.ratings.methods.permutation import permutation_test, sign_flips
from earmark.analysis.ratings.mixed_models.linear import fit_mixed
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Adjust, Level, Scope


@pytest.mark.parametrize(
    ("level", "printed"),
    [
        (Level.NOMINAL, ".743421"),
        (Level.ORDINAL, ".815388"),
        (Level.INTERVAL, ".849107"),
        (Level.RATIO, ".797403"),
    ],
)
def test_krippendorff_alpha_gives_the_canonical_numbers(level: Level, printed: str) -> None:
    assert agrees(krippendorff_alpha(KRIPPENDORFF, level), printed)


def test_intraclass_correlations_give_shrout_and_fleiss_numbers() -> None:
    icc = intraclass(SHROUT_FLEISS)
    assert icc is not None
    printed = [".165742", ".289764", ".714841", ".442797", ".620051", ".909316"]
    found = [icc.icc1, icc.icc2, icc.icc3, icc.icc1k, icc.icc2k, icc.icc3k]
    assert all(agrees(value, text) for value, text in zip(found, printed, strict=True)), found
    # McGraw & Wong's interval as R's irr::icc and psych::ICC print it.
    assert agrees(icc.low, ".019")
    assert agrees(icc.high, ".761")


def test_dominance_gives_r_numbers() -> None:
    values, codes = INSECT_SPRAYS
    for other, printed in ((2, ".993055556"), (1, "-.138888889"), (3, ".951388889")):
        assert agrees(cliffs_delta(values[codes == 0], values[codes == other]), printed)
    assert agrees(rank_biserial(ROUNDING_TIMES[:, 0] - ROUNDING_TIMES[:, 2]), ".573122530")


def test_bradley_terry_gives_r_numbers_on_citations() -> None:
    fit = bradley_terry(CITATIONS)
    for at, ability, error in (
        (1, "-2.949072", ".102545"),
        (2, "-.479570", ".060589"),
        (3, ".268954", ".070830"),
    ):
        assert agrees(float(fit.abilities[at]), ability)
        assert agrees(float(fit.errors[at]), error)
    assert agrees(fit.deviance, "4.293384")
    assert fit.df == 3
    assert fit.beats() + fit.beats().T == pytest.approx(np.ones((4, 4)))


def test_bradley_terry_refuses_a_system_that_never_loses() -> None:
    with pytest.raises(ValueError, match="no bound"):
        bradley_terry(np.array([[0, 3, 4], [0, 0, 2], [0, 1, 0]], dtype=float))


def test_the_listener_bootstrap_of_preferences_covers_the_fit() -> None:
    r = np.random.default_rng(3)
    truth = np.array([0.0, 0.6, 1.2])
    chance = 1 / (1 + np.exp(truth[None, :] - truth[:, None]))
    wins = np.zeros((30, 3, 3))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        wins[:, i, j] = r.binomial(6, chance[i, j], 30)
        wins[:, j, i] = 6 - wins[:, i, j]
    low, high, fitted = bootstrap_beats(wins, 0.05, seed=0)
    assert fitted == 1000
    assert (low[1:, 0] < chance[1:, 0]).all()
    assert (chance[1:, 0] < high[1:, 0]).all()


def test_circular_triads_are_counted() -> None:
    circle = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=float)
    assert circular_triads(circle) == (1, 1)
    assert circular_triads(np.triu(np.ones((4, 4)), 1)) == (0, 4)


def test_abx_binomial_and_d_prime_agree_with_scipy_and_simulated_listeners() -> None:
    test = binomial_test(14, 16)
    expected = stats.binomtest(14, 16, alternative="greater")
    assert test.p == pytest.approx(expected.pvalue, rel=1e-12)
    exact = stats.binomtest(14, 16).proportion_ci(0.95)
    assert (test.low, test.high) == pytest.approx((exact.low, exact.high), rel=1e-12)
    r = np.random.default_rng(1)
    count, d = 400_000, 1.5
    a, b, x = r.normal(0, 1, count), r.normal(d, 1, count), r.normal(0, 1, count)
    right = (np.abs(x - a) < np.abs(x - b)).mean()
    assert abx_share(d) == pytest.approx(right, abs=0.004)
    for strategy in ("differencing", "independent"):
        assert abx_d_prime(abx_share(d, strategy), strategy) == pytest.approx(d, abs=1e-9)
    assert abx_d_prime(0.5) == 0


def test_pooled_abx_is_wary_of_listeners_who_differ() -> None:
    trials = np.full(12, 16.0)
    alike = beta_binomial_test(np.full(12, 10.0), trials)
    unlike = beta_binomial_test(np.array([16, 16, 16, 16, 7, 8, 7, 8, 6, 7, 6, 7.0]), trials)
    assert alike.mean == pytest.approx(10 / 16, abs=1e-3)
    assert alike.overdispersion < 0.01 < 0.2 < unlike.overdispersion
    assert alike.p < unlike.p


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(set(METHODS) - {Adjust.NONE}))
def test_adjusted_p_agree_with_statsmodels(method: Adjust) -> None:
    r = np.random.default_rng(5)
    for count in (1, 2, 3, 10, 28):
        p = r.beta(0.3, 1.5, count)
        expected = multipletests(p, method=method.value)[1]
        found = np.array(adjusted(list(p), method), dtype=float)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_method_of_moments_and_reml_agree_on_balanced_data() -> None:
    cells = simulated_cells(0, listener_system=7, passage_system=9)
    ms = mean_squares(cells)
    fit = fit_mixed(cells, Scope.MUSIC)
    moments = components(ms)
    assert min(moments.values()) > 0, "an interior optimum, where both must agree"
    for name, value in moments.items():
        assert fit.variances[name] == pytest.approx(value, rel=1e-5)
    # The closed form of the model's F on balanced data, and its Satterthwaite df.
    n, m, k = cells.shape
    error = ms.sl + ms.sp - ms.slp
    parts = ms.sl**2 / (n - 1) + ms.sp**2 / (m - 1) + ms.slp**2 / ((n - 1) * (m - 1))
    f = fit.omnibus()
    assert f.statistic == pytest.approx(ms.s / error, rel=1e-6)
    assert f.df2 == pytest.approx(error**2 * (k - 1) / parts, rel=1e-4)
    p = quasi_f(ms).p
    assert p is not None
    assert f.p == pytest.approx(p, abs=0.03)


def test_reml_on_these_passages_is_the_classical_repeated_measures_f() -> None:
    cells = simulated_cells(2, listener_system=6, effects=np.array([0, 0, 2.0, 0, 4]))
    ms = mean_squares(cells)
    f = fit_mixed(cells, Scope.PASSAGES).omnibus()
    assert f.statistic == pytest.approx(ms.s / ms.sl, rel=1e-6)
    assert f.df2 == pytest.approx(15 * 4, rel=1e-4)


@pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.ConvergenceWarning")
def test_reml_agrees_with_statsmodels_on_missing_cells() -> None:
    cells = simulated_cells(4, (8, 4, 3), listener_system=8, passage_system=9)
    cells[np.random.default_rng(0).random(cells.shape) < 0.12] = np.nan
    fit = fit_mixed(cells, Scope.MUSIC)
    at = np.argwhere(~np.isnan(cells))
    frame = pd.DataFrame(at, columns=["l", "p", "s"]).assign(y=cells[tuple(at.T)], one=1)
    parts = {"l": "C(l)", "p": "C(p)", "lp": "C(l):C(p)", "ls": "C(l):C(s)", "ps": "C(p):C(s)"}
    other = smf.mixedlm(
        "y ~ C(s)", frame, groups="one", vc_formula={k: f"0 + {v}" for k, v in parts.items()}
    ).fit(reml=True)
    there = dict(zip(other.model.exog_vc.names, other.vcomp, strict=True))
    variances = np.array([*(there[name] for name in parts), other.scale])
    assert fit.likelihood.deviance(variances) == pytest.approx(-2 * other.llf, abs=1e-6)
    assert fit.deviance <= -2 * other.llf + 1e-6, "and ours is the better optimum"
    effects = fit.means[1:] - fit.means[0]
    np.testing.assert_allclose(effects, other.params[["C(s)[T.1]", "C(s)[T.2]"]], atol=0.3)


def test_pairs_of_the_crossed_design_are_t_tests_of_listener_means_without_passage_variance() -> (
    None
):
    d = np.random.default_rng(0).normal(0, 5, (10, 1, 1)) + np.zeros((10, 4, 1))
    cells = np.concatenate([d, np.zeros_like(d)], axis=2)
    pair = crossed_pairs(cells, 0.05)[0]
    expected = stats.ttest_1samp(d[:, 0, 0], 0)
    assert pair.comparison.statistic == pytest.approx(expected.statistic)
    assert pair.comparison.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (pair.low, pair.high) == pytest.approx((interval.low, interval.high))


def test_sign_flips_and_permutations_agree_with_scipy() -> None:
    d = np.array([3.0, 1, 4, -1, 5, 9, 2, -2])
    expected = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=10**5)
    assert sign_flips(d, 0) == pytest.approx(expected.pvalue)
    table = np.stack([d, np.zeros(8)], axis=1)
    assert permutation_test(table, 0).p == pytest.approx(expected.pvalue)


def test_the_random_permutation_approaches_the_exact_one() -> None:
    table = np.random.default_rng(1).normal(0, 1, (6, 3)) + np.array([0, 0.4, 0.8])
    exact = permutation_test(table, 0)
    assert "all 7776" in exact.note
    doubled = permutation_test(np.concatenate([table, np.zeros((3, 3))]), 0)
    assert "random" in doubled.note
    assert exact.p is not None
    assert doubled.p == pytest.approx(exact.p, abs=0.02), "listeners without a view add nothing"


def test_tost_is_two_one_sided_t_tests() -> None:
    d = np.random.default_rng(2).normal(1, 4, 20)
    found = tost(float(d.mean()), float(stats.sem(d)), 19, 3.0, 0.05)
    lower = stats.ttest_1samp(d, -3, alternative="greater").pvalue
    upper = stats.ttest_1samp(d, 3, alternative="less").pvalue
    assert found.p == pytest.approx(max(lower, upper))
    assert (found.p < 0.05) == (found.low > -3 and found.high < 3)


def test_power_agrees_with_statsmodels_and_the_detectable_effect_inverts_it() -> None:
    from statsmodels.stats.power import TTestPower

    at = precision({"residual": 100.0, "listener:system": 30.0}, 16, 5, Scope.PASSAGES)
    sd = at.error * 4
    expected = TTestPower().power(8 / sd, nobs=16, alpha=0.05)
    assert power(8, at, 0.05) == pytest.approx(expected, abs=1e-6)
    assert power(smallest_detectable(at, 0.05), at, 0.05) == pytest.approx(0.8, abs=1e-6)


def test_what_varies_most_is_what_more_of_buys_most() -> None:
    assert better_buy({"residual": 50, "passage:system": 90.0}, 16, 5, Scope.MUSIC) == "passages"
    assert better_buy({"residual": 50, "listener:system": 90.0}, 16, 5, Scope.MUSIC) == "listeners"


TABLES = arrays(np.float64, (6, 4), elements=st.integers(0, 100).map(float))


@given(TABLES)
@settings(max_examples=40, deadline=None)
def test_effects_change_sign_with_the_order_of_the_pair(table: Floats) -> None:
    first, second = table[:, :2], table[:, 2:]
    forward = paired_superiority(first, second, alpha=0.05, seed=0, passages=False)
    backward = paired_superiority(second, first, alpha=0.05, seed=0, passages=False)
    assert forward.value is not None
    assert backward.value == pytest.approx(1 - forward.value)
    assert forward.low is not None
    assert backward.high == pytest.approx(1 - forward.low)
    assert cliffs_delta(table[:, 0], table[:, 1]) == -cliffs_delta(table[:, 1], table[:, 0])


def test_the_rank_biserial_interval_covers_its_value_and_shrinks_with_listeners() -> None:
    r = np.random.default_rng(0)
    few = matched_rank_biserial(r.normal(0.5, 1, 12), alpha=0.05, seed=0)
    many = matched_rank_biserial(r.normal(0.5, 1, 400), alpha=0.05, seed=0)
    for effect in (few, many):
        assert effect.value is not None
        assert effect.low is not None
        assert effect.high is not None
        assert effect.low < effect.value < effect.high
    assert few.high is not None
    assert few.low is not None
    assert many.high is not None
    assert many.low is not None
    assert many.high - many.low < few.high - few.low
