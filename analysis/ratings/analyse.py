"""What ``earmark analyse`` and ``earmark report STUDY`` do: read, analyse, write."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...listening_test.study.exclusion import STANDARD
from ...models.errors import UserError
from ...models.roles import Role
from ..figure_files.draw import write_figures
from .beside_master.compare import KnownOfPassages, with_master
from .beside_master.genres import Genres, read_genres
from .inference.analysis import Background, analyse
from .inference.declared import names_in, read_declared
from .inference.options import RatingsOptions
from .reading.account import Account
from .reading.files import RatingsFile, Reading, read_files
from .reading.layouts.contract import Hints
from .reading.mapping import save_mapping, with_mapping
from .reading.study_export import Which
from .reading.study_folder import StudyRatings, is_study, read_study
from .report.audio import placed_audio
from .report.export import write_result
from .report.html import Extras, figure_files, write_page
from .result.document import AboutStudy, RatingsResult
from .result.names import Adjust


@dataclass(frozen=True)
class Asked:
    """The options of an analysis as a user gives them, by their names on the command line.

    Down to ``margin``, what is None was not given: it is then what was declared beforehand, else
    the usual. ``genres`` is a file of the passages' genres. ``only`` names one question, ``block``
    a block of a study's sequence. ``pilot``, ``simulated`` and ``unfinished`` choose the sessions
    of a study. ``audio`` is a folder of more of what was heard; ``folder`` puts it and Plotly
    beside the report; ``brief`` writes only its first screen. ``figures`` are the formats in which
    figures become files of their own.
    """

    reference: str | None = None
    anchors: str | Sequence[str] | None = None
    mid_anchor: str | None = None
    exclude: Sequence[str] | None = None
    baseline: str | None = None
    reference_master: str | None = None
    genres: Path | None = None
    scope: str | None = None
    adjust: str | None = None
    alpha: float | None = None
    margin: float | None = None
    only: str | None = None
    seed: int = 0
    abx: bool = False
    scale: tuple[float, float] | None = None
    format_: str = "auto"
    declared: Path | None = None
    pilot: bool = False
    simulated: bool = False
    unfinished: bool = False
    invited: int | None = None
    free_text: bool = False
    audio: Path | None = None
    folder: bool = False
    brief: bool = False
    figures: tuple[str, ...] = ()
    told: Hints = field(default_factory=Hints)
    mapping: Path | None = None
    save_mapping: Path | None = None
    people: tuple[Path, ...] = ()
    block: str | None = None


@dataclass(frozen=True)
class Request:
    """A ratings file or a study's folder, where to write, columns by role, and the options.

    ``more`` are further files of ratings of the same study.
    """

    ratings: Path
    out: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)
    more: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Analysed:
    """A result with the ratings that it is of, and a study's stimuli by passage and system.

    ``systems`` are those of the study in the order that decides how they look.
    """

    result: RatingsResult
    file: RatingsFile
    stimuli: Mapping[tuple[str, str], Path]
    systems: Mapping[str, Role] = field(default_factory=dict)


def analyse_file(
    request: Request,
    command: Sequence[str],
    tell: Callable[[Account], None] = lambda _: None,
) -> tuple[RatingsResult, Path]:
    """Read, analyse and write; the result and the path of its report.

    ``tell`` is told how the file was read, before it is analysed.

    Raises:
        UserError: for input that cannot be read, options that do not fit, a full disk.
    """
    asked = request.asked
    study, file = read(request.ratings, request.columns, asked, request.more)
    if study is None and file.origin is None and file.account is not None:
        tell(file.account)
    found = analysed(study, file, asked)
    path = write_analysed(
        found,
        request.out,
        (request.ratings, command),
        audio=asked.audio,
        beside=asked.folder,
        brief=asked.brief,
    )
    if asked.figures:
        made = figure_files(found.result, found.file, found.systems)
        write_figures(made, asked.figures, request.out / "figures", found.result.label)
    return found.result, path


def analysed(study: StudyRatings | None, file: RatingsFile, asked: Asked) -> Analysed:
    """The analysis of ratings that were read, and of the study that they are of.

    Raises:
        UserError: for options that do not fit.
    """
    options = options_of(asked, study, file)
    result = analyse(file, options, _background(study, asked))
    known = KnownOfPassages(study.heard if study else (), _genres(asked.genres, study, file))
    result = with_master(result, file, options, known)
    if asked.declared is not None:
        digest = hashlib.sha256(asked.declared.read_bytes()).hexdigest()
        given = result.options.model_copy(update={"declared_sha256": digest})
        result = result.model_copy(update={"options": given})
    return Analysed(result, file, study.audio if study else {}, study.systems if study else {})


def write_analysed(
    found: Analysed,
    out: Path,
    origin: tuple[Path, Sequence[str]],
    *,
    audio: Path | None = None,
    beside: bool = False,
    brief: bool = False,
) -> Path:
    """Write the report and all files beside it; the path of the report.

    ``origin`` is where the ratings are from, and the command. ``audio`` is a folder of more of
    what was heard; with ``beside``, Plotly and the audio are copied into ``out``. A ``brief`` page
    holds the answers alone.

    Raises:
        UserError: for a full disk, or a folder without audio of these ratings.
    """
    placed = placed_audio(out, found.file.ratings, found.stimuli, audio, beside=beside)
    versions = write_result(found.result, out, *origin)
    extras = Extras(placed, versions, found.systems, brief)
    return write_page(found.result, found.file, out, extras, beside=beside)


def read(
    ratings: Path, columns: Mapping[str, str], asked: Asked, more: Sequence[Path] = ()
) -> tuple[StudyRatings | None, RatingsFile]:
    """The ratings of a file or of a study's folder, and the study.

    Raises:
        UserError: for input that cannot be read.
    """
    pilot, simulated = asked.pilot, asked.simulated
    if pilot and simulated:
        raise UserError("--pilot and --simulated are two sorts of sessions; analyse one at a time")
    sessions = "pilot" if pilot else "SIMULATED" if simulated else "real"
    how = Reading(
        format=asked.format_,
        columns=columns,
        scale=(float(asked.scale[0]), float(asked.scale[1])) if asked.scale else None,
        which=Which(sessions, unfinished=asked.unfinished, block=asked.block or ""),
        told=asked.told,
        people=asked.people,
    )
    if studies := [one for one in (ratings, *more) if more and is_study(one)]:
        raise UserError(f"{studies[0]}: is a study; analyse it alone")
    if asked.people and is_study(ratings):
        raise UserError("--people joins files to other ratings; a study knows its listeners")
    if is_study(ratings):
        if columns or how.format == "csv":
            raise UserError(f"{ratings}: is a study, whose columns need no names")
        study = read_study(ratings, how)
        return study, study.file
    how = with_mapping(asked.mapping, how)
    file = read_files([ratings, *more], how)
    if asked.save_mapping is not None:
        save_mapping(asked.save_mapping, file, how)
    if asked.block and file.origin is None:
        raise UserError(f"{ratings}: --block chooses a block of a study, which this is not")
    if (pilot and file.origin is None) or (how.which.unfinished and not file.has_states):
        given = "--pilot" if pilot else "--unfinished"
        raise UserError(f"{ratings}: {given} chooses sessions of a study, which this is not")
    return None, replace(file, simulated=True) if simulated else file


def options_of(asked: Asked, study: StudyRatings | None, file: RatingsFile) -> RatingsOptions:
    """What was asked, what was declared beforehand, and else the usual.

    Raises:
        UserError: for options that do not fit.
    """
    origin = file.origin
    declared = _declared(asked.declared, study, file)

    def chosen(name: str, given: Any, usual: Any = None) -> Any:
        return declared.get(name, usual) if given is None else given

    return RatingsOptions(
        question=asked.only or declared.get("question"),
        reference=chosen("reference", asked.reference),
        anchors=tuple(names_in(chosen("anchors", asked.anchors, ()))),
        mid_anchor=chosen("mid_anchor", asked.mid_anchor),
        exclude=tuple(chosen("exclude", asked.exclude or None, (STANDARD,))),
        baseline=chosen("baseline", asked.baseline, origin.baseline if origin else None),
        reference_master=chosen(
            "reference_master", asked.reference_master, origin.master if origin else None
        ),
        scope=chosen("scope", asked.scope, "auto"),
        alpha=chosen("alpha", asked.alpha, 0.05),
        margin=chosen("margin", asked.margin),
        adjust=chosen("adjust", asked.adjust, Adjust.HOLM),
        seed=asked.seed,
        abx=asked.abx or file.answers or (origin is not None and origin.abx),
        declared=declared,
    )


def _declared(path: Path | None, study: StudyRatings | None, file: RatingsFile) -> dict[str, Any]:
    origin = file.origin
    roles = {"reference": origin.reference, "anchors": list(origin.anchors)} if origin else {}
    known = {name: value for name, value in roles.items() if value is not None}
    return known | (study.declared() if study else {}) | (read_declared(path) if path else {})


def _genres(path: Path | None, study: StudyRatings | None, file: RatingsFile) -> Genres | None:
    """The genres of the passages: of a file, else those that a study knows of its songs."""
    if path is not None:
        return read_genres(path, file.ratings.passages)
    known = study.genres if study else {}
    return Genres(known, "the study") if known else None


def _background(study: StudyRatings | None, asked: Asked) -> Background | None:
    if study is None:
        return None
    file = study.whole.file
    steps = (*file.before, *file.between, *file.after)
    return Background(
        study=AboutStudy(**study.about()),
        people=study.people,
        asked=tuple(ask for step in steps for ask in step.questions),
        heard=study.heard,
        invited=asked.invited,
        free_text=asked.free_text,
    )
