"""What pymushra writes: a CSV with columns in any order, and the TinyDB file behind it."""

from collections import Counter
from collections.abc import Mapping

from ..tables import json_values
from ..tables.documents import Json, Row, TextTable
from ..tables.roles import RatingsColumn, declared_column
from .assemble import Draft, assembled, declared
from .contract import Hints, NoRatingsError, ToolScale, Unfolded, stop

_NEEDED = frozenset({"responses_stimulus", "responses_score", "wm_id", "wm_type"})
_RATED = frozenset({"mushra", "bs1116", "likert_multi_stimulus", "likert_single_stimulus"})
_LISTENERS = ("questionaire_uuid", "questionnaire_uuid")


def read(document: TextTable | Json, told: Hints) -> Unfolded | None:
    """The ratings of pymushra; None for other documents.

    Raises:
        UserError: one line, where nothing tells the listeners apart.
    """
    if isinstance(document, Json):
        table = _table(document)
        layout = "pymushra, TinyDB"
    else:
        table, layout = document, "pymushra, CSV"
    if table is None or not set(table.header) >= _NEEDED:
        return None
    return _ratings(table, layout, told)


def _ratings(table: TextTable, layout: str, told: Hints) -> Unfolded:
    header = table.header
    at = header.index("wm_type")
    rows: list[Row] = [table.rows[0]]
    gone: Counter[str] = Counter()
    for line, row in table.body:
        if len(row) == len(header) and row[at] not in _RATED:
            gone[row[at]] += 1
        else:
            rows.append((line, row))
    if len(rows) == 1:
        raise NoRatingsError(f"{table.place}: holds no rating, only {', '.join(gone)}")
    kept = TextTable(table.place, tuple(rows), table.delimiter, table.sheet, table.notes)
    columns: dict[str, int] = {
        RatingsColumn.PASSAGE: header.index("wm_id"),
        RatingsColumn.SYSTEM: header.index("responses_stimulus"),
        RatingsColumn.VALUE: header.index("responses_score"),
    }
    if "responses_time" in header:
        columns[RatingsColumn.SECONDS] = header.index("responses_time")
    listener = next((title for title in _LISTENERS if title in header), None)
    if listener:
        columns[RatingsColumn.LISTENER] = header.index(listener)
    for role, title in declared(told).items():
        columns[role] = declared_column(header, title, role, table.place)
    if RatingsColumn.LISTENER not in columns and RatingsColumn.LISTENER not in told.columns:
        raise stop(
            table.place,
            "no column holds the session (questionaire_uuid)",
            "name one that tells listeners apart with --listener COLUMN",
            "count a new listener wherever a page comes again with --listener @blocks",
        )
    notes = [
        f"{count} rows of type {kind!r} are left out: answers to a questionnaire."
        for kind, count in sorted(gone.items())
    ]
    mushra = all(row[at] == "mushra" for _, row in kept.body if len(row) > at)
    scale = ToolScale(0, 100, "webMUSHRA") if mushra else None
    draft = Draft(layout, columns, notes=tuple(notes), scale=scale, milliseconds=True, tool=True)
    return assembled(kept, draft, told)


def _table(document: Json) -> TextTable | None:
    """TinyDB's tables of documents with responses, as rows of pymushra's CSV."""
    value = document.value
    if not isinstance(value, Mapping) or not all(
        isinstance(one, Mapping) for one in value.values()
    ):
        return None
    records = []
    tables = []
    for name, documents in value.items():
        some = False
        for one in documents.values():
            if not isinstance(one, Mapping) or not isinstance(one.get("responses"), list):
                continue
            some = True
            about = json_values.flattened(one.get("questionaire") or one.get("questionnaire") or {})
            for answer in one["responses"]:
                if isinstance(answer, Mapping):
                    records.append(
                        {f"responses_{key}": answer[key] for key in answer}
                        | {f"questionaire_{key}": text for key, text in about.items()}
                        | {f"wm_{key}": one.get(key) for key in ("id", "type", "testId", "date")}
                    )
        tables += [name] if some else []
    if not records:
        return None
    table = json_values.table(records, document.place)
    note = f"TinyDB tables read: {', '.join(map(repr, tables))}."
    return TextTable(table.place, table.rows, notes=(note,))
