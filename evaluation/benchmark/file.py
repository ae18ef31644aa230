"""Reads a benchmark file: songs, excerpt, systems and metrics, every mistake with its line."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from ...models.configuration import Places, Strict, YamlPath, nearest, read_yaml, validate
from ...models.content_key import path_sha256
from ...models.errors import UserError
from ...models.plugins import load_entry_points, load_listed, load_plugin
from ...models.systems.contract import NoOptions, SystemSpec
from ..metrics import Metric, select
from ..songs.folders import SongList, read_folder, read_named_pairs
from ..songs.patterns import SongPatterns, read_patterns, song_patterns
from ..songs.song import Excerpt, Song, SongProblem
from ..songs.tree import audio_files
from ..songs.unused import Unused
from .metric_entries import try_metric
from .system_entries import Entries, read_systems

__all__ = ["FORMAT", "Benchmark", "load", "load_plugin"]

FORMAT = 1
REFERENCE = SystemSpec("reference", "reference", NoOptions())


@dataclass(frozen=True)
class Benchmark:
    """What a benchmark file asks for.

    ``systems`` ends with the reference masters where ``reference`` is true. ``problems`` are
    those that showed while songs were listed and belong to no one song; ``unused`` is the audio
    in the folder of songs that is a part of none. ``config`` is the file as read, defaults filled
    in and plug-ins with their sha256, ready for JSON.
    """

    name: str
    seed: int
    sample_rate: int
    songs: tuple[Song, ...]
    excerpt: Excerpt | None
    systems: tuple[SystemSpec, ...]
    reference: bool
    metrics: tuple[Metric, ...]
    plugins: tuple[Path, ...]
    path: Path
    config: Mapping[str, Any]
    layout: str = "list"
    problems: tuple[SongProblem, ...] = ()
    unused: tuple[Unused, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether any song is made by a program: tagged ``origin: synthetic``."""
        return any(song.tags.get("origin") == "synthetic" for song in self.songs)


class SongsIn(Strict):
    """``songs``: a folder in one of the layouts, or with patterns of the file names in it.

    ``controls`` are those in the file names. ``pattern`` is another word for ``mix``.
    """

    folder: YamlPath
    mix: str | None = None
    pattern: str | None = None
    reference: str | None = None
    stems: str | None = None
    controls: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> "SongsIn":
        if self.mix is not None and self.pattern is not None:
            raise ValueError("mix and pattern are two words for one thing; keep one")
        if self.controls is not None and self.by_patterns:
            raise ValueError("controls stand in names of a fixed form; leave the patterns out")
        if self.by_patterns:
            self.patterns()
        return self

    @property
    def by_patterns(self) -> bool:
        """Whether patterns say which files are songs."""
        return any(one is not None for one in (self.mix, self.pattern, self.reference, self.stems))

    def patterns(self) -> SongPatterns:
        """The patterns of the mix, the reference and the stems."""
        return song_patterns(self.mix or self.pattern, self.reference, self.stems)


class SongEntry(Strict):
    """One entry of ``songs`` as a list; ``stems`` is a folder or a list of files."""

    id: Annotated[str, WithJsonSchema({"type": ["string", "integer"]})] = ""
    mix: YamlPath | None = None
    reference: YamlPath | None = None
    stems: Any = None
    tags: dict[str, str | int | float | bool] = Field(default_factory=dict)
    controls: dict[str, float] = Field(default_factory=dict)

    @field_validator("id", mode="before")
    @classmethod
    def _labels(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and (
            value.startswith(".") or re.search(r"[/\\\x00-\x1f]", value)
        ):
            raise ValueError("an id names files: no path separators, no dot in front")
        return value

    @field_validator("stems")
    @classmethod
    def _files(cls, value: Any) -> Any:
        if isinstance(value, list):
            if not value or not all(isinstance(item, str) for item in value):
                raise ValueError("give a folder, or a list of files")
        elif value is not None and not isinstance(value, str):
            raise ValueError("give a folder, or a list of files")
        return value


class ExcerptEntry(Strict):
    """``excerpt``: a start and a length, or the loudest seconds."""

    start: Annotated[float, Field(ge=0)] = 0.0
    seconds: Annotated[float, Field(gt=0)] | None = None
    select: Literal["start", "loudest"] = "start"

    @model_validator(mode="after")
    def _complete(self) -> "ExcerptEntry":
        if self.select == "loudest" and self.seconds is None:
            raise ValueError("select: loudest needs seconds, the length of the excerpt")
        if self.select == "loudest" and "start" in self.model_fields_set:
            raise ValueError("select: loudest finds the start itself; leave start out")
        return self


class BenchmarkFile(Strict):
    """The keys of a benchmark file."""

    earmark: Any
    name: str
    seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] = 0
    sample_rate: Annotated[StrictInt, Field(ge=8000, le=192000)] = 44100
    songs: Any
    excerpt: ExcerptEntry | None = None
    systems: Annotated[list[Any], Field(min_length=1)]
    reference: StrictBool = False
    baseline: Annotated[list[str], Field(min_length=1)] | None = None
    metrics: Any = "default"
    plugins: list[YamlPath] = Field(default_factory=list)
    validity: Annotated[list[YamlPath], Field(min_length=1)] | None = None

    @field_validator("validity", mode="before")
    @classmethod
    def _one_file_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("earmark")
    @classmethod
    def _format(cls, value: Any) -> Any:
        if value != FORMAT or isinstance(value, bool):
            raise ValueError(f"this Earmark reads benchmark files of format {FORMAT}")
        return value

    @field_validator("baseline", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("name")
    @classmethod
    def _safe(cls, value: str) -> str:
        if not re.fullmatch(r"\w[\w .-]{0,79}", value) or value != value.strip():
            raise ValueError(
                "a name is 1 to 80 letters, digits, spaces, '-', '_' or '.', and begins with a "
                "letter or digit (no path separators)"
            )
        return value

    @field_validator("songs")
    @classmethod
    def _some(cls, value: Any, info: ValidationInfo) -> Any:
        if not value or not isinstance(value, dict | list):
            raise ValueError("give {folder: songs/}, with or without patterns, or a list of songs")
        return value


def load(path: Path) -> Benchmark:
    """Read a benchmark file and everything it names but the audio.

    A broken audio file is no error here: :func:`~earmark.evaluation.songs.checks.check_songs`
    finds it, and the other songs go on.

    Raises:
        UserError: one line ``file:line: ...`` for each mistake.
    """
    data, lines = read_yaml(path)
    return benchmark_of(data, lines)


def benchmark_of(data: Any, lines: Places) -> Benchmark:
    """The benchmark that ``data``, the keys of a benchmark file, asks for.

    Raises:
        UserError: as :func:`load`.
    """
    file = validate(data, BenchmarkFile, lines)
    load_entry_points()
    plugins = tuple(path.absolute() for path in file.plugins)
    load_listed(plugins, lines)
    systems, mistakes = read_systems(Entries(lines, file.systems, file.seed))
    if file.reference:
        taken = [index for index, one in enumerate(systems) if one.name == REFERENCE.name]
        if taken:
            mistakes.append(
                f"{lines.where('reference')}: 'reference: true' adds a system of that name; "
                "rename the one under systems"
            )
        systems = (*systems, REFERENCE)
    mistakes += _unknown_baselines(file.baseline or (), systems, lines)
    songs: SongList | None = None
    try:
        songs = _read_songs(file.songs, lines)
    except UserError as error:
        mistakes.append(str(error))
    try:
        metrics = _read_metrics(file.metrics, lines)
    except UserError as error:
        mistakes.append(str(error))
    validity, unread = _read_validity(file.validity or (), lines)
    mistakes += unread
    if mistakes or songs is None:
        raise UserError("\n".join(mistakes))
    return Benchmark(
        name=file.name,
        seed=file.seed,
        sample_rate=file.sample_rate,
        songs=songs.songs,
        excerpt=_excerpt(file.excerpt),
        systems=systems,
        reference=file.reference,
        metrics=metrics,
        plugins=plugins,
        path=lines.path,
        config=_config(file, data, plugins, validity),
        layout=songs.layout,
        problems=songs.problems,
        unused=songs.unused,
    )


def _unknown_baselines(
    names: Sequence[str], systems: Sequence[SystemSpec], lines: Places
) -> list[str]:
    known = [one.name for one in systems]
    return [
        f"{lines.where('baseline', at)}: baseline {name!r} is no system of this file"
        f"{nearest(name, known)}"
        for at, name in enumerate(names)
        if name not in known
    ]


def _read_validity(paths: Sequence[Path], lines: Places) -> tuple[list[dict[str, Any]], list[str]]:
    """What listeners say of metrics, as the files hold it, and mistakes.

    The report shows it. No render and no score hangs on it.
    """
    found, mistakes = [], []
    for at, path in enumerate(paths):
        where = lines.where("validity", at)
        try:
            content = json.loads(path.read_bytes())
        except OSError as error:
            mistakes.append(f"{where}: validity {path}: {error.strerror or type(error).__name__}")
            continue
        except ValueError:
            content = None
        if not isinstance(content, dict) or content.get("kind") != "validity":
            mistakes.append(
                f"{where}: validity {path} is not a validity.json of 'earmark validate'"
            )
            continue
        found.append({"path": str(path), "sha256": path_sha256(path), "content": content})
    return found, mistakes


def _config(
    file: BenchmarkFile,
    data: Mapping[str, Any],
    plugins: Sequence[Path],
    validity: Sequence[Mapping[str, Any]],
) -> Any:
    config = file.model_dump(mode="json", exclude={"validity"})
    if validity:
        config["validity"] = list(validity)
    config["plugins"] = [
        {"path": str(said), "sha256": path_sha256(found)}
        for said, found in zip(data.get("plugins") or [], plugins, strict=True)
    ]
    return config


def _read_metrics(entries: Any, lines: Places) -> tuple[Metric, ...]:
    if entries == "default":
        return select(entries)
    if not isinstance(entries, list) or not entries:
        raise UserError(
            f"{lines.where('metrics')}: metrics: write 'default' or a list of names, "
            f"not {entries!r}"
        )
    mistakes = []
    for index, entry in enumerate(entries):
        try:
            if not isinstance(entry, str | dict):
                raise UserError(f"a metric is a name or {{name: ...}}, not {entry!r}")
            for metric in select([entry]):
                try_metric(metric)
        except UserError as error:
            mistakes.append(f"{lines.where('metrics', index)}: {error}")
    if mistakes:
        raise UserError("\n".join(mistakes))
    try:
        return select(entries)
    except UserError as error:
        raise UserError(f"{lines.where('metrics')}: {error}") from None


def _excerpt(entry: ExcerptEntry | None) -> Excerpt | None:
    return None if entry is None else Excerpt(entry.start, entry.seconds, entry.select)


def _read_songs(data: Any, lines: Places) -> SongList:
    if isinstance(data, dict):
        said = validate(data, SongsIn, lines, ("songs",))
        folder = said.folder.absolute()
        try:
            if said.controls is not None:
                return read_named_pairs(folder, said.controls)
            if said.by_patterns:
                return read_patterns(folder, said.patterns())
            return read_folder(folder)
        except UserError as error:
            raise UserError(f"{lines.where('songs', 'folder')}: {error}") from None
    songs: list[Song] = []
    mistakes: list[str] = []
    first_line: dict[str, int] = {}
    for index, entry in enumerate(data):
        try:
            song = _song(validate(entry, SongEntry, lines, ("songs", index)), index, lines)
        except UserError as error:
            mistakes.append(str(error))
            continue
        if song.id in first_line:
            mistakes.append(
                f"{lines.where('songs', index)}: the song id {song.id!r} stands already in line "
                f"{first_line[song.id]}; give each song an id of its own"
            )
        first_line.setdefault(song.id, lines.at("songs", index))
        songs.append(song)
    if mistakes:
        raise UserError("\n".join(mistakes))
    return SongList(tuple(songs), "list")


def _song(entry: SongEntry, index: int, lines: Places) -> Song:
    where = lines.where("songs", index)
    if entry.mix is None and entry.stems is None:
        raise UserError(f"{where}: a song needs a mix, or stems")
    label = entry.id
    if not label and entry.mix is not None:
        named = entry.mix.stem.casefold() == "mix" and entry.mix.parent.name
        label = entry.mix.parent.name if named else entry.mix.stem
    if not label:
        raise UserError(f"{where}: a song without a mix needs an id")
    label = unicodedata.normalize("NFC", label)
    folder = lines.path.parent.absolute()
    stems: tuple[Path, ...] = ()
    faults: tuple[SongProblem, ...] = ()
    if isinstance(entry.stems, list):
        stems = tuple(folder / Path(item).expanduser() for item in entry.stems)
    elif entry.stems is not None:
        within = folder / Path(entry.stems).expanduser()
        stems = audio_files(within)
        if not stems:
            message = "holds no audio files" if within.is_dir() else "no such folder of stems"
            severity: Literal["error", "warning"] = "warning" if entry.mix else "error"
            faults = (SongProblem(label, within, message, severity),)
    tags = {key: str(value) for key, value in entry.tags.items()}
    mix, reference = (
        None if path is None else path.absolute() for path in (entry.mix, entry.reference)
    )
    return Song(label, mix, reference, stems, tags, faults, entry.controls)


class _WithSongs(BenchmarkFile):
    """The keys of a benchmark file."""

    songs: SongsIn | list[SongEntry]


def json_schema() -> dict[str, Any]:
    """The JSON schema of a benchmark file; what its kinds and metrics accept is not in it."""
    return {**_WithSongs.model_json_schema(by_alias=True), "title": BenchmarkFile.__name__}
