"""On random ratings with ties the rank tests agree with scipy and scikit-posthocs."""

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs as posthocs
from scipy import stats

from earmark.analysis.ratings.methods.friedman import (
    conover_friedman,
    friedman,
    nemenyi,
    quade,
    quade_pairs,
)
from earmark.analysis.ratings.methods.incomplete import durbin, durbin_pairs, skillings_mack
from earmark.analysis.ratings.methods.kruskal import conover_iman, kruskal_wallis
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.tests import Comparison


def matrix(pairs: list[Comparison], count: int) -> Floats:
    found = np.ones((count, count))
    for pair in pairs:
        assert pair.p is not None
        found[pair.first, pair.second] = found[pair.second, pair.first] = pair.p
    return found


@pytest.fixture(params=range(4))
def table(request: pytest.FixtureRequest) -> Floats:
    """Whole ratings of 14 listeners and 4 systems, full of ties."""
    r = np.random.default_rng(request.param)
    drawn: Floats = np.round(r.normal(5, 1.5, (14, 4)) + np.array([0, 0.5, 1, 1])).astype(float)
    return drawn


def test_independent_groups_agree(table: Floats) -> None:
    groups = np.broadcast_to(np.arange(4), table.shape)
    test = kruskal_wallis(table.ravel(), groups.ravel(), 4)
    expected = stats.kruskal(*table.T)
    assert test.omnibus.statistic == pytest.approx(expected.statistic)
    assert test.omnibus.p == pytest.approx(expected.pvalue)
    frame = pd.DataFrame({"value": table.ravel(), "group": groups.ravel()})
    other = posthocs.posthoc_conover(frame, val_col="value", group_col="group").to_numpy()
    np.testing.assert_allclose(matrix(conover_iman(test), 4), other, rtol=1e-9)


def test_complete_blocks_agree(table: Floats) -> None:
    test = friedman(table)
    expected = stats.friedmanchisquare(*table.T)
    assert test.chi2.statistic == pytest.approx(expected.statistic)
    assert test.chi2.p == pytest.approx(expected.pvalue)
    for pairs, other in (
        (conover_friedman(test), posthocs.posthoc_conover_friedman(table)),
        (nemenyi(test), posthocs.posthoc_nemenyi_friedman(table)),
        (quade_pairs(quade(table)), posthocs.posthoc_quade(table)),
    ):
        np.testing.assert_allclose(matrix(pairs, 4), other.to_numpy(), rtol=1e-6)


# scikit-posthocs calls pandas in a way that pandas 3.1 warns of.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_balanced_incomplete_blocks_agree() -> None:
    r = np.random.default_rng(0)
    table = np.round(r.normal(5, 2, (12, 4)), 1)
    for block in range(12):
        table[block, block % 4] = np.nan
    other = posthocs.posthoc_durbin(table).to_numpy()
    np.testing.assert_allclose(matrix(durbin_pairs(durbin(table)), 4), other, rtol=1e-9)


def test_skillings_mack_on_complete_blocks_is_friedman_without_ties() -> None:
    table = np.random.default_rng(1).random((9, 5))
    assert skillings_mack(table).omnibus.statistic == pytest.approx(friedman(table).chi2.statistic)


def test_complete_agreement_is_named_and_has_p_zero() -> None:
    table = np.tile(np.arange(4.0), (6, 1))
    test = friedman(table)
    assert (test.f.statistic, test.f.p) == (None, 0.0)
    assert "complete agreement" in test.f.note
    assert test.kendall_w == 1
    assert {pair.p for pair in conover_friedman(test)} == {0.0}
    assert quade(np.tile(np.arange(4.0), (6, 1))).omnibus.p == 0.0


def test_blocks_without_any_difference_allow_no_test() -> None:
    flat = np.full((5, 3), 7.0)
    assert friedman(flat).f.p is None
    assert quade(flat).omnibus.p is None
    assert {pair.p for pair in conover_friedman(friedman(flat))} == {None}
    assert kruskal_wallis(flat.ravel(), np.tile(np.arange(3), 5), 3).omnibus.note
