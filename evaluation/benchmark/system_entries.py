"""Reads the ``systems`` of a benchmark file: names, kinds with options, globs of checkpoints."""

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...models.checkpoints.folders import shipped_names
from ...models.configuration import Places, nearest, validate
from ...models.errors import UserError
from ...models.systems.contract import Options, SystemKind, SystemSpec, kinds
from ..songs.names import natural_key

_LONGEST_NAME = 80
_SHOWN_OPTION = 32
_CHECKPOINT_SUFFIXES = (".ckpt", ".pt", ".pt2", ".pth", ".safetensors")


@dataclass(frozen=True)
class Entries:
    """The list under ``systems`` as YAML gave it, where it stands, and the benchmark's seed.

    A benchmark that was built in a program may hold systems as they are among its entries.

    The seed is given to every kind that has an option ``seed``, unless the entry sets its own.
    """

    lines: Places
    entries: Sequence[Any]
    seed: int = 0

    def where(self, index: int, *keys: str) -> str:
        """``file:line`` of an entry."""
        return self.lines.where("systems", index, *keys)


def read_systems(entries: Entries) -> tuple[tuple[SystemSpec, ...], list[str]]:
    """The systems in their order, and one line for each mistake.

    A bare name is a kind whose options all have defaults, or a network that ships. An entry with
    ``glob`` is one system for each match, named after what the wildcards stand for.
    """
    systems: list[SystemSpec] = []
    mistakes: list[str] = []
    first_line: dict[str, int] = {}
    for index in range(len(entries.entries)):
        line = entries.lines.at("systems", index)
        try:
            found = list(_read(entries, index))
        except UserError as error:
            mistakes.append(str(error))
            continue
        for system in found:
            if system.name in first_line:
                mistakes.append(
                    f"{entries.where(index)}: the name {system.name!r} stands already in line "
                    f"{first_line[system.name]}; give each system a name of its own"
                )
                continue
            first_line[system.name] = line
            systems.append(system)
    return tuple(systems), mistakes


def system_named(name: str) -> SystemSpec:
    """A system by a bare name: a kind that needs no options, or a network that ships.

    Raises:
        UserError: if there is none, with the nearest name or all of them.
    """
    known = kinds()
    if name in known:
        try:
            return SystemSpec(name, name, known[name].options())
        except ValidationError as error:
            first = error.errors()[0]
            needed = [str(one["loc"][0]) for one in error.errors() if one["loc"]]
            mend = (
                f"write {{name: ..., kind: {name}, {': ..., '.join(needed)}: ...}}"
                if needed
                else str(first["msg"]).removeprefix("Value error, ")
            )
            raise UserError(f"system {name!r} needs options; {mend}") from None
    shipped = tuple(shipped_names())
    if name in shipped:
        options = known["checkpoint"].options.model_validate({"shipped": name})
        return SystemSpec(name, "checkpoint", options)
    bare = [one for one in known if _needs_nothing(known[one])]
    raise UserError(f"unknown system {name!r}{nearest(name, [*bare, *shipped])}")


def _needs_nothing(kind: SystemKind) -> bool:
    return not any(field.is_required() for field in kind.options.model_fields.values())


def _read(entries: Entries, index: int) -> Iterator[SystemSpec]:
    entry = entries.entries[index]
    if isinstance(entry, SystemSpec):
        yield entry
        return
    if isinstance(entry, str):
        try:
            system = system_named(entry)
        except UserError as error:
            raise UserError(f"{entries.where(index)}: {error}") from None
        seeded = "seed" in type(system.options).model_fields
        update = {"seed": entries.seed} if seeded else {}
        yield SystemSpec(system.name, system.kind, system.options.model_copy(update=update))
        return
    if not isinstance(entry, dict):
        raise UserError(
            f"{entries.where(index)}: a system is a name or {{name: ..., kind: ...}}, not {entry!r}"
        )
    kind = _kind(entries, index, entry)
    given = {key: value for key, value in entry.items() if key not in ("name", "kind", "glob")}
    if "seed" in kind.options.model_fields:
        given.setdefault("seed", entries.seed)
    if "glob" not in entry:
        name = _name(entries, index, entry) or _described(kind.name, entry)
        yield SystemSpec(name, kind.name, _options(entries, index, kind, given))
        return
    name = _name(entries, index, entry) or kind.name
    for match, part in _matches(entries, index, kind, entry):
        options = _options(entries, index, kind, {**given, "path": match})
        yield SystemSpec(f"{name} {part}", kind.name, options)


def _kind(entries: Entries, index: int, entry: Mapping[str, Any]) -> SystemKind:
    known = kinds()
    if "kind" not in entry:
        raise UserError(
            f"{entries.where(index)}: the key 'kind' is missing; "
            f"choose from {', '.join(sorted(known))}"
        )
    kind = entry["kind"]
    if not isinstance(kind, str) or kind not in known:
        where = entries.where(index, "kind")
        hint = nearest(str(kind), list(known))
        if kind in shipped_names():
            hint = f"; it is a network that ships: write {{kind: checkpoint, shipped: {kind}}}"
        raise UserError(f"{where}: unknown kind of system {kind!r}{hint}")
    return known[kind]


def _name(entries: Entries, index: int, entry: Mapping[str, Any]) -> str | None:
    if "name" not in entry:
        return None
    name = entry["name"]
    # YAML reads an unquoted 1176 as a number; as a label it is as good as any.
    name = str(name) if isinstance(name, int) and not isinstance(name, bool) else name
    valid = isinstance(name, str) and name.isprintable() and name == name.strip()
    if not valid or not 0 < len(name) <= _LONGEST_NAME:
        raise UserError(
            f"{entries.where(index, 'name')}: name: {entry['name']!r} cannot be a name; write 1 to "
            f"{_LONGEST_NAME} printable characters"
        )
    return str(name)


def _described(kind: str, entry: Mapping[str, Any]) -> str:
    """A name for an entry without one: its kind and the options that it sets."""
    options = {key: str(value) for key, value in entry.items() if key != "kind"}
    shown = [f"{key} {text}" for key, text in options.items() if len(text) <= _SHOWN_OPTION]
    return " ".join([kind, *shown])[:_LONGEST_NAME].strip()


def _options(entries: Entries, index: int, kind: SystemKind, given: Mapping[str, Any]) -> Options:
    options = validate(dict(given), kind.options, entries.lines, ("systems", index))
    folder = entries.lines.path.parent.absolute()
    # A bare Path, which nothing has yet put beside the file; one of type YamlPath is absolute.
    anchored = {
        name: folder / value
        for name in type(options).model_fields
        if isinstance(value := getattr(options, name), Path)
    }
    return options.model_copy(update=anchored)


def _matches(
    entries: Entries, index: int, kind: SystemKind, entry: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Each path that the entry's glob finds, and the name of what its wildcards stand for."""
    where = entries.where(index, "glob")
    pattern = entry["glob"]
    if "path" not in kind.options.model_fields:
        raise UserError(f"{where}: kind {kind.name!r} takes no glob; kind checkpoint does")
    if "path" in entry:
        raise UserError(f"{where}: give glob or path, not both")
    if not isinstance(pattern, str) or not glob.has_magic(pattern):
        raise UserError(f"{where}: glob: {pattern!r} has no wildcard; write a * or give path")
    base, wild = _divided(entries.lines.path.parent.absolute() / Path(pattern).expanduser())
    # A trailing slash, which a Path forgets, asks for folders alone.
    found = [
        path.relative_to(base)
        for path in base.glob(wild)
        if path.is_dir() or not pattern.endswith("/")
    ]
    shown = [path for path in found if not any(part.startswith(".") for part in path.parts)]
    if not shown:
        raise UserError(f"{where}: glob: nothing matches {pattern!r}; paths begin at {base}")
    return [
        (str(base / path), " ".join([*path.parts[:-1], _step(path)]))
        for path in sorted(shown, key=lambda path: natural_key(str(path)))
    ]


def _divided(pattern: Path) -> tuple[Path, str]:
    """The folder before the first wildcard, and the pattern from there on."""
    parts = pattern.parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:fixed]), str(Path(*parts[fixed:]))


def _step(path: Path) -> str:
    return path.stem if path.suffix in _CHECKPOINT_SUFFIXES else path.name
