"""What every part of a stored result shares: it cannot change, and it knows all of its keys."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
)


class ResultPart(BaseModel):
    """A part of a result.

    The fields stand in the order of the keys in the JSON. Of several bases the last one's fields
    come first. A field has a default only where its key is optional: such a key is written where
    it was set, and only there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def given(self) -> dict[str, Any]:
        """The fields that were set, by name: for a larger form that has them too."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    def as_json(self) -> dict[str, Any]:
        """This part as plain values for JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _known(value: Any) -> Any:
    """None for a number that is not finite, which JSON lacks."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain(value: Any) -> Any:
    """``value`` for JSON: tuples as lists, numbers as Python's, what is not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return _known(value.item() if hasattr(value, "item") else value)


# What was measured stays as it was: a df of 4 is written as 4, one of 4.0 as 4.0. A text that
# looks like a number is a slip, not a number.
Number = Annotated[
    StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)],
    WithJsonSchema({"type": "number"}),
]
# A number, or None where it is missing or not finite.
Maybe = Annotated[
    StrictInt | StrictFloat | None,
    BeforeValidator(_known),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]}),
]
# What users wrote themselves, of any form.
Free = Annotated[Any, BeforeValidator(plain)]
