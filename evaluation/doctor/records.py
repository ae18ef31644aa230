"""Where what a run found of a new system is kept: under the key of the system."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ...models.content_key import content_key
from ..insights.records import record_path
from .contract import Diagnosis

# Grows when the quick probes mean something else.
FORMAT = 1
_DIAGNOSIS: TypeAdapter[Diagnosis] = TypeAdapter(Diagnosis)


def examination_path(results: Path, key: str) -> Path:
    """Where the diagnosis of the system of this key lies."""
    return record_path(results, content_key("doctor", FORMAT, key))


def read_diagnosis(path: Path) -> Diagnosis | None:
    """A diagnosis that was kept; None where there is none, or it cannot be read."""
    try:
        return _DIAGNOSIS.validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        return None
