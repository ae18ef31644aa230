"""Reads safetensors and puts weights into a network strictly."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..architectures import Network
from ..errors import UserError

PICKLE_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".tar", ".th")
WEIGHTS_SUFFIXES = (*PICKLE_SUFFIXES, ".safetensors")
_COUNTER = "num_batches_tracked"
_SHOWN = 3


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

    Counters of BatchNorm may be missing: nothing reads them.

    Raises:
        UserError: one line with the difference of names and shapes, or if a weight is not finite.
    """
    wanted = network.state_dict()
    counters = {name: value for name, value in wanted.items() if name.endswith(_COUNTER)}
    complete = {**counters, **weights}
    found = difference(wanted, complete)
    if found:
        raise UserError(f"{origin}: the weights do not fit the network: {found}")
    check_finite(complete, origin)
    # Half-precision files are run in float32 like all others.
    network.load_state_dict(
        {name: value.to(wanted[name].dtype) for name, value in complete.items()},
        strict=True,
        assign=True,
    )


def difference(wanted: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> str:
    """How weights differ from those that a network has, in names and shapes; '' if they fit."""
    shapes = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in weights and weights[name].shape != wanted[name].shape
    ]
    found = (
        _listed("missing", _absent(wanted, weights)),
        _listed("not expected", [name for name in weights if name not in wanted]),
        _listed("of another shape", shapes),
    )
    return "; ".join(one for one in found if one)


def _absent(wanted: Collection[str], weights: Collection[str]) -> list[str]:
    return [name for name in wanted if name not in weights and not name.endswith(_COUNTER)]


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
