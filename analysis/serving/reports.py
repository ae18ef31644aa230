"""Finds the reports of a results folder, and their files without leaving them."""

import contextlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ...models.errors import UserError

_PAGE = "report.html"
_HEAD_BYTES = 1 << 16
# The title of each sort of report says what it is of; a simulated one begins with the word.
_TITLE = re.compile(
    r"<title>(?P<label>SIMULATED: )?(?P<name>.*?) – Earmark (?P<what>.*?)</title>", re.DOTALL
)
_KINDS = {"report": "benchmark", "listening test report": "listening test"}


@dataclass(frozen=True)
class FoundReport:
    """A report: where it lies, its address below the root, what it is of, when it was written."""

    folder: Path
    address: str
    name: str
    kind: str
    simulated: bool
    written: datetime
    size: int


def find_reports(results: Path) -> list[FoundReport]:
    """The reports in ``reports/`` and of the studies in a results folder, the latest first.

    Raises:
        UserError: if there is no such folder.
    """
    if not results.is_dir():
        raise UserError(f"{results}: is no folder; give the results folder with --results")
    found = [_read(folder, address) for folder, address in _places(results)]
    return sorted(
        (one for one in found if one is not None),
        key=lambda one: (-one.written.timestamp(), one.address),
    )


def file_of(results: Path, address: str) -> Path | None:
    """The file behind an address below the root, if it lies in a report; None for all else.

    A study's folder holds ratings and keys too, so only its report is looked into.
    """
    parts = PurePosixPath(address).parts
    if any(part in (".", "..") or "\\" in part or "\0" in part for part in parts):
        return None
    for folder, prefix in _places(results):
        home = PurePosixPath(prefix).parts
        if parts[: len(home)] != home or len(parts) == len(home):
            continue
        path = folder.joinpath(*parts[len(home) :])
        # A link inside may not lead out; the report's folder itself may be one.
        with contextlib.suppress(OSError):  # a name that no file can have
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                return path
    return None


def _places(results: Path) -> Iterator[tuple[Path, str]]:
    """Folders with a report, and their addresses."""
    for pattern in ("reports/*", "studies/*/report"):
        for folder in sorted(results.glob(pattern)):
            if (folder / _PAGE).is_file():
                yield folder, folder.relative_to(results).as_posix()


def _read(folder: Path, address: str) -> FoundReport | None:
    page = folder / _PAGE
    try:
        with page.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).decode("utf-8", "replace")
        written = datetime.fromtimestamp(page.stat().st_mtime, UTC)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:
        return None  # it is being removed, or may not be read
    title = _TITLE.search(head)
    simulated = 'data-label="SIMULATED"' in head or bool(title and title["label"])
    kind = _KINDS.get(title["what"], "report") if title else "report"
    name = html.unescape(title["name"]) if title else folder.name
    return FoundReport(folder, address, name, kind, simulated, written, size)
