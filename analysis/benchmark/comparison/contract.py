"""The typed form of what ``earmark compare --json`` prints."""

from typing import Any, Literal

from pydantic import Field, StrictBool, StrictInt

from ....evaluation.results.metric_facts import Better
from ...result.parts import Number, ResultPart
from ..result.standings import SongVerdict
from .compare import ComparedRow, SideComparison
from .gates import Judged
from .sides import Side


class SidePart(ResultPart):
    """A side as it was named, and where it was found."""

    said: str
    results: str
    benchmark: str
    run: str
    system: str | None


class SongsPart(ResultPart):
    """Songs by their ids; ``compared`` are those of equal content on both sides."""

    compared: tuple[tuple[str, str], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    other_excerpt: tuple[str, ...]


class MovedPart(ResultPart):
    """A song that moved far, B less A."""

    song: str
    song_b: str
    difference: Number


class RowPart(ResultPart):
    """One metric of two systems: B less A, and the verdict on B."""

    system_a: str
    system_b: str
    metric: str
    parameters: str
    variant: str
    unit: str
    better: Better
    songs: StrictInt
    mean_a: Number | None
    mean_b: Number | None
    mean_difference: Number | None
    low: Number | None
    high: Number | None
    p_adjusted: Number | None
    songs_below: StrictInt
    songs_above: StrictInt
    songs_lost: StrictInt
    verdict: SongVerdict
    moved: tuple[MovedPart, ...]


class GatePart(ResultPart):
    """A condition and its outcome."""

    condition: str
    outcome: Literal["passed", "failed", "unjudged"]
    why: str


class ComparisonDocument(ResultPart):
    """What ``earmark compare --json`` prints."""

    schema_number: Literal[1] = Field(alias="schema")
    simulated: StrictBool
    a: SidePart
    b: SidePart
    songs: SongsPart
    only_systems_a: tuple[str, ...]
    only_systems_b: tuple[str, ...]
    unlike: tuple[str, ...]
    unchanged: tuple[str, ...]
    comparisons: tuple[RowPart, ...]
    gates: tuple[GatePart, ...]


def document(comparison: SideComparison, judged: list[Judged]) -> ComparisonDocument:
    """A comparison and its gates as one document."""
    songs = comparison.songs
    return ComparisonDocument(
        schema=1,
        simulated=comparison.a.simulated or comparison.b.simulated,
        a=_side(comparison.a),
        b=_side(comparison.b),
        songs=SongsPart(
            compared=songs.pairs,
            only_a=songs.only_a,
            only_b=songs.only_b,
            other_excerpt=songs.other_excerpt,
        ),
        only_systems_a=comparison.only_a,
        only_systems_b=comparison.only_b,
        unlike=comparison.unlike,
        unchanged=comparison.unchanged,
        comparisons=tuple(_row(row) for row in comparison.rows),
        gates=tuple(
            GatePart.model_validate(
                {"condition": one.gate.said, "outcome": one.outcome.name.lower(), "why": one.why}
            )
            for one in judged
        ),
    )


def json_schema() -> dict[str, Any]:
    """The JSON schema of the document."""
    return ComparisonDocument.model_json_schema(by_alias=True)


def _side(side: Side) -> SidePart:
    return SidePart(
        said=side.said,
        results=str(side.folder),
        benchmark=side.benchmark,
        run=side.run,
        system=side.system,
    )


def _row(row: ComparedRow) -> RowPart:
    d = row.difference
    return RowPart(
        system_a=row.system_a,
        system_b=row.system_b,
        metric=row.column.metric,
        parameters=row.column.parameters,
        variant=row.variant,
        unit=row.column.unit,
        better=row.column.better,
        songs=d.songs,
        mean_a=row.mean_a,
        mean_b=row.mean_b,
        mean_difference=d.mean,
        low=d.low,
        high=d.high,
        p_adjusted=d.p,
        songs_below=d.below,
        songs_above=d.above,
        songs_lost=row.lost,
        verdict=row.verdict,
        moved=tuple(
            MovedPart(song=one.song, song_b=one.song_b, difference=one.difference)
            for one in row.moved
        ),
    )
