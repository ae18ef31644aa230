"""A study as it was made: what is asked, of which stimuli, with which seed; never changed after.

``study.json`` in the study's folder holds it. Its sha256 is the identity that every session
refers to.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ValidationError

from ...evaluation.results.store import written
from ...models.content_key import content_key
from ...models.errors import UserError
from ...models.roles import Role
from .design import Test
from .file import StudyFile, Words, check_name
from .plugin_files import PluginFile, load_copies

FORMAT = 1
REFERENCE = "reference"
# What the page of every study is told: a switch is a fade out and in, a loop cannot be shorter.
FADE_MS = 5
MINIMUM_LOOP_MS = 500
# Of noise before and after each stimulus as it is sent: more than 4 kB at every rate.
LEAD_SECONDS = 0.3
Container = Literal["wav", "flac"]


@dataclass(frozen=True)
class Stimulus:
    """One audio file that a listener may get, and what is known of it.

    ``token`` names the file; ``copy`` says what it is used for (:mod:`.copies`).
    """

    token: str
    passage: str
    system: str
    copy: str
    sha256: str
    bytes: int
    gain_db: float
    lufs: float | None
    dbtp: float | None


@dataclass(frozen=True)
class Passage:
    """One excerpt: where it lies, how long it is, and what its versions were made of.

    ``genre`` is the tag of its song; '' where it has none.
    """

    id: str
    start: int
    samples: int
    sources: Mapping[str, str]  # system -> sha256 of the file that it was cut from
    genre: str = ""


@dataclass(frozen=True)
class Sound:
    """A file of the set-up pages; ``answer`` is what a listener should say, never sent to one."""

    token: str
    use: str
    answer: str
    sha256: str
    bytes: int
    samples: int


@dataclass(frozen=True)
class Study:
    """Everything that decides what a listener meets.

    ``benchmark_systems`` are all systems of the study's benchmark in its order, where the study's
    own do not begin alike: a report then shows each as the benchmark's report does. Stimuli of
    older studies are FLAC files, whose sizes tell versions apart. ``block`` names the block of a
    sequence whose pages alone these are (:mod:`..kinds.parts`); '' is a study as it was made.
    """

    id: str
    file: StudyFile
    seed: int
    sample_rate: int
    systems: Mapping[str, Role]  # in the order of the file
    passages: tuple[Passage, ...]
    stimuli: tuple[Stimulus, ...]
    sounds: tuple[Sound, ...] = ()
    simulated: bool = False
    notes: tuple[str, ...] = ()
    benchmark_systems: Mapping[str, Role] = field(default_factory=dict)
    plugins: tuple[PluginFile, ...] = ()
    container: Container = "wav"
    block: str = ""

    @property
    def test(self) -> Test:
        """The test of a study of one kind, or of one block of a sequence.

        Raises:
            ValueError: if the study is a sequence, whose blocks each have a test.
        """
        if self.file.test is None:
            raise ValueError("a sequence has a test for each of its blocks")
        return self.file.test

    @cached_property
    def sha256(self) -> str:
        """The identity of this version of the study."""
        return content_key(self.as_json())

    @cached_property
    def memory(self) -> dict[object, object]:
        """What others work out of the study once, under keys of their own."""
        return {}

    @property
    def names_reference(self) -> bool:
        """Whether the reference was named among the systems to be rated."""
        source = self.file.source
        if source is not None:
            return source.systems == "all" or REFERENCE in source.systems
        return any(REFERENCE in passage.stimuli for passage in self.file.passages)

    @property
    def has_reference(self) -> bool:
        """Whether there is a reference recording of the passages."""
        return REFERENCE in self.systems

    @cached_property
    def _by_use(self) -> Mapping[tuple[str, str, str], Stimulus]:
        return {(one.passage, one.system, one.copy): one for one in self.stimuli}

    @cached_property
    def by_token(self) -> Mapping[str, Stimulus | Sound]:
        """What a token stands for."""
        return {one.token: one for one in self.files}

    @cached_property
    def files(self) -> tuple[Stimulus | Sound, ...]:
        """Every audio file of the study."""
        return (*self.stimuli, *self.sounds)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The place of each token among :attr:`files`."""
        return {one.token: number for number, one in enumerate(self.files)}

    @property
    def lead(self) -> int:
        """Frames of noise before and after a stimulus as it is sent; a page leaves them out."""
        return round(LEAD_SECONDS * self.sample_rate) if self.container == "wav" else 0

    def stimulus(self, passage: str, system: str, copy: str) -> Stimulus:
        """The file for this use; the nearest there is where no other was made."""
        for name in (copy, copy.partition(":")[0]):
            found = self._by_use.get((passage, system, name))
            if found is not None:
                return found
        return self._by_use[passage, system, "main"]

    def passage(self, name: str) -> Passage:
        """The passage of this id."""
        return next(one for one in self.passages if one.id == name)

    def as_json(self) -> dict[str, Any]:
        """Plain data, enough to make the study again from its stimuli.

        What an older study would not have had alike (plug-ins, the benchmark's order, times,
        genres, the container) is named only where it is given: a study's identity is that of this
        data.
        """
        order = {"benchmark_systems": dict(self.benchmark_systems)}
        config = self.file.model_dump(mode="json", by_alias=True)
        if not self.plugins:
            del config["plugins"]
        if self.file.sequence:
            # What a block does not say is left out: keys of later versions change no identity.
            config["sequence"] = [
                one.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                for one in self.file.sequence
            ]
            del config["test"]
        else:
            del config["sequence"]
        if config["design"]["abandoned_after_minutes"] is None:
            del config["design"]["abandoned_after_minutes"]
        if config["retention"] is None:
            del config["retention"]
        if config["analysis"] and config["analysis"]["exclude"] is None:
            del config["analysis"]["exclude"]
        for entry in config["passages"]:
            if entry["genre"] is None:
                del entry["genre"]
        plain = {
            "format": FORMAT,
            "study": self.id,
            "config": config,
            "seed": self.seed,
            "sample_rate": self.sample_rate,
            "systems": dict(self.systems),
            "passages": [_passage(one) for one in self.passages],
            "stimuli": [asdict(one) for one in self.stimuli],
            "sounds": [asdict(one) for one in self.sounds],
            "simulated": self.simulated,
            "notes": list(self.notes),
            **(order if self.benchmark_systems else {}),
            **({"container": self.container} if self.container != "flac" else {}),
        }
        return plain | ({"plugins": [asdict(one) for one in self.plugins]} if self.plugins else {})


_LINKS = ("study", "preview", "pilot", "simulated", "admin")


@dataclass(frozen=True)
class Keys:
    """The study's secrets: links of each sort, the experimenter's link, the cookie's key."""

    study: str
    preview: str
    pilot: str
    simulated: str
    admin: str
    cookie: str

    def session_type(self, token: str) -> str | None:
        """The type of a session begun here: '', preview, pilot, simulated; None: no such link."""
        for name in ("study", "preview", "pilot", "simulated"):
            if secrets.compare_digest(getattr(self, name).encode(), token.encode()):
                return "" if name == "study" else name
        return None


@dataclass(frozen=True)
class StudyFolder:
    """``results/studies/<id>``: where a study and its ratings lie."""

    path: Path

    @property
    def study(self) -> Path:
        return self.path / "study.json"

    @property
    def keys(self) -> Path:
        return self.path / "keys.json"

    @property
    def stimuli(self) -> Path:
        return self.path / "stimuli"

    @property
    def heard(self) -> Path:
        return self.path / "heard.json"

    @property
    def plugins(self) -> Path:
        """Copies of the study's plug-ins and their scripts."""
        return self.path / "plugins"

    @property
    def ratings(self) -> Path:
        return self.path / "ratings.sqlite"

    @property
    def database(self) -> Path:
        """Says where ratings lie; there once there is a database."""
        return self.path / "database.json"

    def audio_files(self) -> list[Path]:
        """Every audio file that is there, of this study or an older one of its name."""
        return [path for path in self.stimuli.glob("*") if path.suffix in (".wav", ".flac")]

    def stimulus(self, token: str, container: Container = "wav") -> Path:
        """The audio file of a token that the study knows."""
        return self.stimuli / f"{token}.{container}"


def folder_of(results: Path, name: str) -> StudyFolder:
    """The folder of the study ``name``.

    Raises:
        UserError: if that cannot be the name of a study.
    """
    try:
        check_name(name)
    except ValueError as error:
        mend = "; give the folder before 'studies' by --results" if Path(name).name != name else ""
        raise UserError(f"study {name!r}: {error}{mend}") from None
    return StudyFolder((results / "studies" / name).absolute())


def load_study(folder: StudyFolder) -> Study:
    """The study of a folder, its plug-ins loaded.

    Raises:
        UserError: if there is none, it was made by another version or changed by hand, or a
            plug-in cannot be loaded.
    """
    study = stored_study(folder)
    load_copies(study.plugins, folder.plugins)
    return study


def stored_study(folder: StudyFolder) -> Study:
    """The study of a folder as it is written there; its kind of test may still be unknown.

    Raises:
        UserError: if there is none, or it was made by another version or changed by hand.
    """
    if not folder.study.is_file():
        there = sorted(path.parent.name for path in folder.path.parent.glob("*/study.json"))
        known = f"there are {', '.join(there)}" if there else "there are none here"
        raise UserError(
            f"{folder.path}: no such study ({known}); make it with 'earmark study new STUDY.yaml'"
        )
    try:
        data = json.loads(folder.study.read_text(encoding="utf-8"))
        stated = data.pop("sha256")
        study = study_from_json(data)
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise UserError(
            f"{folder.study}: cannot be read ({type(error).__name__}: {_first_line(error)}); "
            "restore it from a backup, or make the study again under another name"
        ) from None
    if study.sha256 != stated:
        raise UserError(
            f"{folder.study}: was changed after the study was made; restore it from a backup"
        )
    return study


def study_from_json(data: Mapping[str, Any]) -> Study:
    """The study that :meth:`Study.as_json` wrote.

    Raises:
        ValueError: if the format is another.
    """
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']}, this Earmark reads {FORMAT}")
    return Study(
        id=data["study"],
        file=StudyFile.model_validate(data["config"]),
        seed=data["seed"],
        sample_rate=data["sample_rate"],
        systems=data["systems"],
        passages=tuple(Passage(**one) for one in data["passages"]),
        stimuli=tuple(Stimulus(**one) for one in data["stimuli"]),
        sounds=tuple(Sound(**one) for one in data["sounds"]),
        simulated=data["simulated"],
        notes=tuple(data["notes"]),
        benchmark_systems=data.get("benchmark_systems", {}),
        plugins=tuple(PluginFile(**one) for one in data.get("plugins", ())),
        container=_container(data.get("container", "flac")),
    )


def _passage(one: Passage) -> dict[str, Any]:
    plain = asdict(one)
    if not one.genre:
        del plain["genre"]
    return plain


def _container(said: Any) -> Container:
    if said in ("wav", "flac"):
        return cast(Container, said)
    raise ValueError(f"container {said!r}, this Earmark reads wav and flac")


def save_study(folder: StudyFolder, study: Study) -> None:
    """Write ``study.json``, whole or not at all; it keeps the study's own sha256 with it."""
    text = json.dumps(study.as_json() | {"sha256": study.sha256}, indent=1, ensure_ascii=False)
    with written(folder.study) as scratch:
        scratch.write_text(text + "\n", encoding="utf-8")


def load_keys(folder: StudyFolder) -> Keys:
    """The secrets of a study; made where there are none yet, readable by the owner alone."""
    if not folder.keys.is_file():
        links = {name: secrets.token_urlsafe(16) for name in _LINKS}
        keys = Keys(**links, cookie=secrets.token_hex(32))
        with written(folder.keys) as scratch:
            scratch.touch(mode=0o600)
            scratch.write_text(json.dumps(asdict(keys), indent=1) + "\n", encoding="utf-8")
    try:
        return Keys(**json.loads(folder.keys.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"{folder.keys}: cannot be read ({_first_line(error)}); restore it from a backup, or "
            "delete it (all links change)"
        ) from None


def in_language(words: Words, language: str, languages: Sequence[str] = ()) -> str:
    """A text in ``language``, else in the first of ``languages`` that it has."""
    if isinstance(words, str):
        return words
    for one in (language, *languages, "en", *words):
        if one in words:
            return words[one]
    return ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
