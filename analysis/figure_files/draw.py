"""Draws figures of a report as SVG, PDF and PNG files.

The page's own scripts draw them, in the light theme, at the width of a page's text. Nothing is
fetched. Equal figures give equal SVG: what Plotly draws by chance (the ids of its parts, how points
are spread within a violin) is drawn from a seed.
"""

import base64
import json
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import plotly.offline

from ...evaluation.results.store import written
from ...models.errors import UserError
from ..presentation.assets import STATIC, TOKENS
from ..presentation.figures import Figure
from .browser import browser, page_text, print_page

FORMATS = ("svg", "pdf", "png")
# 180 mm, the width of the text of most papers, in CSS pixels.
WIDTH = 680
_DOTS = 3  # pixels of a PNG for a CSS pixel: 288 to the inch
_BEGIN, _END = "FIGURES[", "]SERUGIF"


class FigureImage(NamedTuple):
    """A figure as SVG, or as PNG; its size in CSS pixels."""

    svg: str
    png: bytes
    width: int
    height: int


def write_figures(
    figures: Mapping[str, Figure], formats: Sequence[str], out: Path, label: str | None = None
) -> list[Path]:
    """Write each figure into the folder ``out`` in each of ``formats``; the paths.

    Args:
        figures: by the names of their files.
        formats: of :data:`FORMATS`.
        out: the folder.
        label: a word that every figure carries, such as SIMULATED.

    Raises:
        UserError: if there is no browser, it fails, or a file cannot be written.
    """
    if not figures or not formats:
        return []
    program = browser()
    paths = []
    with tempfile.TemporaryDirectory(prefix="earmark-figures-") as place:
        scratch = Path(place)
        drawn = _drawn(program, figures, scratch, label, pixels="png" in formats)
        for name, one in drawn.items():
            for form in dict.fromkeys(formats):
                path = out / f"{name}.{form}"
                with written(path) as target:
                    target.write_bytes(_bytes_of(program, one, form, scratch))
                paths.append(path)
    return paths


def _bytes_of(program: Path, one: FigureImage, form: str, scratch: Path) -> bytes:
    if form == "svg":
        return one.svg.encode()
    if form == "png":
        return one.png
    size = f"{one.width}px {one.height}px"
    page, pdf = scratch / "print.html", scratch / "print.pdf"
    page.write_text(
        f"<!doctype html><meta charset='utf-8'><style>@page {{ size: {size}; margin: 0 }}"
        "body { margin: 0 } svg { display: block }</style>" + one.svg,
        encoding="utf-8",
    )
    pdf.unlink(missing_ok=True)
    print_page(program, page, pdf, scratch / "browser")
    return pdf.read_bytes()


def _drawn(
    program: Path,
    figures: Mapping[str, Figure],
    scratch: Path,
    label: str | None,
    *,
    pixels: bool,
) -> dict[str, FigureImage]:
    page = scratch / "figures.html"
    page.write_text(_page(figures, label, pixels=pixels), encoding="utf-8")
    text = page_text(program, page, scratch / "browser")
    found = text.rpartition(_BEGIN)[2].partition(_END)[0]
    try:
        made: list[dict[str, Any]] = json.loads(unquote(found))
        return {
            name: FigureImage(
                unquote(one["svg"].partition(",")[2]),
                base64.b64decode(one["png"].partition(",")[2]),
                one["width"],
                one["height"],
            )
            for name, one in zip(figures, made, strict=True)
        }
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{program}: did not draw the figures ({type(error).__name__}: {found[:80]!r}); name "
            "another browser by BROWSER_PATH"
        ) from None


def _page(figures: Mapping[str, Figure], label: str | None, *, pixels: bool) -> str:
    marked = f' data-label="{escape(label)}"' if label else ""
    asked = {
        "figures": list(figures.values()),
        "width": WIDTH,
        "dots": _DOTS if pixels else 0,
        "marks": [_BEGIN, _END],
    }
    # No "<" ends the element that holds it.
    data = json.dumps(asked, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    scripts = [
        "window.earmark = {};",
        *((STATIC / name).read_text(encoding="utf-8") for name in ("figures.js", "charts.js")),
        plotly.offline.get_plotlyjs(),
        (STATIC / "draw_figures.js").read_text(encoding="utf-8"),
    ]
    return (
        f'<!doctype html><html data-theme="light"{marked}><meta charset="utf-8"><style>'
        + TOKENS.read_text(encoding="utf-8")
        + "body { font-family: Helvetica, Arial, sans-serif }</style><body>"
        + f'<script type="application/json" id="asked">{data}</script>'
        + "".join(f"<script>{script}</script>" for script in scripts)
    )
