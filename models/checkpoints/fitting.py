"""Finds the network that weights of a file belong to, ours or a publisher's, and what they lack."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..architectures import architecture as family
from ..architectures import architecture_names, outline_network, published_names
from ..errors import UserError
from ..transplants.recognise import Match, fitting, matches, nearest_source, owners, parts
from ..transplants.source import Publisher, Transplant, UntoldError, WeightsTold, example
from ..transplants.sources import SOURCES
from .containers import WeightsFile
from .weights import difference

_SHOWN = 3


@dataclass(frozen=True)
class Fitted:
    """Weights with the names of the network that ``architecture`` and its sizes build.

    ``system`` is what their publisher says of rate and controls. ``remarks`` are notes for the
    record of each render: whose weights, what was left out.
    """

    architecture: str
    hyperparameters: Mapping[str, Any]
    weights: dict[str, Tensor]
    system: Mapping[str, Any] = field(default_factory=dict)
    remarks: Mapping[str, Any] = field(default_factory=dict)


def fitted(
    file: WeightsFile, architecture: str, hyperparameters: Mapping[str, Any], part: str | None
) -> Fitted:
    """The weights of ``file`` for a network of ``architecture``.

    ``part`` is the prefix to take where the file holds several networks.

    Raises:
        UserError: if they do not fit, saying whose they are, if that is known.
    """
    for source in SOURCES:
        if architecture in source.architectures:
            match = _chosen(file, matches(source, file.weights), part)
            if match is not None:
                told = WeightsTold(str(file.path), architecture, file.settings, hyperparameters)
                return _of_source(file, source, match, told)
    if architecture in published_names():
        raise UserError(
            f"{file.path}: not weights of {architecture}: "
            + (_advice(file, architecture, "") or _shown(file.weights))
        )
    try:
        network, complete = outline_network(architecture, hyperparameters)
    except UserError as error:
        raise UserError(f"{file.path}: {error}{_advice(file, architecture, '; ')}") from None
    names = network.state_dict()
    match = _chosen(file, fitting(file.weights, names), part)
    if match is None:
        older = of_before(architecture, hyperparameters)
        if older is not hyperparameters:
            outline, sizes = outline_network(architecture, older)
            match = _chosen(file, fitting(file.weights, outline.state_dict()), part)
            complete = complete if match is None else sizes
    if match is None:
        found = difference(names, _closest(file, list(names)))
        # Whose they are says more than how they differ.
        advice = _advice(file, architecture, "")
        known = advice if owners(file.weights) else "; ".join(filter(None, (found, advice)))
        raise UserError(f"{file.path}: the weights do not fit the network: {known}")
    return Fitted(architecture, complete, match.weights, remarks=_remarks(file, match))


def of_before(architecture: str, hyperparameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Hyper-parameters as they were meant before the architecture had some that they lack."""
    if architecture not in (*architecture_names(), *published_names()):
        return hyperparameters
    earlier = family(architecture).earlier
    known = earlier.keys() <= hyperparameters.keys()
    return hyperparameters if known else {**earlier, **hyperparameters}


def hyperparameters_for(
    architecture: str, hyperparameters: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> Mapping[str, Any]:
    """Those of a card, or as :func:`of_before` where the names of its weights say so."""
    older = of_before(architecture, hyperparameters)
    if older is hyperparameters:
        return hyperparameters
    outline, _ = outline_network(architecture, older)
    return older if outline.state_dict().keys() == weights.keys() else hyperparameters


def whose(file: WeightsFile) -> str:
    """What to write to have ``file`` read, for weights whose network was not named."""
    unsaid = "weights alone do not say what network they belong to; "
    known = _advice(file, "", unsaid)
    if owners(file.weights):
        return known
    return (
        f"{known or unsaid + _shown(file.weights)}; give architecture and hyperparameters, or "
        f"write them to {file.path.with_suffix('.yaml')}"
    )


def _of_source(file: WeightsFile, source: Publisher, match: Match, told: WeightsTold) -> Fitted:
    found = source.convert(match.weights, told)
    if found.architecture != told.architecture:
        raise UserError(
            f"{file.path}: these names are those of {source.name}, for architecture: "
            f"{found.architecture}, not {told.architecture}"
        )
    remarks: dict[str, Any] = {"weights_of": f"{source.name} ({source.address})"}
    remarks |= _remarks(file, match)
    if found.dropped:
        reasons = dict.fromkeys(found.dropped.values())
        remarks["weights_dropped"] = f"{_some(list(found.dropped))}: {', '.join(reasons)}"
    sizes = _complete(file, found)
    remarks["hyperparameters"] = sizes
    return Fitted(found.architecture, sizes, found.weights, found.system, remarks)


def _complete(file: WeightsFile, found: Transplant) -> dict[str, Any]:
    try:
        return outline_network(found.architecture, found.hyperparameters)[1]
    except UserError as error:
        raise UserError(f"{file.path}: {error}") from None


def _chosen(file: WeightsFile, found: Sequence[Match], part: str | None) -> Match | None:
    if part is not None:
        wanted = part if not part or part.endswith(".") else f"{part}."
        found = [one for one in found if one.prefix == wanted] or list(found)
        if part != file.place and wanted not in [one.prefix for one in found]:
            raise UserError(
                f"{file.path}: holds no weights under {part!r}; "
                + (f"write weights: {file.place}" if file.place else "leave weights out")
            )
    if len(found) > 1:
        names = [one.prefix.removesuffix(".") or "''" for one in found]
        raise UserError(
            f"{file.path}: holds the network {len(found)} times, under {', '.join(names)}; say "
            f"which: weights: {names[0]}"
        )
    return found[0] if found else None


def _remarks(file: WeightsFile, match: Match) -> dict[str, Any]:
    remarks: dict[str, Any] = {}
    if match.prefix:
        remarks["weights_prefix"] = match.prefix
    if match.beside:
        remarks["weights_beside"] = f"{_some(match.beside)}: no part of the network, left out"
    kinds = {value.dtype for value in match.weights.values() if value.is_floating_point()}
    if kinds - {torch.float32}:
        names = sorted(str(kind).removeprefix("torch.") for kind in kinds)
        remarks["weights_dtype"] = f"{', '.join(names)} in the file, run as float32"
    if file.others:
        remarks["weights_not_taken"] = ", ".join(file.others)
    return remarks


def _closest(file: WeightsFile, names: Collection[str]) -> Mapping[str, Tensor]:
    """The weights below the prefix that most of ``names`` have, to show what differs."""
    if any(name in names for name in file.weights):
        return file.weights
    found = max(parts(file.weights), key=lambda one: len(set(names) & one.weights.keys()))
    return found.weights if set(names) & found.weights.keys() else file.weights


def _advice(file: WeightsFile, asked: str, before: str) -> str:
    """Whose weights these are and what to write; '' where that is not known."""
    found = owners(file.weights)
    if found:
        source, match = found[0]
        name = source.of(match.weights)
        text = f"{before}these names are those of {source.name}; use architecture: {name}"
        try:
            source.convert(match.weights, WeightsTold(str(file.path), name, file.settings, {}))
        except UntoldError as error:
            text += (
                f" with the values of their training, which the file does not tell, for example "
                f"hyperparameters: {example(error.needs)}"
            )
        if len(found) > 1 and len({one.name for one, _ in found}) == 1:
            text += f", and weights: {match.prefix.removesuffix('.')}"
        return text
    ours = _nearest_of_ours(file, asked)
    if ours:
        return (
            f"{before}these names are those of architecture: {ours}, which needs the "
            "hyper-parameters of its training"
        )
    near = nearest_source(file.weights)
    if near is None:
        return ""
    source, many, other = near
    return (
        f"{before}{many} names are like those of {source.name} ({source.architectures[0]}), but "
        f"{other!r} is not one of its"
        if other
        else f"{before}{many} names are like those of {source.name} "
        f"({source.architectures[0]}), but others of its are missing"
    )


def _nearest_of_ours(file: WeightsFile, asked: str) -> str:
    """The architecture of ours whose pattern of names is that of the file."""
    patterns = [{_pattern(name) for name in one.weights} for one in parts(file.weights)]
    for name in architecture_names():
        if name == asked:
            continue
        wanted = {_pattern(one) for one in outline_network(name, {})[0].state_dict()}
        if wanted in patterns:
            return name
    return ""


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "N", name)


def _shown(weights: Mapping[str, Tensor]) -> str:
    shapes = [f"{name} {tuple(value.shape)}" for name, value in weights.items()]
    count = "its only name is" if len(shapes) == 1 else f"its {len(shapes)} names begin"
    return f"{count} {_some(shapes)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
