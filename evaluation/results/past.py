"""What a run makes anew: the renders and scores before it stay under the runs that had them."""

from collections.abc import Sequence
from typing import Any

from ...models.content_key import content_key
from .store import Store, render_path

_COLUMNS = (
    "subject, reference, metric, variant, parameters, version, value, reason, unit, run, source,"
    " since"
)


def past_key(key: str, audio_sha256: str) -> str:
    """The key of a render once another one of its key has taken its place."""
    return content_key("past render", key, audio_sha256)


def retire_scores(store: Store, where: str, values: Sequence[Any], run: int) -> None:
    """End scores before ``run``, in the open transaction; what no run before it had is dropped."""
    store.connection.execute(
        f"INSERT INTO past_score ({_COLUMNS}, until)"
        f" SELECT {_COLUMNS}, {run:d} FROM score WHERE ({where}) AND since < {run:d}",
        values,
    )
    store.connection.execute(f"DELETE FROM score WHERE {where}", values)


def retire_render(store: Store, key: str, audio_sha256: str, benchmark: str, run: int) -> None:
    """Scores of and against a render that was made anew end before ``run``.

    Where its audio is another now, all but ``run``, which is of ``benchmark``, keep the one before
    under a key of its own, in the open transaction.
    """
    retire_scores(store, "subject = ?1 OR reference = ?1", (key,), run)
    found = store.rows(
        "SELECT json_extract(sidecar, '$.audio_sha256') AS audio FROM render WHERE key = ?", (key,)
    )
    before = found[0]["audio"] if found else None
    if before is None or before == audio_sha256:
        return
    new = past_key(key, before)
    path = str(render_path(store.folder, new).relative_to(store.folder))
    run_sql = store.connection.execute
    run_sql("UPDATE OR REPLACE render SET key = ?, path = ? WHERE key = ?", (new, path, key))
    for column in ("subject", "reference"):
        run_sql(f"UPDATE past_score SET {column} = ? WHERE {column} = ?", (new, key))
    places = (("placement", "render"), ("song", "mix_key"), ("song", "reference_key"))
    for table, column in places:
        run_sql(f"UPDATE past_{table} SET {column} = ? WHERE {column} = ?", (new, key))
        run_sql(
            f"UPDATE {table} SET {column} = ? WHERE {column} = ? AND benchmark <> ?",
            (new, key, benchmark),
        )
