"""The model of listeners of one question as a part of its result."""

from typing import Any

import numpy as np

from ..reading.table import Ratings
from ..result.note_words import NotFittedError, noted, sentence
from ..result.subjects import SubjectListener, SubjectModel, SubjectProof, SubjectStimulus
from .subject_model import SubjectFit, fit_subjects


def subjects(ratings: Ratings, alpha: float) -> SubjectModel:
    """Bias and inconsistency of each listener, quality of each stimulus, all systems included."""
    interval = f"{100 * (1 - alpha):g} % intervals for these listeners"
    try:
        fit = fit_subjects(ratings)
    except NotFittedError as error:
        return SubjectModel(interval=interval, **noted(error.note))
    published, more = _published(ratings)
    return SubjectModel(
        interval=interval,
        **noted(None),
        listeners=_listeners(ratings, fit, published, alpha),
        stimuli=_stimuli(ratings, fit, published, alpha),
        log_likelihood=fit.log_likelihood,
        proof=SubjectProof(slope=fit.slope, curvature=fit.curvature, rounds=fit.rounds),
        **more,
    )


def _published(ratings: Ratings) -> tuple[SubjectFit | None, dict[str, Any]]:
    """The fit by maximum likelihood, and what the result says of it."""
    try:
        fit = fit_subjects(ratings, restricted=False)
    except NotFittedError as error:
        note = error.note
        return None, {"published_note": sentence(note), "coded_published_note": note}
    return fit, {"published_log_likelihood": fit.log_likelihood}


def _listeners(
    ratings: Ratings, fit: SubjectFit, published: SubjectFit | None, alpha: float
) -> tuple[SubjectListener, ...]:
    bias_low, bias_high = fit.bias_interval(alpha)
    low, high = fit.inconsistency_interval(alpha)
    counts = np.bincount(ratings.listener, minlength=len(ratings.listeners))
    return tuple(
        SubjectListener(
            listener=name,
            ratings=int(counts[at]),
            bias=float(fit.bias[at]),
            bias_low=float(bias_low[at]),
            bias_high=float(bias_high[at]),
            inconsistency=float(fit.inconsistency[at]),
            inconsistency_low=float(low[at]),
            inconsistency_high=float(high[at]),
            published=float(published.inconsistency[at]) if published else None,
        )
        for at, name in enumerate(ratings.listeners)
    )


def _stimuli(
    ratings: Ratings, fit: SubjectFit, published: SubjectFit | None, alpha: float
) -> tuple[SubjectStimulus, ...]:
    low, high = fit.quality_interval(alpha)
    shape = ratings.counts.shape[1:]
    cell = ratings.passage * shape[1] + ratings.system
    counts = np.bincount(cell, minlength=shape[0] * shape[1])
    sums = np.bincount(cell, weights=ratings.value, minlength=shape[0] * shape[1])
    return tuple(
        SubjectStimulus(
            passage=ratings.passages[passage],
            system=ratings.systems[system],
            ratings=int(counts[passage * shape[1] + system]),
            mean=float(sums[passage * shape[1] + system] / counts[passage * shape[1] + system]),
            quality=float(fit.quality[at]),
            low=float(low[at]),
            high=float(high[at]),
            published=float(published.quality[at]) if published else None,
        )
        for at, (passage, system) in enumerate(fit.stimuli.tolist())
    )
