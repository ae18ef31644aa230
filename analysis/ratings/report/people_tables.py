"""Tables of who took part: how far people came, and what their questionnaires say."""

from typing import Any

from .table import Form, Sheet, columns_of, fields


def people_sheet(data: Form) -> Sheet | None:
    """What the questionnaires say of those who finished; None where there were none."""
    people = data["participants"]
    rows: list[tuple[Any, ...]] = []
    for asked in people["questionnaire"] if people else ():
        head = (asked["label"] or asked["id"], asked["answered"])
        spread = asked.get("spread")
        if spread:
            middle = tuple(spread[name] for name in ("median", "q1", "q3"))
            rows.append((*head, "median and quartiles", None, None, *middle))
        for entry in asked.get("counts", ()):
            share = entry["count"] / asked["answered"] if asked["answered"] else None
            rows.append((*head, entry["option"], entry["count"], share, None, None, None))
        if "counts" not in asked and not spread:
            rows.append((*head, "not shown" if asked["answered"] else "nobody", *[None] * 5))
    if not rows:
        return None
    columns = columns_of(
        *("Question", "Answered/count", "Answer", "Count/count", "Share/share"),
        *("Median/number", "Q1/number", "Q3/number"),
    )
    caption = f"Questionnaires of the {people['questionnaire'][0]['of']} who finished"
    return Sheet("participants", caption, columns, tuple(rows))


def flow_sheet(data: Form) -> Sheet | None:
    """How many people came how far; None where the ratings do not say."""
    if data["participants"] is None:
        return None
    columns = columns_of("Stage", "Sessions/count", "Note")
    rows = fields(data["participants"]["flow"], "stage", "count", "note")
    return Sheet("participant-flow", "Flow of participants", columns, rows)
