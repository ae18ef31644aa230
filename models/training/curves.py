"""Draws the curves of a training as one SVG, which any browser shows without anything else.

A panel for the loss in training and validation, one for each part of the validation, one for the
learning rate; the songs as they are (unprocessed) are a dashed line. The loss and the learning rate
have logarithmic axes. Colours follow the reader's light or dark mode.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from .history import History

NAMES = {
    "loss": "loss",
    "mrstft": "MR-STFT",
    "l1": "L1",
    "mse": "mean squared error",
    "esr": "error to signal ratio",
    "a_weighted_l1": "A-weighted L1",
    "loudness": "loudness error, dB",
    "learning_rate": "learning rate",
}
_WIDTH, _HEIGHT, _COLUMNS = 340, 220, 2
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 22, 34, 36
_HEAD = 64
_STYLE = """
.page{fill:#fff}.text{fill:#1d2733}.quiet{fill:#5a6675}.grid{stroke:#dfe4ea}.frame{stroke:#9aa5b1}
.train{stroke:#8aa4c0}.valid{stroke:#b3401f}.plain{stroke:#1d2733}.dot{fill:#b3401f}
@media (prefers-color-scheme: dark){.page{fill:#14181d}.text{fill:#e6eaee}.quiet{fill:#9ba6b2}
.grid{stroke:#2a313a}.frame{stroke:#5a6675}.train{stroke:#5f7fa3}.valid{stroke:#ff9466}
.plain{stroke:#e6eaee}.dot{fill:#ff9466}}
text{font:12px system-ui,sans-serif}.title{font-weight:600;font-size:13px}
.head{font-weight:600;font-size:16px}.line{fill:none;stroke-width:1.8;stroke-linejoin:round}
"""


@dataclass(frozen=True)
class _Line:
    """A curve: its CSS class, its points, whether each point is marked."""

    kind: str
    points: Sequence[tuple[float, float]]
    marked: bool = False


@dataclass(frozen=True)
class _Panel:
    """A figure with one axis of steps."""

    title: str
    lines: Sequence[_Line]
    level: float | None = None
    logarithmic: bool = False


def draw_curves(title: str, history: History, unprocessed: Mapping[str, float]) -> str:
    """The SVG of a training; a curve of which there is nothing yet is left out."""
    panels = [
        panel for panel in _panels(history, unprocessed) if any(p.points for p in panel.lines)
    ]
    rows = -(-len(panels) // _COLUMNS)
    width, height = _COLUMNS * _WIDTH, _HEAD + rows * _HEIGHT
    last = max([*history.steps, *(int(one["step"]) for one in history.validations), 1])
    drawn = [
        _drawn(panel, last, (index % _COLUMNS) * _WIDTH, _HEAD + (index // _COLUMNS) * _HEIGHT)
        for index, panel in enumerate(panels)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'role="img" aria-label="Training curves of {escape(title, quote=True)}">',
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{width}" height="{height}"/>',
            f'<text class="text head" x="16" y="26">{escape(_short(title))}</text>',
            *_legend(),
            *drawn,
            "</svg>\n",
        ]
    )


def _panels(history: History, unprocessed: Mapping[str, float]) -> list[_Panel]:
    training = list(zip(history.steps, history.losses, strict=True))
    rates = list(zip(history.steps, history.rates, strict=True))
    known = {name for one in history.validations for name in one}
    names = [name for name in NAMES if name in known]
    names += sorted(name for name in known if name.startswith("auraloss:"))
    panels = []
    for name in names or ["loss"]:
        values = [(one["step"], one[name]) for one in history.validations if name in one]
        lines = [_Line("valid", values, marked=True)]
        if name == "loss":
            lines.insert(0, _Line("train", training))
        level, logarithmic = unprocessed.get(name), name == "loss"
        panels.append(_Panel(NAMES.get(name, name), lines, level, logarithmic))
    panels.append(_Panel(NAMES["learning_rate"], [_Line("train", rates)], logarithmic=True))
    return panels


def _drawn(panel: _Panel, last: int, left: int, top: int) -> str:
    points = [y for line in panel.lines for _, y in line.points if math.isfinite(y)]
    points += [] if panel.level is None else [panel.level]
    logarithmic = panel.logarithmic and bool(points) and min(points) > 0
    ticks = _log_ticks(points) if logarithmic else _ticks(0.0, max(points, default=1.0))
    scale = math.log10 if logarithmic else float
    low, high = scale(ticks[0]), scale(ticks[-1])
    x0, x1 = left + _LEFT, left + _WIDTH - _RIGHT
    y0, y1 = top + _HEIGHT - _BOTTOM, top + _TOP

    def place(step: float, value: float) -> str:
        share = (scale(value) - low) / ((high - low) or 1.0)
        return f"{x0 + (x1 - x0) * step / last:.1f},{y0 + (y1 - y0) * share:.1f}"

    parts = [f'<text class="text title" x="{x0}" y="{top + 22}">{escape(panel.title)}</text>']
    for tick in ticks:
        y = place(0, tick).split(",")[1]
        parts.append(f'<line class="grid" x1="{x0}" x2="{x1}" y1="{y}" y2="{y}"/>')
        parts.append(
            f'<text class="quiet" x="{x0 - 6}" y="{float(y) + 4:.1f}" text-anchor="end">'
            f"{tick:g}</text>"
        )
    for tick in _ticks(0, last):
        if tick <= last and tick == int(tick):
            x = x0 + (x1 - x0) * tick / last
            parts.append(
                f'<text class="quiet" x="{x:.1f}" y="{y0 + 17}" text-anchor="middle">'
                f"{tick:g}</text>"
            )
    parts.append(f'<line class="frame" x1="{x0}" x2="{x1}" y1="{y0}" y2="{y0}"/>')
    if panel.level is not None:
        y = place(0, panel.level).split(",")[1]
        parts.append(
            f'<line class="plain" stroke-dasharray="5 4" x1="{x0}" x2="{x1}" y1="{y}" y2="{y}"/>'
        )
    for line in panel.lines:
        placed = [place(x, y) for x, y in line.points if math.isfinite(y)]
        if len(placed) > 1:
            parts.append(f'<polyline class="line {line.kind}" points="{" ".join(placed)}"/>')
        if line.marked:
            for one in placed:
                across, down = one.split(",")
                parts.append(f'<circle class="dot" cx="{across}" cy="{down}" r="2.6"/>')
    return "".join(parts)


def _legend() -> list[str]:
    entries = (
        ("line train", "training", ""),
        ("line valid", "validation", ""),
        ("plain", "unprocessed", ' stroke-dasharray="5 4"'),
    )
    parts = []
    for index, (kind, label, dashes) in enumerate(entries):
        x = 16 + 120 * index
        parts.append(f'<line class="{kind}"{dashes} x1="{x}" x2="{x + 24}" y1="46" y2="46"/>')
        parts.append(f'<text class="text" x="{x + 31}" y="50">{label}</text>')
    return [*parts, '<text class="quiet" x="394" y="50">over the steps of training</text>']


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high`` or just above, four to seven of them."""
    span = max(high - low, 1e-9)
    rough = 10 ** math.floor(math.log10(span / 4))
    step = next(rough * one for one in (1, 2, 2.5, 5, 10) if span / (rough * one) <= 6)
    count = math.ceil(span / step - 1e-9)
    return [low + step * index for index in range(count + 1)]


def _log_ticks(values: Sequence[float]) -> list[float]:
    """1, 2 and 5 times powers of ten, or powers of ten alone where there are many, around."""
    low, high = min(values), max(values)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    marks = (1, 2, 5) if last - first <= 2 else (1,)
    every = [one * 10.0**power for power in range(first, last + 1) for one in marks]
    below = [one for one in every if one <= low * (1 + 1e-9)]
    above = [one for one in every if one >= high * (1 - 1e-9)]
    begin, end = below[-1] if below else every[0], above[0] if above else every[-1]
    chosen = [one for one in every if begin <= one <= end]
    return chosen if len(chosen) > 1 else [begin, begin * 10]


def _short(title: str) -> str:
    return title if len(title) <= 60 else title[:59] + "…"
