"""The tables of a result: one definition for the page, the CSV files and the LaTeX files."""

import math
from collections.abc import Mapping
from typing import Any

from ...result.blocks import Finding, Primary, Screening
from ...result.document import AllListeners, QuestionResult
from ...result.names import Chosen, Method, RuleName, Scope
from ...result.note_words import sentence
from ...result.notes import NoteCode
from ...result.secondary import OtherTest
from ...result.tests import Pair, SystemsTest
from ..words.sentences import pair_words, ranks_caption
from .equivalence_sheets import assay_sheets
from .master_sheets import master_sheets
from .secondary_sheets import secondary_sheets
from .sheet import PAIR, Sheet, SheetColumn, columns_of

# The five columns that papers print of pairs.
PAPER_PAIRS = ("Group 1", "Group 2", "Mean Diff.", "P_adj", "Reject")
_PAPER_SYSTEMS = ("System", "Ratings", "Mean", "Low", "High", "SD", "Median")


def sheets(block: QuestionResult) -> list[Sheet]:
    """Every table of one question's result."""
    made = [
        _ranks(block),
        *master_sheets(block.against_master),
        _paper_pairs(block),
        _pairs(block),
        *assay_sheets(block.primary),
        _classical(block),
        _systems(block),
        _cells(block),
        _tests(block),
        _other_pairs(block),
        _passages(block),
        _assessors(block.screening),
        _agreement(block),
        _variances(block),
        _planning(block),
        _checks(block),
        *secondary_sheets(block.secondary),
    ]
    if block.all_listeners:
        made.append(_both(block, block.all_listeners))
    return [sheet for sheet in made if sheet.rows]


def _ranks(block: QuestionResult) -> Sheet:
    """The interval of each system's rank, the best first."""
    columns = columns_of(
        *("System", "Rank low/count", "Rank high/count", "Ties for first/yes"),
        *("Decided better/count", "Decided worse/count", "Mean/points"),
    )
    ranks = block.primary.ranks
    if ranks is None:
        return Sheet("ranks", "", columns, ())
    means = {row.system: row.mean for row in block.descriptives.systems}
    rows = tuple(
        (
            *(row.system, row.low, row.high, row.low == 1),
            *(row.better, row.worse, means[row.system]),
        )
        for row in ranks.systems
    )
    return Sheet("ranks", ranks_caption(ranks, block.primary), columns, rows)


def _paper_pairs(block: QuestionResult) -> Sheet:
    """The five columns that papers print of each pair; all others stand in ``pairs``."""
    primary = block.primary
    rows = tuple(
        (pair.group1, pair.group2, pair.mean_diff, pair.p_adj, pair.reject)
        for pair in primary.pairs
        if pair.p_adj is not None
    )
    columns = PAIR + columns_of("Mean Diff./points", "P_adj/p", "Reject/yes")
    caption = (
        f"Pairs of systems ({primary.method}, pairs by {pair_words(primary)}); differences are "
        f"Group 1 − Group 2; P_adj by {primary.adjust}, alpha {primary.alpha:g}"
    )
    return Sheet("pairs-for-papers", caption, columns, rows)


def _pairs(block: QuestionResult) -> Sheet:
    primary = block.primary
    rows = tuple(
        (
            *(pair.group1, pair.group2, pair.n, pair.mean_diff, pair.low, pair.high),
            *(pair.median_diff, pair.mean_rank_diff, pair.statistic, pair.df),
            *(pair.p_raw, pair.p_adj, pair.reject),
            *(pair.effect.value, pair.effect.low, pair.effect.high),
            *(pair.verdict, pair.classical_p_adj, pair.agrees),
        )
        for pair in primary.pairs
    )
    name = primary.pairs[0].effect.name if primary.pairs else "effect"
    columns = PAIR + columns_of(
        *("Units/count", "Mean Diff./points", "Low/points", "High/points"),
        *("Median Diff./points", "Diff. of ranks of listeners/number", "Statistic/number", "df/df"),
        *("p/p", "P_adj/p", "Reject/yes", f"{name}/share", "Effect low/share"),
        *("Effect high/share", "Verdict/text", "Classical P_adj/p", "Classical agrees/yes"),
    )
    caption = f"Pairs of systems: not tested, {primary.reason}"
    if primary.choice is not Chosen.NONE:
        caption = (
            f"Pairs of systems, primary analysis ({primary.method}, scope {primary.scope}), "
            f"tested by {pair_words(primary)}; "
            f"differences are Group 1 − Group 2, {primary.interval}; "
            f"P_adj by {primary.adjust}, alpha {primary.alpha:g}"
        )
    return Sheet("pairs", caption, columns, rows, PAPER_PAIRS)


def _classical(block: QuestionResult) -> Sheet:
    rows = tuple(
        (
            *(pair.group1, pair.group2, pair.mean_diff, pair.median_diff, pair.mean_rank_diff),
            *(pair.t, pair.df, pair.p_raw, pair.p_adj, pair.reject),
        )
        for pair in block.classical.pairs
    )
    columns = PAIR + columns_of(
        *("Mean Diff./points", "Median Diff./points", "Diff. of pooled ranks/number", "t/number"),
        *("df/df", "p/p", "P_adj/p", "Reject/yes"),
    )
    caption = (
        f"{block.classical.label}; mean ranks of all ratings pooled; P_adj by "
        f"{block.classical.adjust}"
    )
    return Sheet("classical", caption, columns, rows, PAPER_PAIRS)


def _systems(block: QuestionResult) -> Sheet:
    found = block.descriptives
    rows = tuple(
        (
            *(row.system, row.n, row.listeners, row.mean, row.low, row.high),
            *(row.sd, row.median, row.q1, row.q3),
            *(row.floor_percent, row.ceiling_percent, row.mean_rank),
        )
        for row in found.systems
    )
    columns = columns_of(
        *("System", "Ratings/count", "Listeners/count", "Mean/points", "Low/points"),
        *("High/points", "SD/points", "Median/points", "Q1/points", "Q3/points"),
        *("Floor %/points", "Ceiling %/points", "Mean rank on a page/points"),
    )
    caption = f"Ratings per system; interval: {found.interval}"
    return Sheet("systems", caption, columns, rows, _PAPER_SYSTEMS)


def _cells(block: QuestionResult) -> Sheet:
    found = block.descriptives
    rows = tuple(
        (
            *(row.passage, row.system, row.n, row.listeners, row.mean, row.low, row.high),
            *(row.sd, row.median, row.q1, row.q3),
        )
        for row in found.cells
    )
    columns = columns_of(
        *("Passage", "System", "Ratings/count", "Listeners/count", "Mean/points", "Low/points"),
        *("High/points", "SD/points", "Median/points", "Q1/points", "Q3/points"),
    )
    caption = f"Ratings per system and passage; interval: {found.interval}"
    return Sheet("systems-by-passage", caption, columns, rows, ("Passage", *_PAPER_SYSTEMS))


def _tests(block: QuestionResult) -> Sheet:
    primary, classical = block.primary, block.classical
    rows = [
        _test("primary", f"scope {primary.scope}", primary.omnibus, _primary_passages(primary)),
        _test("classical", f"{classical.n} ratings taken as independent", classical.kruskal),
    ]
    rows += [
        _test("secondary", test.unit, test.omnibus, _passages_of(test))
        for test in block.secondary.tests
        if test.omnibus
    ]
    grades = block.secondary.grades
    if grades and grades.omnibus:
        rows.append(_test("secondary", f"grades as an order, scope {grades.scope}", grades.omnibus))
    columns = columns_of(
        *("Role", "Test", "Unit", "Statistic", "Value/number", "df/df", "df2/df", "p/p"),
        "Note",
    )
    caption = "Tests that all systems are alike"
    over = primary.omnibus.tested_questions
    if over > 1:
        # Only the primary test of a question is one of the family.
        first, *others = rows
        rows = [_before_note(first, primary.omnibus.p_questions)]
        rows += [_before_note(row, None) for row in others]
        columns = (*columns[:-1], SheetColumn("P_adj over questions", "p"), columns[-1])
        caption += f"; P_adj of the primary test by {primary.adjust} over {over} questions"
    return Sheet("tests", caption, columns, tuple(rows))


def _test(role: str, unit: str, test: SystemsTest, passages: str = "") -> tuple[Any, ...]:
    numbers = (test.statistic, test.df, test.df2, test.p)
    # A mixed model with random passages is another test than one with fixed passages.
    name = f"{test.method}, {passages}" if test.method is Method.MIXED_MODEL else test.method
    return (role, name, unit, test.symbol, *numbers, test.note)


def _primary_passages(primary: Primary) -> str:
    return "passages random" if primary.scope is Scope.MUSIC else "passages fixed"


def _passages_of(test: OtherTest) -> str:
    fixed = test.unit == sentence(NoteCode.PASSAGES_FIXED)
    return "passages fixed" if fixed else "passages random"


def _before_note(row: tuple[Any, ...], p: float | None) -> tuple[Any, ...]:
    return (*row[:-1], p, row[-1])


def _other_pairs(block: QuestionResult) -> Sheet:
    """What other tests say of each pair, beside the primary one."""
    others = [
        test for test in block.secondary.tests if any(pair.p_adj is not None for pair in test.pairs)
    ]
    primary = block.primary
    rows = tuple(
        (pair.group1, pair.group2, pair.p_adj, *(test.pairs[at].p_adj for test in others))
        for at, pair in enumerate(primary.pairs)
        if others
    )
    columns = PAIR + columns_of(
        "Primary P_adj/p", *(f"{test.pair_method} P_adj/p" for test in others)
    )
    caption = (
        f"Pairs by other tests on {others[0].unit}, P_adj by {primary.adjust} "
        "(Nemenyi by its own distribution); they show what hangs on the method and decide nothing"
        if others
        else ""
    )
    return Sheet("other-pair-tests", caption, columns, rows)


def _passages(block: QuestionResult) -> Sheet:
    found = block.secondary.per_passage
    rows = tuple(
        (
            *(row.passage, row.listeners, row.statistic, row.df, row.df2),
            *(row.p, row.p_adj, row.reject),
        )
        for row in found.passages
    )
    columns = columns_of(
        *("Passage", "Listeners/count", "F/number", "df/df", "df2/df", "p/p", "P_adj/p"),
        "Reject/yes",
    )
    return Sheet("passages", f"{found.method}, P_adj by {found.adjust}", columns, rows)


def _assessors(screening: Screening) -> Sheet:
    texts = {rule.name: rule.text for rule in screening.rules}
    rows = [_assessor(entry, "excluded", texts) for entry in screening.excluded]
    rows += [_assessor(entry, "flagged", texts) for entry in screening.flagged]
    columns = columns_of(
        *("Listener", "Consequence", "Rule", "Value/number", "Threshold/number", "Evidence")
    )
    return Sheet("assessors", "Listeners who break a screening rule", columns, tuple(rows))


def _assessor(entry: Finding, consequence: str, texts: Mapping[RuleName, str]) -> tuple[Any, ...]:
    evidence = "; ".join(_evidence(item) for item in entry.evidence)
    rule = texts[entry.rule]
    return (entry.listener, consequence, rule, entry.value, entry.threshold, evidence)


def _evidence(item: Mapping[str, object]) -> str:
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in item.items()
    )


def _agreement(block: QuestionResult) -> Sheet:
    found = block.agreement
    alpha, icc = found.krippendorff, found.icc
    rows: list[tuple[Any, ...]] = [
        ("Kendall's W of listener means", found.kendall_w, None, None, ""),
        (f"Krippendorff's α ({alpha.level})", alpha.alpha, None, None, ""),
    ]
    if icc:
        over = f"{icc.targets} stimuli, {icc.judges} listeners"
        rows.append(("ICC(A,1)", icc.icc2, icc.low, icc.high, over))
        rows.append(("ICC(A,k)", icc.icc2k, icc.low_k, icc.high_k, over))
    else:
        rows.append(("ICC", None, None, None, found.icc_note))
    if found.intra_rater:
        gaps = [entry.mean_absolute_difference for entry in found.intra_rater]
        mean = math.fsum(gaps) / len(gaps)
        note = f"mean absolute difference in points, {len(gaps)} listeners"
        rows.append(("Intra-rater (repeats)", mean, min(gaps), max(gaps), note))
    else:
        rows.append(("Intra-rater (repeats)", None, None, None, found.intra_rater_note))
    columns = columns_of("Measure", "Value/number", "Low/number", "High/number", "Note")
    return Sheet("agreement", "Agreement of the listeners", columns, tuple(rows))


def _variances(block: QuestionResult) -> Sheet:
    found = block.variance_components
    columns = columns_of("Source", "Variance/points", "SD/points", "Share/share")
    rows = tuple((term.term, term.variance, term.sd, term.share) for term in found.terms)
    caption = f"Variance components ({found.method}). {found.note}".strip()
    return Sheet("variance-components", caption, columns, rows)


def _planning(block: QuestionResult) -> Sheet:
    plan = block.variance_components.planning
    columns = columns_of(
        *("Listeners/count", "Passages/count", "Standard error/points", "df/df"),
        "Detectable difference/points",
    )
    if plan is None:
        return Sheet("planning", "", columns, ())
    rows = tuple(
        (row.listeners, row.passages, row.standard_error, row.df, row.detectable)
        for row in plan.grid
    )
    caption = (
        f"Smallest difference found with power {plan.power:g} at alpha {plan.alpha:g}, "
        f"scope {plan.scope}"
    )
    return Sheet("planning", caption, columns, rows)


def _checks(block: QuestionResult) -> Sheet:
    columns = columns_of("Check", "Passed/yes", "Detail")
    rows = tuple((one.check, one.passed, one.detail) for one in block.checks)
    return Sheet("checks", "Checks of this result on itself", columns, rows)


def _both(block: QuestionResult, everyone: AllListeners) -> Sheet:
    # Who was excluded may be all who rated a system; its pairs are then known with everyone only.
    without = {(pair.group1, pair.group2): pair for pair in block.primary.pairs}
    rows = tuple(
        _side_by_side(without.get((pair.group1, pair.group2)), pair)
        for pair in everyone.primary.pairs
    )
    columns = PAIR + columns_of(
        *("Mean Diff. without excluded/points", "P_adj/p", "Verdict"),
        *("Mean Diff. all listeners/points", "P_adj all/p", "Verdict all", "Same/yes"),
    )
    caption = "The primary analysis without the excluded listeners and with all of them"
    return Sheet("with-and-without-exclusions", caption, columns, rows)


def _side_by_side(kept: Pair | None, pair: Pair) -> tuple[Any, ...]:
    mine = (kept.mean_diff, kept.p_adj, kept.verdict) if kept else (None, None, None)
    everyone = (pair.mean_diff, pair.p_adj, pair.verdict)
    same = kept.verdict == pair.verdict if kept else None
    return (pair.group1, pair.group2, *mine, *everyone, same)
