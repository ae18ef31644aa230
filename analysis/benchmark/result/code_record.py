"""What a run recorded of code that is not Earmark's, in words."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd


def code_facts(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each plug-in and each system that is made of files, with the files and their sha256."""
    code = record.get("code") or {}
    facts = [
        (f"plug-in {Path(one['path']).name}", _files(one["files"]))
        for one in code.get("plugins", [])
    ]
    facts += [
        (f"system {name!r}", _files(one["files"]) or "no files")
        for name, one in code.get("systems", {}).items()
    ]
    return facts


def unknown_facts(record: Mapping[str, Any]) -> list[str]:
    """A line for each system of whose identity something is not known."""
    systems = (record.get("code") or {}).get("systems", {})
    return [f"system {name!r}: {one['unknown']}" for name, one in systems.items() if one["unknown"]]


def network_facts(renders: pd.DataFrame) -> list[str]:
    """A line for each system that was seen to use the network while it made a render."""
    used = [
        str(system)
        for system, sidecar in zip(renders["system"], renders["sidecar"], strict=True)
        if '"used_network"' in sidecar and json.loads(sidecar)["notes"].get("used_network")
    ]
    return [
        f"system {name!r}: it used the network; what answered there is not part of its identity"
        for name in dict.fromkeys(used)
    ]


def _files(files: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {sha256[:12]}" for name, sha256 in files.items())
