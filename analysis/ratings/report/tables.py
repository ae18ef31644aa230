"""The tables of a result: one definition for the page, the CSV files and the LaTeX files."""

import math
from collections.abc import Iterator
from typing import Any

from .sentences import pair_words
from .table import PAIR, Column, Form, Sheet, columns_of, fields


def sheets(block: Form) -> list[Sheet]:
    """Every table of one question's block of a result."""
    made = [
        _pairs(block),
        _classical(block),
        _systems(block),
        _cells(block),
        _tests(block),
        _other_pairs(block),
        _passages(block),
        _assessors(block),
        _agreement(block),
        _variances(block),
        _planning(block),
        _checks(block),
    ]
    made += [_against(control) for control in block["secondary"]["many_to_one"]]
    made += [_against_zero(block), _preference(block), _abx(block), _abx_listeners(block)]
    made.append(_metrics(block))
    if block["all_listeners"]:
        made.append(_both(block))
    return [sheet for sheet in made if sheet.rows]


def _pairs(block: Form) -> Sheet:
    primary = block["primary"]
    rows = []
    for pair in primary["pairs"]:
        effect = pair["effect"]
        rows.append(
            (
                *(pair[n] for n in ("group1", "group2", "n", "mean_diff", "low", "high")),
                *(pair[n] for n in ("median_diff", "mean_rank_diff", "statistic", "df")),
                *(pair[n] for n in ("p_raw", "p_adj", "reject")),
                *(effect[n] for n in ("value", "low", "high")),
                *(pair[n] for n in ("verdict", "classical_p_adj", "agrees")),
            )
        )
    name = primary["pairs"][0]["effect"]["name"] if primary["pairs"] else "effect"
    columns = PAIR + columns_of(
        *("Units/count", "Mean Diff./points", "Low/points", "High/points"),
        *("Median Diff./points", "Mean Rank Diff./number", "Statistic/number", "df/df"),
        *("p/p", "P_adj/p", "Reject/yes", f"{name}/share", "Effect low/share"),
        *("Effect high/share", "Verdict/text", "Classical P_adj/p", "Classical agrees/yes"),
    )
    caption = f"Pairs of systems: not tested, {primary['reason']}"
    if primary["choice"] != "none":
        caption = (
            f"Pairs of systems, primary analysis ({primary['method']}, scope {primary['scope']}), "
            f"tested by {pair_words(primary)}; "
            f"differences are Group 1 − Group 2, {primary['interval']}; "
            f"P_adj by {primary['adjust']}, alpha {primary['alpha']:g}"
        )
    return Sheet("pairs", caption, columns, tuple(rows))


def _classical(block: Form) -> Sheet:
    classical = block["classical"]
    names = ("group1", "group2", "mean_diff", "median_diff", "mean_rank_diff")
    rows = fields(classical["pairs"], *names, "t", "df", "p_raw", "p_adj", "reject")
    columns = PAIR + columns_of(
        *("Mean Diff./points", "Median Diff./points", "Mean Rank Diff./number", "t/number"),
        *("df/df", "p/p", "P_adj/p", "Reject/yes"),
    )
    caption = f"{classical['label']}; P_adj by {classical['adjust']}"
    return Sheet("classical", caption, columns, rows)


def _systems(block: Form) -> Sheet:
    found = block["descriptives"]
    names = ("system", "n", "listeners", "mean", "low", "high", "sd", "median", "q1", "q3")
    rows = fields(found["systems"], *names, "floor_percent", "ceiling_percent", "mean_rank")
    columns = columns_of(
        *("System", "Ratings/count", "Listeners/count", "Mean/points", "Low/points"),
        *("High/points", "SD/points", "Median/points", "Q1/points", "Q3/points"),
        *("Floor %/points", "Ceiling %/points", "Mean rank/points"),
    )
    return Sheet("systems", f"Ratings per system; interval: {found['interval']}", columns, rows)


def _cells(block: Form) -> Sheet:
    found = block["descriptives"]
    names = ("passage", "system", "n", "listeners", "mean", "low", "high", "sd", "median")
    rows = fields(found["cells"], *names, "q1", "q3")
    columns = columns_of(
        *("Passage", "System", "Ratings/count", "Listeners/count", "Mean/points", "Low/points"),
        *("High/points", "SD/points", "Median/points", "Q1/points", "Q3/points"),
    )
    caption = f"Ratings per system and passage; interval: {found['interval']}"
    return Sheet("systems-by-passage", caption, columns, rows)


def _tests(block: Form) -> Sheet:
    primary = block["primary"]["omnibus"]
    rows = [_test("primary", f"scope {block['primary']['scope']}", primary)]
    unit = f"{block['classical']['n']} ratings taken as independent"
    rows.append(_test("classical", unit, block["classical"]["kruskal"]))
    rows += [
        _test("secondary", test["unit"], test["omnibus"])
        for test in block["secondary"]["tests"]
        if "omnibus" in test
    ]
    columns = columns_of(
        *("Role", "Test", "Unit", "Statistic", "Value/number", "df/df", "df2/df", "p/p"),
        "Note",
    )
    caption = "Tests that all systems are alike"
    if primary["tested_questions"] > 1:
        # Only the primary test of a question is one of the family.
        rows = [
            (*row[:-1], primary["p_questions"] if row[0] == "primary" else None, row[-1])
            for row in rows
        ]
        columns = (*columns[:-1], Column("P_adj over questions", "p"), columns[-1])
        caption += (
            f"; P_adj of the primary test by {block['primary']['adjust']} over "
            f"{primary['tested_questions']} questions"
        )
    return Sheet("tests", caption, columns, tuple(rows))


def _test(role: str, unit: str, test: Form) -> tuple[Any, ...]:
    names = ("symbol", "statistic", "df", "df2", "p", "note")
    return (role, test["method"], unit, *(test[name] for name in names))


def _other_pairs(block: Form) -> Sheet:
    """What other tests say of each pair, beside the primary one."""
    others = [
        test
        for test in block["secondary"]["tests"]
        if any(pair["p_adj"] is not None for pair in test.get("pairs", ()))
    ]
    primary = block["primary"]
    rows = [
        (
            pair["group1"],
            pair["group2"],
            pair["p_adj"],
            *(test["pairs"][at]["p_adj"] for test in others),
        )
        for at, pair in enumerate(primary["pairs"])
        if others
    ]
    columns = PAIR + columns_of(
        "Primary P_adj/p", *(f"{test['pair_method']} P_adj/p" for test in others)
    )
    caption = (
        f"Pairs by other tests on {others[0]['unit']}, P_adj by {primary['adjust']} "
        "(Nemenyi by its own distribution); they show what hangs on the method and decide nothing"
        if others
        else ""
    )
    return Sheet("other-pair-tests", caption, columns, tuple(rows))


def _passages(block: Form) -> Sheet:
    found = block["secondary"]["per_passage"]
    names = ("passage", "listeners", "statistic", "df", "df2", "p", "p_adj", "reject")
    columns = columns_of(
        *("Passage", "Listeners/count", "F/number", "df/df", "df2/df", "p/p", "P_adj/p"),
        "Reject/yes",
    )
    caption = f"{found['method']}, P_adj by {found['adjust']}"
    return Sheet("passages", caption, columns, fields(found["passages"], *names))


def _assessors(block: Form) -> Sheet:
    screening = block["screening"]
    texts = {rule["name"]: rule["text"] for rule in screening["rules"]}
    rows = []
    for consequence in ("excluded", "flagged"):
        for entry in screening[consequence]:
            evidence = "; ".join(_evidence(item) for item in entry["evidence"])
            rows.append(
                (
                    *(entry["listener"], consequence, texts[entry["rule"]], entry["value"]),
                    *(entry["threshold"], evidence),
                )
            )
    columns = columns_of(
        *("Listener", "Consequence", "Rule", "Value/number", "Threshold/number", "Evidence")
    )
    return Sheet("assessors", "Listeners who break a screening rule", columns, tuple(rows))


def _evidence(item: Form) -> str:
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in item.items()
    )


def _agreement(block: Form) -> Sheet:
    found = block["agreement"]
    alpha, icc = found["krippendorff"], found["icc"]
    rows: list[tuple[Any, ...]] = [
        ("Kendall's W of listener means", found["kendall_w"], None, None, ""),
        (f"Krippendorff's α ({alpha['level']})", alpha["alpha"], None, None, ""),
    ]
    if icc:
        over = f"{icc['targets']} stimuli, {icc['judges']} listeners"
        rows.append(("ICC(A,1)", icc["icc2"], icc["low"], icc["high"], over))
        rows.append(("ICC(A,k)", icc["icc2k"], icc["low_k"], icc["high_k"], over))
    else:
        rows.append(("ICC", None, None, None, found["icc_note"]))
    if found["intra_rater"]:
        gaps = [entry["mean_absolute_difference"] for entry in found["intra_rater"]]
        mean = math.fsum(gaps) / len(gaps)
        note = f"mean absolute difference in points, {len(gaps)} listeners"
        rows.append(("Intra-rater (repeats)", mean, min(gaps), max(gaps), note))
    else:
        rows.append(("Intra-rater (repeats)", None, None, None, found["intra_rater_note"]))
    columns = columns_of("Measure", "Value/number", "Low/number", "High/number", "Note")
    return Sheet("agreement", "Agreement of the listeners", columns, tuple(rows))


def _variances(block: Form) -> Sheet:
    found = block["variance_components"]
    columns = columns_of("Source", "Variance/points", "SD/points", "Share/share")
    rows = fields(found["terms"], "term", "variance", "sd", "share")
    caption = f"Variance components ({found['method']}). {found['note']}".strip()
    return Sheet("variance-components", caption, columns, rows)


def _planning(block: Form) -> Sheet:
    plan = block["variance_components"]["planning"]
    columns = columns_of(
        *("Listeners/count", "Passages/count", "Standard error/points", "df/df"),
        "Detectable difference/points",
    )
    if plan is None:
        return Sheet("planning", "", columns, ())
    names = ("listeners", "passages", "standard_error", "df", "detectable")
    caption = (
        f"Smallest difference found with power {plan['power']:g} at alpha {plan['alpha']:g}, "
        f"scope {plan['scope']}"
    )
    return Sheet("planning", caption, columns, fields(plan["grid"], *names))


def _checks(block: Form) -> Sheet:
    columns = columns_of("Check", "Passed/yes", "Detail")
    rows = fields(block["checks"], "check", "passed", "detail")
    return Sheet("checks", "Checks of this result on itself", columns, rows)


def _against(control: Form) -> Sheet:
    rows = []
    for pair, other in zip(control["wilcoxon"], control["demsar"], strict=True):
        names = ("group1", "group2", "n", "mean_diff", "low", "high", "statistic", "p_raw")
        rows.append((*(pair[name] for name in (*names, "p_adj", "reject")), other["p_adj"]))
    columns = PAIR + columns_of(
        *("Listeners/count", "Mean Diff./points", "Low/points", "High/points", "W/number"),
        *("p/p", "P_adj/p", "Reject/yes", "Demšar P_adj/p"),
    )
    caption = (
        f"Every system against {control['control']}: Wilcoxon signed rank on listener means, "
        f"P_adj by {control['adjust']}"
    )
    return Sheet(f"against-{control['control']}", caption, columns, tuple(rows))


def _against_zero(block: Form) -> Sheet:
    found = block["secondary"]["against_zero"]
    columns = columns_of(
        *("System", "Listeners/count", "Mean/points", "Low/points", "High/points", "W/number"),
        *("p/p", "P_adj/p", "Reject/yes"),
    )
    if found is None:
        return Sheet("against-zero", "", columns, ())
    names = ("group1", "n", "mean_diff", "low", "high", "statistic", "p_raw", "p_adj", "reject")
    caption = (
        f"Every system against 0, no difference: {found['method']} on listener means, "
        f"P_adj by {found['adjust']}"
    )
    return Sheet("against-zero", caption, columns, fields(found["systems"], *names))


def _preference(block: Form) -> Sheet:
    found = block["secondary"]["preference"]
    columns = columns_of("System", "Ability (log odds)/number", "SE/number")
    if found is None or found["abilities"] is None:
        return Sheet("preferences", "", columns, ())
    caption = (
        f"Bradley-Terry: {found['note']}; deviance {found['deviance']:.2f} on {found['df']} df; "
        f"{found['circular_triads']} of {found['decided_triads']} triads go round in a circle"
    )
    rows = fields(found["abilities"], "system", "ability", "se")
    return Sheet("preferences", caption, columns, rows)


def _abx(block: Form) -> Sheet:
    rows = []
    for row in block["secondary"]["abx"] or ():
        pooled = row["beta_binomial"]
        names = ("system", "right", "trials", "share", "low", "high", "p")
        more = (pooled["overdispersion"], pooled["p"], row["p_adj"], row["reject"])
        rows.append((*(row[name] for name in names), *more, row["d_prime"]))
    columns = columns_of(
        *("A and B", "Right/count", "Trials/count", "Share/share", "Low/share", "High/share"),
        *("p binomial/p", "Spread of listeners/share", "p beta-binomial/p", "P_adj/p"),
        *("Reject/yes", "d′/number"),
    )
    caption = (
        "ABX: the binomial test takes every trial as independent, the beta-binomial lets "
        "listeners differ; d′ by the differencing strategy"
    )
    return Sheet("abx", caption, columns, tuple(rows))


def _abx_listeners(block: Form) -> Sheet:
    names = ("listener", "right", "trials", "low", "high", "p")
    rows = tuple(
        (row["system"], *(entry[name] for name in names))
        for row in block["secondary"]["abx"] or ()
        for entry in row["listeners"]
    )
    columns = columns_of(
        *("A and B", "Listener", "Right/count", "Trials/count", "Low/share", "High/share"),
        "p binomial/p",
    )
    caption = "ABX per listener: the exact binomial test, unadjusted"
    return Sheet("abx-listeners", caption, columns, rows)


def _metrics(block: Form) -> Sheet:
    found = block["secondary"].get("metrics")
    columns = columns_of(
        *("Metric", "Variant", "Unit", "Stimuli/count", "Pearson r/number", "Low/number"),
        *("High/number", "Spearman ρ/number", "Low ρ/number", "High ρ/number"),
        *("Kendall τ/number", "Within passages r/number", "Systems r/number", "Systems ρ/number"),
        "Note",
    )
    if found is None:
        return Sheet("metrics", "", columns, ())
    rows = []
    for row in found["rows"]:
        parameters = ", ".join(f"{name} {value}" for name, value in row["parameters"].items())
        rows.append(
            (
                f"{row['metric']} ({parameters})" if parameters else row["metric"],
                *(row[name] for name in ("variant", "unit", "stimuli")),
                *(row["pearson"][name] for name in ("value", "low", "high")),
                *(row["spearman"][name] for name in ("value", "low", "high")),
                *(row["kendall"]["value"], row["within_passages"]),
                *(row["system_pearson"]["value"], row["system_spearman"]["value"], row["note"]),
            )
        )
    caption = (
        f"Metrics of what was heard against mean ratings of stimuli; intervals: "
        f"{found['interval']}; {found['systems']} systems on {found['passages']} passages"
    )
    return Sheet("metrics", caption, columns, tuple(rows))


def _both(block: Form) -> Sheet:
    # Who was excluded may be all who rated a system; its pairs are then known with everyone only.
    without = {(pair["group1"], pair["group2"]): pair for pair in block["primary"]["pairs"]}
    names = ("mean_diff", "p_adj", "verdict")
    rows = []
    for everyone in block["all_listeners"]["primary"]["pairs"]:
        pair = everyone["group1"], everyone["group2"]
        kept = without.get(pair)
        rows.append(
            (
                *pair,
                *(kept[name] if kept else None for name in names),
                *(everyone[name] for name in names),
                kept["verdict"] == everyone["verdict"] if kept else None,
            )
        )
    columns = PAIR + columns_of(
        *("Mean Diff. without excluded/points", "P_adj/p", "Verdict"),
        *("Mean Diff. all listeners/points", "P_adj all/p", "Verdict all", "Same/yes"),
    )
    caption = "The primary analysis without the excluded listeners and with all of them"
    return Sheet("with-and-without-exclusions", caption, columns, tuple(rows))


def blocks(data: Form) -> Iterator[Form]:
    """The blocks of all questions of a result."""
    yield data
    yield from data["others"]
