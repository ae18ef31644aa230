"""Content keys: the sha256 that says whether two pieces of work are the same work."""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def content_key(*parts: Any) -> str:
    """64 hex digits over the canonical JSON of ``parts``; equal parts give equal keys.

    A :class:`~pathlib.Path` counts by the bytes it holds, never by its name, so that a moved
    checkpoint keeps its renders and a retrained one loses them. A model counts by its fields.
    """
    text = json.dumps(
        [_canonical(part) for part in parts],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def path_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, or of a folder's relative names and bytes."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        return content_key([[str(p.relative_to(path)), path_sha256(p)] for p in files])
    stat = path.stat()
    return _file_sha256(path, stat.st_mtime_ns, stat.st_size)


# Of a thousand songs with stems, each asked for again by every system.
@functools.lru_cache(maxsize=1 << 17)
def _file_sha256(path: Path, _mtime_ns: int, _size: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Path):
        return {"sha256": path_sha256(value)}
    if isinstance(value, BaseModel):
        return {name: _canonical(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"no content key for {type(value).__name__}")
