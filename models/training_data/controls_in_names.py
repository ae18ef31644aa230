"""Pairs of input and target whose controls stand in the name of the target.

The layout is that of the SignalTrain LA-2A data set (S. H. Hawley et al., 2019): a folder with
``input_138_.wav`` and ``target_138_LA2A_3c__1__65.wav``. The number after the first word says which
belong together, and the numbers after each double underscore are the controls, here the switch
(0 compress, 1 limit) and the peak reduction (0 to 100).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..audio.files import FIRST_SUFFIXES
from ..errors import UserError

_INPUT = re.compile(r"input_(\d+)_?")
_TARGET = re.compile(r"target_(\d+)_(.*?)((?:__-?\d+(?:\.\d+)?)+)")
_LOOSE_TARGET = re.compile(r"target_(\d+)_?.*")


@dataclass(frozen=True)
class NamedPair:
    """An input, its target, the device between them, and the controls that it was set to."""

    number: str
    input: Path
    target: Path
    device: str
    controls: tuple[float, ...]


def controls_of(path: Path) -> tuple[str, str, tuple[float, ...]]:
    """The number, the device and the controls in the name of a target.

    Raises:
        UserError: if the name has not this form.
    """
    found = _TARGET.fullmatch(path.stem)
    if found is None:
        raise UserError(
            f"{path}: its name does not give controls; write them behind double underscores, as "
            "in target_138_LA2A_3c__1__65.wav"
        )
    return found[1], found[2], tuple(float(one) for one in found[3].split("__")[1:])


def named_pairs(folder: Path, names: Sequence[str]) -> list[NamedPair]:
    """The pairs of a folder and its sub-folders, in the order of their numbers.

    ``names`` are those of the controls, in their order in the file names.

    Raises:
        UserError: if there is no such folder or no pair, a partner is missing, or a name has
            another number of controls.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of inputs and targets")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in FIRST_SUFFIXES]
    inputs = {found[1]: path for path in files if (found := _INPUT.fullmatch(path.stem))}
    pairs = []
    for path in files:
        if not _LOOSE_TARGET.fullmatch(path.stem):
            continue
        number, device, values = controls_of(path)
        if number not in inputs:
            raise UserError(f"{path}: has no partner input_{number}_.wav in {folder}")
        if len(values) != len(names):
            raise UserError(
                f"{path}: gives {len(values)} controls and {len(names)} are named "
                f"({', '.join(names) or 'none'}); name as many as the files have"
            )
        pairs.append(NamedPair(number, inputs[number], path, device, values))
    if not pairs:
        raise UserError(
            f"{folder}: holds no pairs named input_N_.wav and target_N_...__control.wav"
        )
    return sorted(pairs, key=lambda pair: (int(pair.number), pair.target.name))
