"""The device that work runs on: its choice, its float arithmetic, its memory."""

import ctypes
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from ..errors import UserError


def resolve_device(name: str) -> torch.device:
    """The device called ``name``; ``auto`` is CUDA where there is one, else the CPU.

    Raises:
        UserError: if there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"device {name!r} is not known; use auto, cpu, cuda or cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise UserError(f"device {name!r} is not supported; use auto, cpu, cuda or cuda:N")
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            here = f"cuda:0 to cuda:{count - 1} and cpu" if count else "cpu only"
            raise UserError(f"device {name!r} is not here; this machine has {here}")
    return device


@contextmanager
def exact_float32() -> Iterator[None]:
    """IEEE float32 without TF32, and cuDNN algorithms that repeat themselves; undone on leaving."""
    backends: Any = torch.backends
    wanted = (
        (backends.cuda.matmul, "fp32_precision", "ieee"),
        (backends.cudnn.conv, "fp32_precision", "ieee"),
        (backends.cudnn.rnn, "fp32_precision", "ieee"),
        (backends.cudnn, "benchmark", False),
        (backends.cudnn, "deterministic", True),
    )
    before = [getattr(place, name) for place, name, _ in wanted]
    try:
        for place, name, value in wanted:
            setattr(place, name, value)
        yield
    finally:
        for (place, name, _), value in zip(wanted, before, strict=True):
            setattr(place, name, value)


class PeakMemory:
    """The most memory that the block took, as ``mebibytes`` after it; None where unknown.

    On CUDA the allocator's peak, weights included. On the CPU the growth of the process's
    resident memory from entry to its highest point, so weights loaded before do not count, and
    memory that the process had freed but not given back counts as free. On Linux the kernel's
    high-water mark is reset on entry, so nothing is missed between samples; elsewhere the mark
    of the whole process is used, which only grows, and the figure is a lower bound.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0.0
        self.mebibytes: float | None = None

    def __enter__(self) -> "PeakMemory":
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            self._before = _reset_high_water()
        return self

    def __exit__(self, *_: object) -> None:
        if self._device.type == "cuda":
            self.mebibytes = torch.cuda.max_memory_allocated(self._device) / 2**20
        else:
            self.mebibytes = max(_high_water() - self._before, 0.0)


def _reset_high_water() -> float:
    """Start measuring anew where the system can; the resident MiB at this moment."""
    # Freed memory that glibc keeps would hide the need of the next render.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM
    return _status("VmRSS") or _high_water()


def _high_water() -> float:
    """The process's resident high-water mark in MiB."""
    mark = _status("VmHWM")
    if mark is not None:
        return mark
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _status(name: str) -> float | None:
    """A figure of ``/proc/self/status`` in MiB."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 2**10
    return None
