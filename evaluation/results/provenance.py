"""What a run must say of itself so that somebody else can repeat it."""

import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from ...models.plugins import loaded_plugins
from ...models.source_code import SourceCode

_PACKAGES = ("earmark", "torch", "torchaudio", "numpy", "scipy", "soundfile", "soxr", "numba")


def run_record(benchmark: Path, seed: int, device: str, workers: str) -> Mapping[str, Any]:
    """Git state, package versions, devices and seed; the times stand beside it in the run's row."""
    return {
        "git": {
            "earmark": git_state(Path(__file__).parent),
            "benchmark": git_state(benchmark.resolve().parent),
        },
        "versions": {"python": platform.python_version(), **package_versions()},
        "machine": {
            "platform": platform.platform(),
            "cpu": platform.processor() or platform.machine(),
            "gpus": [
                torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())
            ],
        },
        "device": device,
        "workers": workers,
        "seed": seed,
    }


def plugins_loaded(plugins: Sequence[Path]) -> dict[Path, tuple[str, SourceCode]]:
    """The module and the code of each of these plug-ins that this process has loaded."""
    found = {}
    for module, code in loaded_plugins().items():
        path, _ = code.files[""]
        if path in plugins:
            found[path] = (module, code)
    return found


def command_line() -> list[str]:
    """The command as it was typed, without the folder of the program."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]


def package_versions() -> dict[str, str]:
    """The versions of the packages that can change a number."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def git_state(folder: Path) -> dict[str, Any] | None:
    """The commit of the work tree at ``folder`` and whether it has changes; None outside git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain", "-uno"))}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
