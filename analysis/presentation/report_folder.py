"""A report's folder on disk: every file whole or not at all, and nothing stale left behind.

Data and assets carry a digest of their content in their name. The page that names them is written
after them, so a reader never sees an old page with new numbers, not even when a run is killed.
"""

import hashlib
import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from ...evaluation.results.store import written
from ...models.errors import UserError

_MANIFEST = "files.json"


def folder_name(text: str) -> str:
    """``text`` where it can be a folder's name anywhere, else a readable form with a digest."""
    if re.fullmatch(r"\w(?:[\w .+-]{0,60}[\w+-])?", text, re.ASCII):
        return text
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:48]
    return f"{plain or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


class ReportFolder:
    """Writes into ``path``; :meth:`finish` then removes what an earlier report left."""

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_dir():
            raise UserError(f"{path}: is a file; choose a folder with --out")
        if path.is_dir() and any(path.iterdir()) and not (path / _MANIFEST).is_file():
            raise UserError(f"{path}: holds other files; choose an empty folder with --out")
        self.path = path
        self._earlier = self._manifest()
        # What the report was asked for, kept with it for the next time.
        self.wishes = self._kept_wishes()
        self._files: set[str] = set()
        if not (path / _MANIFEST).is_file():
            # Marks the folder as a report's, so that a killed one can be finished.
            self._list()

    def text(self, name: str, content: str) -> str:
        """Write a text file; its name."""
        return self.data(name, content.encode())

    def data(self, name: str, content: bytes) -> str:
        """Write a file unless it holds the same bytes already; its name."""
        path = self.path / name
        self._files.add(name)
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return name
        with written(path) as scratch:
            scratch.write_bytes(content)
        return name

    def hashed(self, name: str, content: str | bytes) -> str:
        """Write a file under ``name`` with a digest of its content in it; the name it got."""
        raw = content.encode() if isinstance(content, str) else content
        digest = hashlib.sha256(raw).hexdigest()[:10]
        path = PurePosixPath(name)
        return self.data(str(path.with_name(f"{path.stem}.{digest}{path.suffix}")), raw)

    def keep(self, name: str) -> Path:
        """Where a file of this report lies that is made elsewhere, such as a player's audio."""
        self._files.add(name)
        return self.path / name

    def finish(self) -> None:
        """Remove files of an earlier report that this one no longer has; list what there is."""
        for name in sorted(self._earlier - self._files):
            (self.path / name).unlink(missing_ok=True)
        self._list()

    def _list(self) -> None:
        listing: dict[str, Any] = {"schema": 1, "files": sorted(self._files - {_MANIFEST})}
        if self.wishes:
            listing["wishes"] = self.wishes
        self.text(_MANIFEST, json.dumps(listing, indent=1, ensure_ascii=False) + "\n")

    def _kept_wishes(self) -> dict[str, str]:
        try:
            wishes = self._listed()["wishes"]
            return {str(name): str(wish) for name, wish in wishes.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _listed(self) -> Any:
        return json.loads((self.path / _MANIFEST).read_text(encoding="utf-8"))

    def _manifest(self) -> set[str]:
        try:
            names = {str(name) for name in self._listed()["files"]}
        except (OSError, ValueError, KeyError, TypeError):
            return set()
        # Only what lies inside may ever be removed, whoever wrote the list.
        return {
            name
            for name in names
            if not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
        }
