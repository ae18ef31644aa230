"""Who ranks where and how surely: intervals of ranks, and every pair of systems."""

from typing import Any

import pandas as pd

from ....presentation.figures import Figure, Rows, escaped, marker
from ....presentation.looks import INK
from ....presentation.numbers import NONE, NumberFormat, number_format, p_text
from ...ranking.comparisons import Difference
from ...ranking.ranks import PairOf, Ranking
from ...result.columns import Column
from ...result.document import Result
from ...result.finding import listed
from ...result.standing_rows import pair_rows
from ...result.standings import verdict
from ..figures import Shades, diverging_scale, heat_map
from ..registry import Chart, Context, Section, Table, metric_chart, render, section


@section(order=15)
def ranks(context: Context) -> Section | None:
    """Rank intervals and pairs of the metric that the reader chose."""
    result = context.result
    if not any(column.better != "none" for column in result.columns):
        return None
    html = render("sections/ranks.html", result=result)
    return Section("ranks", "Who is best, and how sure is that?", html, tables=_tables(result))


def _tables(result: Result) -> dict[str, pd.DataFrame]:
    ranked, pairs = [], []
    for row in result.ranking_rows():
        place = {key: row[key] for key in ("metric", "variant", "parameters", "unit", "songs")}
        ranked += [place | one for one in row["ranks"]]
    for column in result.headline:
        for variant in column.variants:
            ranking = result.standings[column.id, variant].ranking
            place = {"metric": column.metric, "variant": variant, "parameters": column.parameters}
            pairs += [place | one for one in pair_rows(column, ranking)]
    return {"ranks": pd.DataFrame(ranked), "pairs": pd.DataFrame(pairs)}


@metric_chart("ranks")
def rank_intervals(result: Result, column: Column, variant: str) -> Chart | None:
    """The rank of each system that competes, with the interval that it lies in."""
    ranking = result.standings[column.id, variant].ranking
    if ranking.why is not None:
        return None
    names = [one.system for one in ranking.ranks]
    rows = Rows(names, result.looks)
    show = number_format((one.mean for one in ranking.ranks), column.unit)
    size = "|mean|" if column.better == "zero" else "mean"
    header = ["system", "rank", "lowest", "highest", "chance to be best", f"{size} over songs"]
    table = [
        [one.system, one.rank, one.low, one.high, one.chance_best, one.mean]
        for one in ranking.ranks
    ]
    digits = (None, 0, 0, 0, 2, show.decimals)
    return Chart(_rank_figure(rows, ranking, show), Table(header, table, digits), _note(ranking))


def _note(ranking: Ranking) -> str:
    least = ranking.tellable
    first = ranking.first
    count = len(ranking.ranks)
    if len(first) == 1:
        said = f"{first[0]} is told to be better than each of the other {count - 1}."
    elif len(first) == count:
        said = f"All {count} tie: these {ranking.songs} songs tell none of them to be better."
    else:
        said = f"{len(first)} of {count} tie for first: {listed(first)}."
    if least is None:
        return said
    show = number_format([least.difference / 2])
    half = "more than 10,000" if least.half_songs is None else f"about {least.half_songs}"
    return (
        f"{said} {ranking.songs} songs tell {show(least.difference)} apart; "
        f"{show(least.difference / 2)} takes {half}."
    )


def _rank_figure(rows: Rows, ranking: Ranking, show: NumberFormat) -> Figure:
    traces: list[dict[str, Any]] = []
    for position, one in enumerate(ranking.ranks):
        look = rows.looks[one.system]
        said = (
            f"{escaped(one.system)}: rank {one.rank}, from {one.low} to {one.high}<br>"
            f"mean {show(one.mean)}, best in {one.chance_best:.0%} of resamples"
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [one.low, one.high],
                "y": [position, position],
                "line": {"color": INK if one.first else "muted", "width": 3 if one.first else 2},
                "hoverinfo": "skip",
            }
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": escaped(one.system),
                "x": [one.rank],
                "y": [position],
                "marker": marker(look, 11),
                "hovertemplate": f"{said}<extra></extra>",
            }
        )
    figure = rows.layout("rank, and the interval that holds it (95 %, all at once)")
    count = len(ranking.ranks)
    figure["xaxis"] |= {"range": [0.5, count + 0.5], "dtick": max(1, round(count / 12))}
    figure["xaxis"] |= {"tick0": 1}
    return {"data": traces, "layout": figure}


@metric_chart("wins")
def wins(result: Result, column: Column, variant: str) -> Chart | None:
    """Every two systems: the songs that each won, and whether the songs tell them apart."""
    ranking = result.standings[column.id, variant].ranking
    if ranking.why is not None:
        return None
    show = number_format((one.difference.mean for one in ranking.pairs), column.unit)
    names = [one.system for one in ranking.ranks]
    both = {(one.first, one.second): one.difference for one in ranking.pairs}
    both |= {(one.second, one.first): one.difference.turned() for one in ranking.pairs}
    figure = _win_figure(result, column, names, both, show)
    place = {name: at for at, name in enumerate(names)}
    table = [
        _pair_row(column, one if place[one.first] < place[one.second] else _turned(one))
        for one in sorted(ranking.pairs, key=lambda one: _places(one, place))
    ]
    header = ["first", "second", "difference", "low", "high", "adjusted p", "first wins", "verdict"]
    decimals = show.decimals
    return Chart(figure, Table(header, table, (None, None, *[decimals] * 3, None, None, None)))


def _places(one: PairOf, place: dict[str, int]) -> tuple[int, int]:
    first, second = sorted((place[one.first], place[one.second]))
    return first, second


def _turned(one: PairOf) -> PairOf:
    return PairOf(one.second, one.first, one.difference.turned())


def _pair_row(column: Column, one: PairOf) -> list[Any]:
    difference = one.difference
    p = NONE if difference.p is None else p_text(difference.p)
    won = f"{_won(column, difference)} of {difference.songs}"
    numbers = [difference.mean, difference.low, difference.high]
    return [one.first, one.second, *numbers, p, won, str(verdict(column, difference))]


def _won(column: Column, difference: Difference) -> int:
    return difference.above if column.better == "higher" else difference.below


def _win_figure(
    result: Result,
    column: Column,
    names: list[str],
    both: dict[tuple[str, str], Difference],
    show: NumberFormat,
) -> Figure:
    found = [[both.get((name, other)) for other in names] for name in names]
    shares = [[None if d is None else round(_share(column, d), 3) for d in row] for row in found]
    says = [["" if d is None else _said(column, d, show) for d in row] for row in found]
    # Blue is better, as in the panel of the human master.
    scale = diverging_scale()
    colours = [[at, colour] for (at, _), (_, colour) in zip(scale, scale[::-1], strict=True)]
    shades = Shades("songs won", colours, "", 0, 1)
    figure = heat_map(Rows(names, result.looks), names, shares, shades, says)
    (trace,) = figure["data"]
    trace["text"] = [["" if d is None else _cell(column, d) for d in row] for row in found]
    trace["texttemplate"] = "%{text}"
    trace["colorbar"]["tickformat"] = ".0%"
    figure["layout"]["meta"]["cell"] = 34
    return figure


def _share(column: Column, d: Difference) -> float:
    """How much of the songs the row won; a song in which both are alike counts half."""
    even = d.songs - d.below - d.above
    return (_won(column, d) + even / 2) / d.songs if d.songs else 0.5


def _cell(column: Column, d: Difference) -> str:
    return f"{_won(column, d)}{'●' if d.sign else ''}"


def _said(column: Column, d: Difference, show: NumberFormat) -> str:
    """What is told of a row beside a column."""
    interval = "" if d.low is None else f" [{show(d.low)}, {show(d.high)}]"
    p = "" if d.p is None else f", p {p_text(d.p)}"
    won = f"{_won(column, d)} of {d.songs}"
    return f"{verdict(column, d)}, wins {won}: {show(d.mean)}{interval}{p}"
