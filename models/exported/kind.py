"""Kind ``exported``: a TorchScript, torch.export or ONNX file, run in a process of its own."""

import functools
import importlib.util
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ..checkpoints.formats import ModelFormat, model_format, what_it_is
from ..checkpoints.network_system import ControlCard
from ..configuration import YamlPath
from ..content_key import path_sha256
from ..errors import UserError
from ..hosting.host import Host, HostedCode
from ..systems.contract import Control, Options, Spec, System, kind
from ..systems.python_code import HostedSystem
from .facts import FactSource, ModelFacts, corrected, facts_path, read_facts, write_facts
from .probing import probe_model

_GIVEN = (
    *("sample_rate", "channels", "layout", "control_axes", "mode", "left", "right", "stride"),
    *("minimum", "delay", "licence"),
)


class ExportedOptions(Options):
    """``path`` is the file; the others correct what its facts, or a probe, say of it.

    ``trust`` allows what is pickled in a ``.pt2`` file to be unpickled, which may run any code.
    """

    path: YamlPath
    facts: YamlPath | None = None
    sample_rate: int | None = Field(default=None, ge=8000, le=192_000)
    channels: int | None = Field(default=None, ge=1, le=64)
    layout: Literal["BCN", "CN", "N"] | None = None
    control_axes: Literal[1, 2, 3] | None = None
    mode: Literal["whole", "context", "strided"] | None = None
    left: int | None = Field(default=None, ge=0)
    right: int | None = Field(default=None, ge=0)
    stride: int | None = Field(default=None, ge=1)
    minimum: int | None = Field(default=None, ge=1)
    delay: int | None = None
    controls: dict[str, ControlCard] | None = None
    licence: str | None = None
    trust: bool = False
    timeout: float = Field(default=600, gt=0)
    memory_mb: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _there(self) -> "ExportedOptions":
        if not self.path.is_file():
            raise ValueError(f"no such file: {self.path}")
        if self.facts is None and facts_path(self.path).is_file():
            # Part of the options, so that a correction of it is another system.
            self.__dict__["facts"] = facts_path(self.path)
        elif self.facts is not None and not self.facts.is_file():
            raise ValueError(f"no such file: {self.facts}")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The facts that the user gives here."""
        found = {name: getattr(self, name) for name in _GIVEN}
        return {**found, "controls": self.controls}


def _identity(options: ExportedOptions) -> Any:
    facts = None if options.facts is None else options.facts
    return [options.path, facts, {n: v for n, v in options.given.items() if v is not None}]


def _files(options: ExportedOptions) -> dict[str, str]:
    paths = [options.path, *([options.facts] if options.facts is not None else [])]
    return {path.name: path_sha256(path) for path in paths}


@kind("exported", ExportedOptions, identity=_identity, files=_files)
def exported(options: ExportedOptions) -> System:
    """A file with a graph of its own: TorchScript, torch.export (.pt2) or ONNX."""
    facts, host = facts_of(options)
    controls = {n: Control(c.minimum, c.maximum, c.default) for n, c in facts.controls.items()}
    spec = Spec(
        options.path.stem,
        "exported",
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        mode=facts.mode,
        left=facts.left,
        right=facts.right,
        stride=facts.stride,
        minimum=facts.minimum,
        delay=facts.delay,
        controls=controls,
        licence=facts.licence,
        sha256=facts.sha256,
        parameters=facts.parameters,
    )
    return HostedSystem(spec, host, {"layout": facts.layout, "control_axes": facts.control_axes})


def facts_of(options: ExportedOptions) -> tuple[ModelFacts, Host]:
    """The facts of a file, corrected, and its process, which may have begun.

    Raises:
        UserError: if the file cannot be run, or something needed is neither told nor given.
    """
    path = options.path
    host = Host(_code(options))
    known = None
    if options.facts is not None:
        known = read_facts(options.facts.with_name(options.facts.name.removesuffix(".facts.yaml")))
    sha256 = path_sha256(path)
    if known is not None and known.sha256 != sha256:
        raise UserError(
            f"{path}: {options.facts} describes another file (sha256 differs); delete it, or "
            f"run 'earmark models import {path} {path.parent}' again"
        )
    if known is None:
        try:
            known = _probed(sha256, _Asked(options, host))
        except BaseException:
            host.close()
            raise
    return corrected(known, options.given), host


def import_model(options: ExportedOptions, target: Path) -> tuple[Path, ModelFacts]:
    """Copy a model file into the folder ``target`` and write its facts beside it.

    Raises:
        UserError: if it cannot be run, or the folder cannot be written.
    """
    facts, host = facts_of(options)
    host.close()
    place = target / options.path.name
    try:
        target.mkdir(parents=True, exist_ok=True)
        if not (place.exists() and place.samefile(options.path)):
            shutil.copyfile(options.path, place)
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror})") from None
    write_facts(place, facts)
    return place, facts


class _Asked:
    """What a probe needs; equal for the cache, which goes by the file's content alone."""

    def __init__(self, options: ExportedOptions, host: Host) -> None:
        self.options, self.host = options, host
        self.key = repr((options.sample_rate, options.controls, options.trust))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@functools.lru_cache(maxsize=64)
def _probed(sha256: str, asked: _Asked) -> ModelFacts:
    options, host = asked.options, asked.host
    label, found = host.code.label, host.facts()
    file_format = model_format(options.path)
    if file_format is None:
        raise UserError(f"{label}: {what_it_is(options.path)}")
    rate = options.sample_rate or found.get("sample_rate")
    if rate is None:
        raise UserError(
            f"{label}: does not say at which rate it works; give sample_rate in Hz, which no "
            "probe can tell"
        )
    inputs = found.get("inputs", [])
    _check_inputs(label, inputs, options.controls or {})
    defaults = [one.default for one in (options.controls or {}).values()]
    try:
        probed = probe_model(host.run, defaults)
    except UserError as error:
        raise UserError(f"{label}: {str(error).removeprefix(f'{label}: ')}") from None
    names = ("layout", "channels", "control_axes", "mode", "left", "right", "stride", "causal")
    sources = dict.fromkeys(names, FactSource.PROBED) | {"measured_delay": FactSource.PROBED}
    sources["sample_rate"] = FactSource.GIVEN if options.sample_rate else FactSource.FILE
    return ModelFacts(
        format=file_format,
        sha256=sha256,
        sample_rate=rate,
        parameters=found.get("parameters", 0),
        measured_delay=probed.measured_delay,
        controls=options.controls or {},
        remarks=probed.remarks,
        sources=sources,
        **{name: getattr(probed, name) for name in names},
    )


def _check_inputs(label: str, inputs: list[Any], controls: Mapping[str, ControlCard]) -> None:
    if len(inputs) > 1 and not controls:
        names = ", ".join(str(name) for name, _ in inputs)
        raise UserError(
            f"{label}: takes {len(inputs)} inputs ({names}); describe the second: "
            "controls: {gain: {minimum: 0, maximum: 1, default: 0.5}}, a control for each value"
        )
    shape = inputs[0][1] if inputs else None
    if isinstance(shape, list) and shape and str(shape[-1]).isdigit():
        raise UserError(
            f"{label}: takes exactly {shape[-1]} samples; export it with a dynamic axis for time"
        )


def _code(options: ExportedOptions) -> HostedCode:
    path = options.path.absolute()
    label = str(options.path)
    found = model_format(path)
    if found is None:
        raise UserError(
            f"{label}: {what_it_is(path)}, and kind exported runs TorchScript, torch.export and "
            "ONNX; kind checkpoint reads weights"
        )
    if found is ModelFormat.PT2 and not options.trust:
        raise UserError(
            f"{label}: a program of torch.export holds pickles, which may run any code; if you "
            "trust who made it, set trust: true, or export it to ONNX"
        )
    if found is ModelFormat.ONNX and importlib.util.find_spec("onnxruntime") is None:
        raise UserError(f"{label}: an ONNX model needs the extra; pip install 'earmark[onnx]'")
    load = {"format": found.value, "path": str(path)}
    return HostedCode(
        label, load, Path(sys.executable), path.parent, options.timeout, options.memory_mb
    )
