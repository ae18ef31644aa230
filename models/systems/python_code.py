"""Systems of the user's own Python, run by a Python of their choice in a process of its own."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator
from torch import Tensor

from ..configuration import YamlPath
from ..content_key import path_sha256
from ..errors import UserError
from ..hosting.host import Host, HostedCode
from ..source_code import SourceCode, module_code
from .contract import Material, Options, Spec, System, kind


class PythonOptions(Options):
    """``target`` is ``module:name`` in the folder ``cwd``; see ``docs/systems.md``."""

    target: str
    python: YamlPath | None = None
    cwd: YamlPath = Field(default=Path(), validate_default=True)
    arguments: dict[str, Any] = Field(default_factory=dict)
    sample_rate: int | None = Field(default=None, ge=8000, le=192_000)
    channels: int | None = Field(default=2, ge=1, le=64)
    context: int | None = Field(default=None, ge=0)
    delay: int = 0
    deterministic: bool = True
    timeout: float = Field(default=600, gt=0)
    memory_mb: int = Field(default=0, ge=0)
    environment: dict[str, str] = Field(default_factory=dict)
    files: tuple[YamlPath, ...] = ()
    version: str = ""
    licence: str = ""

    @field_validator("target")
    @classmethod
    def _named(cls, target: str) -> str:
        module, colon, name = target.partition(":")
        parts = [*module.split("."), *name.split(".")]
        if not colon or not all(part.isidentifier() for part in parts):
            raise ValueError("write module:name, such as infer:build")
        return target

    @field_validator("cwd")
    @classmethod
    def _folder(cls, cwd: Path) -> Path:
        if not cwd.is_dir():
            raise ValueError("no such folder")
        return cwd

    @field_validator("files")
    @classmethod
    def _exist(cls, files: tuple[Path, ...]) -> tuple[Path, ...]:
        for path in files:
            if not path.exists():
                raise ValueError(f"{path}: no such file or folder")
        return files


class HostedSystem:
    """A system whose blocks are rendered by another process."""

    def __init__(self, spec: Spec, host: Host, more: Mapping[str, Any]) -> None:
        self.spec = spec
        self.host = host
        self._more = more

    def prepare(self, material: Material, controls: Mapping[str, float]) -> "_HostedSong":
        """The rate, and the controls in the order in which the model takes them."""
        return _HostedSong(material.sample_rate, [controls[name] for name in self.spec.controls])

    def render(self, block: Tensor, state: "_HostedSong") -> Tensor:
        """``(channels, samples)`` in, what the model makes of it out."""
        asked = {**self._more, "sample_rate": state.sample_rate, "controls": state.controls}
        return self.host.run(block, asked)


@dataclass(frozen=True)
class _HostedSong:
    sample_rate: int
    controls: list[float]


def _code(options: PythonOptions) -> SourceCode:
    module = options.target.partition(":")[0]
    folder = options.cwd.absolute()
    return module_code(module, [folder], folder)


def _files(options: PythonOptions) -> dict[str, str]:
    listed = {f"files: {path.name}": path_sha256(path) for path in options.files}
    if options.version:
        return {"version": options.version, **listed}
    return {name: sha256 for name, (_, sha256) in _code(options).files.items()} | listed


def _identity(options: PythonOptions) -> Any:
    # Neither the time limit, nor the memory, nor where the folder lies changes the audio.
    said = options.model_dump(mode="json")
    for name in ("timeout", "memory_mb", "licence", "cwd", "python", "files", "version"):
        del said[name]
    return [said, _files(options)]


def _unknown(options: PythonOptions) -> str:
    if options.version or options.files:
        return ""
    if _code(options).files:
        return "the packages that its Python has installed; declare 'version:' where they matter"
    return f"the code of {options.target!r} is not in {options.cwd}; declare 'version:'"


@kind("python", PythonOptions, identity=_identity, files=_files, unknown=_unknown)
def python_code(options: PythonOptions) -> System:
    """A class or function of your own repository, in its own environment and process."""
    found = options.python or Path(sys.executable)
    program = shutil.which(str(found))
    label = f"python {options.target!r}"
    if program is None:
        raise UserError(
            f"{label}: no program {found}; give the path of a Python, as venv/bin/python"
        )
    load = {"format": "python", "target": options.target, "arguments": options.arguments}
    code = HostedCode(
        label,
        load,
        # Not resolved: a virtual environment is known by the place of its Python.
        Path(program).absolute(),
        options.cwd.absolute(),
        options.timeout,
        options.memory_mb,
        options.environment,
    )
    around = options.context
    spec = Spec(
        options.target,
        "python",
        sample_rate=options.sample_rate,
        channels=options.channels,
        mode="whole" if around is None else "strided",
        left=around or 0,
        right=around or 0,
        delay=options.delay,
        deterministic=options.deterministic,
        licence=options.licence,
    )
    return HostedSystem(spec, Host(code), {})
