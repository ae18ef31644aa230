"""Ratings as webMUSHRA stores them: one CSV file for each of its kinds of page.

The columns are those of webMUSHRA's ``results/TESTID/``. The low-pass anchors have its names, and
a page is a trial named after its passage. What it has no kind for is told, not left out unsaid.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from ...evaluation.results.spreadsheet_csv import guarded
from ...models.errors import UserError
from ..storage.tables import Database
from ..study.study import REFERENCE, Study
from .answers import answer_rows
from .ratings import SessionFilter, TidyRow, tidy_rows

_NAMES = {"lowpass_3500": "anchor35", "lowpass_7000": "anchor70"}
_FILES = {"mushra": "mushra.csv", "abx": "paired_comparison.csv", "bs1116": "bs1116.csv"}
_COLUMNS = {
    "mushra": ("session_uuid", "trial_id", "rating_stimulus", "rating_score", "rating_time",
               "rating_comment"),
    "abx": ("session_uuid", "trial_id", "choice_reference", "choice_non_reference",
            "choice_answer", "choice_time", "choice_comment"),
    "bs1116": ("session_uuid", "trial_id", "rating_reference", "rating_non_reference",
               "rating_reference_score", "rating_non_reference_score", "rating_time",
               "choice_comment"),
}  # fmt: skip


def webmushra_files(
    study: Study, database: Database, choice: SessionFilter
) -> tuple[dict[str, str], list[str]]:
    """The text of each file by its name, and what webMUSHRA has no kind for.

    Raises:
        UserError: if it has none for any of the ratings.
    """
    asked, *answers = answer_rows(study, database, choice)
    said = {row[1]: row[5:] for row in answers}
    rows: dict[tuple[str, str], list[TidyRow]] = {}
    for row in tidy_rows(study, database, choice):
        rows.setdefault((row.block, row.kind), []).append(row)
    left = [
        f"{block or study.id}: webMUSHRA has no pages of kind {kind}"
        for block, kind in rows
        if kind not in _FILES
    ]
    found = {
        (f"{block}/" if block else "") + _FILES[kind]: _csv(study, kind, mine, asked[5:], said)
        for (block, kind), mine in rows.items()
        if kind in _FILES
    }
    if not found:
        why = "; ".join(left) or "there are no ratings"
        raise UserError(f"nothing to write as webMUSHRA stores it: {why}")
    return found, left


def _csv(
    study: Study,
    kind: str,
    rows: Sequence[TidyRow],
    asked: Sequence[str],
    said: Mapping[str, Sequence[str]],
) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["session_test_id", *asked, *_COLUMNS[kind]])
    make = {"mushra": _mushra, "abx": _paired, "bs1116": _bs1116}[kind]
    for (session, _), page in groupby(rows, key=lambda row: (row.session, row.page)):
        for cells in make(list(page)):
            line = [study.id, *said[session], session, *cells]
            writer.writerow([guarded(cell) for cell in line])
    return out.getvalue()


def _mushra(page: Sequence[TidyRow]) -> Iterator[list[str]]:
    for row in page:
        if row.value is not None:
            name = _NAMES.get(row.system, row.system)
            yield [_trial(row), name, f"{row.value:g}", _milliseconds(row), row.comment]


def _paired(page: Sequence[TidyRow]) -> Iterator[list[str]]:
    for row in page:
        pair = sorted((row.system, row.other), key=lambda name: name != REFERENCE)
        if row.value is not None:
            answer = "correct" if row.value > 0 else "incorrect"
            yield [_trial(row), *pair, answer, _milliseconds(row), row.comment]


def _bs1116(page: Sequence[TidyRow]) -> Iterator[list[str]]:
    hidden = next((row for row in page if row.system == REFERENCE), None)
    for row in page:
        if row is hidden or hidden is None or row.value is None or hidden.value is None:
            continue
        scores = [f"{hidden.value:g}", f"{row.value:g}"]
        yield [_trial(row), REFERENCE, row.system, *scores, _milliseconds(row), row.comment]


def _trial(row: TidyRow) -> str:
    name = f"{row.passage} (again)" if row.repeat else row.passage
    return f"train {name}" if row.part == "training" else name


def _milliseconds(row: TidyRow) -> str:
    if not row.page_first_at or not row.page_done_at:
        return ""
    took = datetime.fromisoformat(row.page_done_at) - datetime.fromisoformat(row.page_first_at)
    return str(max(0, round(took.total_seconds() * 1000)))
