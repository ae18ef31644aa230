"""The report of an analysis: one offline HTML file that reads like a paper's results section."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import plotly.offline

from ....evaluation.results.store import written
from ....models.roles import Role
from ...presentation import pages
from ...presentation.assets import FIRST_SCRIPT, SCRIPTS, STATIC, STYLES, TOKENS
from ...presentation.figures import Figure
from ...presentation.looks import Look, short_names
from ...presentation.numbers import fixed, p_equals
from ...result.following import ValidityLevel
from ..reading.account import Account
from ..reading.files import RatingsFile
from ..reading.scales import Scale
from ..reading.table import Bools, Ratings, listener_means
from ..result.document import QuestionResult, RatingsResult
from ..result.names import DesignKind, Method
from ..result.tests import Pair
from . import rating_figures, test_figures
from .answer_figure import answer_figure, first_names, rest_words
from .audio import Audio
from .export import csv_table, library_versions, slug, slugs
from .following_figures import correlations, scatter
from .system_looks import system_looks
from .tables.people_sheets import people_sheet
from .tables.sheet import Sheet, shown
from .tables.sheets import sheets
from .words.answer import FirstScreen, answer
from .words.following_words import cautions, ceiling_text, finding
from .words.footnotes import Footnote, notes
from .words.grades_words import grades_sentence
from .words.master_words import master_sentences
from .words.sentences import (
    counted,
    highest,
    is_preference,
    methods_paragraph,
    omnibus_sentence,
    pair_sentences,
    pair_words,
    scope_words,
    ties,
    verdict_words,
)
from .words.statement import data_statement

TEMPLATES = Path(__file__).parent / "templates"
_PLOTLY = "plotly.min.js"
_STYLES = (TOKENS, *(STATIC / name for name in STYLES), TEMPLATES / "report.css")
_SCRIPTS = (
    *(STATIC / name for name in SCRIPTS),
    *(TEMPLATES / name for name in ("closer.js", "report.js")),
)
_MOST_DRILLED = 30_000
_FOLDED = 12
_ROW_LIMIT = 400
_SYSTEMS = ("System", "Group 1", "Group 2")  # columns that hold names of systems
_FEW_PAIRS = 60
_MOST_DRAWN = 28
_FIRST_VERDICTS = 2
_MOST_FIRST = 4  # verdicts that all stand on the first screen
_SHORT_NAME = 16  # letters of a name on the first screen


@dataclass(frozen=True)
class Extras:
    """What a page shows beside its result: addresses of audio, and the libraries' versions.

    ``systems`` are those of the benchmark or study in its order, which decides how they look.
    ``brief`` leaves out all but the answers.
    """

    audio: Audio = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=library_versions)
    systems: Mapping[str, Role] = field(default_factory=dict)
    brief: bool = False


@dataclass(frozen=True)
class SheetView:
    """A table as the page shows it: rows of cells, each with its text, number, side and look.

    ``more`` counts the rows that are only in the CSV file; ``csv`` is '' where there are many.
    """

    name: str
    caption: str
    header: list[tuple[str, bool]]
    rows: list[list[tuple[str, str, bool, Look | None]]]
    more: int
    folded: bool
    csv: str


@dataclass(frozen=True)
class QuestionView:
    """What the page says of one question; ``prefix`` begins the names of its ``figures``.

    ``first`` are the verdicts of the first screen and ``folded`` those that it folds away, with
    names in their ``short`` forms; ``rest`` says which versions it folds away. ``drill`` is every
    rating, for looking closer; None where there are too many.
    """

    id: str
    prefix: str
    block: QuestionResult
    answer: FirstScreen
    first: list[tuple[Pair, str]]
    folded: list[tuple[Pair, str]]
    short: dict[str, str]
    rest: str
    ties: str
    omnibus: str
    grades: str
    sentences: list[str]
    verdicts: list[tuple[Pair, str]]
    all_drawn: bool
    pair_words: str
    scope_words: str
    methods: str
    notes: list[tuple[Method, Footnote]]
    sheets: dict[str, SheetView]
    against: list[str]
    beside: list[str]
    metrics: list[tuple[str, str]]
    followed: list[str]
    figures: dict[str, Figure]
    drill: dict[str, Any] | None


def write_page(
    result: RatingsResult,
    file: RatingsFile,
    out: Path,
    extras: Extras | None = None,
    *,
    beside: bool = False,
) -> Path:
    """Write ``report.html`` into ``out``; ``beside`` puts Plotly in a file of its own.

    Raises:
        UserError: if it cannot be written.
    """
    bundle = plotly.offline.get_plotlyjs()
    if beside:
        with written(out / _PLOTLY) as scratch:
            scratch.write_text(bundle, encoding="utf-8")
    html = page(result, file, "" if beside else bundle, extras)
    path = out / "report.html"
    with written(path) as scratch:
        scratch.write_text(html, encoding="utf-8")
    return path


def page(
    result: RatingsResult, file: RatingsFile, bundle: str, extras: Extras | None = None
) -> str:
    """The report as HTML; an empty ``bundle`` loads Plotly from beside the page."""
    extras = extras or Extras()
    made = [
        _question(result, block, file, at, extras)
        for at, block in enumerate(result.every_question())
    ]
    figures = {name: one for question in made for name, one in question.figures.items()}
    drills = {one.prefix: one.drill for one in made if one.drill is not None}
    if extras.brief:
        kept = {f"{one.prefix}{name}" for one in made for name in ("answer", "answer-all")}
        figures = {name: one for name, one in figures.items() if name in kept}
        drills = {}
    asked = people_sheet(result.participants)
    account = file.account if file.origin is None else None
    return pages.render(
        TEMPLATES,
        "report.html",
        data=result,
        questions=made,
        css=_text(*_STYLES),
        first_script=_text(STATIC / FIRST_SCRIPT),
        script=_text(*_SCRIPTS),
        bundle=bundle,
        figures=_script_json(figures),
        drills=_script_json(drills),
        account=account,
        account_lines=_account_lines(account),
        p_equals=p_equals,
        fixed=fixed,
        counted=counted,
        title=result.study.title if result.study else result.input.file,
        versions=extras.versions,
        statement=data_statement(result),
        brief=extras.brief,
        people_sheet=_sheet_view(asked, {})
        if (asked := people_sheet(result.participants))
        else None,
    )


def figure_files(
    result: RatingsResult, file: RatingsFile, systems: Mapping[str, Role]
) -> dict[str, Figure]:
    """The figures of a report by the names of their files; of several questions, named by them."""
    found = {}
    several = len(result.questions) > 1
    blocks = zip(result.every_question(), slugs(result.questions), strict=True)
    for block, name in blocks:
        kept, look = _kept_and_looks(result, block, file, systems)
        prefix = f"{name}-" if several else ""
        scale = file.scales[block.question]
        for figure, one in _figures(block, kept, scale, look):
            found[f"{prefix}{slug(figure)}"] = one
        if not is_preference(block.primary) and not block.secondary.abx:
            # As papers print them, beside the violins of the page.
            found[f"{prefix}boxes"] = rating_figures.boxes(kept, look, scale)
    return found


def _in_short(words: str, pair: Pair, short: Mapping[str, str]) -> str:
    """The verdict with the names of its pair in their short forms."""
    for name in sorted((pair.group1, pair.group2), key=len, reverse=True):
        words = words.replace(name, short.get(name, name))
    return words


def _kept_and_looks(
    result: RatingsResult, block: QuestionResult, file: RatingsFile, systems: Mapping[str, Role]
) -> tuple[Ratings, dict[str, Look]]:
    """The ratings that count, and how their systems look."""
    everyone = file.ratings.of_question(block.question)
    kept = everyone.without_listeners(block.screening.left_out)
    given, origin = result.options, file.origin
    # A study's baseline is its reference where listeners rate it like the others.
    reference = given.reference or given.reference_master or (origin.baseline if origin else None)
    return kept, system_looks(kept.systems, reference, given.anchors, systems)


def _account_lines(account: Account | None) -> list[tuple[str, list[str]]]:
    """What was understood of the files: lines about one thing stand together."""
    found: dict[str, list[str]] = {}
    for line in account.lines if account else ():
        found.setdefault(line.about, []).append(line.said)
    return list(found.items())


def _text(*paths: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def _question(
    result: RatingsResult, block: QuestionResult, file: RatingsFile, at: int, extras: Extras
) -> QuestionView:
    kept, look = _kept_and_looks(result, block, file, extras.systems)
    scale = file.scales[block.question]
    prefix = f"q{at}-"
    figures = {prefix + name: one for name, one in _figures(block, kept, scale, look)}
    primary = block.primary
    tested = [pair for pair in primary.pairs if pair.p_adj is not None]
    said = answer(result, block)
    short = short_names(kept.systems, _SHORT_NAME)
    verdicts = [(one.pair, _in_short(one.words, one.pair, short)) for one in said.verdicts]
    shown = len(verdicts) if len(verdicts) <= _MOST_FIRST else _FIRST_VERDICTS
    return QuestionView(
        id=f"question-{at}",
        prefix=prefix,
        block=block,
        answer=said,
        first=verdicts[:shown],
        folded=verdicts[shown:],
        short=short,
        rest="" if block.secondary.abx else rest_words(block),
        ties=ties(primary),
        omnibus=omnibus_sentence(block),
        grades=grades_sentence(block),
        sentences=pair_sentences(primary)[: _FEW_PAIRS + 1],
        verdicts=[(pair, verdict_words(pair, primary)) for pair in tested[:_FEW_PAIRS]],
        all_drawn=len(primary.pairs) <= _MOST_DRAWN,
        pair_words=pair_words(primary),
        scope_words=scope_words(primary.scope),
        methods=methods_paragraph(result, block, extras.versions),
        notes=notes(block),
        sheets={sheet.name: _sheet_view(sheet, look) for sheet in sheets(block)},
        against=[f"against-{one.control}" for one in block.secondary.many_to_one if one.wilcoxon],
        beside=master_sentences(block),
        metrics=_metric_choices(block, prefix),
        followed=_followed(block),
        figures=figures,
        drill=_drill(kept, extras.audio),
    )


def _figures(
    block: QuestionResult, kept: Ratings, scale: Scale, look: Mapping[str, Look]
) -> Iterator[tuple[str, Figure]]:
    """The figures of a question with their names."""
    aside = block.design.set_aside
    tested = kept.without_systems(aside)
    tested = tested if len(tested) else kept
    means = listener_means(tested.cells)
    names, primary = list(tested.systems), block.primary
    if not block.secondary.abx:
        yield "answer", answer_figure(block, look, first_names(block))
        if rest_words(block):
            yield "answer-all", answer_figure(block, look)
    if scale.ordinal:
        yield "answers", rating_figures.answers(kept, scale)
    else:
        yield "distributions", rating_figures.distributions(kept, look, scale)
    if len(kept.passages) > 1 and scale.name != "no or yes":
        yield "passages", rating_figures.by_passage(kept, look, scale)
    some: Bools = np.asarray((~np.isnan(means)).any(axis=1))
    if len(names) > 1 and len(means) > 1 and block.design.kind is not DesignKind.BETWEEN:
        who = [n for n, keep in zip(tested.listeners, some, strict=True) if keep]
        yield "listeners", rating_figures.listener_lines(means[some], names, who)
        yield "residuals", rating_figures.residual_map(means[some], names, who)
    pairs = [pair for pair in primary.pairs if pair.mean_diff is not None]
    if pairs:
        shown_pairs, unit = _main_pairs(block)
        yield "forest", rating_figures.forest(shown_pairs, primary.margin, unit)
    master = block.against_master
    if master and any(row.mean_diff is not None for row in master.systems):
        yield "master", rating_figures.beside_master(master, primary.margin)
    if len(names) > 2 and any(pair.p_adj is not None for pair in pairs):
        yield "p-map", test_figures.p_map(pairs, names)
    for test in block.secondary.tests:
        if test.critical_difference is not None and test.mean_ranks and len(names) > 2:
            yield (
                "critical-difference",
                test_figures.critical_difference(test.mean_ranks, test.critical_difference, look),
            )
    for control in block.secondary.many_to_one:
        if control.wilcoxon:
            unit = f"Difference in points from {control.control}"
            yield (
                f"against-{control.control}",
                rating_figures.forest(control.wilcoxon, primary.margin, unit),
            )
    for effect in block.secondary.order_effects:
        if effect.steps:
            yield f"order-{effect.order}", test_figures.order_figure(effect)
    metrics = block.secondary.metrics
    following = metrics.following if metrics else None
    forest = correlations(following, ValidityLevel.WITHIN) if following else None
    if forest is not None:
        yield "follow", forest
    for at, one in enumerate(following.metrics if following else ()):
        if following and one.levels:
            yield f"metric-{at}", scatter(following, one, look)
    plan = block.variance_components.planning
    if plan:
        yield "planning", test_figures.planning_figure(plan)


def _followed(block: QuestionResult) -> list[str]:
    """What is claimed of metrics, how far listeners agree, and what a reader must know."""
    following = block.secondary.metrics.following if block.secondary.metrics else None
    if following is None:
        return []
    said = [finding(following), ceiling_text(following)]
    return said + [caution for one in following.metrics for caution in cautions(one)]


def _metric_choices(block: QuestionResult, prefix: str) -> list[tuple[str, str]]:
    """The figures of metrics that can be chosen, with what to call them."""
    metrics = block.secondary.metrics
    found = []
    for at, row in enumerate(metrics.rows if metrics else ()):
        if not row.note:
            more = "".join(f", {name} {value}" for name, value in row.parameters.items())
            found.append((f"{prefix}metric-{at}", f"{row.metric}, {row.variant}{more}"))
    return found


def _main_pairs(block: QuestionResult) -> tuple[tuple[Pair, ...], str]:
    """All pairs, or the others less the best system where all are too many."""
    pairs = block.primary.pairs
    preference = is_preference(block.primary)
    what = "P(i beats j) − P(j beats i)" if preference else "Difference in points"
    if len(pairs) <= _MOST_DRAWN:
        return pairs, what  # each row is called first − second
    best = highest(block).system
    mine = [_turned(pair) for pair in pairs if pair.group1 == best]
    mine += [pair for pair in pairs if pair.group2 == best]
    order = {name: at for at, name in enumerate(block.design.system_names)}
    mine.sort(key=lambda pair: order[pair.group1])
    return tuple(mine), f"{what} {'against' if preference else 'from'} {best}"


def _turned(pair: Pair) -> Pair:
    """The same pair seen from the other side; only what a figure shows of it is turned."""
    low, mean, high = (
        None if value is None else -value for value in (pair.high, pair.mean_diff, pair.low)
    )
    turned = {"group1": pair.group2, "group2": pair.group1}
    return pair.model_copy(update=turned | {"low": low, "mean_diff": mean, "high": high})


def _sheet_view(sheet: Sheet, looks: Mapping[str, Look]) -> SheetView:
    numeric = [column.kind not in ("text", "yes") for column in sheet.columns]
    # A listener may be called as a system is.
    marks = [looks if column.title in _SYSTEMS else {} for column in sheet.columns]
    rows = [
        [
            (shown(value, column.kind), _raw(value), number, mark.get(str(value)))
            for value, column, number, mark in zip(row, sheet.columns, numeric, marks, strict=True)
        ]
        for row in sheet.rows[:_ROW_LIMIT]
    ]
    return SheetView(
        name=sheet.name,
        caption=sheet.caption,
        header=list(zip([column.title for column in sheet.columns], numeric, strict=True)),
        rows=rows,
        more=max(0, len(sheet.rows) - _ROW_LIMIT),
        # Nobody reads twenty columns before the five that papers print.
        folded=len(sheet.rows) > _FOLDED or sheet.name == "pairs",
        csv=_script_json(csv_table(sheet)) if len(sheet.rows) <= _ROW_LIMIT else "",
    )


def _raw(value: Any) -> str:
    return "" if value is None or isinstance(value, str) else repr(float(value))


def _drill(ratings: Ratings, audio: Audio) -> dict[str, Any] | None:
    """Every listener's rating of every cell, for looking closer; None where there are too many."""
    cells = ratings.cells
    if cells.size > _MOST_DRILLED:
        return None
    return {
        "listeners": list(ratings.listeners),
        "passages": list(ratings.passages),
        "systems": list(ratings.systems),
        "audio": [
            [_players(audio, passage, system) for system in ratings.systems]
            for passage in ratings.passages
        ]
        if audio
        else None,
        "cells": [[rating_figures.rounded(row) for row in listener] for listener in cells],
    }


def _players(audio: Audio, passage: str, system: str) -> list[list[str]]:
    """Name and address of what can be played for a system; of ABX, of both versions."""
    names = (system,) if (passage, system) in audio else system.split(" / ")
    return [[name, audio[passage, name]] for name in names if (passage, name) in audio]


def _script_json(value: Any) -> str:
    """JSON that can stand in a script element: no "<" ends or opens anything."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
