"""The tables of a result: metrics, other coefficients, errors, differences, outliers, stimuli."""

import re

from ...ratings.report.tables.sheet import Sheet, columns_of, shown
from ...ratings.result.validity import MetricFollowing, ValidityLevel
from ..document import ValidityDocument
from .words import DIRECTIONS, LEVELS, sure_text, verdict_text

_MARKUP = re.compile(r"([\\`*_\[<>|~$&])")


def validity_sheets(document: ValidityDocument) -> tuple[Sheet, ...]:
    """All tables; those without rows are left out."""
    made = (
        _metrics(document),
        _coefficients(document),
        _errors(document),
        _differences(document),
        _outliers(document),
        _stimuli(document),
    )
    return tuple(sheet for sheet in made if sheet.rows)


def markdown_table(sheet: Sheet) -> str:
    """A pipe table below its caption."""
    side = ["---" if c.kind in ("text", "yes") else "---:" for c in sheet.columns]
    lines = [
        f"**{_plain(sheet.caption)}**",
        "",
        f"| {' | '.join(_plain(column.title) for column in sheet.columns)} |",
        f"|{'|'.join(side)}|",
    ]
    for row in sheet.rows:
        cells = [shown(v, c.kind) for v, c in zip(row, sheet.columns, strict=True)]
        lines.append(f"| {' | '.join(map(_plain, cells))} |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _metrics(document: ValidityDocument) -> Sheet:
    found = document.following
    rows = []
    for one in found.metrics:
        of = {level: one.at(level) for level in ValidityLevel}
        right = {row.level: row for row in one.decisions}
        within = right.get(ValidityLevel.WITHIN)
        rows.append(
            (
                *(one.label, one.unit, DIRECTIONS[one.better], one.stimuli),
                *(sure_text(part.spearman) if (part := of[level]) else None for level in of),
                *(within.share if within else None, within.told if within else None),
                *(one.p_adj, verdict_text(one), one.may_be_best, one.note),
            )
        )
    columns = columns_of(
        *("Metric", "Unit", "Direction", "Stimuli/count", "ρ within passages"),
        *("ρ over stimuli", "ρ over systems", "Pairs ordered right/share", "Pairs told/count"),
        *("P_adj/p", "Verdict", "May be best/yes", "Note"),
    )
    caption = (
        f"Metrics against mean ratings, Spearman’s ρ with {found.interval}; positive where the "
        "metric says what listeners say"
    )
    return Sheet("metrics", caption, columns, tuple(rows))


def _coefficients(document: ValidityDocument) -> Sheet:
    rows = []
    for one in document.following.metrics:
        aside = {row.level: row.spearman for row in one.with_aside}
        for part in one.levels:
            for name, sure in (
                ("Spearman’s ρ", part.spearman),
                ("Kendall’s τ", part.kendall),
                ("Pearson’s r", part.pearson),
                ("Pearson’s r, mapped", part.pearson_mapped),
            ):
                rows.append(
                    (
                        *(one.label, LEVELS[part.level], name),
                        *(sure.value, sure.low, sure.high),
                        aside.get(part.level) if name.startswith("Spearman") else None,
                    )
                )
    columns = columns_of(
        *("Metric", "Level", "Coefficient", "Value/number", "Low/number", "High/number"),
        "With reference and anchors/number",
    )
    caption = (
        f"All coefficients at all levels, with {document.following.interval}; mapped: after the "
        "monotonic cubic, which is taken as fitted"
    )
    return Sheet("coefficients", caption, columns, tuple(rows))


def _errors(document: ValidityDocument) -> Sheet:
    rows = [
        (
            *(one.label, {1: "rising", -1: "falling", 0: "flat"}[one.mapping.sign]),
            *(one.mapping.rmse, one.mapping.rmse_cross, one.mapping.rmse_star),
            one.mapping.outlier_ratio,
            *_without(one),
        )
        for one in document.following.metrics
        if one.mapping
    ]
    columns = columns_of(
        *("Metric", "Mapping", "RMSE/points", "RMSE on other passages/points", "RMSE*/points"),
        *("Outlier ratio/share", "r over systems/number", "Without one system/number", "Which"),
    )
    caption = (
        "Errors in points of the scale after a monotonic cubic (ITU-T P.1401); RMSE* beyond the "
        "95 % interval of each rating; r without the system that it hangs on most"
    )
    return Sheet("errors", caption, columns, tuple(rows))


def _without(one: MetricFollowing) -> tuple[float | None, float | None, str | None]:
    found = one.without_one
    if found is None:
        return None, None, None
    return found.pearson, found.pearson_without, found.system


def _differences(document: ValidityDocument) -> Sheet:
    rows = tuple(
        (one.first, one.second, one.stimuli, one.difference, one.low, one.high, one.p, one.p_adj)
        for one in document.following.differences
    )
    columns = columns_of(
        *("First", "Second", "Stimuli/count", "Difference/number", "Low/number", "High/number"),
        *("p/p", "P_adj/p"),
    )
    caption = (
        "ρ within passages of the first metric less that of the second, on their common stimuli; "
        "P_adj by Holm, and only where one of the two follows the ratings"
    )
    return Sheet("differences", caption, columns, rows)


def _outliers(document: ValidityDocument) -> Sheet:
    rows = tuple(
        (one.label, row.passage, row.system, row.value, row.rated, row.mapped, row.half)
        for one in document.following.metrics
        for row in one.outliers
    )
    columns = columns_of(
        *("Metric", "Passage", "System", "Value/number", "Rated/points", "Expected/points"),
        "±/points",
    )
    caption = "Stimuli that were rated otherwise than the metric says, the furthest ones"
    return Sheet("outliers", caption, columns, rows)


def _stimuli(document: ValidityDocument) -> Sheet:
    found = document.following
    rows = tuple(
        (
            *(one.passage, one.system, one.mean, one.half, one.listeners),
            *(metric.values[at] for metric in found.metrics),
        )
        for at, one in enumerate(found.stimuli)
    )
    columns = columns_of(
        *("Passage", "System", "Mean rating/points", "±/points", "Listeners/count"),
        *(f"{metric.label.replace('/', '∕')}/number" for metric in found.metrics),
    )
    return Sheet("stimuli", "Mean ratings and metrics of every stimulus", columns, rows)
