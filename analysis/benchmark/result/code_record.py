"""What a run recorded of code that is not Earmark's, in words."""

from collections.abc import Mapping
from typing import Any


def code_facts(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each plug-in and each system that is made of files, with the files and their sha256."""
    code = record.get("code") or {}
    facts = [(f"plug-in {one['path']}", _files(one["files"])) for one in code.get("plugins", [])]
    facts += [
        (f"system {name!r}", _files(one["files"]) or "no files")
        for name, one in code.get("systems", {}).items()
    ]
    return facts


def unknown_facts(record: Mapping[str, Any]) -> list[str]:
    """A line for each system of whose identity something is not known."""
    systems = (record.get("code") or {}).get("systems", {})
    return [f"system {name!r}: {one['unknown']}" for name, one in systems.items() if one["unknown"]]


def _files(files: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {sha256[:12]}" for name, sha256 in files.items())
