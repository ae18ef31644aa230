"""The scores of whole sets of renders: how they are kept, and how they are read.

A set's key is made of the keys of its renders, so a new render is a new set. The row of a value
holds the channel, the embedding with the version of its front end, and the sha256 of its weights;
what else a reader must know (n, noise floor, warnings, fit) lies beside it in
``results/sets/<key>.json``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...models.content_key import content_key
from .store import Store

SCHEMA = 1


@dataclass(frozen=True)
class SetValue:
    """One set score with the record that lies beside it, as ``compare.as_json`` writes it.

    ``record`` is empty where its file is lost; its ``channels`` has the one channel of the score.
    """

    system: str
    metric: str
    parameters: Mapping[str, Any]
    value: float | None
    reason: str
    record: Mapping[str, Any]


def renders_key(renders: Iterable[str]) -> str:
    """The key of a set of renders, whatever their order; each is known by its audio's sha256."""
    return content_key("set", sorted(renders))


def set_record_path(
    results: Path,
    sets: tuple[str, str],
    metric: str,
    parameters: Mapping[str, Any],
    source: str = "",
) -> Path:
    """Where the record of a set score lies; ``sets`` are the keys of the set and its reference."""
    code = [source] if source else []
    key = content_key(SCHEMA, *sets, metric, dict(parameters), *code)
    return results / "sets" / key[:2] / f"{key}.json"


def read_sets(store: Store, benchmark: str) -> list[SetValue]:
    """The set scores of a benchmark as it now is, in the order of its systems."""
    renders: dict[str, list[str]] = {}
    for row in store.rows(
        "SELECT p.system, coalesce(json_extract(r.sidecar, '$.audio_sha256'), p.render) AS render,"
        " m.role"
        " FROM placement AS p"
        " JOIN system AS m ON m.benchmark = p.benchmark AND m.name = p.system"
        " JOIN render AS r ON r.key = p.render WHERE p.benchmark = ? ORDER BY m.position",
        (benchmark,),
    ):
        renders.setdefault("" if row["role"] == "reference" else row["system"], []).append(
            row["render"]
        )
    masters = renders.pop("", None)
    found = []
    for system, keys in renders.items():
        subject = renders_key(keys)
        rows = store.rows(
            "SELECT * FROM score AS s WHERE subject = ?1 AND (source = '' OR source IN"
            " (SELECT source FROM selection WHERE benchmark = ?2 AND metric = s.metric))"
            " ORDER BY metric, parameters, s.rowid",
            (subject, benchmark),
        )
        for row in rows:
            if masters is not None and row["reference"] != renders_key(masters):
                continue
            parameters = json.loads(row["parameters"])
            sets = (subject, row["reference"])
            path = set_record_path(store.folder, sets, row["metric"], parameters, row["source"])
            found.append(
                SetValue(
                    system, row["metric"], parameters, row["value"], row["reason"], _read(path)
                )
            )
    return found


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
