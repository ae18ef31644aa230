"""Writes a training's curves as TensorBoard scalars too, where the package is installed.

``tensorboard`` is an extra. Without it a training loses nothing else: ``curves.svg`` and the model
cards hold the same curves.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from ..errors import UserError

INSTALL = "pip install 'earmark[tensorboard]'"


class Scalars(Protocol):
    """Where the curves of a training go, value by value."""

    def add(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Values of ``group`` by name at a step."""

    def flush(self) -> None:
        """What was added is on disk afterwards."""


class _Nowhere:
    """No TensorBoard: nothing is written."""

    def add(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Drop the values."""

    def flush(self) -> None:
        """Nothing to do."""


class _Events:
    """Event files by torch's writer."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def add(self, group: str, values: Mapping[str, float], step: int) -> None:
        """One scalar for each value."""
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def flush(self) -> None:
        """Write out what is buffered."""
        self._writer.flush()


def has_tensorboard() -> bool:
    """Whether event files can be written."""
    return _writer_class() is not None


def require_tensorboard() -> None:
    """Refuse where the extra is missing.

    Raises:
        UserError: with what to install.
    """
    if not has_tensorboard():
        raise UserError(
            f"--tensorboard needs the package tensorboard, which is not installed; run {INSTALL}, "
            "or train without it: curves.svg holds the same curves"
        )


@contextmanager
def scalars(folder: Path, first_step: int) -> Iterator[Scalars]:
    """Open event files in ``folder``; what they hold from ``first_step`` on no longer counts."""
    writer_class = _writer_class()
    if writer_class is None:
        yield _Nowhere()
        return
    with writer_class(str(folder), purge_step=first_step) as writer:
        yield _Events(writer)


def _writer_class() -> Any:
    """Torch's writer, which imports ``tensorboard``; None without that package."""
    try:
        from torch.utils.tensorboard.writer import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter
