"""From a ratings file and options to one immutable result that everything else prints.

Equal input, options and seed give equal bytes. What depends on the day or the machine goes to
``provenance``, never here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ....listening_test.export.participants import Person
from ....listening_test.study.file import Ask
from ..estimation.agreement import agreement
from ..estimation.descriptives import descriptives
from ..estimation.own_order import in_own_order
from ..estimation.variance_components import variance_components
from ..methods.equivalence import Grounds
from ..methods.multiplicity import adjusted
from ..reading.files import RatingsFile
from ..reading.heard import HeardScore
from ..reading.scales import Scale
from ..reading.table import Ratings
from ..result.blocks import Classical, Flow, Input, Primary, Screening
from ..result.design import Design
from ..result.document import (
    SCHEMA,
    AboutStudy,
    AllListeners,
    AnalysisOptions,
    QuestionResult,
    RatingsResult,
)
from ..result.names import Chosen, Level
from ..result.notes import NoteCode
from ..result.people import Participants
from .assay import assay, at_an_end
from .classical import classical
from .decision import Case, decide
from .design import detect
from .options import RatingsOptions
from .participants import Counted, joined, summarised
from .primary import ChosenTest, choose
from .screening.screen import screen, without_exclusions
from .secondary import secondary
from .self_checks import checks


@dataclass(frozen=True)
class Background:
    """What is known beside the ratings: the study, who took part, scores of what was heard.

    ``asked`` are the questions of the study's questionnaires. ``invited`` is how many people were
    asked to take part. ``free_text`` shows what people wrote.
    """

    study: AboutStudy
    people: tuple[Person, ...]
    asked: tuple[Ask, ...]
    heard: tuple[HeardScore, ...] = ()
    invited: int | None = None
    free_text: bool = False


@dataclass(frozen=True)
class Tested:
    """The ratings that were tested, their design, and the two analyses of them."""

    ratings: Ratings
    design: Design
    classical: Classical
    primary: Primary


def analyse(
    file: RatingsFile, options: RatingsOptions, background: Background | None = None
) -> RatingsResult:
    """Analyse every question of a ratings file, or the one that ``options`` name.

    Raises:
        UserError: if options name a system or question that the ratings lack.
    """
    options.check_names(file.ratings.systems, file.ratings.questions)
    asked = options.ordered(file.ratings.questions)
    heard = background.heard if background else ()
    alone = [_question(file, question, options, heard) for question in asked]
    first, *others = _over_questions(alone, options)
    return RatingsResult(
        schema=SCHEMA,
        simulated=file.simulated,
        label=_label(file),
        sessions=file.origin.sessions if file.origin else None,
        study=background.study if background else None,
        participants=_participants(background, file, first.screening.flow),
        options=AnalysisOptions(**_written(options)),
        deviations=tuple(options.deviations()),
        questions=tuple(asked),
        questions_adjust=_question_note(asked, options),
        **first.given(),
        others=tuple(others),
    )


def _written(options: RatingsOptions) -> dict[str, Any]:
    """The options as a result holds them; a key that is newer than others only where given."""
    found = asdict(options)
    return {name: found[name] for name in found if name != "reference_master" or found[name]}


def _label(file: RatingsFile) -> str | None:
    """The word that everything of this result carries, where its ratings do not count."""
    if file.simulated:
        return "SIMULATED"
    sessions = file.origin.sessions if file.origin else "real"
    return None if sessions == "real" else sessions.upper()


def _participants(
    background: Background | None, file: RatingsFile, flow: Flow
) -> Participants | None:
    if file.people:
        return joined(file.people, flow)
    if background is None or file.origin is None:
        return None
    counted = Counted(
        file.origin.sessions,
        invited=background.invited,
        screened_out=len(flow.excluded),
        analysed=flow.analysed,
    )
    return summarised(background.people, background.asked, counted, free_text=background.free_text)


def _question_note(asked: Sequence[str], options: RatingsOptions) -> str:
    if len(asked) == 1:
        return "one question: nothing to adjust across questions"
    return (
        f"{len(asked)} questions: pairs are adjusted ({options.adjust}) within each question; "
        f"p_questions is the test of all systems adjusted ({options.adjust}) across questions"
    )


def _over_questions(
    alone: Sequence[QuestionResult], options: RatingsOptions
) -> list[QuestionResult]:
    """The results with the p of all systems adjusted over the questions that have one."""
    p_adj = adjusted([one.primary.omnibus.p for one in alone], options.adjust)
    tested = sum(p is not None for p in p_adj)
    found = []
    for one, p in zip(alone, p_adj, strict=True):
        more = {"p_questions": p, "tested_questions": tested}
        omnibus = one.primary.omnibus.model_copy(update=more)
        primary = one.primary.model_copy(update={"omnibus": omnibus})
        found.append(one.model_copy(update={"primary": primary}))
    return found


def _question(
    file: RatingsFile, question: str, options: RatingsOptions, heard: Sequence[HeardScore]
) -> QuestionResult:
    """Screen, test, estimate, describe; then check what all of it says of one question."""
    everyone, scale = file.ratings.of_question(question), file.scales[question]
    options.check_margin(scale)
    screening, notes = _screened(everyone, scale, options)
    kept = everyone.without_listeners(screening.left_out)
    # With everyone first: what is equivalent must be so with the excluded listeners too.
    everybody = _all_listeners(everyone, scale, options) if screening.left_out else None
    found = _tested(kept, scale, options, notes, everybody)
    scope = found.primary.scope
    level = Level.ORDINAL if scale.ordinal else Level.INTERVAL
    result = QuestionResult(
        question=question,
        input=_input(file),
        design=found.design,
        screening=screening,
        descriptives=descriptives(kept, scale, options.alpha, scope),
        classical=found.classical,
        primary=found.primary,
        secondary=secondary(found.ratings, kept, found.design, scale, options, heard),
        agreement=agreement(kept, found.ratings, level, options.alpha),
        variance_components=variance_components(found.ratings, found.design, scope, options.alpha),
        checks=(),
        all_listeners=everybody,
    )
    return result.model_copy(update={"checks": checks(result, options.alpha)})


def listeners_kept(everyone: Ratings, scale: Scale, options: RatingsOptions) -> tuple[Ratings, int]:
    """The ratings of those whom screening keeps, and how many it leaves out."""
    screening, _ = _screened(everyone, scale, options)
    return everyone.without_listeners(screening.left_out), len(screening.left_out)


def _screened(
    everyone: Ratings, scale: Scale, options: RatingsOptions
) -> tuple[Screening, tuple[NoteCode, ...]]:
    """What screening found, and a note where it would leave nobody."""
    screening = screen(everyone, scale, options.screening_wish(), options.seed)
    if screening.flow.analysed:
        return screening, ()
    return without_exclusions(screening, everyone), (NoteCode.NONE_EXCLUDED,)


def _tested(
    kept: Ratings,
    scale: Scale,
    options: RatingsOptions,
    notes: tuple[NoteCode, ...],
    everybody: AllListeners | None = None,
) -> Tested:
    """The design of the systems under test, the analysis chosen for it, and the classical one."""
    tested = kept.without_systems(options.aside)
    if not len(tested):
        # Only reference and anchors were rated; they are then what there is to compare.
        tested = kept
        notes = (*notes, NoteCode.NONE_UNDER_TEST)
    design = detect(tested, options.aside)
    choice = replace(_chosen(design, options), ordinal=scale.ordinal)
    standard = classical(tested, options)
    grounds = Grounds(
        assay(kept, options),
        everybody.primary if everybody else None,
        at_an_end(kept, scale),
    )
    case = Case(design, choice, scale, options, notes, grounds)
    primary = decide(in_own_order(tested), case, standard)
    return Tested(tested, design, standard, primary)


def _chosen(design: Design, options: RatingsOptions) -> ChosenTest:
    choice = choose(design, options.resolved_scope())
    if not options.abx:
        return choice
    return ChosenTest(Chosen.NONE, choice.scope, NoteCode.RIGHT_OR_WRONG)


def _all_listeners(everyone: Ratings, scale: Scale, options: RatingsOptions) -> AllListeners:
    found = _tested(everyone, scale, options, ())
    return AllListeners(
        descriptives=descriptives(everyone, scale, options.alpha, found.primary.scope),
        classical=found.classical,
        primary=found.primary,
    )


def _input(file: RatingsFile) -> Input:
    ratings = file.ratings
    counts = np.bincount(ratings.question, minlength=len(ratings.questions)).tolist()
    return Input(
        file=file.name,
        sha256=file.sha256,
        format=file.format,
        delimiter=file.delimiter,
        columns=dict(file.columns),
        rows=file.rows,
        missing=file.missing,
        duplicates=file.duplicates,
        ratings=len(ratings),
        per_question=dict(zip(ratings.questions, counts, strict=True)),
        warnings=file.warnings,
    )
