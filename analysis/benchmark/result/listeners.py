"""What is known of each metric of a benchmark from listeners: the files under its ``validity``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ....models.errors import UserError
from ...presentation.numbers import fixed
from ...validity.summary import PooledValidity, ValiditySummary, pooled
from .columns import COSTS, Column


@dataclass(frozen=True)
class ColumnValidity:
    """How far a metric follows listeners; ``found`` is None where it is not known, with ``why``."""

    column: Column
    variant: str
    found: PooledValidity | None
    why: str

    @property
    def text(self) -> str:
        """As it stands in a table's head."""
        if self.found is None:
            return self.why
        one = self.found
        label = "SIMULATED " if one.simulated else ""
        return (
            f"{label}ρ {fixed(one.value, 2)} [{fixed(one.low, 2)}, {fixed(one.high, 2)}] on "
            f"{_count(len(one.sets), 'set')}"
        )

    @property
    def title(self) -> str:
        """What it is, in a sentence."""
        if self.found is None:
            return "No set of ratings in this benchmark file's validity tells of it."
        one = self.found
        return (
            "Spearman’s ρ with listeners’ ratings within passages: "
            f"{_count(one.stimuli, 'stimulus')}, {_count(one.listeners, 'listener')}; "
            f"{', '.join(one.sets)}"
        )


def sets_in(config: Mapping[str, Any]) -> tuple[ValiditySummary, ...]:
    """The sets of ratings that a benchmark's file names.

    Raises:
        UserError: if one of them is no ``validity.json``.
    """
    found = []
    for entry in config.get("validity") or ():
        try:
            found.append(ValiditySummary.model_validate_json(json.dumps(entry["content"])))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            why = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
            raise UserError(
                f"{entry['path']}: is not a validity.json of 'earmark validate' ({why})"
            ) from None
    return tuple(found)


def column_validity(
    sets: Sequence[ValiditySummary], columns: Sequence[Column]
) -> dict[tuple[str, str], ColumnValidity]:
    """What the sets say of each column and variant but for costs; nothing without sets."""
    if not sets:
        return {}
    from ....evaluation.metrics import METRICS  # loads torch, which an export does without

    found = {}
    for column in columns:
        if column.metric in COSTS:
            continue
        known = METRICS.get(column.metric)
        usual = {name: _plain(value) for name, value in known.parameters.items()} if known else {}
        parameters = {
            name: value
            for name, value in json.loads(column.parameters).items()
            if name not in usual or usual[name] != value
        }
        for variant in column.variants:
            said = pooled(sets, column.metric, variant, column.version, parameters)
            one = said if isinstance(said, PooledValidity) else None
            found[column.id, variant] = ColumnValidity(
                column, variant, one, "" if one else str(said)
            )
    return found


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _count(number: int, noun: str) -> str:
    plural = "stimuli" if noun == "stimulus" else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
