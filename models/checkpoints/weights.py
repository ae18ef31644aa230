"""Reads weights without running a file's code, and puts them into a network strictly."""

import pickle
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..architectures import Network
from ..errors import UserError

PICKLE_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin")
WEIGHTS_SUFFIXES = (*PICKLE_SUFFIXES, ".safetensors")
# What wrappers put before every name: DistributedDataParallel, Lightning modules, torch.compile.
_PREFIXES = ("module.", "model.", "network.", "net.", "_orig_mod.")
# Where a training script keeps the weights among other things.
_PLACES = ("state_dict", "model_state_dict", "model")
_SHOWN = 3


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, a state_dict or a Lightning checkpoint, by name.

    Prefixes that wrap every name (``module.``, ``model.``) are taken off.

    Raises:
        UserError: if the file is missing, damaged, or a pickle that wants code to run.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.suffix == ".safetensors":
        return _bare_names(read_safetensors(path))
    return _bare_names(_state_dict(path, _unpickled(path)))


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        UserError: if it is truncated or something else.
    """
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path}: truncated, or not a safetensors file ({error}); copy it again"
        ) from None
    return tensors


def put_weights(network: Network, weights: Mapping[str, Tensor], origin: str) -> None:
    """Give every parameter and buffer of ``network`` its value, none missing and none left over.

    Raises:
        UserError: one line with the difference of names and shapes, or if a weight is not finite.
    """
    wanted = network.state_dict()
    shapes = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in weights and weights[name].shape != wanted[name].shape
    ]
    differences = (
        _listed("missing", [name for name in wanted if name not in weights]),
        _listed("not expected", [name for name in weights if name not in wanted]),
        _listed("of another shape", shapes),
    )
    found = "; ".join(one for one in differences if one)
    if found:
        raise UserError(f"{origin}: the weights do not fit the network: {found}")
    check_finite(weights, origin)
    # Half-precision files are run in float32 like all others.
    network.load_state_dict(
        {name: value.to(wanted[name].dtype) for name, value in weights.items()},
        strict=True,
        assign=True,
    )


def check_finite(weights: Mapping[str, Tensor], origin: str) -> None:
    """Refuse weights that are NaN or infinite.

    Raises:
        UserError: if there are any.
    """
    for name, value in weights.items():
        bad = int((~torch.isfinite(value)).sum())
        if bad:
            raise UserError(
                f"{origin}: {bad} of {value.numel()} values of {name} are not finite numbers; "
                "the training has diverged, use an earlier checkpoint"
            )


def _listed(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} {what} ({', '.join(names[:_SHOWN])}{more})"


def _unpickled(path: Path) -> Any:
    """What a pickle of tensors and plain values holds; code in it is never run."""
    try:
        with warnings.catch_warnings():
            # It warns of an odd pickle protocol and then refuses it, which is said below.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wants = _wanted_code(path, error)
        if wants:
            raise UserError(
                f"{path}: refused: the pickle wants code to run ({wants}); save its state_dict "
                "alone, best with safetensors.torch.save_file"
            ) from None
        raise UserError(f"{path}: damaged, or not a PyTorch checkpoint") from None
    except MemoryError:
        raise
    except Exception as error:  # torch's reader of pickles raises whatever the bytes lead it to
        if "TorchScript" in str(error):
            raise UserError(
                f"{path}: a TorchScript archive; save the state_dict of its network instead"
            ) from None
        raise UserError(f"{path}: damaged, or not a PyTorch checkpoint") from None


def _wanted_code(path: Path, error: pickle.UnpicklingError) -> str:
    """The names that a pickle would import, most telling first; empty where it names none."""
    try:
        names = list(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:
        # Files of before torch 1.6 are no archives; torch's refusal names the first offender.
        names = re.findall(r"GLOBAL ([\w.]+)", str(error))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(dict.fromkeys(names[:_SHOWN])) + more if names else ""


def _state_dict(path: Path, data: Any) -> dict[str, Tensor]:
    for place in _PLACES:
        if isinstance(data, Mapping) and isinstance(data.get(place), Mapping):
            data = data[place]
            break
    if not isinstance(data, Mapping) or not data:
        raise UserError(f"{path}: holds no state_dict, but {type(data).__name__}")
    other = [str(name) for name, value in data.items() if not isinstance(value, Tensor)]
    if other:
        raise UserError(
            f"{path}: holds no state_dict: {_listed('entries are not tensors', other)}; save "
            "network.state_dict()"
        )
    return {str(name): value for name, value in data.items()}


def _bare_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    while True:
        prefix = next(
            (one for one in _PREFIXES if weights and all(name.startswith(one) for name in weights)),
            None,
        )
        if prefix is None:
            return weights
        weights = {name.removeprefix(prefix): value for name, value in weights.items()}
