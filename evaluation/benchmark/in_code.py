"""Builds a benchmark in a program: songs, and systems by name, path, options or object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from ...models.checkpoints.folders import shipped_names
from ...models.configuration import nearest
from ...models.errors import UserError
from ...models.systems.contract import System, SystemSpec, kinds
from ...models.systems.objects import object_spec, wrap
from ..songs.song import Excerpt
from .file import FORMAT, Benchmark, benchmark_of

Songs = str | Path | Mapping[str, Any] | Sequence[str | Path | Mapping[str, Any]]
SystemLike = str | Path | System | nn.Module | SystemSpec | Mapping[str, Any]
Systems = Mapping[str, SystemLike] | Sequence[str | SystemSpec | Mapping[str, Any]]
Metrics = str | Sequence[str | Mapping[str, Any]]


def benchmark(
    name: str,
    songs: Songs,
    systems: Systems,
    *,
    metrics: Metrics | None = None,
    excerpt: Excerpt | Mapping[str, Any] | tuple[float, float] | None = None,
    reference: bool = True,
    baseline: str | Sequence[str] | None = None,
    seed: int = 0,
    sample_rate: int = 44100,
    plugins: Sequence[str | Path] = (),
) -> Benchmark:
    """A benchmark as a file would describe it; :func:`run` carries it out.

    Args:
        name: names its report; results of one name are updated.
        songs: a folder of songs, a mapping as in a file (``{"folder": "songs", "mix":
            "{song}_mix.*"}``), or a list of mixes and of mappings with the keys of a benchmark
            file (``mix``, ``reference``, ``stems``, ``id``, ``tags``, ``controls``).
        systems: by the name that tables show. A value is the name of a kind or of a network that
            ships, the path of a checkpoint, a mapping with ``kind`` and its options, a torch
            module (which then works at ``sample_rate``), or what :func:`wrap` gives. A list holds
            names, mappings, and what :func:`system` gives.
        metrics: names, or mappings with ``name`` and parameters; the default ones if None.
        excerpt: ``(start, seconds)``, or a mapping as in a file; None is the whole song.
        reference: whether the reference masters are a row of the table.
        baseline: the system, or systems, that the report compares all others with; the
            unprocessed mix if None.
        seed: for every system that draws.
        sample_rate: of the renders, in Hz.
        plugins: Python files that add systems and metrics.

    Raises:
        UserError: one line for each mistake.
    """
    place = _Program(name)
    data: dict[str, Any] = {
        "earmark": FORMAT,
        "name": name,
        "seed": seed,
        "sample_rate": sample_rate,
        "songs": _songs(songs),
        "systems": _entries(place, systems, sample_rate),
        "reference": reference,
        "metrics": [metrics] if isinstance(metrics, str) else list(metrics or ["default"]),
        "plugins": [str(path) for path in plugins],
    }
    if baseline is not None:
        data["baseline"] = [baseline] if isinstance(baseline, str) else list(baseline)
    if excerpt is not None:
        data["excerpt"] = _excerpt(excerpt)
    return benchmark_of(data, place)


def system_entry(name: str, value: SystemLike, sample_rate: int | None) -> Any:
    """One system as a benchmark's list has it: a mapping of options, or a finished SystemSpec.

    Raises:
        UserError: if it is no system.
    """
    if isinstance(value, SystemSpec):
        return SystemSpec(name, value.kind, value.options)
    if isinstance(value, nn.Module):
        return object_spec(name, wrap(value, sample_rate=sample_rate))
    if isinstance(value, System):
        return object_spec(name, value)
    if isinstance(value, Mapping):
        return {"name": name, **value}
    if isinstance(value, Path):
        return {"name": name, "kind": "checkpoint", "path": str(value)}
    if not isinstance(value, str):
        raise UserError(
            f"system {name!r}: {type(value).__qualname__} is not a system; give a name, a path, a "
            "mapping with kind, a torch module, or earmark.wrap(function, version='1')"
        )
    if value in kinds():
        return {"name": name, "kind": value}
    if value in shipped_names():
        return {"name": name, "kind": "checkpoint", "shipped": value}
    if Path(value).exists():
        return {"name": name, "kind": "checkpoint", "path": value}
    hint = nearest(value, [*kinds(), *shipped_names()])
    raise UserError(f"system {name!r}: {value!r} is not a kind, shipped network or path{hint}")


@dataclass(frozen=True)
class _Program:
    """Where a benchmark of a program was written: paths begin in the working folder."""

    name: str

    @property
    def path(self) -> Path:
        return Path.cwd() / f"benchmark {self.name!r}".replace("/", " ")

    def at(self, *keys: str | int) -> int:
        # Mistakes are told in the order of the list.
        return next((key + 1 for key in keys if isinstance(key, int)), 0)

    def where(self, *keys: str | int) -> str:
        shown = "".join(f"[{key}]" if isinstance(key, int) else f" {key}" for key in keys)
        return f"benchmark {self.name!r}{shown}"


def _entries(place: _Program, systems: Systems, sample_rate: int) -> list[Any]:
    if isinstance(systems, str) or not isinstance(systems, Mapping | Sequence):
        raise UserError(f"{place.where('systems')}: give a mapping of names to systems, or a list")
    if not isinstance(systems, Mapping):
        return [dict(one) if isinstance(one, Mapping) else one for one in systems]
    found, mistakes = [], []
    for name, value in systems.items():
        try:
            found.append(system_entry(name, value, sample_rate))
        except UserError as error:
            mistakes.append(f"{place.where()}: {error}")
    if mistakes:
        raise UserError("\n".join(mistakes))
    return found


def _songs(songs: Songs) -> Any:
    if isinstance(songs, str | Path):
        return {"folder": str(songs)}
    if isinstance(songs, Mapping):
        return {key: _plain(value) for key, value in songs.items()}
    return [
        {"mix": str(one)}
        if isinstance(one, str | Path)
        else {key: _plain(value) for key, value in one.items()}
        for one in songs
    ]


def _plain(value: Any) -> Any:
    """Paths as text, tuples as lists: what YAML would hold."""
    if isinstance(value, Path):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _excerpt(excerpt: Excerpt | Mapping[str, Any] | tuple[float, float]) -> dict[str, Any]:
    if isinstance(excerpt, Mapping):
        return dict(excerpt)
    if isinstance(excerpt, Excerpt):
        if excerpt.select == "loudest":
            return {"seconds": excerpt.seconds, "select": "loudest"}
        return {"start": excerpt.start, "seconds": excerpt.seconds}
    start, seconds = excerpt
    return {"start": start, "seconds": seconds}
