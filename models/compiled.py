"""Compiles loops over samples with numba, keeping the machine code where it can be kept."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` as machine code, compiled at its first call.

    The code is kept beside the source, or where numba finds a folder of the user's
    (``NUMBA_CACHE_DIR``, the user's cache folder); where none can be written it is compiled once
    per process, which costs about a second.
    """
    return _compiled(function, {})


def compiled_sums(function: Callable[P, R]) -> Callable[P, R]:
    """As :func:`compiled`, for sums whose terms may be added in any order, so in vectors.

    Nothing else is reordered: every term is the same number as in a plain loop. Threads may run
    it side by side.
    """
    return _compiled(function, {"fastmath": {"reassoc"}, "error_model": "numpy", "nogil": True})


def _compiled(function: Callable[P, R], options: dict[str, Any]) -> Callable[P, R]:
    njit: Any = numba.njit  # its own types hide the signature of what it wraps
    try:
        machine: Callable[P, R] = njit(cache=True, **options)(function)
    except RuntimeError:  # "no locator available": nowhere to keep it
        machine = njit(**options)(function)
    return machine
