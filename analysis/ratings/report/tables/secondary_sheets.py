"""The tables of a result's secondary part: one control, zero, preferences, ABX, metrics."""

import math
from collections.abc import Iterator

from ...result.secondary import (
    AbxListener,
    AbxResult,
    AgainstZero,
    AlignedTest,
    GradeModel,
    ManyToOne,
    MetricAgreement,
    MetricAgreementRow,
    OpinionScores,
    Preference,
    Secondary,
)
from ...result.subjects import SubjectModel
from .sheet import PAIR, Sheet, columns_of


def secondary_sheets(found: Secondary) -> list[Sheet]:
    """A table for each part that there is."""
    made = [_against(control) for control in found.many_to_one]
    if found.against_zero:
        made.append(_against_zero(found.against_zero))
    if found.grades:
        made += [_grades(found.grades), _grade_terms(found.grades)]
    if found.opinions:
        made.append(_opinions(found.opinions))
    if found.aligned_ranks:
        made.append(_aligned(found.aligned_ranks))
    if found.subjects:
        made += [_subject_listeners(found.subjects), _subject_stimuli(found.subjects)]
    if found.preference:
        made.append(_preference(found.preference))
    if found.abx:
        made += [_abx(found.abx), _abx_listeners(found.abx), _abx_sensitivity(found.abx)]
    if found.metrics:
        made.append(_metrics(found.metrics))
    return made


def _against(control: ManyToOne) -> Sheet:
    rows = tuple(
        (
            *(pair.group1, pair.group2, pair.n, pair.mean_diff, pair.low, pair.high),
            *(pair.statistic, pair.p_raw, pair.p_adj, pair.reject, other.p_adj),
        )
        for pair, other in zip(control.wilcoxon, control.demsar, strict=True)
    )
    columns = PAIR + columns_of(
        *("Listeners/count", "Mean Diff./points", "Low/points", "High/points", "W/number"),
        *("p/p", "P_adj/p", "Reject/yes", "Demšar P_adj/p"),
    )
    caption = (
        f"Every system against {control.control} by other tests, which decide nothing: Wilcoxon "
        f"signed rank on listener means, P_adj by {control.adjust}"
    )
    return Sheet(f"against-{control.control}", caption, columns, rows)


def _against_zero(found: AgainstZero) -> Sheet:
    rows = tuple(
        (
            *(pair.group1, pair.n, pair.mean_diff, pair.low, pair.high),
            *(pair.statistic, pair.p_raw, pair.p_adj, pair.reject),
        )
        for pair in found.systems
    )
    columns = columns_of(
        *("System", "Listeners/count", "Mean/points", "Low/points", "High/points", "W/number"),
        *("p/p", "P_adj/p", "Reject/yes"),
    )
    caption = (
        f"Every system against 0, no difference: {found.method} on listener means, "
        f"P_adj by {found.adjust}"
    )
    return Sheet("against-zero", caption, columns, rows)


def _grades(found: GradeModel) -> Sheet:
    columns = PAIR + columns_of(
        *("Log odds/number", "Low/number", "High/number", "Odds/number", "z/number"),
        *("p/p", "P_adj/p", "Reject/yes"),
    )
    rows = tuple(
        (
            *(pair.group1, pair.group2, pair.log_odds, pair.low, pair.high),
            *(math.exp(pair.log_odds), pair.statistic, pair.p_raw, pair.p_adj, pair.reject),
        )
        for pair in found.pairs
    )
    caption = (
        f"Grades as an order: cumulative-link mixed model, scope {found.scope}; log odds of a "
        f"higher grade for Group 1 against Group 2, by Wald's z, P_adj by {found.adjust}"
    )
    return Sheet("grades", caption, columns, rows)


def _grade_terms(found: GradeModel) -> Sheet:
    columns = columns_of("Source", "Variance/number", "SD/number")
    rows = tuple((one.term, one.variance, math.sqrt(one.variance)) for one in found.terms)
    caption = "Variances of the cumulative-link mixed model, in log odds; those of chance are 3.29"
    return Sheet("grades-variances", caption, columns, rows)


def _opinions(found: OpinionScores) -> Sheet:
    columns = columns_of(
        *("System", "Votes/count", "Listeners/count", f"{found.score}/points", "SD/points"),
        *("Low/points", "High/points", "Mean of listeners/points", "Low over listeners/points"),
        "High over listeners/points",
    )
    rows = tuple(
        (
            *(row.system, row.votes, row.listeners, row.score, row.sd, row.low, row.high),
            *(row.over_listeners, row.listeners_low, row.listeners_high),
        )
        for row in found.conditions
    )
    caption = (
        f"{found.score} of each condition (ITU-T P.800). Its {found.interval} interval takes votes "
        "as independent, which those of one listener are not; beside it the interval over listeners"
    )
    return Sheet("opinion-scores", caption, columns, rows)


def _aligned(found: tuple[AlignedTest, ...]) -> Sheet:
    columns = columns_of("Effect", "F/number", "df/df", "df2/df", "p/p", "Note")
    rows = tuple((row.term, row.statistic, row.df, row.df2, row.p, row.note) for row in found)
    caption = (
        "Aligned rank transform: systems, passages, and whether passages rank systems otherwise; "
        "unadjusted, for these passages, and decides nothing"
    )
    return Sheet("aligned-ranks", caption, columns, rows)


def _subject_listeners(found: SubjectModel) -> Sheet:
    columns = columns_of(
        *("Listener", "Ratings/count", "Bias/points", "Bias low/points", "Bias high/points"),
        *("Inconsistency/points", "Low/points", "High/points", "By P.913/points"),
    )
    rows = tuple(
        (
            *(row.listener, row.ratings, row.bias, row.bias_low, row.bias_high),
            *(row.inconsistency, row.inconsistency_low, row.inconsistency_high, row.published),
        )
        for row in found.listeners
    )
    caption = (
        "Model of listeners: how far each rates above the others (bias) and strays from what all "
        f"say (inconsistency, a standard deviation); {found.interval}"
    )
    return Sheet("listener-model", caption, columns, rows)


def _subject_stimuli(found: SubjectModel) -> Sheet:
    columns = columns_of(
        *("Passage", "System", "Ratings/count", "Mean/points", "Quality/points", "Low/points"),
        *("High/points", "By P.913/points"),
    )
    rows = tuple(
        (
            *(row.passage, row.system, row.ratings, row.mean, row.quality, row.low, row.high),
            row.published,
        )
        for row in found.stimuli
    )
    caption = (
        "Quality of each stimulus without the biases, listeners weighted by their consistency; "
        f"{found.interval}"
    )
    return Sheet("listener-model-stimuli", caption, columns, rows)


def _preference(found: Preference) -> Sheet:
    columns = columns_of("System", "Ability (log odds)/number", "SE/number")
    if found.abilities is None:
        return Sheet("preferences", "", columns, ())
    caption = (
        f"Bradley-Terry: {found.note}; deviance {found.deviance:.2f} on {found.df} df; "
        f"{found.circular_triads} of {found.decided_triads} triads go round in a circle"
    )
    rows = tuple((one.system, one.ability, one.se) for one in found.abilities)
    return Sheet("preferences", caption, columns, rows)


def _abx(asked: tuple[AbxResult, ...]) -> Sheet:
    rows = tuple(
        (
            *(row.system, row.right, row.trials, row.share, row.low, row.high, row.p),
            *(row.beta_binomial.overdispersion, row.beta_binomial.p),
            *(row.p_adj, row.reject, row.d_prime),
        )
        for row in asked
    )
    columns = columns_of(
        *("A and B", "Right/count", "Trials/count", "Share/share", "Low/share", "High/share"),
        *("p binomial/p", "Spread of listeners/share", "p beta-binomial/p", "P_adj/p"),
        *("Reject/yes", "d′/number"),
    )
    caption = (
        "ABX: the binomial test takes every trial as independent, the beta-binomial lets "
        "listeners differ; d′ by the differencing strategy"
    )
    return Sheet("abx", caption, columns, rows)


def _abx_listeners(asked: tuple[AbxResult, ...]) -> Sheet:
    rows = tuple(
        (row.system, one.listener, one.right, one.trials, one.low, one.high, one.p)
        for row in asked
        for one in row.listeners
    )
    columns = columns_of(
        *("A and B", "Listener", "Right/count", "Trials/count", "Low/share", "High/share"),
        "p binomial/p",
    )
    caption = "ABX per listener: the exact binomial test, unadjusted"
    return Sheet("abx-listeners", caption, columns, rows)


def _abx_sensitivity(asked: tuple[AbxResult, ...]) -> Sheet:
    """d′ by both strategies and the response bias, of all and of each listener."""
    columns = columns_of(
        *("A and B", "Listener", "d′/number", "Low/number", "High/number"),
        *("d′ independent/number", "Low/number", "High/number", "Said first/share", "c/number"),
        *("c low/number", "c high/number", "d′ without bias/number"),
    )
    rows = tuple(
        (row.system, name, *_detected(one))
        for row in asked
        for name, one in _all_and_each(row)
        if one.d_primes
    )
    caption = (
        "ABX sensitivity d′ by the strategies differencing and independent observations; response "
        "bias where it is known which of the two X was: criterion c, below 0 where listeners say "
        "too often that it is the first"
    )
    return Sheet("abx-sensitivity", caption, columns, rows)


def _all_and_each(row: AbxResult) -> Iterator[tuple[str, AbxResult | AbxListener]]:
    yield "all", row
    for one in row.listeners:
        yield one.listener, one


def _detected(row: AbxResult | AbxListener) -> Iterator[float | None]:
    for one in row.d_primes:
        yield from (one.value, one.low, one.high)
    bias = row.bias
    names = ("said_first", "criterion", "low", "high", "d_prime")
    yield from (None if bias is None else getattr(bias, name) for name in names)


def _metrics(found: MetricAgreement) -> Sheet:
    columns = columns_of(
        *("Metric", "Variant", "Unit", "Stimuli/count", "Pearson r/number", "Low/number"),
        *("High/number", "Spearman ρ/number", "Low ρ/number", "High ρ/number"),
        *("Kendall τ/number", "Within passages r/number", "Systems r/number", "Systems ρ/number"),
        "Note",
    )
    rows = tuple(
        (
            *(_named(row), row.variant, row.unit, row.stimuli),
            *(row.pearson.value, row.pearson.low, row.pearson.high),
            *(row.spearman.value, row.spearman.low, row.spearman.high),
            *(row.kendall.value, row.within_passages),
            *(row.system_pearson.value, row.system_spearman.value, row.note),
        )
        for row in found.rows
    )
    caption = (
        f"Metrics of what was heard against mean ratings of stimuli; intervals: "
        f"{found.interval}; {found.systems} systems on {found.passages} passages; positive where "
        "a metric says what listeners say"
    )
    return Sheet("metrics", caption, columns, rows)


def _named(row: MetricAgreementRow) -> str:
    parameters = ", ".join(f"{name} {value}" for name, value in row.parameters.items())
    return f"{row.metric} ({parameters})" if parameters else row.metric
