"""What can be stored and given away of what a browser sends: whole text, finite numbers, no depths.

JSON knows half surrogate pairs and numbers beyond every float; UTF-8 and JSON's readers do not.
"""

import json
import math
from typing import Any

LONGEST_DATA = 20_000
_DEEPEST = 6
LARGEST = 2**53


def clean(value: str) -> str:
    """Text that can be stored: half a surrogate pair or a NUL becomes the replacement mark."""
    if value.isascii():  # nearly all
        return value.replace("\x00", "\ufffd")
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "\ufffd")


def plain(value: Any, deepest: int = _DEEPEST) -> Any:
    """JSON data as it can be written; a number that is none, and what lies deeper, is null."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list | dict) and deepest == 0:
        return None
    if isinstance(value, list):
        return [plain(one, deepest - 1) for one in value]
    if isinstance(value, dict):
        return {clean(str(key)): plain(one, deepest - 1) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        return None
    return value


def bounded(data: dict[str, Any]) -> dict[str, Any]:
    """The same data, plain; what is too long is left out, and that is said."""
    found: dict[str, Any] = plain(data)
    length = len(json.dumps(found, ensure_ascii=False))
    return found if length <= LONGEST_DATA else {"left_out_characters": length}
