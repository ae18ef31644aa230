"""Rules of exclusion that a study declares, and how many honest listeners any rule would name."""

import re
from pathlib import Path

import numpy as np
import pytest
from screened_ratings import (
    Row,
    left_out,
    named,
    reason,
    screened,
    varied,
)

from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.result.blocks import Screening
from earmark.models.errors import UserError


@pytest.mark.parametrize(
    ("rule", "excluded"),
    [
        ("anchor >= 20 on more than 60% of pages", ["L3", "L4"]),
        ("anchor > 20 on more than 60 % of pages", ["L4"]),
        ("anchor >= 20 on at least 50% of their pages", ["L2", "L3", "L4"]),
        ("'anchor' < 20 on more than 80% of pages", ["L0"]),
        ("A <= 0 on more than 0% of pages", []),
        ("range < 2 on more than 10% of pages", []),
        ("reference < 90 on more than 15% of pages", None),
        ("other < 90 on more than 15% of pages", None),
    ],
)
def test_a_rule_of_ones_own_excludes_at_its_very_threshold(
    tmp_path: Path, rule: str, excluded: list[str] | None
) -> None:
    # L0 rates the anchor at 20 or more on none of ten pages, L1 on 2, L2 on 5, L3 on 7, L4 on all.
    high = {0: 0, 1: 2, 2: 5, 3: 7, 4: 10}
    rows = [row for at in high for row in varied(at, 10)]
    rows += [
        (f"L{at}", f"p{p}", "anchor", 10 if p >= count else 20 if at < 4 else 21)
        for at, count in high.items()
        for p in range(10)
    ]
    wish = RatingsOptions(anchors=("anchor",), exclude=(rule,)).screening_wish()
    found = screened(tmp_path, rows, wish=wish)
    assert left_out(found) == (excluded or [])
    (only,) = [one for one in found.rules if one.name == "declared"]
    assert only.excludes
    assert only.applied is (excluded is not None)
    assert only.text == f"declared: {rule}"
    for finding in found.excluded:
        assert finding.evidence
        assert {page["system"] for page in finding.evidence} <= {"anchor"}


def test_the_standard_flags_only_where_the_study_has_rules_of_its_own(tmp_path: Path) -> None:
    rows = [row for at in range(4) for row in varied(at)]
    rows += [(f"L{at}", f"p{p}", "ref", 95 if at else 20) for at in range(4) for p in range(20)]
    for exclude, out in (("nobody", []), ("bs1534", ["L0"]), (OWN, [])):
        options = RatingsOptions(reference="ref", exclude=(exclude,))
        found = screened(tmp_path, rows, wish=options.screening_wish())
        assert left_out(found) == out
        assert named(found, "bs1534-reference") == ["L0"]
    both = RatingsOptions(reference="ref", exclude=("bs1534", OWN))
    assert left_out(screened(tmp_path, rows, wish=both.screening_wish())) == ["L0"]


OWN = "range < 1 on more than 50% of pages"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("anchor >= 20", "is no rule; write 'WHAT < 20 on more than 60% of pages'"),
        ("anchor = 20 on more than 60% of pages", "is no rule"),
        ("anchor >= 20 on more than 100% of pages", "can never be reached"),
        ("anchor >= 20 on at least 0% of pages", "every listener"),
        ("", "is no rule"),
    ],
)
def test_what_is_no_rule_is_refused_before_there_are_data(rule: str, words: str) -> None:
    with pytest.raises(UserError, match=re.escape(words)) as error:
        RatingsOptions(exclude=(rule,))
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="stands alone"):
        RatingsOptions(exclude=("nobody", OWN))
    with pytest.raises(UserError, match="'low' is no anchor; the anchors are mid"):
        RatingsOptions(anchors=("mid",), mid_anchor="low")


def share(found: Screening, rule: str) -> float | None:
    (only,) = [one for one in found.rules if one.name == rule]
    return only.false_positives


def test_rules_say_how_many_honest_listeners_they_would_name(tmp_path: Path) -> None:
    # SIMULATED: systems all alike, so that nobody can agree with anybody.
    r = np.random.default_rng(5)
    rows: list[Row] = [
        (f"L{at}", f"p{p}", s, round(50 + r.normal(0, 8), 1))
        for at in range(20)
        for p in range(5)
        for s in "ABCD"
    ]
    found = screened(tmp_path, rows)
    assert len(named(found, "alone")) <= 2, "half of them would be below zero"
    alone = share(found, "alone")
    assert alone is not None
    assert alone <= 0.05
    assert share(found, "fast") is None
    assert share(found, "constant") == 0
    # A rule that honest listeners break is told to do so.
    loose = RatingsOptions(exclude=("A < 50 on more than 40% of pages",))
    found = screened(tmp_path, rows, wish=loose.screening_wish())
    assert 0.3 < (share(found, "declared") or 0) < 0.9


def test_right_answers_each_time_are_no_sign_of_sloth(tmp_path: Path) -> None:
    rows: list[Row] = [(f"L{at}", f"p{p}", "A", 1) for at in range(3) for p in range(12)]
    rows += [("L3", f"p{p}", "A", p % 2) for p in range(12)]
    found = screened(tmp_path, rows)
    assert named(found, "constant") == []
    assert "one of two values" in reason(found, "constant")
