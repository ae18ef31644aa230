"""The document of an analysis: values under a schema number, as JSON text."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SCHEMA = 1


@dataclass(frozen=True)
class Result:
    """A result as its JSON text; ``data`` reads it, so that nothing can change it in place."""

    text: str

    @property
    def data(self) -> dict[str, Any]:
        """The document as dictionaries, a fresh copy each time."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


def plain(value: Any) -> Any:
    """``value`` for JSON: tuples as lists, numbers as Python's, what is not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
