"""Renders a test signal in a process that begins anew, to see whether that makes a difference.

What hangs on the process shows there: unseeded hashes and generators, caches, uninitialised memory.
"""

import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from ...models.systems.contract import SystemSpec, build, kinds
from .patient import Patient, UnheardError

_CODE = f"from {__name__} import render_asked; render_asked()"
_SECONDS = 600


def heard_elsewhere(spec: SystemSpec, given: Tensor, device: str) -> Tensor:
    """The output for ``(channels, samples)`` of the system that ``spec`` describes, built anew.

    Raises:
        UnheardError: if nothing came out, or the system is known to this process alone.
    """
    if spec.kind == "object" or kinds()[spec.kind].origin:
        raise UnheardError("it lives in this program alone")
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        asked, made = Path(name) / "asked", Path(name) / "made"
        asked.write_bytes(pickle.dumps((spec, given.numpy(), device)))
        try:
            done = subprocess.run(
                [sys.executable, "-c", _CODE, str(asked), str(made)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UnheardError(f"a second process still ran after {_SECONDS} s") from None
        if done.returncode != 0 or not made.is_file():
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise UnheardError(f"a second process failed: {lines[-1][:200]}")
        found: Tensor = torch.load(made, weights_only=True)
        return found


def render_asked() -> None:
    """The other process: render what the first file asks for into the second."""
    # Written a moment ago by the process that started this one.
    spec, given, device = pickle.loads(Path(sys.argv[1]).read_bytes())
    torch.save(Patient(build(spec), device).hear(torch.from_numpy(given)), sys.argv[2])
