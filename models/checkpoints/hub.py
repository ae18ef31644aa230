"""Folders as Hugging Face has them: one file of weights beside ``config.json``.

Nothing that the configuration names is run: ``auto_map`` is code of somebody's repository.
"""

import json
from pathlib import Path
from typing import Any

from ..errors import UserError
from .weights import WEIGHTS_SUFFIXES

CONFIG = "config.json"
# A folder with it is a checkpoint of ours, whatever else lies there.
_OURS = "model.json"


def weights_of_folder(path: Path) -> Path:
    """Of a folder with ``config.json``, as Hugging Face has them, its one file of weights.

    Any other path is given back.

    Raises:
        UserError: if there is none, or more than one.
    """
    if (path / _OURS).is_file() or not (path / CONFIG).is_file():
        return path
    found = sorted(one for one in path.iterdir() if one.suffix in WEIGHTS_SUFFIXES)
    best = [one for one in found if one.suffix == ".safetensors"] or found
    if len(best) != 1:
        said = ", ".join(one.name for one in best) or "none"
        raise UserError(f"{path}: needs one file of weights beside {CONFIG}, and has {said}")
    return best[0]


def config_beside(path: Path) -> dict[str, Any]:
    """What the ``config.json`` beside a file of weights says; empty where there is none.

    Raises:
        UserError: if it is no JSON.
    """
    beside = path.parent / CONFIG
    if path.suffix not in WEIGHTS_SUFFIXES or not beside.is_file():
        return {}
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{beside}: cannot be read ({error})") from None
    return found if isinstance(found, dict) else {}


def check_config(path: Path, sample_rate: int) -> None:
    """Refuse weights that their ``config.json`` says are for another rate.

    Raises:
        UserError: if it does.
    """
    config = config_beside(path)
    rate = config.get("sampling_rate", config.get("sample_rate"))
    if isinstance(rate, int) and rate != sample_rate:
        raise UserError(
            f"{path.parent / CONFIG}: its weights are for {rate} Hz and the description says "
            f"{sample_rate}; write system: {{sample_rate: {rate}}}"
        )
