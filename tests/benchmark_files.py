"""Benchmark files in a few lines, and how they are refused."""

from pathlib import Path

import pytest

from earmark.evaluation.benchmark.file import load
from earmark.models.errors import UserError

START = "earmark: 1\nname: t\nsongs: {folder: songs}\n"
SYSTEMS = "systems:\n  - unprocessed\n"


def bench(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bench.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> list[str]:
    """The lines of the refusal, each without the folder in front."""
    with pytest.raises(UserError) as caught:
        load(path)
    return [line.removeprefix(f"{path.parent}/") for line in str(caught.value).splitlines()]
