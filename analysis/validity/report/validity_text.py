"""A result in a terminal: the finding, a table, what a reader must know."""

import textwrap

from ...presentation.numbers import NONE, fixed, p_text
from ...ratings.result.validity import MetricFollowing, ValidityLevel
from ..document import ValidityDocument
from .words import (
    DIRECTIONS,
    anchors_text,
    cautions,
    ceiling_text,
    design_text,
    finding,
    sure_text,
)

_WIDTH = 100


def validity_lines(document: ValidityDocument) -> list[str]:
    """All that a reader needs, in lines of at most 100 letters but for the table."""
    found = document.following
    lines = [f"{document.label}: these ratings do not count."] if document.label else []
    lines += [
        _wrapped(finding(found)),
        _wrapped(f"{document.name}: {design_text(document)}."),
        _wrapped(ceiling_text(found)),
        "",
        *_table(found.metrics),
        "",
        _wrapped(
            f"ρ is Spearman’s, positive where a metric says what listeners say; [{found.interval}]."
        ),
    ]
    anchored = [one for one in found.metrics if one.with_aside]
    if anchored:
        lines.append(
            _wrapped(
                f"{', '.join(found.set_aside)} left out, as every metric tells them apart. With "
                f"them, ρ of {anchored[0].label} would be {anchors_text(anchored[0])}."
            )
        )
    lines += [_wrapped(said) for one in found.metrics for said in cautions(one)]
    lines += [_wrapped(said) for said in document.notes]
    return lines


def _table(metrics: tuple[MetricFollowing, ...]) -> list[str]:
    header = ["metric", "direction", "n", "ρ within passages", "ρ over stimuli", "ρ over systems",
              "pairs right", "adj. p", "may be best"]  # fmt: skip
    rows = [header]
    for one in metrics:
        if one.note:
            rows.append([one.label, DIRECTIONS[one.better], str(one.stimuli), one.note, *[""] * 5])
            continue
        of = [one.at(level) for level in ValidityLevel]
        right = next((row for row in one.decisions if row.level is ValidityLevel.WITHIN), None)
        share = right.share if right else None
        told = f"{fixed(share, 2)} of {right.told}" if right and share is not None else NONE
        best = NONE if one.may_be_best is None else "yes" if one.may_be_best else "no"
        rows.append(
            [
                *(one.label, DIRECTIONS[one.better], str(one.stimuli)),
                *(sure_text(part.spearman) if part else NONE for part in of),
                *(told, NONE if one.p_adj is None else p_text(one.p_adj), best),
            ]
        )
    plain = [row for row in rows if row[4] or row is header]
    widths = [max(len(row[at]) for row in (plain if at > 2 else rows)) for at in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH)
