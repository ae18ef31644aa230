"""What it takes to call two systems equivalent, attacked with what must not. SIMULATED ratings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ratings_simulation import ratings_of, simulated_cells, written_ratings
from scipy import stats

from earmark.analysis.presentation.numbers import fixed
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.assay import RELIABLE, reliability
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.equivalence import Grounds, claims
from earmark.analysis.ratings.methods.paired import PairDifference
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.report.export import sentences
from earmark.analysis.ratings.report.html import page
from earmark.analysis.ratings.report.words.answer import answer
from earmark.analysis.ratings.report.words.sentences import finding
from earmark.analysis.ratings.result.assay import Assay, Withheld
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.analysis.ratings.result.names import Adjust, Distribution
from earmark.analysis.ratings.result.tests import Equivalence, PairTest
from earmark.models.errors import UserError

SENSITIVE = Grounds(Assay(controls=(), pairs=(), reliability=None, floor=RELIABLE, sensitive=True))


def result_of(
    folder: Path, cells: Floats, options: RatingsOptions, systems: Sequence[str] = "ABC"
) -> RatingsResult:
    path = written_ratings(folder / "ratings.csv", cells, systems=systems)
    result = analyse(read_ratings(path), options)
    assert [check for check in result.checks if not check.passed] == []
    return result


def claim_of(result: RatingsResult, first: str, second: str) -> Equivalence:
    (pair,) = (p for p in result.primary.pairs if {p.group1, p.group2} == {first, second})
    assert pair.equivalence is not None
    return pair.equivalence


def assay_of(result: RatingsResult) -> Assay:
    assert result.primary.assay is not None
    return result.primary.assay


def test_listeners_who_hear_nothing_make_nothing_equivalent(tmp_path: Path) -> None:
    for seed in range(2):
        deaf = simulated_cells(seed, (40, 6, 4), residual=8)
        options = RatingsOptions(margin=10, reference="C", anchors=("D",))
        result = result_of(tmp_path, deaf, options, "ABCD")
        claim = claim_of(result, "A", "B")
        assert claim.within
        assert not claim.equivalent
        assert claim.withheld is Withheld.NOT_SENSITIVE
        assert not assay_of(result).sensitive
        assert {pair.verdict for pair in result.primary.pairs} == {"inconclusive"}
        assert "equivalent" not in finding(result)
        text = sentences(result, {})
        assert "no difference shown, and no equivalence: within ±10 points" in text
        assert "Nothing showed that listeners could hear such a difference" in text


@pytest.mark.parametrize("scope", ["passages", "music"])
def test_hearing_that_passages_differ_is_no_evidence(tmp_path: Path, scope: str) -> None:
    cells = simulated_cells(3, (30, 8, 3), residual=4)
    cells += np.linspace(-25, 25, 8)[None, :, None]
    result = result_of(tmp_path, cells, RatingsOptions(margin=8, scope=scope))
    assert result.agreement.icc is not None
    assert (result.agreement.icc.icc2k or 0) > 0.9, "all hear alike which passage is loud"
    assert claim_of(result, "A", "B").within
    assert not claim_of(result, "A", "B").equivalent


@pytest.mark.parametrize("scope", ["passages", "music"])
def test_a_control_that_is_told_apart_by_more_than_the_margin_carries_the_claim(
    tmp_path: Path, scope: str
) -> None:
    for gap, told in ((20.0, True), (8.0, False)):
        cells = simulated_cells(1, (24, 8, 4), effects=np.array([0, 0, gap, 0.0]), residual=6)
        cells = 50 + 0.5 * (cells - 50)  # no clipping
        cells[:, :, 2] += gap / 2
        options = RatingsOptions(margin=10, reference="C", anchors=("D",), scope=scope)
        result = result_of(tmp_path, cells, options, "ABCD")
        (control,) = assay_of(result).controls
        assert (control.better, control.worse, control.told) == ("C", "D", told)
        assert control.low is not None
        assert control.mean_diff is not None
        assert (control.low > 10) is told
        assert control.mean_diff == pytest.approx(gap, abs=3)
    swapped = RatingsOptions(margin=10, reference="D", anchors=("C",), scope=scope)
    (control,) = assay_of(result_of(tmp_path, cells, swapped, "ABCD")).controls
    assert not control.told, "an anchor above the reference shows no hearing of the kind meant"


def test_the_interval_of_a_control_is_that_of_its_pair_over_all_controls(tmp_path: Path) -> None:
    cells = simulated_cells(2, (15, 5, 4), effects=np.array([0.0, 0, 9, 5]), residual=2)
    cells = 50 + 0.5 * (cells - 50)  # nothing is clipped at 0 or 100
    result = result_of(tmp_path, cells, RatingsOptions(margin=1, anchors=("D", "A")), "ABCD")
    controls = assay_of(result).controls
    assert [(one.better, one.worse) for one in controls] == [
        *(("B", "D"), ("B", "A"), ("C", "D"), ("C", "A"))
    ]
    own = (np.round(cells[:, :, 2], 1) - np.round(cells[:, :, 3], 1)).mean(axis=1)
    expected = stats.ttest_1samp(own, 0).confidence_interval(1 - 0.05 / 4)
    assert (controls[2].low, controls[2].high) == pytest.approx((expected.low, expected.high))


def test_a_pair_under_test_beyond_the_margin_is_evidence_for_the_others(tmp_path: Path) -> None:
    cells = simulated_cells(1, (12, 2, 4), effects=np.array([0.0, 0, 0, 0]), residual=4)
    cells[:, :, 3] += 14
    for margin, told in ((6, True), (13, False)):
        result = result_of(tmp_path, cells, RatingsOptions(margin=margin), "ABCD")
        assert bool(assay_of(result).pairs) is told
        assert all(pair[0] == "D" for pair in assay_of(result).pairs)
    d = (np.round(cells[:, :, 3], 1) - np.round(cells[:, :, 0], 1)).mean(axis=1)
    edge = float(stats.ttest_1samp(d, 0).confidence_interval(1 - 0.05 / 6).low)
    for near, told in ((edge - 0.05, True), (edge + 0.05, False)):
        result = result_of(tmp_path, cells, RatingsOptions(margin=near), "ABCD")
        assert (("D", "A") in assay_of(result).pairs) is told


def test_what_was_decided_to_differ_was_heard(tmp_path: Path) -> None:
    cells = simulated_cells(1, (30, 4, 2), effects=np.array([0.0, 3.0]), residual=1)
    result = result_of(tmp_path, cells, RatingsOptions(margin=8), "AB")
    assert claim_of(result, "A", "B").equivalent
    assert result.primary.pairs[0].reject


def test_a_claim_that_rests_on_an_exclusion_is_withheld(tmp_path: Path) -> None:
    cells = simulated_cells(5, (16, 6, 4), effects=np.array([0, 0, 35, -30.0]), residual=3)
    cells[:, :, 2] = 97
    cells[12:, :, 2] = 60
    cells[12:, :, 1] += 25
    options = RatingsOptions(margin=8, reference="C", anchors=("D",))
    result = result_of(tmp_path, np.clip(cells, 0, 100), options, "ABCD")
    assert len(result.screening.left_out) == 4
    assert result.all_listeners is not None
    claim = claim_of(result, "A", "B")
    assert claim.within
    assert claim.withheld is Withheld.NOT_WITH_EVERYONE
    assert "with the excluded listeners it does not hold" in sentences(result, {})
    everyone = next(p.equivalence for p in result.all_listeners.primary.pairs)
    assert everyone is not None
    assert not everyone.within


def test_a_rule_that_keeps_those_who_told_versions_apart_is_no_evidence(tmp_path: Path) -> None:
    deaf = simulated_cells(2, (80, 4, 4), listener=3, passage=0, listener_passage=0, residual=25)
    rules = (
        "reference < 55 on more than 50% of pages",
        "anchor > 45 on more than 50% of pages",
    )
    options = RatingsOptions(margin=10, reference="C", anchors=("D",), exclude=rules)
    result = result_of(tmp_path, deaf, options, "ABCD")
    assert len(result.screening.left_out) > 20
    assert assay_of(result).sensitive, "chance was selected"
    claim = claim_of(result, "A", "B")
    assert claim.within
    assert claim.withheld is Withheld.NOT_WITH_EVERYONE
    warned = " ".join(answer(result, result).warnings)
    assert "of honest listeners too" in warned


def test_ratings_at_an_end_of_the_scale_tell_nothing(tmp_path: Path) -> None:
    cells = simulated_cells(3, (12, 4, 3), listener=2, passage=2, listener_passage=2, residual=4)
    cells[:, :, :2] += np.array([60.0, 90.0])
    cells[:, :, 2] -= 30
    options = RatingsOptions(margin=4, anchors=("C",))
    result = result_of(tmp_path, np.clip(cells, 0, 100), options)
    claim = claim_of(result, "A", "B")
    assert claim.within
    assert claim.withheld is Withheld.AT_AN_END
    assert "stand at an end of the scale" in sentences(result, {})
    same = np.concatenate([np.clip(cells, 0, 100), cells[:, :, 2:] + 20], axis=2)
    same[:, :, :2] = 70
    claim = claim_of(result_of(tmp_path, same, options, "ABCD"), "A", "B")
    assert claim.withheld is Withheld.NO_SPREAD


def test_a_margin_of_half_the_scale_is_refused(tmp_path: Path) -> None:
    path = written_ratings(tmp_path / "r.csv", simulated_cells(1, (6, 3, 3)))
    with pytest.raises(UserError, match="margin 60 is half of the scale 0 to 100 or more"):
        analyse(read_ratings(path), RatingsOptions(margin=60))


def test_reliability_within_pages_is_the_intraclass_correlation_of_consistency() -> None:
    cells = simulated_cells(4, (12, 1, 6), effects=np.linspace(0.0, 10.0, 6), residual=6)
    found = reliability(ratings_of(cells), 0.05)
    assert found is not None
    # One page: taking off its mean takes off the judge, so that it is ICC(C,k) of systems.
    y = cells[:, 0].T
    rows = 12 * ((y.mean(axis=1) - y.mean()) ** 2).sum() / 5
    rest = y - y.mean(axis=1)[:, None] - y.mean(axis=0)[None] + y.mean()
    error = (rest**2).sum() / (5 * 11)
    f = rows / error
    assert found.value == pytest.approx(1 - error / rows)
    assert found.low == pytest.approx(1 - stats.f.isf(0.025, 5, 55) / f)
    assert found.high == pytest.approx(1 - 1 / (f * stats.f.isf(0.025, 55, 5)))
    assert (found.listeners, found.stimuli) == (12, 6)


def test_reliability_at_chance_seldom_reaches_the_floor() -> None:
    reached = 0
    for seed in range(60):
        cells = simulated_cells(seed, (6, 3, 3), residual=8)
        found = reliability(ratings_of(cells), 0.05)
        reached += found is not None and found.low >= RELIABLE
    assert reached <= 1


def _family(means: Sequence[float], runs: int, adjust: Adjust) -> tuple[float, float]:
    """Shares of SIMULATED sets with a false claim, and of equal pairs that are found."""
    r = np.random.default_rng(1)
    pairs = [(i, j) for i in range(len(means)) for j in range(i)]
    untested = PairTest(
        group1="", group2="", mean_rank_diff=None, statistic=None, df=None, p_raw=None, p_adj=None,
        distribution=Distribution.NONE, groups=None, reject=None,
    )  # fmt: skip
    false = found = equal = 0
    for _ in range(runs):
        scores = np.array(means) + r.normal(0, 8 / np.sqrt(2), (16, len(means)))
        estimates = []
        for i, j in pairs:
            d = scores[:, i] - scores[:, j]
            estimates.append(PairDifference(float(d.mean()), float(stats.sem(d)), 15))
        made = claims(
            [untested] * len(pairs), estimates, SENSITIVE, margin=10, adjust=adjust, alpha=0.05
        )
        claimed = [one is not None and one.equivalent for one in made]
        alike = [means[i] == means[j] for i, j in pairs]
        false += any(c and not a for c, a in zip(claimed, alike, strict=True))
        found += sum(c and a for c, a in zip(claimed, alike, strict=True))
        equal += sum(alike)
    return false / runs, found / equal


@pytest.mark.slow
def test_at_the_margin_a_false_equivalence_is_as_rare_as_was_said() -> None:
    means = (0.0, 0.0, 10.0, 10.0, 20.0)
    held, found = _family(means, 300, Adjust.HOLM)
    loose, _ = _family(means, 300, Adjust.NONE)
    assert held <= 0.06
    assert found > 0.35
    assert loose > 0.15, "without adjustment a fifth of the sets claims what is false"


def test_page_tables_and_sentences_print_the_numbers_of_the_claim(tmp_path: Path) -> None:
    cells = simulated_cells(1, (20, 4, 3), effects=np.array([0.0, 0.0, -20.0]), residual=3)
    path = written_ratings(tmp_path / "ratings.csv", cells)
    file = read_ratings(path)
    result = analyse(file, RatingsOptions(margin=5))
    claim = claim_of(result, "A", "B")
    assert claim.equivalent
    assert claim.p_adj is not None
    assert claim.p_adj == pytest.approx(min(1, 3 * claim.p)), "the least of three by Holm"
    numbers = f"90 % CI [{fixed(claim.low, 2)}, {fixed(claim.high, 2)}]"
    assert f"equivalent within ±5 points (p of equivalence < .001, {numbers})" in sentences(
        result, {}
    )
    html = page(result, file, bundle="")
    for words in ("P_adj equivalence", "90 % low", numbers, "Reliability of mean ratings"):
        assert words in html
    without = analyse(file, replace(RatingsOptions(), margin=None))
    assert "P_adj equivalence" not in page(without, file, bundle="")
    assert without.primary.assay is None
