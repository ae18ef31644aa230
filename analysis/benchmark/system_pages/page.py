"""One system's page: what it is, where it ranks, and its scores song by song."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...presentation.looks import Look
from ...presentation.numbers import number_format
from ..panels.overview import badges, cell_views
from ..panels.registry import Table, render
from ..panels.sides.addresses import player_of
from ..result.columns import Column
from ..result.document import Result
from ..result.song_facts import song_facts
from ..result.tables import records
from . import facts

_MOST_NOTES = 12
_LISTED = 60


@dataclass(frozen=True)
class SystemPage:
    """A system's page: its HTML needs the names of assets, its ``data`` does not."""

    system: str
    data: Mapping[str, Any]
    view: Mapping[str, Any]


def system_page(result: Result, system: str, songs: Mapping[str, str]) -> SystemPage:
    """What the page of ``system`` holds; ``songs`` are the addresses of the songs' pages."""
    beside = facts.sidecars(result, system)
    (row,) = records(result.systems[result.systems["system"] == system])
    shown = [c for c in result.headline if _scored(result, c, system)]
    data: dict[str, Any] = {
        "song-scores": {v: _scores(result, system, shown, v, songs) for v in ("raw", "aligned")}
    }
    standing = {v: _standing(result, system, v) for v in ("raw", "aligned")}
    data["standing"] = standing
    plain, larger = facts.plain_notes(beside)
    if plain:
        data["notes"] = {"raw": _notes(system, beside, plain[:_MOST_NOTES], songs)}
    failures = records(result.failures[result.failures["system"] == system])
    warned = facts.warnings_of(beside)
    view = {
        "badges": [*badges(row), *song_facts(result).marks_of_system(system)],
        "findings": result.findings_of(system),
        "found": facts.findings(result, system),
        "identity": facts.identity(result, system, beside),
        "training": facts.training(result, system, beside),
        "standing": bool(standing["raw"]["rows"]),
        "scored": bool(shown),
        "notes": bool(plain),
        "more_notes": [*plain[_MOST_NOTES:], *larger],
        "panels": facts.shown_of_itself(result, system),
        "failures": failures[:_LISTED],
        "failed": len(failures),
        "warnings": warned[:_LISTED],
        "warned": len(warned),
        "renders": len(beside),
        "paired": any("aligned" in column.variants for column in shown),
    }
    return SystemPage(system, data, view)


def system_html(
    result: Result,
    page: SystemPage,
    pages: tuple[Mapping[str, str], Mapping[str, str]],
    **frame: Any,
) -> str:
    """The HTML of a page; ``pages`` are those of systems and songs, ``frame`` what pages need."""
    systems, songs = pages
    names = list(result.by_rank)
    at = names.index(page.system)
    look: Look = result.looks[page.system]
    return render(
        "system.html",
        benchmark=result.benchmark,
        system={"name": page.system, "look": look},
        songs={name: f"../{address}" for name, address in songs.items()},
        count=len(result.song_names),
        before=_neighbour(systems, names, at - 1),
        after=_neighbour(systems, names, at + 1),
        **page.view,
        **frame,
    )


def _standing(result: Result, system: str, variant: str) -> dict[str, Any]:
    """A row per metric: the median, and the ranks that the system can have."""
    rows: list[list[Any]] = []
    for column in result.columns:
        shown = variant if variant in column.variants else column.variants[0]
        view = cell_views(result, system, column)[shown]
        ranking = result.standings[column.id, shown].ranking
        place = ranking.rank_of(system)
        if place is not None:
            said = f"{place.low}" if place.low == place.high else f"{place.low}–{place.high}"
            said += f" of {len(ranking.ranks)}"
            why = view.first
        else:
            said, why = "", str(ranking.why or _why_not(result, system))
        median = {"v": view.value, "note": view.interval or view.note}
        if view.sort:
            rows.append([column.heading, column.arrow, median, said, why])
    return Table(["metric", "better", "median over songs", "rank", "remark"], rows).as_json()


def _why_not(result: Result, system: str) -> str:
    return "lacks a song" if system in result.competing else "does not compete"


def _scores(
    result: Result,
    system: str,
    columns: Sequence[Column],
    variant: str,
    songs: Mapping[str, str],
) -> dict[str, Any]:
    """A row per song, which leads to the song's page."""
    rows: list[list[Any]] = [[_link(song, system, songs)] for song in result.song_names]
    digits: list[int | None] = [None]
    for column in columns:
        shown = variant if variant in column.variants else column.variants[0]
        values = [float(v) for v in result.values.of(column.id, shown, system)]
        digits.append(number_format(values, column.unit).decimals)
        for row, value in zip(rows, values, strict=True):
            row.append(value if value == value else None)
    return Table(["song", *(column.heading for column in columns)], rows, digits).as_json()


def _notes(
    system: str,
    beside: Mapping[str, Mapping[str, Any]],
    names: Sequence[str],
    songs: Mapping[str, str],
) -> dict[str, Any]:
    rows = [
        [_link(song, system, songs), *(_note((one.get("notes") or {}).get(name)) for name in names)]
        for song, one in beside.items()
    ]
    return Table(["song", *names], rows).as_json()


def _note(value: Any) -> Any:
    # JSON knows no NaN, and a reader of a table no True.
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if isinstance(value, float) and value - value != 0 else value


def _link(song: str, system: str, songs: Mapping[str, str]) -> Any:
    if song not in songs:
        return song
    return {"v": song, "href": f"../{songs[song]}#{player_of(system)}"}


def _scored(result: Result, column: Column, system: str) -> bool:
    values = [result.values.of(column.id, variant, system) for variant in column.variants]
    return any((one == one).any() for one in values)


def _neighbour(pages: Mapping[str, str], names: Sequence[str], at: int) -> tuple[str, str] | None:
    if not 0 <= at < len(names):
        return None
    return names[at], pages[names[at]].removeprefix("systems/")
