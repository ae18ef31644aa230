"""Model files of others as a user handles them: brought in, and shown with what is known."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..models.checkpoints.containers import open_weights, read_weights
from ..models.checkpoints.fitting import whose_known
from ..models.checkpoints.folders import (
    CheckpointOptions,
    config_beside,
    load_checkpoint,
    weights_of_folder,
)
from ..models.checkpoints.formats import ModelFormat, model_format, what_it_is
from ..models.checkpoints.importing import import_weights, unpickled_on_trust
from ..models.checkpoints.weights import PICKLE_SUFFIXES, WEIGHTS_SUFFIXES
from ..models.errors import UserError
from ..models.exported.facts import ModelFacts, facts_path, read_facts
from ..models.exported.kind import ExportedOptions, import_model
from .master import system_spec

_HIDDEN = ("earmark_facts", "sources", "remarks", "controls")
_SHOWN = 6


def import_file(
    source: Path, target: Path, settings: tuple[str, ...] = (), *, trusted: bool = False
) -> Iterator[str]:
    """Bring a model file into a folder; lines that say what became of it.

    Raises:
        UserError: if it cannot be used, or something needed is neither told nor given.
    """
    if not source.exists():
        raise UserError(f"{source}: no such file")
    if source.is_file() and model_format(source) is not None:
        asked = (*settings, "trust=true") if trusted else settings
        options = system_spec(str(source), asked).options
        if not isinstance(options, ExportedOptions):
            raise UserError(f"{source}: {what_it_is(source)}")
        place, facts = import_model(options, target)
        yield f"{place}: {what_it_is(place)}, its facts in {facts_path(place).name}"
        yield from _facts(facts)
        yield f"use it: {{name: {place.stem}, kind: exported, path: {place}}}"
        return
    if trusted and source.suffix in PICKLE_SUFFIXES:
        with unpickled_on_trust(source) as plain:
            yield _weights(plain, target, _beside(source, settings))
        return
    yield _weights(source, target, settings)


def shown(path: Path) -> Iterator[str]:
    """What a model file or folder is, and what is known of it.

    Raises:
        UserError: if there is nothing, or it is damaged.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if (path / "model.json").is_file():
        system = load_checkpoint(path)
        yield f"{path}: a checkpoint folder, {system.spec.parameters:,} parameters"
        for name in ("sample_rate", "channels", "mode", "left", "right", "stride", "delay"):
            yield _row(name, getattr(system.spec, name), "model.json")
        return
    if path.is_file() and (found := model_format(path)) is not None:
        yield f"{path}: {what_it_is(path)}"
        facts = read_facts(path)
        if facts is None:
            trust = " --trust" if found is ModelFormat.PT2 else ""
            yield "  nothing is written beside it yet; this probes it and writes it down:"
            yield f"  earmark models import {path} FOLDER{trust} --set sample_rate=44100"
        else:
            yield from _facts(facts)
        return
    weights = weights_of_folder(path)
    yield f"{weights}: {what_it_is(weights)}"
    if weights.suffix in WEIGHTS_SUFFIXES:
        yield from _tensors(weights)


def _tensors(path: Path) -> Iterator[str]:
    weights = read_weights(path)
    total = sum(value.numel() for value in weights.values())
    kinds = sorted({str(value.dtype).removeprefix("torch.") for value in weights.values()})
    yield _row("tensors", f"{len(weights)}, {total:,} values of {', '.join(kinds)}", "file")
    for name, value in list(weights.items())[:_SHOWN]:
        yield f"    {name} {tuple(value.shape)}"
    if len(weights) > _SHOWN:
        yield f"    … and {len(weights) - _SHOWN} more"
    publisher = whose_known(open_weights(path))
    if publisher:
        yield f"  {publisher}"
    config = config_beside(path)
    for name in ("architectures", "model_type", "sampling_rate", "sample_rate"):
        if name in config:
            yield _row(name, config[name], "config.json")
    if "auto_map" in config:
        yield "  auto_map names code of the repository, which is not run; kind python can run it"


def _weights(source: Path, target: Path, settings: tuple[str, ...]) -> str:
    options = system_spec(str(source), settings).options
    if not isinstance(options, CheckpointOptions):
        raise UserError(f"{source}: {what_it_is(source)}")
    folder = import_weights(options, target)
    return f"{folder}: a checkpoint folder; use it: {{kind: checkpoint, path: {folder}}}"


def _beside(source: Path, settings: tuple[str, ...]) -> tuple[str, ...]:
    """The settings, and the description beside the source, which its plain copy has not."""
    found = (source.with_suffix(suffix) for suffix in (".yaml", ".yml", ".json"))
    beside = next((one for one in found if one.is_file()), None)
    said = any(one.startswith(("architecture=", "description=")) for one in settings)
    if beside is None or said:
        return settings
    return (*settings, f"description={beside}")


def _facts(facts: ModelFacts) -> Iterator[str]:
    for name in type(facts).model_fields:
        if name not in _HIDDEN:
            value = getattr(facts, name)
            source = facts.sources.get(name)
            yield _row(name, value, "" if source is None else source.value)
    for name, control in facts.controls.items():
        yield _row(
            name, f"{control.minimum:g} to {control.maximum:g}, {control.default:g}", "given"
        )
    for remark in facts.remarks:
        yield f"  {remark}"


def _row(name: str, value: Any, source: str) -> str:
    said = "not known" if value is None else str(value)
    return f"  {name.replace('_', ' '):<16} {said}{f'  ({source})' if source else ''}"
