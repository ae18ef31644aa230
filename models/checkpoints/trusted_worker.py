"""Unpickles a file that the user trusts, and writes its plain content; a script, run by itself.

``python trusted_worker.py SOURCE TARGET``: code in the file does run here, with all that it may do.
Networks become their state dicts; tensors, numbers, texts, lists and dictionaries stay; anything
else is left out.
"""

import sys
from pathlib import Path
from typing import Any

import torch


def plain(value: Any, depth: int = 0) -> Any:
    """What of a value is data; None for the rest."""
    if isinstance(value, torch.nn.Module):
        return dict(value.state_dict())
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if depth > 8:
        return None
    if hasattr(value, "items"):
        found = {str(name): plain(one, depth + 1) for name, one in value.items()}
        return {name: one for name, one in found.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [plain(one, depth + 1) for one in value]
    return plain(vars(value), depth + 1) if hasattr(value, "__dict__") else None


if __name__ == "__main__":
    # The modules of the user's repository, from which it was pickled, lie where this was started.
    sys.path[0] = str(Path.cwd())
    try:
        torch.save(
            plain(torch.load(sys.argv[1], map_location="cpu", weights_only=False)), sys.argv[2]
        )
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
