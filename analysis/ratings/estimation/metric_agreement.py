"""How objective metrics of what was heard go with the ratings of it, as ``earmark validate`` does.

The unit is the stimulus, passage × system: its mean rating over listeners against the metric of the
very file that was heard. All of it comes from :mod:`earmark.analysis.ratings.validity`; this file
brings it into the form of a ratings report. Hidden reference and anchors, which every metric tells
apart, are left out by the caller.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...result.following import Coefficient, Following, MetricFollowing, Sure, ValidityLevel
from ..reading.heard import HeardScore
from ..reading.table import Ratings
from ..result.secondary import (
    Correlation,
    MetricAgreement,
    MetricAgreementRow,
    RatedStimulus,
)
from ..validity.ceiling import noise_ceiling
from ..validity.follow import follow
from ..validity.heard import HeardMetric, heard_metrics
from .own_order import own_order

_NOTHING = Correlation(value=None, low=None, high=None)


def metric_agreement(
    tested: Ratings, heard: Sequence[HeardScore], alpha: float, seed: int
) -> MetricAgreement | None:
    """Every metric against the ratings of the systems under test; None where none was measured."""
    places = set(tested.passages), set(tested.systems)
    mine = [row for row in heard if row.passage in places[0] and row.system in places[1]]
    metrics = heard_metrics(mine)
    if not metrics:
        return None
    several = bool((~np.isnan(tested.cells)).sum(axis=0).max(initial=0) > 1)
    found = follow(
        tested, (), [one.metric for one in metrics], alpha, seed, listeners_known=several
    )
    by_label = {one.metric.label: one for one in metrics}
    reliability = noise_ceiling(
        tested.cells[own_order(tested.cells).listeners],
        ValidityLevel.STIMULI,
        Coefficient.PEARSON,
        seed,
    ).reliability
    return MetricAgreement(
        systems=len(tested.systems),
        passages=len(tested.passages),
        interval=found.interval,
        caution=_caution(found),
        ranked=found.claims,
        reliability=reliability,
        stimuli=tuple(
            RatedStimulus(passage=one.passage, system=one.system, mean=one.mean)
            for one in found.stimuli
        ),
        rows=tuple(_row(one, by_label[one.label]) for one in found.metrics),
        following=found,
    )


def _caution(found: Following) -> str:
    if found.claims:
        return "A correlation over these systems need not hold for others."
    return (
        f"Metrics are shown by name, and neither ranked nor claimed to follow the ratings: "
        f"{'; '.join(found.why_not)}. A correlation over so few can arise by chance."
    )


def _row(one: MetricFollowing, heard: HeardMetric) -> MetricAgreementRow:
    stimuli, systems = one.at(ValidityLevel.STIMULI), one.at(ValidityLevel.SYSTEMS)
    within = one.at(ValidityLevel.WITHIN)
    coded: Any = {} if one.coded_note is None else {"coded_note": one.coded_note}
    return MetricAgreementRow(
        metric=one.metric,
        variant=one.variant,
        parameters=dict(heard.parameters),
        unit=one.unit,
        stimuli=one.stimuli,
        values=one.values,
        pearson=_correlation(stimuli.pearson if stimuli else None),
        spearman=_correlation(stimuli.spearman if stimuli else None),
        kendall=_correlation(stimuli.kendall if stimuli else None),
        system_pearson=_correlation(systems.pearson if systems else None),
        system_spearman=_correlation(systems.spearman if systems else None),
        within_passages=within.pearson.value if within else None,
        note=one.note,
        **coded,
    )


def _correlation(sure: Sure | None) -> Correlation:
    if sure is None:
        return _NOTHING
    return Correlation(value=sure.value, low=sure.low, high=sure.high)
