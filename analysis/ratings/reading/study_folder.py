"""Reads a study's own folder for its analysis: ratings, what was declared, who took part, audio.

The ratings are read through the bytes that ``earmark study export --ratings`` would write, so that
both ways lead to one result. Nothing in the folder is changed, and it may be served meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ....listening_test.export.participants import Person, people
from ....listening_test.export.ratings import SessionFilter, as_csv, tidy, written_csv
from ....listening_test.kinds import part_of
from ....listening_test.storage.connections import recorded_url
from ....listening_test.storage.tables import frozen_at, opened
from ....listening_test.study.study import Study, StudyFolder, in_language, load_study
from ....models.errors import UserError
from ....models.roles import Role
from ..result.names import Adjust
from .files import RatingsFile, Reading, ratings_in
from .heard import HeardScore, read_heard
from .study_export import Which, several, unknown_block

_MARKS = {"real": "", "pilot": "pilot", "SIMULATED": "simulated"}
# The study file's words for what the analysis calls otherwise.
_ADJUST = {"hochberg": Adjust.HOCHBERG.value}


@dataclass(frozen=True)
class StudyRatings:
    """A study as its analysis needs it.

    ``study`` is the ``whole`` study, or the block of it whose ratings these are. ``audio`` is where
    the files belong, by passage and system; ``heard`` the scores of the stimuli as they are heard.
    """

    file: RatingsFile
    study: Study
    whole: Study
    frozen_at: str | None
    people: tuple[Person, ...]
    audio: Mapping[tuple[str, str], Path]
    heard: tuple[HeardScore, ...]

    @property
    def systems(self) -> dict[str, Role]:
        """The systems in the order of the study's benchmark, then what the study adds."""
        return {**self.study.benchmark_systems, **self.study.systems}

    @property
    def genres(self) -> dict[str, str]:
        """The genre of each passage whose song says it."""
        return {one.id: one.genre for one in self.study.passages if one.genre}

    def about(self) -> dict[str, Any]:
        """What a result says of its study."""
        declared = self.study.file.analysis
        languages = self.study.file.languages
        return {
            "id": self.study.id,
            "title": in_language(self.study.file.title, languages[0], languages),
            "kind": self.study.test.kind,
            "sha256": self.whole.sha256,
            "frozen_at": self.frozen_at,
            "simulated_music": self.study.simulated,
            "declared": None if declared is None else declared.model_dump(mode="json"),
            **({"block": self.study.block} if self.study.block else {}),
        }

    def declared(self) -> dict[str, Any]:
        """The analysis that was declared beforehand, in the analysis's own words."""
        said = self.study.file.analysis
        if said is None:
            return {}
        found = {
            "scope": said.scope,
            "alpha": said.alpha,
            "adjust": _ADJUST.get(said.adjust, said.adjust),
            "margin": said.margin,
            "primary": said.primary or None,
            "exclude": said.exclude or None,
        }
        return {name: value for name, value in found.items() if value is not None}


def is_study(path: Path) -> bool:
    """Whether ``path`` is a study's folder."""
    return (path / "study.json").is_file()


def read_study(path: Path, how: Reading) -> StudyRatings:
    """The study in the folder ``path``; ``how.which`` chooses the sessions.

    Raises:
        UserError: if the folder cannot be read, or holds no such session.
    """
    folder = StudyFolder(path.absolute())
    study = load_study(folder)
    part = _part(study, how.which.block, path)
    which = replace(how.which, block=part.block)
    if not (folder.ratings.is_file() or recorded_url(folder)):
        raise UserError(f"{path}: has no ratings yet; 'earmark study serve {study.id}' collects")
    before = _stamp(folder)
    found = _read(folder, study, which)
    if _stamp(folder) != before:
        # A server began in between; with its log there, SQLite reads one whole state.
        found = _read(folder, study, which)
    data, everyone, frozen = found
    if data is None:
        raise UserError(f"{path}: {_nothing(everyone, which)}")
    file = ratings_in(data, study.id, str(path), Reading("earmark", scale=how.scale, which=which))
    heard = read_heard(folder.heard, part.block)
    audio = _audio(part, folder)
    return StudyRatings(file, part, study, frozen, tuple(everyone), audio, heard)


def _part(study: Study, block: str, path: Path) -> Study:
    """The study, or the block of its sequence that is asked for."""
    if not study.file.sequence:
        if block:
            raise UserError(f"{path}: is no sequence of blocks; leave --block {block!r} out")
        return study
    blocks = {one.pages or "": one for one in study.file.blocks if not one.training}
    kinds = {name: one.test.kind for name, one in blocks.items() if one.test is not None}
    if not block and len(kinds) > 1:
        raise UserError(f"{path}: {several(kinds)}")
    chosen = block or next(iter(kinds))
    if chosen not in kinds:
        raise UserError(f"{path}: {unknown_block(chosen, list(kinds))}")
    return part_of(study, chosen)


def _read(
    folder: StudyFolder, study: Study, which: Which
) -> tuple[bytes | None, list[Person], str | None]:
    states = ("complete", *(("open", "paused") if which.unfinished else ()))
    with opened(folder, read_only=True) as database:
        rows = tidy(study, database, SessionFilter((_MARKS[which.sessions],), states))
        everyone = people(study, database)
        frozen = frozen_at(database, study.sha256)
    blocks = bool(study.file.sequence)
    return (written_csv(as_csv(rows, blocks=blocks)) if rows else None), everyone, frozen


def _stamp(folder: StudyFolder) -> tuple[int, int]:
    if not folder.ratings.is_file():  # a database of a server, which reads one whole state
        return 0, 0
    found = folder.ratings.stat()
    return found.st_mtime_ns, found.st_size


def _nothing(everyone: list[Person], which: Which) -> str:
    counted: dict[str, int] = {}
    for one in everyone:
        words = f"{one.counts_as}, {one.state}"
        counted[words] = counted.get(words, 0) + 1
    there = "; ".join(f"{count} {words}" for words, count in sorted(counted.items()))
    return (
        f"holds no complete {which.sessions} session ({there or 'there are none at all'}); --pilot "
        "and --simulated analyse sessions of those sorts, --unfinished also those not complete"
    )


def _audio(study: Study, folder: StudyFolder) -> dict[tuple[str, str], Path]:
    found = {}
    for one in study.stimuli:
        # An open reference is heard like the hidden one; the copies differ in dither alone.
        if one.copy == "main" or (one.copy == "open" and (one.passage, one.system) not in found):
            found[one.passage, one.system] = folder.stimulus(one.token, study.container)
    return found
