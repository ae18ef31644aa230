"""The report's section on distances of sets: each value with n, noise floor and warnings."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ....evaluation.distances.embedding_cache import CHANNELS
from ....evaluation.results.set_records import SetValue
from ...presentation.numbers import NONE, number_format
from .registry import Context, Section, render, section

_COLUMNS = (
    *("system", "metric", "channel", "value", "reason", "n_reference", "n_evaluated"),
    *("at_equal_n", "noise_floor", "noise_low", "noise_high", "noise_n"),
    *("embedding", "front_end", "weights_sha256", "seed", "warnings"),
)


@section(order=45)
def sets(context: Context) -> Section | None:
    """Distances of all renders of a system from the reference masters."""
    found = context.result.sets
    if not found:
        return None
    rows = [set_row(one) for one in found]
    words = list(dict.fromkeys(text for one in found for text in _of(one)))
    show = number_format(row[name] for row in rows for name in ("value", "noise_floor"))
    shown = [
        {
            **row,
            "value": show(row["value"]) if row["value"] is not None else row["reason"],
            "floor": _range(row, show),
            "at_equal_n": show(row["at_equal_n"]),
            "notes": [words.index(text) + 1 for text in _of(one)],
        }
        for one, row in zip(found, rows, strict=True)
    ]
    embeddings = {(row["embedding"], row["front_end"], row["weights_sha256"]): None for row in rows}
    general = dict.fromkeys(words for one in found for words in one.record.get("warnings", ()))
    html = render(
        "sections/sets.html",
        rows=shown,
        looks=context.result.looks,
        embeddings=list(embeddings),
        general=list(general),
        words=words,
    )
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return Section("sets", "How far is each set from the references?", html, tables={"sets": table})


def set_row(one: SetValue) -> dict[str, Any]:
    """One set score as a plain row, for the page, CSV and JSON."""
    channel: Mapping[str, Any] = next(iter(one.record.get("channels", ())), {})
    floor = channel.get("kad_noise_floor" if one.metric == "kad" else "noise_floor") or {}
    return {
        "system": one.system,
        "metric": one.metric,
        "channel": CHANNELS[one.parameters["channel"]],
        "value": one.value,
        "reason": one.reason,
        "n_reference": channel.get("n_reference"),
        "n_evaluated": channel.get("n_evaluated"),
        "at_equal_n": floor.get("at_equal_n"),
        "noise_floor": floor.get("value"),
        "noise_low": floor.get("low"),
        "noise_high": floor.get("high"),
        "noise_n": floor.get("n"),
        "embedding": one.parameters["embedding"],
        "front_end": one.parameters["front_end"],
        "weights_sha256": one.parameters["weights"],
        "seed": one.parameters["seed"],
        "warnings": "; ".join(_of(one)),
    }


def _of(one: SetValue) -> list[str]:
    """The warnings of one value."""
    channel: Mapping[str, Any] = next(iter(one.record.get("channels", ())), {})
    # A channel without a value says why in its own warnings, whatever the metric.
    kernel = one.metric == "kad" and channel.get("kad") is not None
    return list(channel.get("kad_warnings" if kernel else "warnings", ()))


def _range(row: Mapping[str, Any], show: Any) -> str:
    if row["noise_floor"] is None:
        return NONE
    low, high = show(row["noise_low"]), show(row["noise_high"])
    return f"{show(row['noise_floor'])} ({low} to {high}, n {row['noise_n']})"
