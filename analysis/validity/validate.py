"""What ``earmark validate`` does: read ratings, measure what was heard or read scores, judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...evaluation.metrics import METRICS
from ...evaluation.results.metric_facts import Better
from ...models.errors import UserError
from ..ratings.analyse import Asked, options_of, read
from ..ratings.inference.analysis import listeners_kept
from ..ratings.inference.options import RatingsOptions
from ..ratings.reading.account import Account
from ..ratings.reading.files import RatingsFile
from ..ratings.reading.heard import HeardScore
from ..ratings.reading.study_folder import StudyRatings
from ..ratings.reading.table import Ratings
from ..ratings.report.audio import audio_files
from ..ratings.validity.follow import MetricValues, follow
from .document import (
    SCHEMA,
    MatchedStimuli,
    ValidityDocument,
    ValidityInput,
    ValidityOptions,
)
from .scores import read_scores, redirected
from .stimuli import MeasuredStimuli, measured, references_in, some


@dataclass(frozen=True)
class ValidateRequest:
    """Ratings, and where the metrics of their stimuli come from.

    ``audio`` is a folder of the stimuli, ``references`` one of what each passage is compared with,
    ``scores`` a table of scores. ``metrics`` are names; ``better`` directions by name. ``name`` is
    what the set of ratings is called.
    """

    ratings: Path
    more: tuple[Path, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)
    audio: Path | None = None
    references: Path | None = None
    scores: Path | None = None
    metrics: tuple[str, ...] = ()
    better: Mapping[str, Better] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True)
class Validated:
    """The document, and the files of the stimuli by passage and system, for players."""

    document: ValidityDocument
    audio: Mapping[tuple[str, str], Path]
    ratings: Ratings


@dataclass(frozen=True)
class _Source:
    """Metrics with where they are from, the audio, and what there is to say of both."""

    said: str
    metrics: tuple[MetricValues, ...]
    audio: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    twins: tuple[tuple[str, str, str], ...] = ()


def validate(
    request: ValidateRequest, tell: Callable[[Account], None] = lambda _: None
) -> Validated:
    """Judge the metrics by the ratings; ``tell`` is told how the file was read, before.

    Raises:
        UserError: for input that cannot be read, or where no stimulus has both.
    """
    study, file = read(request.ratings, request.columns, request.asked, request.more)
    if study is None and file.origin is None and file.account is not None:
        tell(file.account)
    options = options_of(request.asked, study, file)
    if options.abx:
        raise UserError(
            f"{request.ratings}: holds right and wrong answers, which are no ratings of quality"
        )
    options.check_names(file.ratings.systems, file.ratings.questions)
    question = options.ordered(file.ratings.questions)[0]
    everyone, scale = file.ratings.of_question(question), file.scales[question]
    kept, left_out = listeners_kept(everyone, scale, options)
    source = _source(request, study, kept, options)
    merged, kept, metrics = _merged(kept, source, options)
    stimuli = _matched(kept, metrics, source.twins, merged)
    if not stimuli.matched:
        raise UserError(_nothing(request, stimuli, metrics))
    found = follow(
        kept,
        options.aside,
        metrics,
        options.alpha,
        options.seed,
        listeners_known=_tells_listeners(kept),
    )
    others = [name for name in file.ratings.questions if name != question]
    notes = [*source.notes, *_notes(stimuli, others)]
    label = "SIMULATED" if file.simulated else None
    if label is None and file.origin is not None and file.origin.sessions != "real":
        label = file.origin.sessions.upper()
    document = ValidityDocument(
        schema=SCHEMA,
        name=request.name or (study.study.id if study else Path(file.name).stem),
        simulated=file.simulated,
        label=label,
        source=source.said,
        input=_input(file, question, (scale.low, scale.high), left_out),
        options=ValidityOptions(
            reference=options.reference,
            anchors=options.anchors,
            alpha=options.alpha,
            seed=options.seed,
        ),
        stimuli=stimuli,
        following=found,
        notes=tuple(notes),
    )
    return Validated(document, source.audio, kept)


def _input(
    file: RatingsFile, question: str, scale: tuple[float, float], left_out: int
) -> ValidityInput:
    return ValidityInput(
        file=file.name,
        sha256=file.sha256,
        rows=file.rows,
        missing=file.missing,
        duplicates=file.duplicates,
        question=question,
        scale=scale,
        screened_out=left_out,
    )


def _tells_listeners(kept: Ratings) -> bool:
    """Whether some stimulus was rated by several: else the ratings are means, or of one person."""
    rated = (~np.isnan(kept.cells)).sum(axis=0)
    return bool(rated.max(initial=0) > 1)


def _source(
    request: ValidateRequest,
    study: StudyRatings | None,
    kept: Ratings,
    options: RatingsOptions,
) -> _Source:
    """The metrics: of the stimuli's audio, of a table of scores, or of the study."""
    own = study.audio if study else {}
    found: list[_Source] = []
    if request.audio is not None or (own and request.metrics and request.scores is None):
        audio = audio_files(kept, own, request.audio)
        references = references_in(request.references, audio, options.reference)
        made = measured(audio, references, request.metrics)
        where = str(request.audio) if request.audio is not None else "the stimuli of the study"
        found.append(_of_audio(made, audio, where, compares=bool(references)))
    if request.scores is not None:
        names = () if request.audio is not None else request.metrics
        metrics = read_scores(request.scores, {}, names)
        found.append(_Source(str(request.scores), metrics))
    if not found and study is not None and study.heard:
        audio = audio_files(kept, own, None)
        metrics = heard_metrics(study.heard)
        found.append(_Source("the stimuli as they were heard in the study", metrics, audio))
    if not found:
        more = " or --metrics A,B" if own else ""
        raise UserError(
            f"{request.ratings}: nothing to judge; give the stimuli with --audio DIR{more}, or "
            "scores with --scores FILE"
        )
    every = [one for source in found for one in source.metrics]
    labels = [one.label for one in every]
    twice = [name for name in labels if labels.count(name) > 1]
    if twice:
        raise UserError(
            f"metric {twice[0]!r} is both measured and in {request.scores}; leave one out "
            "with --metrics"
        )
    return _Source(
        " and ".join(source.said for source in found),
        redirected(every, request.better),
        found[0].audio,
        tuple(note for source in found for note in source.notes),
        found[0].twins,
    )


def _of_audio(
    made: MeasuredStimuli, audio: Mapping[tuple[str, str], Path], where: str, *, compares: bool
) -> _Source:
    notes = list(made.notes)
    if not compares:
        notes.append(
            "No reference is known (--reference NAME or --references DIR), so metrics that compare "
            "with one were not measured."
        )
    return _Source(where, made.metrics, audio, tuple(notes), made.twins)


def heard_metrics(heard: Sequence[HeardScore]) -> tuple[MetricValues, ...]:
    """The scores of a study's stimuli by metric, with the directions of Earmark's metrics."""
    values: dict[tuple[str, str, str], dict[tuple[str | None, str], float]] = {}
    first: dict[tuple[str, str, str], HeardScore] = {}
    for row in heard:
        key = row.metric, row.variant, repr(sorted(row.parameters.items()))
        first.setdefault(key, row)
        if row.value is not None and np.isfinite(row.value):
            values.setdefault(key, {})[row.passage, row.system] = row.value
    found = []
    for key, row in first.items():
        known = METRICS.get(row.metric)
        usual = known.parameters if known else {}
        found.append(
            MetricValues(
                row.metric,
                values.get(key, {}),
                known.better if known else "none",
                row.unit,
                row.variant,
                {name: value for name, value in row.parameters.items() if usual.get(name) != value},
            )
        )
    return tuple(found)


def _merged(
    kept: Ratings, source: _Source, options: RatingsOptions
) -> tuple[tuple[tuple[str, ...], ...], Ratings, tuple[MetricValues, ...]]:
    """Systems under test that are the same audio on every passage, taken as one system."""
    both: dict[tuple[str, str], int] = {}
    for _, first, second in source.twins:
        both[first, second] = both.get((first, second), 0) + 1
    heard: dict[str, int] = {}
    for _, name in source.audio:
        heard[name] = heard.get(name, 0) + 1
    into: dict[str, str] = {}
    for (first, second), count in both.items():
        if {first, second} & set(options.aside):
            continue
        if count == heard[first] == heard[second]:
            into[second] = into.get(first, first)
    if not into:
        return (), kept, source.metrics
    codes = {name: at for at, name in enumerate(kept.systems)}
    system = kept.system.copy()
    for name, other in into.items():
        system[kept.system == codes[name]] = codes[other]
    joined = replace(kept, system=system).where(np.ones(len(kept), dtype=np.bool_))
    groups: dict[str, list[str]] = {}
    for name, other in into.items():
        groups.setdefault(other, [other]).append(name)
    return tuple(tuple(group) for group in groups.values()), joined, source.metrics


def _matched(
    kept: Ratings,
    metrics: Sequence[MetricValues],
    twins: tuple[tuple[str, str, str], ...],
    merged: tuple[tuple[str, ...], ...],
) -> MatchedStimuli:
    rated = (~np.isnan(kept.cells)).any(axis=0)
    stimuli = [(kept.passages[p], kept.systems[s]) for p, s in np.argwhere(rated).tolist()]
    scored = {place for one in metrics for place in one.values}
    found = [one for one in stimuli if one in scored or (None, one[1]) in scored]
    gone = {name for group in merged for name in group[1:]}
    there = set(stimuli)
    unrated = sorted(
        (passage, system)
        for passage, system in scored
        if passage is not None and (passage, system) not in there and system not in gone
    )
    return MatchedStimuli(
        rated=len(stimuli),
        matched=len(found),
        unmatched=tuple(one for one in stimuli if one not in set(found)),
        unrated=tuple(unrated),
        twins=twins,
        merged=merged,
    )


def _nothing(
    request: ValidateRequest, stimuli: MatchedStimuli, metrics: Sequence[MetricValues]
) -> str:
    passage, system = stimuli.unmatched[0]
    there = next(((p, s) for one in metrics for p, s in one.values if p), None)
    of = f"; the scores are of {there[1]!r} on {there[0]!r} and so on" if there else ""
    where = request.scores or request.audio or request.ratings
    return (
        f"{where}: none of the {stimuli.rated} rated stimuli has a score; the first is "
        f"{system!r} on {passage!r}{of}; give passages and systems the names of the ratings"
    )


def _notes(stimuli: MatchedStimuli, others: Sequence[str]) -> list[str]:
    said = []
    if stimuli.unmatched:
        names = some([" / ".join(one) for one in stimuli.unmatched])
        said.append(
            f"{len(stimuli.unmatched)} of {stimuli.rated} rated stimuli have no metric and are "
            f"left out: {names}."
        )
    if stimuli.unrated:
        names = some([" / ".join(one) for one in stimuli.unrated])
        said.append(f"{len(stimuli.unrated)} stimuli with scores were not rated: {names}.")
    for group in stimuli.merged:
        said.append(f"{' and '.join(group)} are the same audio on every passage: one system.")
    alone = [
        f"{passage}: {first} = {second}"
        for passage, first, second in stimuli.twins
        if not any(first in group and second in group for group in stimuli.merged)
    ]
    if alone:
        said.append(f"The same audio under two names: {some(alone)}.")
    if others:
        said.append(f"Other questions are not judged here: {some(others)}; --only chooses one.")
    return said
