"""How a file is read, in a YAML file: given once, kept beside the ratings, and used again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from ....evaluation.results.store import written
from ....models.configuration import Strict, YamlPath, load_yaml
from ....models.errors import UserError
from .files import RatingsFile, Reading
from .layouts.contract import Hints

Role = Literal["listener", "passage", "system", "score", "question", "repeat"]
_ROLES = ("listener", "passage", "system", "value", "question", "repeat")


class MappingFile(Strict):
    """A mapping: columns by role, and what the file itself cannot tell."""

    columns: dict[Role, str] = Field(default_factory=dict)
    scale: tuple[float, float] | None = None
    words: Annotated[tuple[str, ...], Field(min_length=2)] | None = None
    names: str | None = None
    sheet: str | None = None
    presentations: YamlPath | None = None
    key: YamlPath | None = None
    where: dict[str, str | int | float] = Field(default_factory=dict)
    training: bool = False
    unfinished: bool = False


def with_mapping(path: Path | None, how: Reading) -> Reading:
    """``how`` with what a mapping file says beneath it: what was asked for itself comes first.

    Raises:
        UserError: one line with the file and line, if it cannot be read.
    """
    if path is None:
        return how
    found = load_yaml(path, MappingFile)
    told = how.told
    columns = {("value" if role == "score" else role): one for role, one in found.columns.items()}
    where = tuple((title, str(value)) for title, value in found.where.items())
    return Reading(
        format=how.format,
        columns={},
        scale=how.scale or found.scale,
        which=how.which,
        people=how.people,
        told=Hints(
            columns={**columns, **told.columns, **how.columns},
            words=told.words or found.words or (),
            names=told.names or found.names or "",
            sheet=told.sheet or found.sheet or "",
            presentations=told.presentations or found.presentations,
            key=told.key or found.key,
            where=told.where or where,
            training=told.training or found.training,
            unfinished=told.unfinished or found.unfinished,
        ),
    )


def save_mapping(path: Path, file: RatingsFile, how: Reading) -> None:
    """Write how ``file`` was read, so that ``--mapping`` reads it so again.

    Raises:
        UserError: for the export of a study, which needs none, or if it cannot be written.
    """
    if file.origin is not None:
        raise UserError(f"{path}: the export of a study needs no mapping")
    told = how.told
    scales = {(scale.low, scale.high) for scale in file.scales.values()}
    found: dict[str, object] = {
        "columns": dict(_columns(file, {**told.columns, **how.columns})),
        "scale": [float(end) for end in next(iter(scales))] if len(scales) == 1 else None,
        "words": list(told.words),
        "names": told.names,
        "sheet": told.sheet,
        "presentations": _beside(told.presentations, path),
        "key": _beside(told.key, path),
        "where": dict(told.where),
        "training": told.training,
        "unfinished": told.unfinished or how.which.unfinished,
    }
    text = yaml.safe_dump(
        {name: value for name, value in found.items() if value}, sort_keys=False, allow_unicode=True
    )
    with written(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def _columns(file: RatingsFile, told: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the user named, and the columns that were found by name."""
    unfolded = file.converted.unfolded if file.converted else None
    columns = []
    for role in _ROLES:
        title = told.get(role, "")
        if not title and unfolded and role in unfolded.columns:
            own = unfolded.header[unfolded.columns[role]]
            found = unfolded.roles.get(role) == f"column {own!r}" and not own.startswith("(")
            title = own if found else ""
        if title:
            columns.append(("score" if role == "value" else role, title))
    return columns


def _beside(file: Path | None, mapping: Path) -> str:
    """A file as the mapping names it: relative to the mapping's folder where it lies inside."""
    if file is None:
        return ""
    whole, folder = file.absolute(), mapping.absolute().parent
    return str(whole.relative_to(folder) if whole.is_relative_to(folder) else whole)
