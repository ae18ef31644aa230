"""Judges metrics by ratings: every level, interval, test and error of every metric, as one result.

A claim that a metric follows the ratings, or that one follows them better than another, is made
from a stated number of systems, passages and listeners on: below, nothing is claimed and nothing is
ranked. Claims are about Spearman's ρ within passages, since a benchmark compares systems on the
same song. The hidden reference and the anchors are left out, as every metric tells them apart.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np

from ....evaluation.results.metric_facts import Better
from ..methods.multiplicity import adjusted
from ..reading.table import Floats, Ratings
from ..result.names import Adjust
from ..result.note_words import noted
from ..result.notes import NoteCode
from ..result.validity import (
    Coefficient,
    Decisions,
    Following,
    FollowVerdict,
    HeardOutlier,
    JudgedStimulus,
    Least,
    LevelCeiling,
    LevelFollowing,
    Mapping1401,
    MetricDifference,
    MetricFollowing,
    Sure,
    ValidityLevel,
    WithAside,
    WithoutOne,
)
from .ceiling import noise_ceiling
from .coefficients import LEAST_IN_PASSAGE, at_level
from .decisions import Decided, accuracy, decided
from .jackknife import MOST_GROUPS, Jackknifed, Replicates, Sureness, jackknifed
from .mapping import MappedErrors, half_intervals, mapped_errors
from .permutation import exchange_p

LEAST_SYSTEMS, LEAST_PASSAGES, LEAST_LISTENERS = 8, 6, 8
PRIMARY = ValidityLevel.WITHIN
MATCHED_LU = 0.25
MOST_OUTLIERS = 5
_NONE = Sure(value=None, low=None, high=None, z_error=None, df=None)


@dataclass(frozen=True)
class MetricValues:
    """A metric's values by passage and system; those of a whole system stand at passage ``None``.

    ``better`` is the direction that it declares; with ``zero`` sizes count.
    """

    metric: str
    values: Mapping[tuple[str | None, str], float]
    better: Better = "none"
    unit: str = ""
    variant: str = "raw"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None

    @property
    def label(self) -> str:
        """The name with what tells it from others of that name."""
        more = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
        aligned = "" if self.variant == "raw" else f" {self.variant}"
        return f"{self.metric}{aligned}" + (f" ({more})" if more else "")

    @property
    def order(self) -> tuple[str, str, str]:
        """Sorts metrics by name, variant and parameters."""
        return self.metric, self.variant, json.dumps(dict(self.parameters), sort_keys=True)

    @property
    def per(self) -> Literal["stimulus", "system"]:
        """What has a value."""
        return "system" if all(passage is None for passage, _ in self.values) else "stimulus"

    def table(self, passages: Sequence[str], systems: Sequence[str]) -> Floats:
        """The values ``(passages, systems)``, NaN where there is none."""
        found = np.full((len(passages), len(systems)), np.nan)
        for p, passage in enumerate(passages):
            for s, system in enumerate(systems):
                value = self.values.get((passage, system), self.values.get((None, system)))
                if value is not None and np.isfinite(value):
                    found[p, s] = value
        return found

    def oriented(self, table: Floats) -> Floats:
        """Values of which higher ones are better, as far as the metric has a direction."""
        if self.better == "zero":
            return -np.abs(table)
        return -table if self.better == "lower" else table


@dataclass(frozen=True, eq=False)
class JudgedMetric:
    """A metric on the way to its result; ``why`` is why it has no correlation."""

    metric: MetricValues
    table: Floats
    oriented: Floats
    why: NoteCode | None
    within: Jackknifed | None = None
    p: float | None = None
    p_adj: float | None = None


@dataclass(frozen=True, eq=False)
class ListenerPanel:
    """The ratings that metrics are judged by, and what is made of them once."""

    tested: Ratings
    everything: Ratings
    replicates: Replicates
    half: Floats
    decided: tuple[Decided, ...]
    alpha: float
    claims: bool


def follow(
    kept: Ratings,
    aside: Sequence[str],
    metrics: Sequence[MetricValues],
    alpha: float,
    seed: int,
    *,
    listeners_known: bool = True,
) -> Following:
    """Judge ``metrics`` by the ratings ``kept`` of one question; ``aside`` are not under test.

    ``listeners_known`` is False where the file does not tell listeners apart.
    """
    tested = kept.without_systems(tuple(aside)) if aside else kept
    cells = tested.cells
    why_not = _why_not(tested, listeners_known=listeners_known)
    panel = ListenerPanel(
        tested,
        kept,
        Replicates(cells),
        half_intervals(cells),
        tuple(decided(cells, level, alpha) for level in (PRIMARY, ValidityLevel.SYSTEMS)),
        alpha,
        not why_not,
    )
    judged = [_judged(metric, panel) for metric in sorted(metrics, key=lambda one: one.order)]
    judged = _tested(judged, panel, seed)
    differences = _differences(judged, panel)
    found = [_following(one, panel, differences, len(_of(judged))) for one in judged]
    if panel.claims:
        found.sort(key=_rank)
    there = ~np.isnan(panel.replicates.means)
    counts = (~np.isnan(cells)).sum(axis=0)
    return Following(
        listeners=len(tested.listeners) if listeners_known else 0,
        passages=len(tested.passages),
        systems=len(tested.systems),
        set_aside=tuple(name for name in kept.systems if name in aside),
        alpha=alpha,
        interval=f"{100 * (1 - alpha):g} % jackknife of systems, passages and listeners",
        least=Least(systems=LEAST_SYSTEMS, passages=LEAST_PASSAGES, listeners=LEAST_LISTENERS),
        claims=panel.claims,
        why_not=why_not,
        ceilings=tuple(_ceiling(cells, level, seed) for level in ValidityLevel),
        stimuli=tuple(
            JudgedStimulus(
                passage=tested.passages[p],
                system=tested.systems[s],
                mean=float(panel.replicates.means[p, s]),
                half=_maybe(panel.half[p, s]),
                listeners=int(counts[p, s]),
            )
            for p, s in np.argwhere(there).tolist()
        ),
        metrics=tuple(found),
        differences=differences,
        notes=_notes(found),
    )


def _why_not(tested: Ratings, *, listeners_known: bool) -> tuple[str, ...]:
    said = []
    for count, least, noun in (
        (len(tested.systems), LEAST_SYSTEMS, "system"),
        (len(tested.passages), LEAST_PASSAGES, "passage"),
    ):
        if count < least:
            said.append(f"{_count(count, noun)}, {least} are needed")
    if not listeners_known:
        said.append("the ratings do not tell listeners apart, so their agreement is not known")
    elif len(tested.listeners) < LEAST_LISTENERS:
        said.append(f"{_count(len(tested.listeners), 'listener')}, {LEAST_LISTENERS} are needed")
    shared = (~np.isnan(tested.cells)).any(axis=0).sum(axis=1) >= LEAST_IN_PASSAGE
    if len(tested.systems) >= LEAST_SYSTEMS and shared.sum() < min(
        LEAST_PASSAGES, len(tested.passages)
    ):
        said.append(f"few passages were rated of {LEAST_IN_PASSAGE} systems or more")
    return tuple(said)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _judged(metric: MetricValues, panel: ListenerPanel) -> JudgedMetric:
    table = metric.table(panel.tested.passages, panel.tested.systems)
    oriented = metric.oriented(table)
    why = untestable(oriented, panel.replicates.means, metric.unit)
    within = None
    if why is None:
        within = jackknifed(PRIMARY, Coefficient.SPEARMAN, oriented, panel.replicates)
    return JudgedMetric(metric, table, oriented, why, within)


def untestable(values: Floats, means: Floats, unit: str) -> NoteCode | None:
    """Why values ``(passages, systems)`` cannot be correlated with mean ratings, if so."""
    both = ~np.isnan(values) & ~np.isnan(means)
    if both.sum() < 3:
        return NoteCode.FEW_STIMULI
    if float(np.ptp(values[both])) == 0:
        return NoteCode.STIMULI_ALIKE
    within = [float(np.ptp(row[ok])) for row, ok in zip(values, both, strict=True) if ok.any()]
    if unit == "LUFS" and max(within) <= MATCHED_LU:
        return NoteCode.LEVELS_MATCHED
    return None


def _of(judged: Sequence[JudgedMetric]) -> list[JudgedMetric]:
    """Those whose order within passages is known."""
    return [one for one in judged if one.within and np.isfinite(one.within.value)]


def _tested(judged: Sequence[JudgedMetric], panel: ListenerPanel, seed: int) -> list[JudgedMetric]:
    """The metrics with p, where claims may be made."""
    known = _of(judged)
    if not panel.claims or not known:
        return list(judged)
    p = exchange_p([one.oriented for one in known], panel.replicates.means, PRIMARY, seed)
    of = {id(one): both for one, both in zip(known, p, strict=True)}
    nothing = (None, None)
    return [
        JudgedMetric(
            one.metric, one.table, one.oriented, one.why, one.within, *of.get(id(one), nothing)
        )
        for one in judged
    ]


def _differences(
    judged: Sequence[JudgedMetric], panel: ListenerPanel
) -> tuple[MetricDifference, ...]:
    """Every two metrics with a direction, on the stimuli that both have."""
    if not panel.claims:
        return ()
    rows: list[tuple[JudgedMetric, JudgedMetric, int, Sureness]] = []
    for one, other in combinations(_of(judged), 2):
        if "none" in (one.metric.better, other.metric.better):
            continue
        both = ~np.isnan(one.oriented) & ~np.isnan(other.oriented)
        common = both & ~np.isnan(panel.replicates.means)
        found = []
        for metric in (one, other):
            whole = bool((np.isnan(metric.oriented) | both).all())
            assert metric.within is not None
            found.append(
                metric.within
                if whole
                else jackknifed(
                    PRIMARY,
                    Coefficient.SPEARMAN,
                    np.where(both, metric.oriented, np.nan),
                    panel.replicates,
                )
            )
        rows.append((one, other, int(common.sum()), found[0].less(found[1])))
    p = [row[3].p for row in rows]
    p_adj = adjusted(p, Adjust.HOLM)
    return tuple(
        MetricDifference(
            first=one.metric.label,
            second=other.metric.label,
            stimuli=stimuli,
            difference=_maybe(sure.value),
            low=low,
            high=high,
            p=raw,
            # Where neither is shown to follow the ratings, neither follows them better.
            p_adj=None if mine is None else max(mine, min(one.p_adj or 1.0, other.p_adj or 1.0)),
        )
        for (one, other, stimuli, sure), raw, mine in zip(rows, p, p_adj, strict=True)
        for low, high in [sure.interval(panel.alpha)]
    )


def _following(
    one: JudgedMetric, panel: ListenerPanel, differences: Sequence[MetricDifference], family: int
) -> MetricFollowing:
    metric, means = one.metric, panel.replicates.means
    both = ~np.isnan(one.table) & ~np.isnan(means)
    errors = mapped_errors(_plotted(metric, one.table), means, panel.half) if not one.why else None
    low = high = None
    if one.within is not None:
        low, high = one.within.sureness().interval(panel.alpha / max(1, family))
    return MetricFollowing(
        metric=metric.metric,
        variant=metric.variant,
        parameters=dict(metric.parameters),
        label=metric.label,
        unit=metric.unit,
        better=metric.better,
        version=metric.version,
        per=metric.per,
        stimuli=int(both.sum()),
        systems=int(both.any(axis=0).sum()),
        passages=int(both.any(axis=1).sum()),
        values=tuple(_maybe(value) for value in one.table[~np.isnan(means)]),
        levels=() if errors is None else tuple(
            _level(one, level, errors, panel) for level in ValidityLevel
        ),
        p=one.p,
        p_adj=one.p_adj,
        verdict=_verdict(one, panel),
        may_be_best=_may_be_best(one, panel, differences),
        low_of_all=low,
        high_of_all=high,
        with_aside=_with_aside(one, panel),
        without_one=_without_one(one, panel),
        decisions=() if one.why or metric.better == "none" else tuple(
            _decisions(one.oriented, told) for told in panel.decided
        ),
        mapping=None if errors is None else _mapping(errors),
        outliers=() if errors is None else _outliers(one, errors, panel),
        **noted(one.why),
    )  # fmt: skip


def _plotted(metric: MetricValues, table: Floats) -> Floats:
    return np.abs(table) if metric.better == "zero" else table


def _level(
    one: JudgedMetric, level: ValidityLevel, errors: MappedErrors, panel: ListenerPanel
) -> LevelFollowing:
    found: dict[Coefficient, Sure] = {}
    for coefficient in Coefficient:
        same = level is PRIMARY and coefficient is Coefficient.SPEARMAN and one.within is not None
        parts = (
            one.within if same else jackknifed(level, coefficient, one.oriented, panel.replicates)
        )
        assert parts is not None
        found[coefficient] = _sure(parts, panel.alpha)
    expected = {"higher": 1, "lower": -1, "zero": -1}.get(one.metric.better, 1)
    mapped = errors.mapping(_plotted(one.metric, one.table)) * errors.mapping.sign * expected
    parts = jackknifed(level, Coefficient.PEARSON, mapped, panel.replicates)
    return LevelFollowing(
        level=level,
        spearman=found[Coefficient.SPEARMAN],
        kendall=found[Coefficient.KENDALL],
        pearson=found[Coefficient.PEARSON],
        pearson_mapped=_sure(parts, panel.alpha),
    )


def _sure(parts: Jackknifed, alpha: float) -> Sure:
    if not np.isfinite(parts.value):
        return _NONE
    sure = parts.sureness()
    low, high = sure.interval(alpha)
    return Sure(value=parts.value, low=low, high=high, z_error=sure.error, df=sure.df)


def _verdict(one: JudgedMetric, panel: ListenerPanel) -> FollowVerdict:
    if not panel.claims or one.p_adj is None or one.within is None:
        return FollowVerdict.NO_CLAIM
    if one.p_adj >= panel.alpha:
        return FollowVerdict.NOT_SHOWN
    right = one.metric.better == "none" or one.within.value > 0
    return FollowVerdict.FOLLOWS if right else FollowVerdict.AGAINST


def _may_be_best(
    one: JudgedMetric, panel: ListenerPanel, differences: Sequence[MetricDifference]
) -> bool | None:
    """Whether no other metric is told to follow better; None where it is not shown to follow."""
    if _verdict(one, panel) is not FollowVerdict.FOLLOWS or one.metric.better == "none":
        return None
    for pair in differences:
        if pair.p_adj is None or pair.p_adj >= panel.alpha or pair.difference is None:
            continue
        loser = pair.second if pair.difference > 0 else pair.first
        if loser == one.metric.label:
            return False
    return True


def _rank(one: MetricFollowing) -> tuple[bool, bool, float]:
    within = one.at(PRIMARY)
    value = within.spearman.value if within else None
    return value is None, one.better == "none", -(value or 0.0)


def _with_aside(one: JudgedMetric, panel: ListenerPanel) -> tuple[WithAside, ...]:
    every = panel.everything
    if len(every.systems) == len(panel.tested.systems) or one.why:
        return ()
    table = one.metric.table(every.passages, every.systems)
    added = [at for at, name in enumerate(every.systems) if name not in panel.tested.systems]
    if np.isnan(table[:, added]).all():
        return ()
    means = Replicates(every.cells).means
    found = []
    for level in ValidityLevel:
        r = at_level(level, Coefficient.SPEARMAN, one.metric.oriented(table)[None], means[None])
        found.append(WithAside(level=level, spearman=_maybe(r[0])))
    return tuple(found)


def _without_one(one: JudgedMetric, panel: ListenerPanel) -> WithoutOne | None:
    systems = panel.tested.systems
    if one.why or not LEAST_IN_PASSAGE < len(systems) <= MOST_GROUPS:
        return None
    of = jackknifed(ValidityLevel.SYSTEMS, Coefficient.PEARSON, one.oriented, panel.replicates)
    left = of.systems * np.sign(of.value)
    if not np.isfinite(of.value) or not np.isfinite(left).any():
        return None
    at = int(np.nanargmin(left))
    return WithoutOne(system=systems[at], pearson=of.value, pearson_without=float(of.systems[at]))


def _decisions(oriented: Floats, told: Decided) -> Decisions:
    found = accuracy(oriented, told)
    return Decisions(level=told.level, pairs=found.pairs, told=found.told, share=found.share)


def _mapping(errors: MappedErrors) -> Mapping1401:
    mapping = errors.mapping
    return Mapping1401(
        sign=mapping.sign,
        coefficients=mapping.coefficients,
        low=mapping.low,
        high=mapping.high,
        rmse=errors.rmse,
        rmse_cross=errors.rmse_cross,
        rmse_star=errors.rmse_star,
        outlier_ratio=errors.outlier_ratio,
    )


def _outliers(
    one: JudgedMetric, errors: MappedErrors, panel: ListenerPanel
) -> tuple[HeardOutlier, ...]:
    beyond = np.abs(errors.residuals) - np.nan_to_num(panel.half)
    order = np.argsort(-np.nan_to_num(beyond, nan=-np.inf), axis=None, kind="stable")
    found = []
    for p, s in (divmod(int(at), beyond.shape[1]) for at in order[:MOST_OUTLIERS]):
        if not beyond[p, s] > 0:
            break
        rated = float(panel.replicates.means[p, s])
        found.append(
            HeardOutlier(
                passage=panel.tested.passages[p],
                system=panel.tested.systems[s],
                value=float(one.table[p, s]),
                rated=rated,
                mapped=rated - float(errors.residuals[p, s]),
                half=_maybe(panel.half[p, s]),
            )
        )
    return tuple(found)


def _ceiling(cells: Floats, level: ValidityLevel, seed: int) -> LevelCeiling:
    found = noise_ceiling(cells, level, Coefficient.SPEARMAN, seed)
    return LevelCeiling(
        level=level,
        reliability=found.reliability,
        ceiling=found.ceiling,
        one_listener=found.one_listener,
    )


def _notes(found: Sequence[MetricFollowing]) -> tuple[str, ...]:
    said = []
    for one in found:
        if one.verdict is FollowVerdict.AGAINST:
            said.append(
                f"{one.label} goes against its own direction: what it calls better was rated worse."
            )
    return tuple(said)


def _maybe(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
