"""Responses that Dallinger and PsyNet export as JSON: answers and metadata are Python text."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..tables import cells, json_values, personal
from ..tables.documents import Json, Row, TextTable
from ..tables.roles import RatingsColumn
from ..tables.stimulus_names import less_system
from .assemble import Draft, assembled
from .contract import Hints, Unfolded, stop

_NEEDED = frozenset({"participant_id", "question", "answer"})
_TRUE = ("true", "1")


def read(document: Json, told: Hints) -> Unfolded | None:
    """The ratings among the responses; None for other JSON files.

    Raises:
        UserError: one line, until the fields of the system and the passage are named.
    """
    found = json_values.records(document.value)
    if not found or not all(set(one) >= _NEEDED for one in found[:5]):
        return None
    if not any("metadata_" in one or "page_type" in one for one in found[:5]):
        return None
    records = [_opened(one) for one in found]
    fields: dict[str, str | None] = {
        role.value: told.columns.get(role) for role in (RatingsColumn.SYSTEM, RatingsColumn.PASSAGE)
    }
    if not all(fields.values()):
        raise _stop(document, records)
    listener = told.columns.get(RatingsColumn.LISTENER, "participant_id")
    for role, name in (*fields.items(), (RatingsColumn.LISTENER, listener)):
        if not any(name in one for one in records):
            raise stop(
                document.place,
                f"no response has a field {name!r} (--{role}); fields are "
                f"{personal.names(sorted({key for one in records for key in one}), 12)}",
            )
    return _assembled(
        document, records, (str(fields["system"]), str(fields["passage"]), listener), told
    )


def _assembled(
    document: Json,
    records: list[dict[str, str]],
    names: tuple[str, str, str],
    told: Hints,
) -> Unfolded:
    system, passage, listener = names
    failed = 0
    gone: Counter[str] = Counter()
    rows: list[Row] = []
    for line, one in enumerate(records, 1):
        if not one.get(system) or not one.get(passage):
            gone[one.get("question", "")] += 1
            continue
        if one.get("failed", "").lower() in _TRUE:
            failed += 1
            continue
        answers = {
            key.removeprefix("answer.") if key != "answer" else one["question"]: value
            for key, value in one.items()
            if key == "answer" or key.startswith("answer.")
        }
        rows += [
            (line, [one.get(listener, ""), one[passage], one[system], question, value, str(line)])
            for question, value in answers.items()
        ]
    passages = less_system([row[1] for _, row in rows], [row[2] for _, row in rows])
    if passages:
        rows = [(line, [r[0], p, *r[2:]]) for (line, r), p in zip(rows, passages, strict=True)]
    notes = [
        f"{sum(gone.values())} responses to {personal.names(sorted(gone))} are left out: they name "
        "no system."
    ] if gone else []  # fmt: skip
    notes += [f"{failed} responses with failed = true are left out."] if failed else []
    if passages:
        notes.append("The passage is the name of its file less the system and ending.")
    columns: dict[str, int] = {
        RatingsColumn.LISTENER: 0, RatingsColumn.PASSAGE: 1, RatingsColumn.SYSTEM: 2,
        RatingsColumn.QUESTION: 3, RatingsColumn.VALUE: 4,
    }  # fmt: skip
    roles = {
        "listener": listener,
        "passage": passage,
        "system": system,
        "question": "the fields of answer",
        "value": "answer",
    }
    header = ["listener", "passage", "system", "question", "score", "response"]
    table = TextTable(document.place, ((0, header), *rows))
    draft = Draft("Dallinger, responses", columns, roles=roles, notes=tuple(notes), tool=True)
    return assembled(table, draft, Hints(words=told.words))


def _stop(document: Json, records: list[dict[str, str]]) -> Exception:
    """What the responses hold, and the fields that may name system and passage."""
    rated = [one for one in records if any(key.startswith("metadata_.") for key in one)]
    rated = [one for one in rated if "metadata_.prompt" in " ".join(one)] or rated
    question = Counter(one["question"] for one in rated).most_common(1)
    asked = question[0][0] if question else ""
    mine = [one for one in rated if one["question"] == asked]
    answers = sorted(
        {key.removeprefix("answer.") for one in mine for key in one if key.startswith("answer.")}
    )
    fields = {
        key: {one.get(key, "") for one in mine}
        for one in mine
        for key in one
        if key.startswith("metadata_.") and "url" not in key
    }
    named = {
        key: values
        for key, values in fields.items()
        if len(values) > 1 and not cells.is_numeric(values)
    }
    ordered = sorted(named, key=lambda key: len(named[key]))
    system = ordered[0] if ordered else "FIELD"
    passage = ordered[1] if len(ordered) > 1 else "FIELD"
    several = f"{asked!r} holds {personal.names(answers)} as text within text; " if answers else ""
    failed = sum(one.get("failed", "").lower() in _TRUE for one in mine)
    more = f"; {failed} failed responses are then left out" if failed else ""
    return stop(
        document.place,
        f"{len(records)} responses; {several}what was rated stands only in 'metadata_'",
        f"name its fields with --system {system} --passage {passage} (the listener is "
        f"participant_id){more}",
    )


def _opened(record: Mapping[str, Any]) -> dict[str, str]:
    """A record as one level of texts, with the literals inside of texts opened."""
    opened = {}
    for key, value in record.items():
        inner = cells.literal(value) if isinstance(value, str) and value[:1] in "{[" else value
        if key == "answer" and isinstance(inner, Mapping):
            inner = {name: _alone(one) for name, one in inner.items()}
        opened[key] = inner
    return json_values.flattened(opened)


def _alone(value: Any) -> Any:
    """The one value of an object with one key, as {'null': '4'} holds it."""
    return next(iter(value.values())) if isinstance(value, Mapping) and len(value) == 1 else value
