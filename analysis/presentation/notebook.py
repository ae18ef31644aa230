"""Pieces of HTML that show a result inside a notebook: a table, a figure of intervals, players.

Each stands alone: no script, no file beside it, nothing fetched, and every text escaped, so that
a notebook that somebody was sent cannot do anything. Text has the notebook's own colour.
"""

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import soundfile

from .estimate import Estimate
from .looks import INK, MUTED, Look, shortened

_STYLE = (
    "<style>.earmark table{border-collapse:collapse}"
    ".earmark td,.earmark th{padding:2px 8px;text-align:right}"
    ".earmark td:first-child,.earmark th:first-child{text-align:left}"
    ".earmark tr+tr td{border-top:1px solid #8884}"
    ".earmark svg{max-width:100%;height:auto}.earmark audio{height:32px;vertical-align:middle}"
    "</style>"
)
# A notebook has no theme of ours: grey reads on light and dark.
_COLOURS = {INK: "currentColor", MUTED: "#7c868c"}
_WIDTH, _NAMES, _ROW = 640, 200, 24
# Every browser plays MP3; these are the rates that it has.
_MP3_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


@dataclass(frozen=True)
class Bar:
    """One row of a figure: a name, its look, its estimate in the unit of the figure."""

    name: str
    look: Look
    estimate: Estimate


def framed(title: str, parts: Iterable[str]) -> str:
    """The pieces under a title."""
    return f'<div class="earmark">{_STYLE}<b>{escape(title)}</b>{"".join(parts)}</div>'


def paragraph(text: str) -> str:
    """A sentence of plain text."""
    return f"<p>{escape(text)}</p>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of plain text under a header; the first column names the row."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def intervals(bars: Sequence[Bar], heading: str) -> str:
    """A point and its interval for each row, one under the other; empty without any value."""
    known = [bar for bar in bars if bar.estimate.centre is not None]
    values = [
        value
        for bar in known
        for value in (bar.estimate.centre, bar.estimate.low, bar.estimate.high)
        if value is not None
    ]
    if not values:
        return ""
    low, high = min(values), max(values)
    reach = (high - low) or abs(high) or 1.0
    low, high = low - 0.05 * reach, high + 0.05 * reach

    def across(value: float) -> float:
        return _NAMES + (value - low) / (high - low) * (_WIDTH - _NAMES - 20)

    height = _ROW * len(known) + 44
    drawn = "".join(_row(bar, _ROW * (number + 1), across) for number, bar in enumerate(known))
    foot = _ROW * len(known) + 36
    ends = "".join(
        f'<text x="{across(value):.1f}" y="{foot - 16}" text-anchor="{anchor}" font-size="11">'
        f"{escape(f'{value:.3g}'.replace('-', '−'))}</text>"
        for value, anchor in ((min(values), "start"), (max(values), "end"))
    )
    title = f'<text x="{_NAMES}" y="{foot}" font-size="12">{escape(heading)}</text>'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" fill="currentColor" '
        f'aria-label="{escape(heading)}">{drawn}{ends}{title}</svg>'
    )


def player(audio: npt.NDArray[np.float32], sample_rate: int, label: str, gain: float = 1.0) -> str:
    """A player of ``(channels, samples)``, times ``gain``: an MP3 inside the page."""
    from ...models.audio.files import resample

    rate = min((one for one in _MP3_RATES if one >= sample_rate), default=_MP3_RATES[-1])
    heard = np.clip(gain * audio[:2], -1.0, 1.0).astype(np.float32)
    if rate != sample_rate:
        import torch

        heard = resample(torch.from_numpy(heard), sample_rate, rate).numpy()
    stream = io.BytesIO()
    soundfile.write(stream, heard.T, rate, format="MP3", subtype="MPEG_LAYER_III")
    data = base64.b64encode(stream.getvalue()).decode()
    return (
        f'<audio controls preload="none" aria-label="{escape(label)}" '
        f'src="data:audio/mpeg;base64,{data}"></audio>'
    )


def players(rows: Iterable[tuple[str, str]], note: str) -> str:
    """Players by name, with what a listener should know of them."""
    cells = "".join(f"<tr><td>{escape(name)}</td><td>{sound}</td></tr>" for name, sound in rows)
    return f"<p>{escape(note)}</p><table>{cells}</table>" if cells else ""


def _row(bar: Bar, y: int, across: Callable[[float], float]) -> str:
    colour = _COLOURS.get(bar.look.colour, bar.look.colour)
    fill = "none" if bar.look.hollow else colour
    estimate = bar.estimate
    name = escape(shortened(bar.name, 28))
    parts = [f'<text x="0" y="{y + 4}" font-size="12">{name}</text>']
    if estimate.low is not None and estimate.high is not None:
        parts.append(
            f'<path d="M{across(estimate.low):.1f} {y}H{across(estimate.high):.1f}" '
            f'stroke="{escape(colour)}" stroke-width="2"/>'
        )
    if estimate.centre is not None:
        parts.append(
            f'<path d="{bar.look.path}" fill="{escape(fill)}" stroke="{escape(colour)}" '
            f'transform="translate({across(estimate.centre) - 6:.1f} {y - 6}) scale(.75)"/>'
        )
    return "".join(parts)
