"""What makes a model object or a function the same system: its weights, its settings, its code.

A module counts by the bytes of its parameters and buffers, by its plain attributes (a gain that is
no weight changes the sound too) and by the source of its classes. A function counts by its name,
its code, its defaults and what it closes over. What either imports does not count: that is what a
``version`` is for.
"""

import functools
import hashlib
import inspect
import types
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..content_key import content_key
from ..errors import UserError

_OWN = frozenset(vars(nn.Module())) | {"training"}
_DEEPEST = 6


def module_identity(module: nn.Module, version: str | None) -> str:
    """64 hex digits over weights, plain attributes and sources; a ``version`` counts beside them.

    Raises:
        UserError: if the source of a class cannot be read and there is no ``version``.
    """
    digest = hashlib.sha256()
    sources: dict[str, str] = {}
    for name, part in module.named_modules():
        kind = type(part)
        digest.update(f"{name}:{kind.__module__}.{kind.__qualname__}\n".encode())
        if isinstance(part, torch.jit.ScriptModule):
            digest.update(str(part.inlined_graph).encode())
        elif not kind.__module__.startswith("torch."):
            sources[f"{kind.__module__}.{kind.__qualname__}"] = class_source(kind, version)
        for tensors in (part._parameters, part._buffers):
            for key, value in tensors.items():
                digest.update(f"{key}={_described(value)}\n".encode())
        for key, value in sorted(vars(part).items()):
            if key not in _OWN:
                digest.update(f"{key}={_described(value)}\n".encode())
    return content_key("module", digest.hexdigest(), sources, version)


def callable_identity(function: Any, version: str) -> str:
    """64 hex digits over what is known of a function or callable object, and its ``version``."""
    return content_key("callable", _described(function), version)


def class_source(kind: type, version: str | None) -> str:
    """The text that defines a class, or its functions where a notebook hides the class.

    Raises:
        UserError: if neither can be read and there is no ``version``.
    """
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        pass
    functions = [one for one in vars(kind).values() if isinstance(one, types.FunctionType)]
    try:
        found = "".join(inspect.getsource(one) for one in functions)
    except (OSError, TypeError):
        found = ""
    if not found and version is None:
        raise UserError(
            f"class {kind.__qualname__}: its source cannot be read; give version='1', and another "
            "when the class changes"
        )
    return found


def _described(value: Any, depth: int = 0) -> str:
    """A text that differs where the value does; of what is not known, its type alone."""
    if value is None or isinstance(value, str | bytes | bool | int | float | complex):
        return repr(value)
    if isinstance(value, torch.dtype | torch.device | np.generic):
        return repr(value)
    if isinstance(value, Tensor | np.ndarray):
        return _bytes(value)
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    if depth >= _DEEPEST:
        return name
    inside = functools.partial(_described, depth=depth + 1)
    if isinstance(value, Mapping):
        return f"{name}({', '.join(f'{inside(k)}: {inside(v)}' for k, v in value.items())})"
    if isinstance(value, list | tuple):
        return f"{name}({', '.join(map(inside, value))})"
    if isinstance(value, set | frozenset):
        return f"{name}({', '.join(sorted(map(inside, value)))})"
    if isinstance(value, nn.Module):
        return module_identity(value, "")
    if isinstance(value, functools.partial):
        return f"{name}({inside(value.func)}, {inside(value.args)}, {inside(value.keywords)})"
    if isinstance(value, types.MethodType):
        return f"{inside(value.__func__)} of {inside(value.__self__)}"
    if isinstance(value, types.FunctionType):
        return _function(value, depth + 1)
    if isinstance(value, type | types.BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    state = getattr(value, "__dict__", {})
    return f"{name}{class_source(type(value), '')}({inside(state)})"


def _function(function: types.FunctionType, depth: int) -> str:
    cells = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    parts = (function.__defaults__, function.__kwdefaults__, cells)
    told = ", ".join(_described(part, depth) for part in parts)
    return f"{function.__module__}.{function.__qualname__}({_code(function.__code__)}, {told})"


def _code(code: types.CodeType) -> str:
    """A function's instructions, constants and names; another Python has other instructions."""
    constants = [
        _code(one) if isinstance(one, types.CodeType) else repr(one) for one in code.co_consts
    ]
    return f"{code.co_code.hex()} {constants} {code.co_names} {code.co_varnames}"


def _filled(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _bytes(value: Tensor | np.ndarray[Any, Any]) -> str:
    if isinstance(value, Tensor):
        found = value.detach().to("cpu").contiguous()
        kind = str(found.dtype)
        # Seen as bytes, because NumPy has no bfloat16.
        data = found.reshape(-1).view(torch.uint8).numpy().tobytes() if found.numel() else b""
    else:
        kind = str(value.dtype)
        data = repr(value.tolist()).encode() if value.dtype == object else value.tobytes()
    return f"{kind}{tuple(value.shape)}{hashlib.sha256(data).hexdigest()}"
