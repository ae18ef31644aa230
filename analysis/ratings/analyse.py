"""What ``earmark analyse`` and ``earmark report STUDY`` do: read, analyse, write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...models.errors import UserError
from ...models.roles import Role
from .inference.analysis import Background, analyse
from .inference.declared import names_in, read_declared
from .inference.options import RatingsOptions
from .reading.files import RatingsFile, Reading, read_ratings
from .reading.study_export import Which
from .reading.study_folder import StudyRatings, is_study, read_study
from .report.audio import placed_audio
from .report.export import write_result
from .report.html import Extras, write_page
from .result.document import AboutStudy, RatingsResult

_DEFAULTS: Mapping[str, Any] = {
    "scope": "auto",
    "alpha": 0.05,
    "adjust": "holm",
    "margin": None,
    "reference": None,
    "anchors": (),
    "baseline": None,
}


@dataclass(frozen=True)
class Request:
    """A ratings file or a study's folder, where to write, columns, and the options by name.

    An option that is None was not given: it is then what was declared beforehand, else the usual.
    """

    ratings: Path
    out: Path
    columns: Mapping[str, str]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Analysed:
    """A result with the ratings that it is of, and a study's stimuli by passage and system.

    ``systems`` are those of the study in the order that decides how they look.
    """

    result: RatingsResult
    file: RatingsFile
    stimuli: Mapping[tuple[str, str], Path]
    systems: Mapping[str, Role] = field(default_factory=dict)


def analyse_file(request: Request, command: Sequence[str]) -> tuple[RatingsResult, Path]:
    """Read, analyse and write; the result and the path of its report.

    Raises:
        UserError: for input that cannot be read, options that do not fit, a full disk.
    """
    asked = request.options
    found = analysed(*read(request.ratings, request.columns, asked), asked)
    path = write_analysed(
        found,
        request.out,
        (request.ratings, command),
        audio=asked.get("audio"),
        beside=bool(asked.get("folder")),
    )
    return found.result, path


def analysed(study: StudyRatings | None, file: RatingsFile, asked: Mapping[str, Any]) -> Analysed:
    """The analysis of ratings that were read, and of the study that they are of.

    Raises:
        UserError: for options that do not fit.
    """
    declared = _declared(asked.get("declared"), study, file)
    options = _options(asked, declared, file)
    result = analyse(file, options, _background(study, asked))
    return Analysed(result, file, study.audio if study else {}, study.systems if study else {})


def write_analysed(
    found: Analysed,
    out: Path,
    origin: tuple[Path, Sequence[str]],
    *,
    audio: Path | None = None,
    beside: bool = False,
) -> Path:
    """Write the report and all files beside it; the path of the report.

    ``origin`` is where the ratings are from, and the command. ``audio`` is a folder of more of
    what was heard; with ``beside``, Plotly and the audio are copied into ``out``.

    Raises:
        UserError: for a full disk, or a folder without audio of these ratings.
    """
    placed = placed_audio(out, found.file.ratings, found.stimuli, audio, beside=beside)
    versions = write_result(found.result, out, *origin)
    extras = Extras(placed, versions, found.systems)
    return write_page(found.result, found.file, out, extras, beside=beside)


def read(
    ratings: Path, columns: Mapping[str, str], asked: Mapping[str, Any]
) -> tuple[StudyRatings | None, RatingsFile]:
    """The ratings of a file or of a study's folder, and the study.

    Raises:
        UserError: for input that cannot be read.
    """
    pilot, simulated = bool(asked.get("pilot")), bool(asked.get("simulated"))
    if pilot and simulated:
        raise UserError("--pilot and --simulated are two sorts of sessions; analyse one at a time")
    sessions = "pilot" if pilot else "SIMULATED" if simulated else "real"
    scale = asked.get("scale")
    how = Reading(
        format=asked.get("format_") or "auto",
        columns=columns,
        scale=(float(scale[0]), float(scale[1])) if scale else None,
        which=Which(sessions, unfinished=bool(asked.get("unfinished"))),
    )
    if is_study(ratings):
        if columns or how.format == "csv":
            raise UserError(f"{ratings}: is a study, whose columns need no names")
        study = read_study(ratings, how)
        return study, study.file
    if ratings.is_dir():
        raise UserError(
            f"{ratings}: is a folder without study.json; give a ratings file or the folder "
            "of a study, as results/studies/NAME"
        )
    file = read_ratings(ratings, how)
    if file.origin is None and (pilot or how.which.unfinished):
        given = "--pilot" if pilot else "--unfinished"
        raise UserError(f"{ratings}: {given} chooses sessions of a study, which this is not")
    return None, replace(file, simulated=True) if simulated else file


def _options(
    asked: Mapping[str, Any], declared: Mapping[str, Any], file: RatingsFile
) -> RatingsOptions:
    origin = file.origin
    usual = dict(_DEFAULTS)
    if origin is not None and origin.baseline is not None:
        usual["baseline"] = origin.baseline
    chosen = {
        name: declared.get(name, usual[name]) if asked.get(name) is None else asked[name]
        for name in usual
    }
    return RatingsOptions(
        question=asked.get("only") or declared.get("question"),
        **chosen | {"anchors": tuple(names_in(chosen["anchors"]))},
        seed=int(asked.get("seed") or 0),
        abx=bool(asked.get("abx")) or (origin is not None and origin.abx),
        declared=declared,
    )


def _declared(path: Path | None, study: StudyRatings | None, file: RatingsFile) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if file.origin is not None:
        if file.origin.reference is not None:
            found["reference"] = file.origin.reference
        found["anchors"] = list(file.origin.anchors)
    if study is not None:
        found |= study.declared()
    return found | (read_declared(path) if path else {})


def _background(study: StudyRatings | None, asked: Mapping[str, Any]) -> Background | None:
    if study is None:
        return None
    steps = (*study.study.file.before, *study.study.file.after)
    return Background(
        study=AboutStudy(**study.about()),
        people=study.people,
        asked=tuple(ask for step in steps for ask in step.questions),
        heard=study.heard,
        invited=asked.get("invited"),
        free_text=bool(asked.get("free_text")),
    )
