"""How a system looks in every figure: one colour of Okabe and Ito's, one symbol beside it."""

import html
import textwrap
from dataclasses import dataclass

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A800")
_SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x", "hexagon")
_DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True)
class Look:
    """A colour and a symbol; reference and anchors are drawn in the page's muted ink."""

    colour: str
    symbol: str
    dash: str


def looks(names: list[str], aside: list[str]) -> dict[str, Look]:
    """The look of every system, by its place among the names; those set aside are muted."""
    found, number = {}, 0
    for name in names:
        if name in aside:
            found[name] = Look("muted", "line-ew-open", "dot")
            continue
        found[name] = Look(
            _COLOURS[number % len(_COLOURS)],
            _SYMBOLS[number % len(_SYMBOLS)],
            _DASHES[number // len(_COLOURS) % len(_DASHES)],
        )
        number += 1
    return found


def label(name: str, width: int = 20) -> str:
    """A name for Plotly, which reads HTML: escaped, broken into lines of about ``width``."""
    lines = textwrap.wrap(name, width) or [name]
    if len(lines) > 3:
        lines = [*lines[:2], lines[2][: width - 1] + "…"]
    return "<br>".join(html.escape(line) for line in lines)


def short_names(names: list[str], width: int = 14) -> list[str]:
    """Names of at most ``width`` letters for narrow axes, escaped; the middle gives way first."""
    head = (width - 1) // 2
    cut = [n if len(n) <= width else f"{n[:head]}…{n[-(width - 1 - head) :]}" for n in names]
    if len(set(cut)) < len(cut):
        cut = [f"{place}. {name[: width - 4]}" for place, name in enumerate(names, start=1)]
    return [html.escape(name) for name in cut]
