"""OpinionKind scores of P.800 by hand. SIMULATED votes."""

from dataclasses import replace

import numpy as np
import pytest
from ratings_simulation import ratings_of
from scipy import stats

from earmark.analysis.ratings.estimation.opinions import opinion_scores
from earmark.analysis.ratings.reading.scales import Scale
from earmark.analysis.ratings.result.names import OpinionKind
from earmark.listening_test.kinds import named

ACR = Scale(1, 5, ordinal=True, origin="declared", name="ACR")
# 3 listeners × 2 passages × 2 systems; one vote is missing.
VOTES = np.array([[[4, 2], [5, 3]], [[3, 2], [4, np.nan]], [[5, 1], [5, 2]]], dtype=float)


def test_a_score_is_the_mean_of_its_votes_with_both_intervals() -> None:
    found = opinion_scores(ratings_of(VOTES), ACR, 0.05)
    assert found is not None
    assert found.score is OpinionKind.MOS
    first, second = found.conditions
    votes = [2, 3, 2, 1, 2]
    assert (second.votes, second.listeners) == (5, 3)
    assert second.score == pytest.approx(np.mean(votes))
    assert second.sd == pytest.approx(np.std(votes, ddof=1))
    assert (second.low, second.high) == pytest.approx(
        stats.t.interval(0.95, 4, np.mean(votes), stats.sem(votes))
    )
    people = [2.5, 2.0, 1.5]
    assert second.over_listeners == pytest.approx(2.0)
    assert (second.listeners_low, second.listeners_high) == pytest.approx(
        stats.t.interval(0.95, 2, 2.0, stats.sem(people))
    )
    assert first.score == pytest.approx(26 / 6)
    wide = opinion_scores(ratings_of(VOTES), ACR, 0.01)
    assert wide is not None
    assert (wide.conditions[0].low or 0) < (first.low or 0)


def test_each_scale_has_its_score() -> None:
    ratings = ratings_of(VOTES)
    for low, high, name, score in (
        (1, 5, "DCR", OpinionKind.DMOS),
        (1, 5, "ACR, DCR or BS.1116", OpinionKind.MOS),
        (-3, 3, "CCR", OpinionKind.CMOS),
    ):
        found = opinion_scores(ratings, Scale(low, high, True, "declared", name), 0.05)
        assert found is not None
        assert found.score is score
    assert opinion_scores(ratings, replace(ACR, ordinal=False), 0.05) is None
    assert opinion_scores(ratings, Scale(0, 10, True, "declared"), 0.05) is None
    for kind, name in (("acr", "ACR"), ("dcr", "DCR")):
        scale = named(kind).for_analysis.range_of([])
        assert scale is not None
        assert scale[2] == name


def test_one_vote_has_no_interval() -> None:
    found = opinion_scores(ratings_of(np.array([[[4.0, 2.0]]])), ACR, 0.05)
    assert found is not None
    (one, _) = found.conditions
    assert (one.score, one.sd, one.low, one.listeners_high) == (4.0, None, None, None)
