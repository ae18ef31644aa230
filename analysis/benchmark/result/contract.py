"""The typed form of ``result.json``: every key that is written, in its order, and no other.

A field has a default only where its key may be left out, and what is missing is null.
"""

from typing import Any, Literal

from pydantic import Field, JsonValue, StrictBool, StrictInt

from ....evaluation.results.metric_facts import Better
from ...result.parts import Number, ResultPart
from ..ranking.ranks import NoClaim
from .standings import SongVerdict

SCHEMA: Literal[1] = 1

Values = tuple[Number, ...]
Levels = tuple[Number | None, ...]
# Options, tags and settings by names that others chose.
Named = dict[str, JsonValue]


class Interval(ResultPart):
    """How the intervals of the summary were made, and how often songs were drawn anew for chances.

    Results before ranks were made by a bootstrap.
    """

    level: Number
    method: Literal[
        "order statistics (median) and Student's t (mean) over songs",
        "percentile bootstrap over songs",
    ]
    resamples: StrictInt


class SongRow(ResultPart):
    """A song of the benchmark, as excerpted; ``mix_key`` is the render that holds it."""

    song: str
    seconds: Number
    start_seconds: Number
    sample_rate: StrictInt
    tags: Named
    sha256: str
    reference_sha256: str | None
    mix_key: str | None


class SystemRow(ResultPart):
    """A system of the benchmark; ``step`` is of a checkpoint, ``parameters`` of its render."""

    system: str
    kind: str
    role: Literal["system", "baseline", "anchor", "reference"]
    uses_reference: StrictBool
    parameters: StrictInt | None
    step: StrictInt | None
    licence: str
    options: Named
    key: str


class ValidityRow(ResultPart):
    """How far a variant of a metric follows listeners; ``note`` says why it is unknown."""

    variant: str
    note: str
    rho: Number | None = None
    low: Number | None = None
    high: Number | None = None
    sets: tuple[str, ...] = ()
    stimuli: StrictInt | None = None
    listeners: StrictInt | None = None
    simulated: StrictBool | None = None


class MetricRow(ResultPart):
    """A metric with its parameters, and what its numbers mean.

    ``validity`` is there where the benchmark file names sets of ratings.
    """

    metric: str
    parameters: Named
    unit: str
    better: Better
    version: StrictInt
    summary: str
    variants: tuple[str, ...]
    validity: tuple[ValidityRow, ...] = ()


class SummaryRow(ResultPart):
    """One system by one metric over the songs; ``missing`` counts why values are undefined."""

    system: str
    metric: str
    variant: str
    parameters: str
    unit: str
    better: Better
    headline: StrictBool
    songs: StrictInt
    median: Number | None
    median_low: Number | None
    median_high: Number | None
    mean: Number | None
    mean_low: Number | None
    mean_high: Number | None
    best: StrictBool
    tied_first: StrictBool | None = None
    missing: dict[str, StrictInt]


class DifferenceRow(ResultPart):
    """One system less a baseline, paired by song.

    ``low`` and ``high`` bound the median, alone. ``mean_low``, ``mean_high`` and ``p_adjusted``
    hold for all comparisons of the metric at once and are null where songs are too few. Results
    before ranks lack everything from ``mean_difference`` on.
    """

    system: str
    baseline: str
    metric: str
    variant: str
    parameters: str
    unit: str
    songs: StrictInt
    median_difference: Number | None
    low: Number | None
    high: Number | None
    mean_difference: Number | None = None
    mean_low: Number | None = None
    mean_high: Number | None = None
    p_adjusted: Number | None = None
    songs_below: StrictInt | None = None
    songs_above: StrictInt | None = None
    verdict: SongVerdict | None = None


class RankRow(ResultPart):
    """The rank of a system, the simultaneous interval of it, and its chance to be best.

    The chance is the share of resamples of the songs in which its mean is the best.
    """

    system: str
    mean: Number
    rank: StrictInt
    low: StrictInt
    high: StrictInt
    chance_best: Number


class PairRow(ResultPart):
    """Two systems, the first less the second; the interval holds for all pairs at once."""

    first: str
    second: str
    mean_difference: Number | None
    low: Number | None
    high: Number | None
    p_adjusted: Number | None
    songs_below: StrictInt
    songs_above: StrictInt
    verdict: SongVerdict


class TellableRow(ResultPart):
    """The least difference that the songs tell apart with power .8, and what half of it takes."""

    difference: Number
    half_takes_songs: StrictInt | None


class RankingRow(ResultPart):
    """Who ranks where in one metric; ``first`` tie, ``no_claim`` says why there are no ranks."""

    metric: str
    variant: str
    parameters: str
    unit: str
    better: Better
    songs: StrictInt
    no_claim: NoClaim | None
    critical_t: Number | None
    tellable: TellableRow | None
    first: tuple[str, ...]
    ranks: tuple[RankRow, ...]
    pairs: tuple[PairRow, ...]


class ScoreRow(ResultPart):
    """One value of one metric for one render: also a row of the scores that are exported as CSV.

    ``parameters`` is JSON text. ``value`` is null, an empty cell, where ``reason`` says why.
    """

    song: str
    system: str
    metric: str
    variant: str
    parameters: str
    value: Number | None
    unit: str
    reason: str
    version: StrictInt


class SetRow(ResultPart):
    """A distance of a system's renders to the reference masters; ``record`` as ``earmark fad``'s.

    ``record`` is empty where its file is lost.
    """

    system: str
    metric: str
    parameters: Named
    value: Number | None
    reason: str
    record: Named


class EffectRow(ResultPart):
    """One error of one system over the songs of an effect."""

    effect: str
    system: str
    metric: str
    songs: StrictInt
    mean: Number
    sd: Number | None
    best: StrictBool
    tied_first: StrictBool | None = None


class MixInsight(ResultPart):
    """The average spectrum of a song's mix, on ``bands_hz``."""

    song: str
    spectrum_db: Levels


class BandInsight(ResultPart):
    """One band of an equaliser; ``active`` is null where the system has no gates."""

    kind: str
    frequency_hz: Number
    gain_db: Number
    q: Number
    active: StrictBool | None


class EqualiserInsight(ResultPart):
    """An equaliser's bands and its curve on ``curve_hz``, null above half the sample rate.

    ``part`` names a channel, or is empty.
    """

    part: str
    bands: tuple[BandInsight, ...]
    gains_db: Levels


class DynamicsInsight(ResultPart):
    """A chain's settings and its static curve on ``levels_dbfs``."""

    part: str
    settings: Named
    out_dbfs: Values


class RenderInsight(ResultPart):
    """What a render shows of how it was made."""

    song: str
    system: str
    spectrum_db: Levels = ()
    equalisers: tuple[EqualiserInsight, ...] = ()
    dynamics: tuple[DynamicsInsight, ...] = ()
    strips: tuple[Named, ...] = ()


class FiltersInsight(ResultPart):
    """The filters that a network learned; see ``docs/report.md``."""

    count: StrictInt
    taps: StrictInt
    sample_rate: StrictInt
    hertz: Values
    centres_hz: Values
    bandwidths_hz: Levels
    peak_db: Values
    responses_db: tuple[Values, ...]
    z_db: tuple[Values, ...] = ()


class SweepInsight(ResultPart):
    """What a control does: each measure at each of its values."""

    control: str
    default: Number
    values: Values
    measures: dict[str, Levels]


class SystemInsight(ResultPart):
    """What a network shows of itself."""

    system: str
    filters: FiltersInsight | None = None
    sweeps: tuple[SweepInsight, ...] = ()


class InsightsPart(ResultPart):
    """Spectra, settings and filters, with the axes that their lists are given on."""

    bands_hz: Values
    curve_hz: Values
    levels_dbfs: Values
    mixes: tuple[MixInsight, ...]
    renders: tuple[RenderInsight, ...]
    systems: tuple[SystemInsight, ...]


class FailureRow(ResultPart):
    """A unit of work that failed, and why."""

    song: str
    system: str
    step: str
    message: str


class BenchmarkResult(ResultPart):
    """What the report of a benchmark found, without times and machines."""

    schema_number: Literal[1] = Field(alias="schema")
    benchmark: str
    simulated: StrictBool
    seed: StrictInt
    interval: Interval
    finding: str
    songs: tuple[SongRow, ...]
    systems: tuple[SystemRow, ...]
    metrics: tuple[MetricRow, ...]
    summary: tuple[SummaryRow, ...]
    differences: tuple[DifferenceRow, ...]
    baselines: tuple[str, ...] = ()
    rankings: tuple[RankingRow, ...] = ()
    scores: tuple[ScoreRow, ...]
    sets: tuple[SetRow, ...]
    effects: tuple[EffectRow, ...]
    insights: InsightsPart
    failures: tuple[FailureRow, ...]


def json_schema() -> dict[str, Any]:
    """The JSON schema of ``result.json``."""
    return BenchmarkResult.model_json_schema(by_alias=True)


def scores_json_schema() -> dict[str, Any]:
    """The JSON schema of one row of the scores."""
    return ScoreRow.model_json_schema()
