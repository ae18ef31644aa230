"""From a ratings file and options to one immutable result that everything else prints.

The result is a document of plain values under a schema number: equal input, options and seed give
equal bytes. What depends on the day or the machine goes to ``provenance``, never here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ....listening_test.export.participants import Person
from ....listening_test.study.file import Ask
from ..estimation.agreement import concordance, intra_rater, intraclass, krippendorff_alpha
from ..estimation.descriptives import descriptives
from ..estimation.metric_agreement import metric_agreement
from ..estimation.variance_components import variance_components
from ..methods.bradley_terry import preferences
from ..methods.multiplicity import adjusted
from ..reading.files import RatingsFile
from ..reading.scales import Scale
from ..reading.table import Ratings
from ..result.design import Design
from ..result.document import SCHEMA, Result, plain
from .classical import classical
from .decision import Case, decide
from .design import detect
from .options import Options
from .participants import Counted, summarised, texts
from .primary import Choice, choose
from .screening import Screening, screen
from .secondary import secondary
from .self_checks import checks

_BLOCKS = (
    *("design", "screening", "descriptives", "classical", "primary", "secondary", "agreement"),
    *("variance_components", "checks"),
)


@dataclass(frozen=True)
class Background:
    """What is known beside the ratings: the study, who took part, scores of what was heard.

    ``study`` is the study's form in a result, ``asked`` its questionnaires' questions. ``invited``
    is how many people were asked to take part. ``free_text`` shows what people wrote.
    """

    study: Mapping[str, Any]
    people: tuple[Person, ...]
    asked: tuple[Ask, ...]
    heard: tuple[Mapping[str, Any], ...] = ()
    invited: int | None = None
    free_text: bool = False


def analyse(file: RatingsFile, options: Options, background: Background | None = None) -> Result:
    """Analyse every question of a ratings file, or the one that ``options`` name.

    Raises:
        UserError: if options name a system or question that the ratings lack.
    """
    ratings = file.ratings
    options.check_names(ratings.systems, ratings.questions)
    asked = options.ordered(ratings.questions)
    heard = background.heard if background else ()
    blocks = [_question(file, question, options, heard) for question in asked]
    omnibus = adjusted([block["primary"]["omnibus"]["p"] for block in blocks], options.adjust)
    for block, p in zip(blocks, omnibus, strict=True):
        block["primary"]["omnibus"] |= {
            "p_questions": p,
            "tested_questions": sum(p is not None for p in omnibus),
        }
    first, *others = blocks
    document = {
        "schema": SCHEMA,
        "simulated": file.simulated,
        "label": _label(file),
        "sessions": file.origin.sessions if file.origin else None,
        "study": background.study if background else None,
        "participants": _participants(background, file, first),
        "options": asdict(options) | {"declared": dict(options.declared)},
        "deviations": options.deviations(),
        "questions": asked,
        "questions_adjust": _question_note(asked, options),
        **first,
        "others": others,
    }
    text = json.dumps(plain(document), ensure_ascii=False, indent=1, allow_nan=False)
    return Result(text + "\n")


def _label(file: RatingsFile) -> str | None:
    """The word that everything of this result carries, where its ratings do not count."""
    if file.simulated:
        return "SIMULATED"
    sessions = file.origin.sessions if file.origin else "real"
    return None if sessions == "real" else sessions.upper()


def _participants(
    background: Background | None, file: RatingsFile, first: Mapping[str, Any]
) -> dict[str, Any] | None:
    if background is None or file.origin is None:
        return None
    flow = first["screening"]["flow"]
    counted = Counted(
        file.origin.sessions,
        invited=background.invited,
        screened_out=len(flow["excluded"]),
        analysed=flow["analysed"],
    )
    summary = summarised(background.people, background.asked, counted)
    if background.free_text:
        return summary | {"texts": texts(background.people, background.asked, counted)}
    return summary


def _question_note(asked: list[str], options: Options) -> str:
    if len(asked) == 1:
        return "one question: nothing to adjust across questions"
    return (
        f"{len(asked)} questions: pairs are adjusted ({options.adjust}) within each question; "
        f"p_questions is the test of all systems adjusted ({options.adjust}) across questions"
    )


def _question(
    file: RatingsFile, question: str, options: Options, heard: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    everyone = file.ratings.of_question(question)
    scale = file.scales[question]
    screening = screen(everyone, scale, options.reference, options.anchors)
    kept = everyone.without_listeners(screening.excluded)
    notes = []
    if screening.excluded and not len(kept):
        kept = everyone
        notes.append("The screening rules would exclude every listener, so none is excluded.")
        screening = Screening(
            screening.rules, tuple(replace(f, excludes=False) for f in screening.findings)
        )
    inference = _inference(kept, scale, options, notes)
    scope = inference["primary"]["scope"]
    block: dict[str, Any] = {
        "question": question,
        "input": _input(file),
        "screening": _screening_form(screening, everyone, kept),
        "descriptives": descriptives(kept, scale, options.alpha, scope),
        **inference,
        "agreement": _agreement(kept, scale, options),
    }
    tested = kept.without_systems(options.aside)
    block["secondary"]["metrics"] = (
        metric_agreement(tested, heard, options.alpha, options.seed)
        if len(tested) and heard and not options.abx
        else None
    )
    block["all_listeners"] = (
        _all_listeners(everyone, scale, options) if screening.excluded else None
    )
    block["checks"] = checks(plain(block), options.alpha)
    return {"question": question, "input": block["input"]} | {
        name: block[name] for name in (*_BLOCKS, "all_listeners")
    }


def _inference(kept: Ratings, scale: Scale, options: Options, notes: list[str]) -> dict[str, Any]:
    tested = kept.without_systems(options.aside)
    if not len(tested):
        # Only reference and anchors were rated; they are then what there is to compare.
        tested, notes = kept, [*notes, "Only reference and anchors were rated; they are tested."]
    design = detect(tested)
    choice = replace(choose(design, options.resolved_scope()), ordinal=scale.ordinal)
    if options.abx:
        reason = "answers are right or wrong, and each comparison is tested against guessing"
        choice = Choice("none", choice.scope, reason)
    standard = classical(tested, options)
    case = Case(design, choice, scale, options, tuple(notes))
    preferred = not options.abx and preferences(tested) is not None
    return {
        "design": _design_form(design, tested, options),
        "classical": standard,
        "primary": decide(tested, case, standard) | {"preferences": preferred},
        "secondary": secondary(tested, kept, design, scale, options),
        "variance_components": variance_components(tested, design, choice.scope, options.alpha),
    }


def _all_listeners(everyone: Ratings, scale: Scale, options: Options) -> dict[str, Any]:
    found = _inference(everyone, scale, options, [])
    return {
        "descriptives": descriptives(everyone, scale, options.alpha, found["primary"]["scope"]),
        "classical": found["classical"],
        "primary": found["primary"],
    }


def _input(file: RatingsFile) -> dict[str, Any]:
    ratings = file.ratings
    counts = np.bincount(ratings.question, minlength=len(ratings.questions)).tolist()
    return {
        "file": file.name,
        "sha256": file.sha256,
        "format": file.format,
        "delimiter": file.delimiter,
        "columns": dict(file.columns),
        "rows": file.rows,
        "missing": file.missing,
        "duplicates": file.duplicates,
        "ratings": len(ratings),
        "per_question": dict(zip(ratings.questions, counts, strict=True)),
        "warnings": list(file.warnings),
    }


def _design_form(design: Design, tested: Ratings, options: Options) -> dict[str, Any]:
    return asdict(design) | {
        "listeners": len(tested.listeners),
        "passages": len(tested.passages),
        "systems": len(tested.systems),
        "questions": len(tested.questions),
        "system_names": tested.systems,
        "passage_names": tested.passages,
        "listener_names": tested.listeners,
        "set_aside": options.aside,
        "per_listener": np.bincount(tested.listener, minlength=len(tested.listeners)).tolist(),
    }


def _screening_form(screening: Screening, everyone: Ratings, kept: Ratings) -> dict[str, Any]:
    counts = np.bincount(everyone.listener, minlength=len(everyone.listeners))
    rated = dict(zip(everyone.listeners, counts.tolist(), strict=True))
    rules = {rule.name: asdict(rule) for rule in screening.rules}
    return {
        "rules": list(rules.values()),
        "excluded": [asdict(f) for f in screening.findings if f.excludes],
        "flagged": [asdict(f) for f in screening.findings if not f.excludes],
        "flow": {
            "listeners": len(everyone.listeners),
            "excluded": [{"listener": name, "ratings": rated[name]} for name in screening.excluded],
            "analysed": len(kept.listeners),
        },
    }


def _agreement(kept: Ratings, scale: Scale, options: Options) -> dict[str, Any]:
    tested = kept.without_systems(options.aside)
    tested = tested if len(tested) else kept
    cells = tested.cells
    units = cells.reshape(len(cells), -1).T
    level = "ordinal" if scale.ordinal else "interval"
    whole = units[~np.isnan(units).any(axis=1)]
    icc = intraclass(whole, options.alpha) if len(whole) else None
    repeats = intra_rater(kept)
    return {
        "kendall_w": concordance(cells),
        "krippendorff": {"alpha": krippendorff_alpha(units, level), "level": level},
        "icc": asdict(icc) if icc else None,
        "icc_note": None if icc else "needs two stimuli that every listener rated, and variation",
        "intra_rater": [asdict(entry) for entry in repeats],
        "intra_rater_note": None if repeats else "not estimable: nothing was rated twice",
    }
