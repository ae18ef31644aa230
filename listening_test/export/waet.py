"""Ratings as the Web Audio Evaluation Tool saves them: the XML of one session in a file.

Values are 0 to 1, the choices of pairs 0 and 1. Elements carry their names. What the tool has no
interface for is told, not left out unsaid.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from ...models.errors import UserError
from ..storage.tables import Database
from ..study.study import Study
from .answers import answer_rows, asks
from .ratings import SessionFilter, TidyRow, tidy_rows

_INTERFACES = {"ape": "APE", "attributes": "horizontal-sliders", "mushra": "MUSHRA", "ab": "AB",
               "pairwise": "AB"}  # fmt: skip
_TYPES = {"reference": "reference", "anchor": "anchor"}


def waet_files(
    study: Study, database: Database, choice: SessionFilter
) -> tuple[Iterator[tuple[str, str]], list[str]]:
    """The name and text of each file, and what WAET has no interface for.

    Raises:
        UserError: if it has none for any of the ratings.
    """
    kinds: dict[str, str] = {}
    for row in tidy_rows(study, database, choice):
        kinds.setdefault(row.block, row.kind)
    left = [
        f"{block or study.id}: WAET has no pages of kind {kind}"
        for block, kind in kinds.items()
        if kind not in _INTERFACES
    ]
    if len(left) == len(kinds):
        why = "; ".join(left) or "there are no ratings"
        raise UserError(f"nothing to write as WAET saves it: {why}")
    return _files(study, database, choice), left


def _files(study: Study, database: Database, choice: SessionFilter) -> Iterator[tuple[str, str]]:
    _, *answers = answer_rows(study, database, choice)
    said = {row[1]: row[5:] for row in answers}
    rows = tidy_rows(study, database, choice)
    for session, of in groupby(rows, key=lambda row: row.session):
        by_block: dict[str, list[TidyRow]] = {}
        for row in of:
            by_block.setdefault(row.block, []).append(row)
        for block, mine in by_block.items():
            if mine[0].kind in _INTERFACES:
                name = f"{block}/save-{session}.xml" if block else f"save-{session}.xml"
                yield name, _save(study, mine, said[session])


def _save(study: Study, rows: Sequence[TidyRow], said: Sequence[str]) -> str:
    first = rows[0]
    state = "complete" if first.session_state == "complete" else "update"
    begun = datetime.fromisoformat(first.page_first_at) if first.page_first_at else None
    parts = [
        f"<waetresult key={quoteattr(first.session)} state={quoteattr(state)}>",
        f"<waet><setup interface={quoteattr(_INTERFACES[first.kind])}></setup></waet>",
    ]
    if begun is not None:
        parts.append(
            f'<datetime><date year="{begun.year}" month="{begun.month}" day="{begun.day}"></date>'
            f'<time hour="{begun.hour}" minute="{begun.minute}" secs="{begun.second}"></time>'
            "</datetime>"
        )
    parts.append('<survey location="pre" state="complete">')
    parts += [
        f"<surveyresult ref={quoteattr(ask.id)} type={quoteattr(ask.type)}>"
        f"<response>{escape(words)}</response></surveyresult>"
        for ask, words in zip(asks(study), said, strict=True)
    ]
    parts.append("</survey>")
    for number, (_, page) in enumerate(groupby(rows, key=lambda row: row.page)):
        parts.append(_page(number, list(page)))
    return "\n".join([*parts, "</waetresult>", ""])


def _page(number: int, rows: Sequence[TidyRow]) -> str:
    first = rows[0]
    ref = f"{first.passage}-repeat-{first.repeat}" if first.repeat else first.passage
    parts = [f'<page ref={quoteattr(ref)} presentedId="{number}" state="complete">']
    if first.page_first_at and first.page_done_at:
        took = datetime.fromisoformat(first.page_done_at) - datetime.fromisoformat(
            first.page_first_at
        )
        seconds = max(0.0, took.total_seconds())
        parts.append(f'<metric><metricresult id="testTime">{seconds:.3f}</metricresult></metric>')
    values = _choices(first) if first.other else _scores(rows)
    for place, (row, system, by_axis) in enumerate(values):
        kind = _TYPES.get(row.role if system == row.system else "", "normal")
        parts.append(
            f"<audioelement ref={quoteattr(f'{ref}-{place}')} name={quoteattr(system)} "
            f'type="{kind}" url={quoteattr(f"{first.passage}/{system}.wav")} '
            f'presentedId="{row.shown_position if row.shown_position is not None else place}">'
        )
        parts += [
            f"<value interface-name={quoteattr(axis)}>{value:g}</value>"
            for axis, value in by_axis.items()
            if value is not None
        ]
        if row.comment:
            parts.append(f"<comment><response>{escape(row.comment)}</response></comment>")
        parts.append("</audioelement>")
    return "\n".join([*parts, "</page>"])


def _scores(rows: Sequence[TidyRow]) -> list[tuple[TidyRow, str, Mapping[str, float | None]]]:
    found: dict[str, tuple[TidyRow, str, dict[str, float | None]]] = {}
    for row in rows:
        entry = found.setdefault(row.system, (row, row.system, {}))
        entry[2][row.question] = None if row.value is None else row.value / 100
    return list(found.values())


def _choices(row: TidyRow) -> list[tuple[TidyRow, str, Mapping[str, float | None]]]:
    """The two versions of a pair; a page without a preference has no value of 1."""
    mine = None if row.value is None else float(row.value > 50)
    other = None if row.value is None else float(row.value < 50)
    return [(row, row.system, {row.question: mine}), (row, row.other, {row.question: other})]
