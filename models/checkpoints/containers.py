"""Opens the files that weights are published in, without running any code of theirs.

A plain state dict, one below ``state_dict`` (Lightning), ``model_state_dict``, ``model``, ``ema``
and the like, with the hyper-parameters that lie beside it. Files are judged by their content, never
by their suffix: a ``.tar`` of SignalTrain is a pickle like any other.

Pickles are read by ``torch.load(weights_only=True)``. Beyond tensors and plain values it lets
through what :data:`_DATA` lists, which is data: argparse's Namespace, numpy's numbers and arrays,
paths, Lightning's dictionary. Paths and the class of a Demucs come as stubs.
"""

import argparse
import collections
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError
from .archived import archived_weights, is_torchscript
from .weights import read_safetensors

# What wrappers put before every name: DistributedDataParallel, Lightning modules, torch.compile.
PREFIXES = ("module.", "model.", "network.", "net.", "_orig_mod.")
# Where training scripts keep the weights; these are taken although others lie beside them.
_PLACES = ("state_dict", "model_state_dict", "model")
# Where they keep what the network was built with.
_SETTINGS = ("hyper_parameters", "config", "kwargs", "args")
# The two numbers of torch's weight_norm, as it was and as it is: length and direction.
_NORMED = (
    ("weight_g", "weight_v"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
)
_SHOWN = 3


class _Path(str):
    """Stands for a path of the machine that the file was written on."""

    def __new__(cls, *parts: object) -> "_Path":
        return super().__new__(cls, PurePosixPath(*(str(part) for part in parts)))


class Demucs:
    """Stands for the class of a network, which its files name and which is not imported."""


def _data() -> list[tuple[Callable[..., Any], str]]:
    # Names are those that pickles hold; numpy 2 moved what numpy 1 writes.
    found: list[tuple[Any, str]] = [
        (argparse.Namespace, "argparse.Namespace"),
        (collections.OrderedDict, "collections.OrderedDict"),
        (collections.defaultdict, "collections.defaultdict"),
        (dict, "builtins.dict"),
        (list, "builtins.list"),
        (np.ndarray, "numpy.ndarray"),
        (np.dtype, "numpy.dtype"),
    ]
    for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path"):
        found += [(_Path, f"pathlib.{name}"), (_Path, f"pathlib._local.{name}")]
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        multiarray: Any = np._core.multiarray  # type: ignore[attr-defined]
        found += [(multiarray.scalar, f"{module}.scalar")]
        found += [(multiarray._reconstruct, f"{module}._reconstruct")]
    found += [
        (kind, f"numpy.dtypes.{kind.__name__}")
        for kind in vars(np.dtypes).values()
        if isinstance(kind, type)
    ]
    for module in (
        "pytorch_lightning.utilities.parsing",
        "lightning_fabric.utilities.data",
        "lightning.fabric.utilities.data",
        "lightning.pytorch.utilities.parsing",
    ):
        # A dictionary with another way to read it; torch fills none but those that it knows.
        found.append((collections.OrderedDict, f"{module}.AttributeDict"))
    for module in ("demucs.demucs", "demucs.model"):
        found.append((Demucs, f"{module}.Demucs"))
    return found


_DATA = _data()


@dataclass(frozen=True)
class WeightsFile:
    """The tensors of a file by the names that they have in it, and what the file says of them.

    ``settings`` are hyper-parameters and plain values beside the weights, by name. ``others`` are
    places of the file that hold tensors too and were not taken.
    """

    path: Path
    weights: dict[str, Tensor]
    place: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, a state_dict or a Lightning checkpoint, by name.

    Prefixes that wrap every name (``module.``, ``model.``) are taken off.

    Raises:
        UserError: as :func:`open_weights`.
    """
    weights = open_weights(path).weights
    while True:
        prefix = next(
            (one for one in PREFIXES if weights and all(name.startswith(one) for name in weights)),
            None,
        )
        if prefix is None:
            return weights
        weights = {name.removeprefix(prefix): value for name, value in weights.items()}


def open_weights(path: Path, place: str | None = None) -> WeightsFile:
    """The weights of a safetensors file, a TorchScript archive or a pickle of tensors.

    ``place`` is the entry of the file to take, where it holds several.

    Raises:
        UserError: if the file is missing, damaged, holds no weights or several, or is a pickle
            that wants code to run.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.suffix == ".safetensors":
        return WeightsFile(path, unnormalised(read_safetensors(path)))
    if is_torchscript(path):
        return WeightsFile(path, unnormalised(archived_weights(path)))
    data = _unpickled(path)
    if not isinstance(data, Mapping) or not data:
        raise UserError(f"{path}: holds no state_dict, but {type(data).__name__}")
    if _is_weights(data):
        return WeightsFile(path, _named(data))
    return _inner(path, data, place)


def _inner(path: Path, data: Mapping[Any, Any], wanted: str | None) -> WeightsFile:
    """The weights among other things."""
    found = {str(name): value for name, value in data.items() if _is_weights(value)}
    state = data.get("state")
    if isinstance(state, Mapping) and state.get("__quantized"):
        raise UserError(
            f"{path}: its weights are quantized, which Earmark does not undo; export the network "
            "without quantization"
        )
    place = wanted if wanted in found else None
    if place is None:
        place = next((one for one in _PLACES if one in found), None)
    if place is None and len(found) == 1:
        (place,) = found
    if place is None and found:
        listed = ", ".join(found)
        raise UserError(
            f"{path}: holds weights under {len(found)} names ({listed}); say which: "
            f"weights: {next(iter(found))}"
        )
    if place is None:
        inner = next((data[one] for one in _PLACES if isinstance(data.get(one), Mapping)), data)
        other = [str(name) for name, value in inner.items() if not isinstance(value, Tensor)]
        more = f" and {len(other) - _SHOWN} more" if len(other) > _SHOWN else ""
        verb = "entry is not a tensor" if len(other) == 1 else "entries are not tensors"
        raise UserError(
            f"{path}: holds no state_dict: {len(other)} {verb} ({', '.join(other[:_SHOWN])}{more})"
            "; save network.state_dict()"
        )
    others = tuple(name for name in found if name != place)
    return WeightsFile(path, _named(found[place]), place, _settings(data), others)


def _is_weights(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(one, Tensor) for one in value.values())
    )


def _named(data: Mapping[Any, Tensor]) -> dict[str, Tensor]:
    return unnormalised({str(name): value for name, value in data.items()})


def unnormalised(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights that weight_norm keeps as length and direction, as the weights that they make."""
    found = dict(weights)
    for name in weights:
        for end, other in _NORMED:
            beside = name.removesuffix(end) + other
            if name.endswith(end) and beside in weights:
                length, direction = found.pop(name).float(), found.pop(beside).float()
                # A length per channel of any axis, or one in all.
                over = [at for at in range(direction.dim()) if length.numel() == 1]
                over = over or [at for at, size in enumerate(length.shape) if size == 1]
                if length.dim() < direction.dim() and length.numel() > 1:
                    length = length.reshape(-1, *(1 for _ in direction.shape[1:]))
                    over = list(range(1, direction.dim()))
                norm = direction.square().sum(dim=over, keepdim=True).sqrt()
                found[name.removesuffix(end) + "weight"] = length * direction / norm
    return found


def _settings(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Plain values of the file, and those of its hyper-parameters; the latter count."""
    found = {str(name): _plain(value) for name, value in data.items() if _is_plain(value)}
    for place in _SETTINGS:
        inner = data.get(place)
        if isinstance(inner, argparse.Namespace):
            inner = vars(inner)
        if isinstance(inner, Mapping):
            found |= {str(name): _plain(value) for name, value in inner.items()}
    klass = data.get("klass")
    if isinstance(klass, type):
        found["klass"] = klass.__name__
    return found


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | list | tuple | np.ndarray | np.generic)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _unpickled(path: Path) -> Any:
    """What a pickle of tensors and plain values holds; code in it is never run."""
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_DATA):  # type: ignore[arg-type]
            # It warns of an odd pickle protocol and then refuses it, which is said below.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wants = _wanted_code(path, error)
        if wants:
            raise UserError(
                f"{path}: refused: the pickle wants code to run ({wants}); save its state_dict "
                "alone, best with safetensors.torch.save_file; or, if you trust who made it, "
                f"'earmark models import {path} FOLDER --trust'"
            ) from None
        raise UserError(f"{path}: damaged, or not a PyTorch checkpoint") from None
    except MemoryError:
        raise
    except Exception:  # torch's reader of pickles raises whatever the bytes lead it to
        raise UserError(f"{path}: damaged, or not a PyTorch checkpoint") from None


def _wanted_code(path: Path, error: pickle.UnpicklingError) -> str:
    """The names that a pickle would import, most telling first; empty where it names none."""
    allowed = {name for _, name in _DATA}
    try:
        names = list(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:
        # Files of before torch 1.6 are no archives; torch's refusal names the first offender.
        names = re.findall(r"GLOBAL ([\w.]+)", str(error))
    names = [name for name in names if name not in allowed]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(dict.fromkeys(names[:_SHOWN])) + more if names else ""
