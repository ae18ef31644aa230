"""Each screening rule: whom it names, at its very threshold, and why it could not be applied."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from screened_ratings import (
    COLUMNS,
    FLAGS,
    Row,
    findings,
    left_out,
    named,
    reason,
    screened,
    varied,
)

from earmark.analysis.ratings.inference.screening.standard import mid_anchor
from earmark.analysis.ratings.inference.screening.wish import ScreeningWish
from earmark.analysis.ratings.result.blocks import Screening


def test_nothing_is_said_of_listeners_who_agree(tmp_path: Path) -> None:
    found = screened(tmp_path, [row for at in range(4) for row in varied(at)])
    assert findings(found) == []
    assert left_out(found) == []
    assert [rule.name for rule in found.rules if rule.excludes] == [
        *("bs1534-reference", "bs1534-mid-anchor")
    ]
    assert [rule.name for rule in found.rules if not rule.excludes] == list(FLAGS)


@pytest.mark.parametrize(("below", "excluded"), [(2, []), (3, []), (4, ["L0"]), (20, ["L0"])])
def test_a_reference_below_90_on_more_than_15_percent_excludes(
    tmp_path: Path, below: int, excluded: list[str]
) -> None:
    rows = [row for at in range(3) for row in varied(at)]
    rows += [(f"L{at}", f"p{p}", "ref", 95) for at in (1, 2) for p in range(20)]
    rows += [("L0", f"p{p}", "ref", 89.9 if p < below else 90) for p in range(20)]
    found = screened(tmp_path, rows, reference="ref")
    assert left_out(found) == excluded
    for finding in findings(found):
        assert finding.rule == "bs1534-reference"
        assert finding.value == pytest.approx(below / 20)
        assert finding.threshold == 0.15
        assert [page["value"] for page in finding.evidence] == [89.9] * below
        assert {page["system"] for page in finding.evidence} == {"ref"}


@pytest.mark.parametrize(("above", "excluded"), [(3, []), (4, ["L0"])])
def test_a_mid_anchor_above_90_on_more_than_15_percent_excludes(
    tmp_path: Path, above: int, excluded: list[str]
) -> None:
    rows = [row for at in range(5) for row in varied(at)]
    rows += [(f"L{at}", f"p{p}", "mid", 90) for at in range(1, 5) for p in range(20)]
    rows += [("L0", f"p{p}", "mid", 90.1 if p < above else 90) for p in range(20)]
    found = screened(tmp_path, rows, anchors=("mid",))
    assert left_out(found) == excluded
    assert named(found, "bs1534-mid-anchor") == excluded


@pytest.mark.parametrize(("others", "excluded"), [(0, ["L0"]), (1, [])])
def test_an_item_that_more_than_a_quarter_rate_high_does_not_count(
    tmp_path: Path, others: int, excluded: list[str]
) -> None:
    # Of four listeners one is a quarter, which still counts; two are more.
    rows = [row for at in range(4) for row in varied(at, 4)]
    high = {(0, 0)} | {(at, 0) for at in range(1, 1 + others)}
    rows += [
        (f"L{at}", f"p{p}", "mid", 95 if (at, p) in high else 40)
        for at in range(4)
        for p in range(4)
    ]
    assert left_out(screened(tmp_path, rows, anchors=("mid",))) == excluded


def test_the_level_is_nine_tenths_of_the_scale(tmp_path: Path) -> None:
    rows = [(f"L{at}", f"p{p}", s, g) for at in range(4) for p in range(3) for s, g in GRADES]
    rows += [
        (f"L{at}", f"p{p}", "ref", 8.9 if at == 0 else 9.1) for at in range(4) for p in range(3)
    ]
    found = screened(tmp_path, rows, reference="ref")
    assert named(found, "bs1534-reference") == ["L0"]
    assert "below 9 " in found.rules[0].text


GRADES = (("A", 0.5), ("B", 3.5), ("C", 6.5))


def test_the_standards_rules_are_not_for_few_steps_or_differences(tmp_path: Path) -> None:
    for grades in ((5, 4, 1), (0, -2.5, 2.5)):
        rows: list[Row] = [
            (f"L{at}", f"p{p}", name, grades[n] if at or n else grades[1])
            for at in range(4)
            for p in range(4)
            for n, name in enumerate(("ref", "A", "B"))
        ]
        found = screened(tmp_path, rows, reference="ref")
        assert left_out(found) == [], "a 'good' for the reference is no lapse"
        assert "the rule is for ratings from 0 to 100" in reason(found, "bs1534-reference")


def test_of_several_anchors_the_mid_one_is_looked_at() -> None:
    assert mid_anchor(["low", "mid", "other"]) == "mid"
    assert mid_anchor(["lp70", "lp35"]) == "lp70"
    assert mid_anchor(["anchor 7 kHz", "anchor 3.5 kHz"]) == "anchor 7 kHz"
    assert mid_anchor(["lowpass_3500", "lowpass_7000"]) == "lowpass_7000"
    assert mid_anchor(["first", "last"], "first") == "first"
    assert mid_anchor(["low", "anchorMid"]) == mid_anchor(["anchorMid"]) == "anchorMid"
    assert mid_anchor(["lowpass_7.0_kHz", "low_3500"]) == "lowpass_7.0_kHz"
    others = (["LP3.7kHz"], ["mp3_7kbps", "low"], ["low_70dB"], ["anchor_mid_side"])
    for unknown in (
        *([], ["first", "last"], ["anchor"], ["anchor35"], ["pyramid", "a170", "700"]),
        *others,
    ):
        assert mid_anchor(unknown) is None, "nobody loses a rating by a guess"
    assert mid_anchor(["Mid", "7k"]) is None, "either may be meant"


@pytest.mark.parametrize(
    ("same", "total", "flagged"), [(9, 10, True), (8, 9, False), (9, 11, False), (36, 40, True)]
)
def test_the_same_value_for_nine_tenths_of_ten_ratings_is_flagged(
    tmp_path: Path, *, same: int, total: int, flagged: bool
) -> None:
    rows = [row for at in (1, 2) for row in varied(at, total, "A")]
    rows += [("L0", f"p{p}", "A", 50 if p < same else 60 + p / 10) for p in range(total)]
    found = screened(tmp_path, rows)
    assert named(found, "constant") == (["L0"] if flagged else [])
    for finding in findings(found):
        if finding.rule == "constant":
            assert finding.evidence == ({"value": 50.0, "ratings": same},)
            assert finding.value == pytest.approx(same / total)
            assert finding.threshold == 0.9
    assert left_out(found) == []


def timed(seconds: Sequence[object]) -> list[Row]:
    return [(*row, seconds[at]) for at in range(len(seconds)) for row in varied(at, 4)]


def test_less_than_a_third_of_the_median_listeners_time_is_flagged(tmp_path: Path) -> None:
    columns = (*COLUMNS, "seconds")
    found = screened(tmp_path, timed([9.9, 10, 30, 30, 60]), columns)
    assert named(found, "fast") == ["L0"], "a third itself is not below a third"
    (finding,) = [one for one in findings(found) if one.rule == "fast"]
    assert (finding.value, finding.threshold) == (9.9, 10.0)
    assert reason(found, "fast") == ""
    rows = varied(0, 4)
    slow = [(*row, 600 if at == 0 else 8) for at, row in enumerate(rows)]
    found = screened(tmp_path, slow + timed(["", 30, 30])[8:], columns)
    assert named(found, "fast") == ["L0"], "the median of a listener, which one page cannot hide"


def test_without_times_the_rule_of_time_is_not_applied(tmp_path: Path) -> None:
    found = screened(tmp_path, varied(0))
    assert reason(found, "fast") == "the ratings hold no times"
    assert reason(found, "unheard") == "the ratings hold no listening times"
    assert reason(found, "repeats") == "fewer than four listeners rated anything twice"
    assert reason(found, "alone") == "fewer than three listeners"
    for name in ("bs1534-reference", "bs1534-mid-anchor"):
        assert reason(found, name) == "no such system is declared or rated"
    empty = screened(tmp_path, timed(["", ""]), (*COLUMNS, "seconds"))
    assert reason(empty, "fast") == "the ratings hold no times"


@pytest.mark.parametrize(("unheard", "flagged"), [(1, False), (2, True)])
def test_more_than_5_percent_rated_unheard_is_flagged(
    tmp_path: Path, *, unheard: int, flagged: bool
) -> None:
    columns = (*COLUMNS, "listened")
    rows: list[Row] = [(*row, 3.5) for row in varied(1, 10)]
    rows += [(*row, 0 if at < unheard else 0.1) for at, row in enumerate(varied(0, 10))]
    rows += [(*row, "") for row in varied(2, 10)]
    found = screened(tmp_path, rows, columns)
    assert named(found, "unheard") == (["L0"] if flagged else [])
    assert reason(found, "unheard") == ""
    for finding in findings(found):
        assert finding.value == pytest.approx(unheard / 20)
        assert finding.threshold == 0.05
        assert [page["passage"] for page in finding.evidence] == ["p0"] * unheard
        assert [page["system"] for page in finding.evidence] == ["A", "B"][:unheard]
        lines = (tmp_path / "ratings.csv").read_text().splitlines()
        for page in finding.evidence:
            assert lines[int(str(page["line"])) - 1].startswith("L0,p0")
    silent = screened(tmp_path, [(*row, "") for row in varied(1)], columns)
    assert reason(silent, "unheard") == "the ratings hold no listening times"


def test_repeats_far_beyond_those_of_others_are_flagged(tmp_path: Path) -> None:
    def twice(gaps: Sequence[float]) -> Screening:
        rows = [row for at in range(len(gaps)) for row in varied(at, 4)]
        rows += [
            (*row[:3], round(float(row[3]) + gap * (-1) ** n, 3))
            for at, gap in enumerate(gaps)
            for n, row in enumerate(varied(at, 4))
        ]
        return screened(tmp_path, rows)

    # Quartiles 2 and 4 of 1, 2, 3, 4 and the last: the fence is 4 + 1.5 (4 - 2) = 7.
    assert named(twice([1, 2, 3, 4, 6.9]), "repeats") == []
    found = twice([1, 2, 3, 4, 7.1])
    assert named(found, "repeats") == ["L4"]
    (finding,) = [one for one in findings(found) if one.rule == "repeats"]
    assert finding.value == pytest.approx(7.1)
    assert finding.threshold == pytest.approx(7.0)
    assert finding.evidence[0]["cells"] == 8
    assert finding.evidence[0]["within_sd"] == pytest.approx(7.1 / 2**0.5)
    assert reason(twice([1, 1, 1]), "repeats") != ""
    assert reason(twice([1, 1, 1, 1]), "repeats") == ""


def test_a_listener_against_all_others_is_flagged(tmp_path: Path) -> None:
    def against(stimuli: int) -> Screening:
        rows = [row for at in (1, 2, 3) for row in varied(at, stimuli, "A")]
        rows += [("L0", f"p{p}", "A", 90 - 2 * p) for p in range(stimuli)]
        return screened(tmp_path, rows)

    found = against(8)
    assert named(found, "alone") == ["L0"]
    (finding,) = [one for one in findings(found) if one.rule == "alone"]
    mine = np.array([90 - 2 * p for p in range(8)])
    others = np.mean([[float(row[3]) for row in varied(at, 8, "A")] for at in (1, 2, 3)], axis=0)
    assert finding.value == pytest.approx(np.corrcoef(mine, others)[0, 1])
    assert finding.evidence == ({"stimuli": 8},)
    assert named(against(7), "alone") == [], "seven stimuli are too few to say so"
    assert reason(found, "alone") == ""


@pytest.mark.parametrize(("r", "flagged"), [(-0.78, False), (-0.80, True)])
def test_one_against_the_others_is_flagged_from_a_p_of_01(
    tmp_path: Path, *, r: float, flagged: bool
) -> None:
    # Of eight stimuli, a correlation of -.789 has a one-sided p of .01 (t = -3.143, 6 df).
    others = np.arange(8.0) - 3.5
    across = np.array([1.0, -1, -1, 1, 1, -1, -1, 1])  # uncorrelated with the line above
    mine = r * others / np.linalg.norm(others) + (1 - r * r) ** 0.5 * across / 8**0.5
    rows: list[Row] = [("L0", f"p{p}", "A", 50 + 20 * float(mine[p])) for p in range(8)]
    rows += [(f"L{at}", f"p{p}", "A", 50 + 4 * float(others[p])) for at in (1, 2) for p in range(8)]
    found = screened(tmp_path, rows)
    assert named(found, "alone") == (["L0"] if flagged else [])


def test_who_does_not_vary_or_alone_rated_a_stimulus_is_not_held_against_others(
    tmp_path: Path,
) -> None:
    rows = [row for at in (1, 2) for row in varied(at, 9, "A")]
    flat: list[Row] = [("L0", f"p{p}", "A", 50) for p in range(9)]
    assert named(screened(tmp_path, rows + flat), "alone") == []
    # Eight stimuli that the others rated too are needed; those that nobody shares count nothing.
    lonely: list[Row] = [("L0", f"p{p}", "A", 90 - 3 * p) for p in range(2, 9)]
    lonely += [("L0", f"q{p}", "A", 90 - 3 * p) for p in range(9)]
    assert named(screened(tmp_path, rows + lonely), "alone") == []


def test_a_listener_is_excluded_once_however_many_rules_are_broken(tmp_path: Path) -> None:
    rows = [row for at in range(5) for row in varied(at)]
    for name, mine, theirs in (("ref", 20, 95), ("mid", 95, 20)):
        rows += [
            (f"L{at}", f"p{p}", name, theirs if at else mine) for at in range(5) for p in range(20)
        ]
    found = screened(tmp_path, rows, reference="ref", anchors=("mid",))
    assert [finding.rule for finding in findings(found) if finding.excludes] == [
        *("bs1534-reference", "bs1534-mid-anchor")
    ]
    assert left_out(found) == ["L0"]
    assert len(found.excluded[0].evidence) == 20


def test_an_anchor_alone_is_not_taken_for_the_mid_one(tmp_path: Path) -> None:
    rows = [row for at in range(5) for row in varied(at)]
    rows += [(f"L{at}", f"p{p}", "anchor", 20 if at else 95) for at in range(5) for p in range(20)]
    found = screened(tmp_path, rows, anchors=("anchor",))
    assert left_out(found) == []
    assert reason(found, "bs1534-mid-anchor") == (
        "which of the anchors (anchor) is the mid one is not said; name it with --mid-anchor"
    )
    said = ScreeningWish(anchors=("anchor",), mid_anchor="anchor")
    assert left_out(screened(tmp_path, rows, wish=said)) == ["L0"]
