"""The state of a training on disk, so that a killed training goes on to the same result."""

import os
import pickle
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..checkpoints.weights import check_finite
from ..errors import UserError
from .history import History

FORMAT = 2
_FILE = "state.pt"


@dataclass
class Progress:
    """How far a training is; randomness is drawn from the seed and the step, so none is kept.

    ``misses`` counts the validations since the best one, ``flat`` those since the best one or the
    last cut of the learning rate, ``cuts`` these cuts. ``unprocessed`` is the validation of the
    songs as they are. ``seconds`` is the time that the steps took, over all sessions.
    """

    step: int = 0
    best: float = float("inf")
    best_step: int = 0
    misses: int = 0
    flat: int = 0
    cuts: int = 0
    seconds: float = 0.0
    unprocessed: dict[str, float] = field(default_factory=dict)
    history: History = field(default_factory=History)


def save_state(folder: Path, key: str, learned: Mapping[str, Any], progress: Progress) -> None:
    """Write everything that the next step depends on, whole or not at all.

    Raises:
        UserError: if the folder cannot be written.
    """
    target = folder / _FILE
    scratch = folder / f".{_FILE}.{uuid.uuid4().hex[:8]}"
    data = {"format": FORMAT, "key": key, "learned": learned, "progress": asdict(progress)}
    try:
        with scratch.open("wb") as stream:
            torch.save(data, stream)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(target)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{target}: cannot be written ({reason})") from None
    finally:
        scratch.unlink(missing_ok=True)


def load_state(folder: Path, key: str) -> tuple[dict[str, Any], Progress] | None:
    """What :func:`save_state` wrote; None where there is nothing.

    Raises:
        UserError: if the state is damaged or belongs to another recipe or other songs.
    """
    target = folder / _FILE
    if not target.is_file():
        return None
    try:
        data: dict[str, Any] = torch.load(target, map_location="cpu", weights_only=True)
        known = data["format"] == FORMAT
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError):
        raise UserError(f"{target}: damaged; remove it to begin again") from None
    if not known:
        raise UserError(f"{target}: of another version of Earmark; remove it to begin again")
    if data["key"] != key:
        raise UserError(
            f"{folder}: was begun with another recipe, other songs or another version; choose "
            "another name in the training file, or begin again with --fresh"
        )
    learned, said = data["learned"], dict(data["progress"])
    check_finite(learned["network"], str(target))
    return learned, Progress(**said | {"history": History(**said["history"])})
