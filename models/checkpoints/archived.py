"""Takes the weights out of a TorchScript archive without running, or even reading, its code.

An archive is a zip of a pickle, of tensors beside it and of code. The pickle is read by an
unpickler that knows tensors and plain values; classes of the archive become empty shells whose
attributes are the names of the weights. So networks that were published only as TorchScript, such
as those of neural-2a, can be rebuilt by their architecture and rendered exactly in chunks.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError

_TYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class _Shell:
    """Stands for a module of the archive: its weights and its parts by name."""


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive with code of its own."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in f"/{name}" for name in archive.namelist())


def archived_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a TorchScript archive by name.

    Raises:
        UserError: if it is damaged, or holds other things than modules and tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (pickled,) = [one for one in archive.namelist() if one.endswith("/data.pkl")]
            folder = pickled.removesuffix("data.pkl")
            with archive.open(pickled) as stream:
                module = _Reader(stream, archive, folder).load()
    except UserError:
        raise
    except Exception as error:  # whatever the bytes lead the reader to
        raise UserError(
            f"{path}: its weights cannot be taken out of the TorchScript archive "
            f"({type(error).__name__}: {error})"
        ) from None
    found: dict[str, Tensor] = {}
    _collect(module, "", found)
    return found


def _collect(module: Any, before: str, found: dict[str, Tensor]) -> None:
    for name, value in vars(module).items() if isinstance(module, _Shell) else ():
        if isinstance(value, Tensor):
            found[before + name] = value
        else:
            _collect(value, f"{before}{name}.", found)


class _Reader(pickle.Unpickler):
    def __init__(self, stream: Any, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(stream)
        self._archive, self._folder = archive, folder
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "__torch__":
            return _Shell
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): lambda value, *_: value,
            ("collections", "OrderedDict"): OrderedDict,
        }
        if module == "torch.jit._pickle":  # its lists of numbers, which are no weights
            return list
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it wants {module}.{name}")
        return known[module, name]

    def persistent_load(self, said: Any) -> Tensor:
        _, kind, key, _, _ = said
        if key not in self._storages:
            data = bytearray(self._archive.read(f"{self._folder}data/{key}"))
            empty = torch.empty(0, dtype=kind)
            self._storages[key] = torch.frombuffer(data, dtype=kind) if data else empty
        return self._storages[key]


def _tensor(
    storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> Tensor:
    # It refuses what lies outside of the storage.
    return storage.as_strided(size, stride, offset).clone()
