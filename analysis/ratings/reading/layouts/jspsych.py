"""jsPsych's data: records of trials as JSON or CSV, with what the experimenter added to each."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..tables import cells, json_values
from ..tables.documents import Json, Row, TextTable
from ..tables.roles import RatingsColumn, find_columns
from .assemble import Draft, assembled, declared
from .contract import Hints, NoRatingsError, Unfolded, stop
from .long import by_names

_OWN = ("trial_type", "trial_index")
_VALUE = "response"
# What the library writes by itself; none of it tells what was asked.
_WRITTEN = frozenset(
    {
        *("rt", "stimulus", "slider_start", "trial_type", "trial_index", "time_elapsed"),
        *("internal_node_id", "view_history"),
    }
)


def read(document: TextTable | Json, told: Hints) -> Unfolded | None:
    """The ratings among the trials; None for other documents.

    A trial is a rating where it names a system and its response is a number, or an object of
    numbers with a question for each key.

    Raises:
        UserError: one line, where no trial says which system it was of.
    """
    if isinstance(document, Json):
        records = json_values.records(document.value)
        if not records or not all(name in one for one in records[:5] for name in _OWN):
            return None
    else:
        if not set(document.header) >= {*_OWN, _VALUE}:
            return None
        records = [dict(zip(document.header, row, strict=False)) for _, row in document.body]
    keys = list(dict.fromkeys(key for one in records for key in one if key != _VALUE))
    wanted = declared(told)
    wanted.pop(RatingsColumn.VALUE, None)
    found = find_columns(keys, wanted, document.place)
    found.pop(RatingsColumn.VALUE, None)
    lacking = [role for role in (RatingsColumn.LISTENER, RatingsColumn.SYSTEM) if role not in found]
    if lacking:
        raise stop(
            document.place,
            f"no key of the trials holds the {lacking[0]}; jsPsych writes none, the experiment "
            "adds it as data",
            f"name it with --{lacking[0]} KEY",
        )
    lines = [line for line, _ in document.body] if isinstance(document, TextTable) else None
    title = document.header if isinstance(document, TextTable) else keys
    return (
        _assembled(
            document, records, (keys, found, lines or list(range(1, len(records) + 1))), told
        )
        if title
        else None
    )


def _assembled(
    document: TextTable | Json,
    records: list[Mapping[str, Any]],
    known: tuple[list[str], dict[str, int], list[int]],
    told: Hints,
) -> Unfolded:
    keys, found, lines = known
    system = keys[found[RatingsColumn.SYSTEM]]
    gone: Counter[str] = Counter()
    rows: list[Row] = []
    asked = False
    for line, one in zip(lines, records, strict=True):
        answers = _answers(one.get(_VALUE)) if one.get(system) not in (None, "") else []
        if not answers:
            gone[str(one.get("trial_type"))] += 1
            continue
        cells_ = [json_values.text(one.get(key)) for key in keys]
        asked = asked or any(question for question, _ in answers)
        rows += [(line, [*cells_, question or "overall", value]) for question, value in answers]
    if not rows:
        raise NoRatingsError(f"{document.place}: none of {len(records)} trials holds a rating")
    columns = {role: at for role, at in found.items() if role != RatingsColumn.SECONDS}
    columns[RatingsColumn.VALUE] = len(keys) + 1
    if asked:
        columns[RatingsColumn.QUESTION] = len(keys)
    header = [*keys, "(question)", _VALUE]
    notes = [
        f"{count} trials of type {kind!r} are left out: no rating of a system."
        for kind, count in sorted(gone.items())
    ]
    place = document.place
    delimiter = document.delimiter if isinstance(document, TextTable) else ""
    table = TextTable(place, ((0, header), *rows), delimiter)
    table, columns, said = by_names(table, columns, told, notes)
    draft = Draft(
        "jsPsych, a record for each trial",
        columns,
        notes=tuple(notes),
        roles={"value": "response", **said},
    )
    made = assembled(table, draft, told)
    unknown = tuple(at for at in made.unknown if made.header[at] not in _WRITTEN)
    return Unfolded(**{**made.__dict__, "unknown": unknown})


def _answers(response: Any) -> list[tuple[str, str]]:
    """Question and value of each rating in a response; '' where it is one number."""
    if isinstance(response, str) and response.strip().startswith("{"):
        try:
            response = json.loads(response)
        except (ValueError, RecursionError):
            return []
    if isinstance(response, Mapping):
        flat = {key: json_values.text(value) for key, value in response.items()}
        if flat and all(cells.number(value) is not None for value in flat.values()):
            return [(str(key), value) for key, value in flat.items()]
        return []
    said = json_values.text(response)
    return [("", said)] if cells.number(said) is not None and not isinstance(response, bool) else []
