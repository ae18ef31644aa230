"""What design each arrangement of ratings is, what it allows, and which analysis it leads to."""

import numpy as np
import pytest
from ratings_simulation import ratings_of
from scipy import stats

from earmark.analysis.ratings.inference.against import ZERO, against_zero, many_to_one
from earmark.analysis.ratings.inference.design import detect
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.inference.primary import ChosenTest, choose, run
from earmark.analysis.ratings.methods.friedman import friedman
from earmark.analysis.ratings.methods.multiplicity import adjusted
from earmark.analysis.ratings.methods.paired import wilcoxon
from earmark.analysis.ratings.reading.table import Floats, Ratings
from earmark.analysis.ratings.result.design import Design
from earmark.analysis.ratings.result.names import Adjust, Chosen, DesignKind, Inference, Scope
from earmark.analysis.ratings.result.note_words import sentence
from earmark.analysis.ratings.result.notes import NoteCode, NotForMusic

NAN = float("nan")


def noise(*shape: int) -> Floats:
    drawn: Floats = np.round(np.random.default_rng(shape).normal(50, 15, shape), 2)
    return drawn


def without(cells: Floats, *gone: tuple[int | slice, int | slice, int | slice]) -> Floats:
    found = cells.copy()
    for cell in gone:
        found[cell] = NAN
    return found


ALL = slice(None)
LATIN = [(at, ALL, at % 4) for at in range(8)]
CASES = [
    (noise(6, 5, 3), DesignKind.COMPLETE, Chosen.FRIEDMAN_F, Chosen.QUASI_F),
    (noise(6, 5, 2), DesignKind.COMPLETE, Chosen.PERMUTATION, Chosen.QUASI_F),
    (noise(6, 1, 3), DesignKind.COMPLETE, Chosen.FRIEDMAN_F, Chosen.FRIEDMAN_F),
    (without(noise(6, 5, 3), (0, 1, ALL), (4, 4, ALL)), DesignKind.COMPLETE_BLOCKS,
     Chosen.FRIEDMAN_F, Chosen.MIXED_MODEL),
    (without(noise(6, 5, 2), (0, 1, ALL)), DesignKind.COMPLETE_BLOCKS,
     Chosen.PERMUTATION, Chosen.MIXED_MODEL),
    (without(noise(8, 2, 4), *LATIN), DesignKind.BALANCED_INCOMPLETE,
     Chosen.DURBIN, Chosen.MIXED_MODEL),
    (without(noise(8, 2, 4), *LATIN, (0, 0, 1)), DesignKind.INCOMPLETE,
     Chosen.MIXED_MODEL, Chosen.MIXED_MODEL),
    (without(noise(8, 2, 4), (0, ALL, 1)), DesignKind.INCOMPLETE,
     Chosen.MIXED_MODEL, Chosen.MIXED_MODEL),
    (without(noise(8, 1, 4), (0, ALL, 1)), DesignKind.INCOMPLETE,
     Chosen.SKILLINGS_MACK, Chosen.SKILLINGS_MACK),
    (without(noise(6, 2, 2), *((at, ALL, at % 2) for at in range(6))), DesignKind.BETWEEN,
     Chosen.KRUSKAL_WALLIS, Chosen.KRUSKAL_WALLIS),
    (noise(1, 5, 3), DesignKind.ONE_LISTENER, Chosen.OVER_PASSAGES, Chosen.OVER_PASSAGES),
    (noise(1, 1, 3), DesignKind.ONE_LISTENER, Chosen.NONE, Chosen.NONE),
    (noise(5, 3, 1), DesignKind.ONE_SYSTEM, Chosen.NONE, Chosen.NONE),
    (np.full((4, 3, 3), 7.0), DesignKind.NO_VARIATION, Chosen.NONE, Chosen.NONE),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "kind", "here", "music"), CASES)
def test_an_arrangement_of_ratings_is_a_design_that_leads_to_an_analysis(
    cells: Floats, kind: DesignKind, here: Chosen, music: Chosen
) -> None:
    ratings = ratings_of(cells)
    found = detect(ratings, ("ref",))
    known = ~np.isnan(cells)
    assert found.kind is kind
    assert (found.listeners, found.passages, found.systems) == cells.shape
    assert (found.ratings, found.questions, found.set_aside) == (known.sum(), 1, ("ref",))
    assert found.complete == known.all()
    assert found.balanced == known.all()
    assert found.replicates == (1, 1)
    assert found.per_listener == tuple(known.sum(axis=(1, 2)))
    assert found.dependent == bool((known.sum(axis=(1, 2)) > 1).any())
    apart = kind is DesignKind.BETWEEN
    assert found.expected == (known.sum() if apart else known.size)
    assert found.missing == (0 if apart else (~known).sum())
    assert choose(found, Scope.PASSAGES).method is here
    chosen = choose(found, Scope.MUSIC)
    assert chosen.method is music
    possible = music in (Chosen.QUASI_F, Chosen.MIXED_MODEL)
    assert found.permits(Inference.MUSIC) == possible
    tested = music is not Chosen.NONE and kind is not DesignKind.ONE_LISTENER
    assert isinstance(chosen.reason, NotForMusic) == (tested and not possible)


def test_ratings_given_twice_are_balanced_where_all_are() -> None:
    twice = detect(ratings_of(noise(4, 3, 2), times=2))
    assert (twice.balanced, twice.replicates, twice.ratings) == (True, (2, 2), 48)
    assert twice.dependent
    cells = ratings_of(noise(4, 3, 2), times=2)
    once = np.ones(len(cells), dtype=bool)
    once[0] = False
    uneven = detect(cells.where(once))
    assert (uneven.balanced, uneven.complete, uneven.replicates) == (False, True, (1, 2))
    assert choose(uneven, Scope.MUSIC).method is Chosen.MIXED_MODEL


def preferences(k: int) -> Ratings:
    """Every pair of ``k`` systems on a page of its own, won by the first."""
    rows = [(at, i, j) for at in range(3) for i in range(k) for j in range(i + 1, k)]
    count = len(rows)
    zero = np.zeros(2 * count, dtype=np.int64)
    pages = np.repeat(np.arange(count), 2)
    return Ratings(
        listeners=("a", "b", "c"), passages=("p",), systems=tuple(map(str, range(k))),
        questions=("q",),
        listener=np.repeat([row[0] for row in rows], 2), passage=zero,
        system=np.array([row[1:] for row in rows]).reshape(-1), question=zero,
        value=np.tile([1.0, 0.0], count), repeat=zero, line=zero, page=pages.astype(float),
        pairing=pages,
    )  # fmt: skip


def test_wins_of_three_systems_are_preferences_of_two_they_are_ratings() -> None:
    found = detect(preferences(3))
    assert found.kind is DesignKind.PREFERENCES
    assert (found.expected, found.missing) == (9, 0)
    assert choose(found, Scope.PASSAGES).method is Chosen.BRADLEY_TERRY
    chosen = choose(found, Scope.MUSIC)
    assert chosen.method is Chosen.BRADLEY_TERRY
    assert sentence(chosen.reason).startswith(
        "Scope music is not possible (preferences are tested over"
    )
    assert detect(preferences(2)).kind is DesignKind.COMPLETE


def reasons(found: Design) -> dict[str, str]:
    return {one.inference: one.reason for one in found.allows}


def test_a_design_says_why_it_allows_what_it_allows() -> None:
    few, enough = (detect(ratings_of(noise(6, m, 3))) for m in (4, 5))
    assert reasons(few)["music"] == "only 4 passages: intervals for other music are wide"
    assert reasons(enough)["music"] == "5 passages and 6 listeners vary crosswise"
    assert reasons(few)["passages"].startswith("6 listeners are the independent units")
    one = detect(ratings_of(noise(6, 1, 3)))
    assert reasons(one)["music"] == "one passage stands for no other music"
    alone, lone = (detect(ratings_of(noise(1, m, 3))) for m in (2, 1))
    assert [one.permits(Inference.LISTENER) for one in (alone, lone)] == [True, False]
    assert reasons(lone)["listener"].startswith("one listener and one passage")
    assert reasons(alone)["listener"].startswith("one listener: results hold")
    single = detect(ratings_of(noise(5, 3, 1)))
    assert set(reasons(single).values()) == {"one system leaves nothing to compare"}
    flat = detect(ratings_of(np.full((4, 3, 3), 7.0)))
    assert set(reasons(flat).values()) == {"all ratings are equal"}


@pytest.mark.parametrize("control", [0, 1, 3])
def test_each_system_is_held_against_the_control_by_signed_ranks_and_mean_ranks(
    control: int,
) -> None:
    cells = noise(9, 3, 4) + 6 * np.arange(4)
    cells[2, :, (control + 1) % 4] = NAN
    options = RatingsOptions(baseline=f"s{control}", alpha=0.1)
    found = many_to_one(ratings_of(cells), f"s{control}", options)
    means = np.round(np.where(np.isnan(cells), 0, cells).sum(axis=1) / 3, 10)
    means[2, (control + 1) % 4] = NAN
    others = [at for at in range(4) if at != control]
    assert [pair.group1 for pair in found.wilcoxon] == [f"s{at}" for at in others]
    assert {pair.group2 for pair in found.wilcoxon} == {f"s{control}"}
    raw = []
    whole = means[~np.isnan(means).any(axis=1)]
    ranks = friedman(whole).mean_ranks
    for other, pair, demsar in zip(others, found.wilcoxon, found.demsar, strict=True):
        d = means[:, other] - means[:, control]
        d = d[~np.isnan(d)]
        test = stats.ttest_1samp(d, 0).confidence_interval(0.9)
        assert pair.mean_diff == pytest.approx(d.mean())
        assert (pair.low, pair.high, pair.n) == pytest.approx((test.low, test.high, len(d)))
        expected = wilcoxon(d, 0, 1)
        assert (pair.statistic, pair.p_raw) == (expected.statistic, expected.p)
        raw.append(pair.p_raw)
        z = (ranks[other] - ranks[control]) / np.sqrt(4 * 5 / (6 * len(whole)))
        assert demsar.statistic == pytest.approx(z)
        assert demsar.p_raw == pytest.approx(2 * stats.norm.sf(abs(z)))
    assert [pair.p_adj for pair in found.wilcoxon] == pytest.approx(adjusted(raw, Adjust.HOLM))
    assert [pair.reject for pair in found.wilcoxon] == [
        p < 0.1 for p in adjusted(raw, Adjust.HOLM) if p
    ]


def test_a_control_without_others_or_without_ratings_is_said() -> None:
    ratings = ratings_of(noise(5, 2, 3))
    gone = many_to_one(ratings, "x", RatingsOptions(baseline="x"))
    assert gone.note == "x has no rating that counts here: nothing to compare"
    assert (gone.wilcoxon, gone.demsar) == ((), ())
    aside = RatingsOptions(reference="s0", anchors=("s1", "s2"))
    assert many_to_one(ratings, "s0", aside).note == "no system under test to compare with s0"
    both = many_to_one(ratings, "s0", RatingsOptions(reference="s0", anchors=("s1",)))
    assert [pair.group1 for pair in both.wilcoxon] == ["s2"]
    lone = many_to_one(ratings_of(noise(1, 2, 3)), "s0", RatingsOptions(baseline="s0"))
    assert [pair.p_raw for pair in lone.demsar] == [None, None]
    two = many_to_one(ratings_of(noise(2, 2, 3)), "s0", RatingsOptions(baseline="s0"))
    assert None not in [pair.p_raw for pair in two.demsar]


def test_against_zero_each_system_is_tested_by_itself() -> None:
    cells = np.round(noise(8, 2, 2) / 25 - 2) + np.array([0.0, 1.0])
    found = against_zero(ratings_of(cells), RatingsOptions(alpha=0.2))
    means = cells.mean(axis=1)
    for at, pair in enumerate(found.systems):
        interval = stats.ttest_1samp(means[:, at], 0).confidence_interval(0.8)
        assert (pair.group1, pair.group2, pair.n) == (f"s{at}", ZERO, 8)
        assert pair.mean_diff == pytest.approx(means[:, at].mean())
        assert (pair.low, pair.high) == pytest.approx((interval.low, interval.high))
        assert pair.p_raw == wilcoxon(means[:, at], 0, 1).p


def test_listeners_apart_are_compared_by_welch() -> None:
    cells = without(noise(11, 1, 3), *(((at, ALL, slice(0, 2)) if at > 6 else (at, ALL, 2))
                    for at in range(11)))  # fmt: skip
    cells[:4, 0, 0] = cells[4:7, 0, 1] = NAN
    cells[:4, 0, 1] = noise(4, 1)[:, 0]
    outcome = run(
        ChosenTest(Chosen.KRUSKAL_WALLIS, Scope.PASSAGES, NoteCode.DIFFERENT_LISTENERS),
        ratings_of(cells),
        0.1,
        0,
    )
    for (i, j), found in outcome.estimates.items():
        x, y = (cells[~np.isnan(cells[:, 0, at]), 0, at] for at in (i, j))
        test = stats.ttest_ind(x, y, equal_var=False)
        interval = test.confidence_interval(0.9)
        assert found.difference == pytest.approx(x.mean() - y.mean())
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
        assert found.df == pytest.approx(test.df)
        assert found.units == len(x) + len(y)
    lone = without(cells, (slice(8, 11), ALL, 2))
    one = run(
        ChosenTest(Chosen.KRUSKAL_WALLIS, Scope.PASSAGES, NoteCode.DIFFERENT_LISTENERS),
        ratings_of(lone),
        0.1,
        0,
    )
    assert one.estimates[0, 2].error is None
    assert one.estimates[0, 2].difference is not None
    flat = np.where(np.isnan(cells), NAN, np.array([3.0, 3.0, 5.0]))
    same = run(
        ChosenTest(Chosen.KRUSKAL_WALLIS, Scope.PASSAGES, NoteCode.DIFFERENT_LISTENERS),
        ratings_of(flat),
        0.1,
        0,
    )
    assert (same.estimates[0, 2].low, same.estimates[0, 2].df) == (-2.0, 5)
