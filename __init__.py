"""Earmark: listening tests and evaluation for neural audio mastering and mixing.

``import earmark as em`` is quick: each name below is loaded from its module when it is first used,
and PyTorch, NumPy and pandas with it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evaluation.measure_audio import measure as measure
    from .models.errors import UserError as UserError

__version__: str

# The public names, by the module that defines them and the name that they have there.
_WHERE = {
    "UserError": ("models.errors", "UserError"),
    "measure": ("evaluation.measure_audio", "measure"),
}

__all__ = ["UserError", "__version__", "measure"]


def __getattr__(name: str) -> Any:
    """A public name, loaded now; the next time it is there already (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("earmark")
    elif name in _WHERE:
        module, attribute = _WHERE[name]
        value = getattr(importlib.import_module(f".{module}", __name__), attribute)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
