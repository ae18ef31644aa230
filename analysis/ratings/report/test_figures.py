"""What tests say, as Plotly figures: p, critical difference, order, planning."""

from collections.abc import Mapping, Sequence

from ...presentation.figures import Figure, Rows, layout, marker, names_axis
from ...presentation.looks import DASHES, Look
from ...presentation.numbers import p_cell
from ..result.blocks import Planning
from ..result.secondary import OrderEffect
from ..result.tests import Pair

# Steps at .001, .01 and .05, as reports mark them; in each the lighter the larger p.
_STEPS = ((0.001, "#00545A"), (0.01, "#2E8B8B"), (0.05, "#8CC7C1"), (1.0, "#ECECE8"))


def p_map(pairs: Sequence[Pair], names: Sequence[str]) -> Figure:
    """Adjusted p of every pair; four steps of colour, the number in each cell."""
    at = {name: index for index, name in enumerate(names)}
    count = len(names)
    level: list[list[int | None]] = [[None] * count for _ in names]
    text = [[""] * count for _ in names]
    for pair in pairs:
        p = pair.p_adj
        if p is None:
            continue
        i, j = at[pair.group1], at[pair.group2]
        step = next(index for index, (bound, _) in enumerate(_STEPS) if p < bound or bound == 1)
        for a, b in ((i, j), (j, i)):
            level[a][b] = step
            text[a][b] = p_cell(p)
    colours = [
        [edge, colour]
        for index, (_, colour) in enumerate(_STEPS)
        for edge in (index / 4, (index + 1) / 4)
    ]
    trace = {
        "type": "heatmap",
        "z": level,
        "x": list(range(count)),
        "y": list(range(count)),
        "text": text,
        "texttemplate": "%{text}",
        "textfont": {"size": 10},
        "zmin": -0.5,
        "zmax": 3.5,
        "colorscale": colours,
        "showscale": False,
        "hoverinfo": "text",
        "xgap": 2,
        "ygap": 2,
    }
    axis = names_axis(names, 10, "top") | {"range": [-0.5, count - 0.5]}
    figure = Rows(names).layout("", 44, xaxis=axis)
    figure["margin"]["b"] = 20
    figure["meta"]["cell"] = 32
    return {"data": [trace], "layout": figure}


def critical_difference(
    mean_ranks: Mapping[str, float], difference: float, looks: Mapping[str, Look]
) -> Figure:
    """Mean ranks with bars of half the critical difference to either side.

    Two bars that do not overlap are further apart than Nemenyi's critical difference.
    """
    ranks = sorted(mean_ranks.items(), key=lambda item: (-item[1], item[0]))
    half = round(difference / 2, 4)
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [round(rank, 4)],
            "y": [row],
            "marker": marker(looks[name], 11),
            "error_x": {
                "type": "data",
                "array": [half],
                "color": "ink",
                "thickness": 3,
                "width": 0,
            },
            "hovertemplate": "mean rank %{x:.2f}<extra></extra>",
        }
        for row, (name, rank) in enumerate(ranks)
    ]
    names = [name for name, _ in ranks]
    title = f"Mean rank of listener means (higher is better); critical difference {2 * half:.2f}"
    return {"data": traces, "layout": Rows(names, looks).layout(title, 38)}


def order_figure(effect: OrderEffect) -> Figure:
    """Mean of what is left of the ratings at each step of the order."""
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [at for at, _, _ in effect.steps],
        "y": [round(left, 4) for _, left, _ in effect.steps],
        "line": {"color": "muted", "width": 1},
        "marker": {"color": "accent", "size": 8},
        "hovertemplate": "%{x:g}: %{y:+.2f} points<extra></extra>",
    }
    title = {"position": "Position on the page", "page": "Number of the page"}[effect.order]
    figure = layout(260, title)
    figure["yaxis"] = {
        "title": {"text": "Points"},
        "fixedrange": True,
        "automargin": True,
        "zeroline": True,
    }
    return {"data": [trace], "layout": figure}


def planning_figure(plan: Planning) -> Figure:
    """The smallest detectable difference over the number of listeners, a line per passages."""
    traces = []
    counts = sorted({row.passages for row in plan.grid})
    for at, passages in enumerate(counts):
        rows = [row for row in plan.grid if row.passages == passages]
        words = f"{passages} passage" + ("s" if passages > 1 else "")
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": words,
                "x": [row.listeners for row in rows],
                "y": [round(row.detectable, 4) for row in rows],
                "line": {
                    "color": "ink" if at else "accent",
                    "dash": DASHES[at % len(DASHES)],
                    "width": 2,
                },
                "marker": {"color": "ink" if at else "accent", "size": 5},
                "hovertemplate": f"%{{x}} listeners, {words}: %{{y:.1f}} points<extra></extra>",
            }
        )
    figure = layout(340, "Listeners")
    figure["xaxis"]["type"] = "log"
    figure["xaxis"]["tickvals"] = sorted({row.listeners for row in plan.grid})
    figure["yaxis"] = {
        "title": {"text": "Detectable difference in points"},
        "rangemode": "tozero",
        "fixedrange": True,
        "automargin": True,
    }
    figure["showlegend"] = True
    figure["legend"] = {"orientation": "h", "y": 1, "yanchor": "bottom"}
    return {"data": traces, "layout": figure}
