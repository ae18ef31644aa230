"""Reads YAML files into strict pydantic models; every error names the file and the line."""

import difflib
import types
import typing
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo

from .errors import UserError

# A benchmark of a thousand songs has some ten thousand values in half a megabyte.
MOST_BYTES = 20_000_000
MOST_VALUES = 500_000
ModelT = TypeVar("ModelT", bound=BaseModel)
Key = str | int


class Strict(BaseModel):
    """A block of a YAML file: unknown keys are errors, values do not change, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path.expanduser() if folder is None else Path(folder) / path.expanduser()


# A path in a YAML file is relative to that file.
YamlPath = Annotated[Path, AfterValidator(_beside_the_file)]


@dataclass(frozen=True)
class YamlLines:
    """Where each key and list item of a YAML file stands; lines count from 1."""

    path: Path
    _lines: dict[tuple[Key, ...], int] = field(default_factory=dict, repr=False)

    def at(self, *keys: Key) -> int:
        """The line of ``keys`` (``at("systems", 2, "kind")``), or of what comes nearest above it.

        Keys that the file does not hold, such as the branch names in pydantic's error locations,
        are passed over.
        """
        here: tuple[Key, ...] = ()
        for key in keys:
            if (*here, key) in self._lines:
                here = (*here, key)
        return self._lines.get(here, 1)

    def also(self, keys: tuple[Key, ...], names: tuple[Key, ...]) -> None:
        """What stands under ``keys`` is found under ``names`` too, where the data was rewritten."""
        size = len(keys)
        inside = {key[size:]: line for key, line in self._lines.items() if key[:size] == keys}
        self._lines.update({(*names, *key): line for key, line in inside.items()})

    def where(self, *keys: Key) -> str:
        """``file:line``, the beginning of an error message."""
        return f"{self.path}:{self.at(*keys)}"


def read_yaml(path: Path) -> tuple[Any, YamlLines]:
    """The plain data of a YAML file, and the lines on which it stands.

    Raises:
        UserError: if the file is missing, empty, huge or not YAML, or says a key twice.
    """
    try:
        _require_small(path, path.stat().st_size)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a text file (UTF-8); a YAML file is needed") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise UserError(f"{path}: the file is empty")
            lines = YamlLines(path, {(): 1})
            _note_lines(node, (), lines)
            data = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context or "it cannot be parsed"
        raise UserError(f"{path}:{line}: not valid YAML: {problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(error).splitlines()[0]
        raise UserError(f"{path}:1: not valid YAML: {problem}") from None
    return data, lines


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """The file at ``path`` as a ``model``; fields of type ``YamlPath`` are relative to the file.

    Raises:
        UserError: one line ``file:line: what is wrong`` for each mistake, with the nearest known
            key for an unknown one.
    """
    data, lines = read_yaml(path)
    return validate(data, model, lines)


class Places(Protocol):
    """Tells where a key was given: a line of a file, or an option of a command."""

    @property
    def path(self) -> Path:
        """The file; relative paths begin in its folder."""
        ...

    def at(self, *keys: Key) -> int:
        """The line, or 0 where there are no lines; mistakes are told in this order."""
        ...

    def where(self, *keys: Key) -> str:
        """The beginning of an error message about ``keys``."""
        ...


def validate(
    data: Any,
    model: type[ModelT],
    lines: Places,
    at: Sequence[Key] = (),
    context: Mapping[str, Any] | None = None,
) -> ModelT:
    """``data``, found under the keys ``at`` of a YAML file, as a ``model``.

    ``context`` is what the model's validators find beside the file's folder.

    Raises:
        UserError: as :func:`load_yaml`.
    """
    if not isinstance(data, dict):
        known = ", ".join(model.model_fields)
        raise UserError(f"{lines.where(*at)}: expected keys and values ({known}), not {data!r}")
    try:
        folder = lines.path.parent.absolute()
        return model.model_validate(data, context={"folder": folder, **(context or {})})
    except ValidationError as error:
        causes = sorted(_causes(error, data), key=lambda one: lines.at(*at, *one["loc"]))
        raise UserError(
            "\n".join(_explained(model, one, lines, tuple(at)) for one in causes)
        ) from None


def nearest(name: str, known: Sequence[str]) -> str:
    """``; did you mean 'x'?``, or the known names where none is near; for the end of a message."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; choose from {', '.join(sorted(known))}" if known else ""


def _require_small(path: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise UserError(
            f"{path}: has {size / 1e6:.0f} MB; a YAML file of at most {MOST_BYTES / 1e6:.0f} MB is "
            "read; is this the right file?"
        )


def _note_lines(node: yaml.Node, here: tuple[Key, ...], lines: YamlLines) -> None:
    # Aliases (*name) repeat what they name: a few lines can mean billions of values.
    if len(lines._lines) > MOST_VALUES:
        raise UserError(
            f"{lines.path}:{node.start_mark.line + 1}: more than {MOST_VALUES} values, aliases "
            "counted each time; write fewer, or leave out the aliases"
        )
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if (*here, key.value) in lines._lines and key.value != "<<":
                raise UserError(f"{lines.path}:{line}: the key {key.value!r} appears twice")
            lines._lines[(*here, key.value)] = line
            _note_lines(value, (*here, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines._lines[(*here, index)] = item.start_mark.line + 1
            _note_lines(item, (*here, index), lines)


def _causes(error: ValidationError, data: Any) -> list[dict[str, Any]]:
    """The mistakes, less the missing keys that an unknown one beside them is a misspelling of."""
    found = _joined([dict(one) for one in error.errors()], data)
    unknown = [one["loc"] for one in found if one["type"] == "extra_forbidden"]

    def misspelled(missing: dict[str, Any]) -> bool:
        *place, key = missing["loc"]
        beside = [str(loc[-1]) for loc in unknown if list(loc[:-1]) == place]
        return bool(difflib.get_close_matches(str(key), beside, n=1, cutoff=0.6))

    return [one for one in found if one["type"] != "missing" or not misspelled(one)]


def _joined(found: list[dict[str, Any]], data: Any) -> list[dict[str, Any]]:
    """The errors, those of the branches of one union made one."""
    groups: dict[tuple[Key, ...], list[dict[str, Any]]] = {}
    for one in found:
        place = _given(data, one["loc"]) if one["type"] not in _ABOUT_KEYS else one["loc"]
        groups.setdefault(place, []).append(one)
    return [
        group[0]
        if len(group) == 1
        else {"type": "union", "loc": place, "input": group[0]["input"], "msg": _either(group)}
        for place, group in groups.items()
    ]


_ABOUT_KEYS = ("missing", "extra_forbidden")
_IN_WORDS = {"float": "a number", "int": "a whole number", "bool": "true or false"}


def _given(data: Any, location: tuple[Key, ...]) -> tuple[Key, ...]:
    """As much of an error's location as the file holds, without the names of union branches."""
    here: tuple[Key, ...] = ()
    for key in location:
        inside = isinstance(data, dict) and key in data
        if not inside and not (isinstance(data, list) and isinstance(key, int)):
            break
        data, here = data[key], (*here, key)
    return here


def _either(group: list[dict[str, Any]]) -> str:
    said = []
    for one in group:
        number, _, rest = str(one["type"]).partition("_")
        if one["type"] == "literal_error":
            said.append(str(one["ctx"]["expected"]))
        elif number in _IN_WORDS and rest in ("parsing", "type"):
            said.append(_IN_WORDS[number])
        else:
            said.append(str(one["msg"]).removeprefix("Input should be "))
    return "should be " + ", or ".join(dict.fromkeys(said))


def _explained(
    model: type[BaseModel], error: dict[str, Any], lines: Places, at: tuple[Key, ...]
) -> str:
    location: tuple[Key, ...] = error["loc"]
    where = lines.where(*at, *location)
    key = _dotted(location)
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key {key!r}{nearest(str(location[-1]), _known(model, location))}"
    if error["type"] == "missing":
        # The key is not there, so the line is that of the block that lacks it.
        return f"{where}: the key {key!r} is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    value = error["input"]
    if error["type"] == "literal_error" and isinstance(value, str):
        allowed = str(error["ctx"]["expected"])
        return f"{where}: {key}: {value!r} is not known; choose from {allowed}"
    shown = "" if isinstance(value, dict | list) else f", not {value!r}"
    message = message[:1].lower() + message[1:]
    return f"{where}: {key}: {message}{shown}" if key else f"{where}: {message}"


def _dotted(location: Sequence[Key]) -> str:
    return ".".join(str(part) for part in location)


def _known(model: type[BaseModel], location: Sequence[Key]) -> list[str]:
    """The keys that are allowed where ``location`` ends."""
    here: list[type[BaseModel]] = [model]
    for key in location[:-1]:
        inside = [
            found
            for one in here
            if key in one.model_fields
            for found in _models(one.model_fields[str(key)].annotation)
        ]
        # A list's index or a union's branch name leaves the candidates as they are.
        here = inside or [one for one in here if one.__name__ == key] or here
    return list(dict.fromkeys(name for one in here for name in one.model_fields))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The pydantic models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        for inner in typing.get_args(annotation):
            if isinstance(inner, Hashable):
                yield from _models(inner)
