"""How a system looks: one colour with one symbol and one dash, the same in every figure.

Colours are those of Okabe and Ito (2008), which readers with any colour vision can tell apart.
There are fewer colours than systems, so colour always comes with a symbol (points) or a dash
(lines); the numbers of each share no factor, so pairs repeat only after all have been used.

The reference and the anchors stand outside this order: they are what the systems are seen
against, and a study may have them where its benchmark has none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ...models.roles import Role

# The eighth, black, is the reference master's; yellow, faint on paper, comes last.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
# Names of the theme's colours, which the page puts in.
INK = "ink"  # black on light paper, near white on dark
MUTED = "muted"

# Plotly's names; each has a path of the same shape below.
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "cross",
    "triangle-down",
    "x",
    "pentagon",
    "triangle-right",
    "hexagon",
    "triangle-left",
)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

# SVG paths in a box of 16 x 16, for tables and players.
PATHS = {
    "circle": "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z",
    "square": "M2.7 2.7h10.6v10.6H2.7z",
    "diamond": "M8 1l7 7-7 7-7-7z",
    "triangle-up": "M8 2l6.9 12H1.1z",
    "triangle-down": "M8 14L1.1 2h13.8z",
    "triangle-right": "M14 8L2 14.9V1.1z",
    "triangle-left": "M2 8L14 1.1v13.8z",
    "cross": "M5.7 1.5h4.6v4.2h4.2v4.6h-4.2v4.2H5.7v-4.2H1.5V5.7h4.2z",
    "x": "M4.2 1L8 4.8 11.8 1 15 4.2 11.2 8l3.8 3.8-3.2 3.2L8 11.2 4.2 15 1 11.8 4.8 8 1 4.2z",
    "pentagon": "M8 1.5l6.6 4.8-2.5 7.7H3.9L1.4 6.3z",
    "hexagon": "M8 1.2l5.9 3.4v6.8L8 14.8l-5.9-3.4V4.6z",
    "star": "M8 .8l2 4.9 5.3.4-4 3.4 1.2 5.2L8 11.9l-4.5 2.8 1.2-5.2-4-3.4 5.3-.4z",
}


@dataclass(frozen=True)
class Look:
    """The colour, symbol and dash of one system.

    ``colour`` is hexadecimal or the name of a theme's colour, ``symbol`` one of :data:`SYMBOLS` or
    ``star``, with ``-open`` behind it where only its outline is drawn.
    """

    colour: str
    symbol: str
    dash: str

    @property
    def path(self) -> str:
        """The symbol as an SVG path in a box of 16 x 16."""
        return PATHS[self.symbol.removesuffix("-open")]

    @property
    def hollow(self) -> bool:
        """Whether only the outline of the symbol is drawn."""
        return self.symbol.endswith("-open")

    @property
    def themed(self) -> bool:
        """Whether the colour is one of the theme's, which differs between light and dark."""
        return not self.colour.startswith("#")


REFERENCE = Look(INK, "star", "solid")


def looks(systems: Iterable[tuple[str, Role]]) -> dict[str, Look]:
    """The look of each (name, role).

    A reference is a star in ink, anchors are hollow and muted; neither moves the others' places.
    """
    found: dict[str, Look] = {}
    place = anchor = 0
    for name, role in systems:
        if role == "reference":
            found[name] = REFERENCE
        elif role == "anchor":
            # Lines of anchors are never solid.
            dash = DASHES[1:][anchor % (len(DASHES) - 1)]
            found[name] = Look(MUTED, f"{SYMBOLS[anchor % len(SYMBOLS)]}-open", dash)
            anchor += 1
        else:
            found[name] = Look(
                COLOURS[place % len(COLOURS)],
                SYMBOLS[place % len(SYMBOLS)],
                DASHES[place // len(COLOURS) % len(DASHES)],
            )
            place += 1
    return found


def shortened(name: str, width: int = 14) -> str:
    """``name`` in at most ``width`` characters, cut in its middle: sweeps differ at their end."""
    if len(name) <= width:
        return name
    tail = (width - 1) // 2
    return f"{name[: width - 1 - tail].rstrip()}…{name[len(name) - tail :].lstrip()}"


def short_names(names: Iterable[str], width: int = 14) -> dict[str, str]:
    """Short forms that still tell the names apart: where needed, of the part that differs."""
    every = list(names)
    found = {name: shortened(name, width) for name in every}
    for short in set(found.values()):
        alike = [name for name in every if found[name] == short]
        if len(alike) > 1:
            start = _shared(alike)
            for name in alike:
                found[name] = f"{name[:3]}…{name[start : start + width - 4].strip()}"
    taken: set[str] = set()
    for name in every:
        count = 2
        while found[name] in taken:
            found[name], count = f"{shortened(name, width - 3)} {count}", count + 1
        taken.add(found[name])
    return found


def _shared(names: list[str]) -> int:
    """How many characters all of the names begin with."""
    columns = zip(*names, strict=False)
    return next((i for i, column in enumerate(columns) if len(set(column)) > 1), 0)
