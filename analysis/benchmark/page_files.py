"""The files that every page of a benchmark needs: styles, scripts, scales, and data as scripts."""

import io
import json
from collections.abc import Mapping
from typing import Any

import plotly.offline

from ...evaluation.results.store import written
from ...listening_test import TOKENS
from ..presentation.assets import FIRST_SCRIPT, SCRIPTS, STATIC, STYLES, audio_script
from ..presentation.report_folder import ReportFolder
from .panels.registry import TEMPLATES
from .song_pages.pictures import scale_image

PLOTLY = "plotly.min.js"
ENGINE = "audio.js"
_ASSETS = (
    TOKENS,
    *(STATIC / name for name in STYLES),
    STATIC / FIRST_SCRIPT,
    *(STATIC / name for name in SCRIPTS),
    *(
        TEMPLATES / name
        for name in ("song.css", "insights.js", "report.js", "player.js", "song.js")
    ),
)


def write_assets(folder: ReportFolder) -> dict[str, str]:
    """Write what pages load; the address of each by its name."""
    path = folder.keep(PLOTLY)
    bundle = plotly.offline.get_plotlyjs().encode()
    # 5 MB: not written again by every report, only by another version of Plotly.
    if not path.is_file() or path.stat().st_size != len(bundle):
        with written(path) as scratch:
            scratch.write_bytes(bundle)
    assets = {
        path.name: folder.hashed(f"assets/{path.name}", path.read_bytes()) for path in _ASSETS
    }
    assets[ENGINE] = folder.hashed(f"assets/{ENGINE}", audio_script())
    return assets | {PLOTLY: PLOTLY}


def write_scales(folder: ReportFolder) -> dict[str, str]:
    """The colour scales beside spectrograms."""
    return {
        "level": folder.hashed("pictures/scale-level.png", _png(difference=False)),
        "difference": folder.hashed("pictures/scale-difference.png", _png(difference=True)),
    }


def script(parts: Mapping[str, Any]) -> str:
    """Data as a script: a page opened from the file system may load scripts but nothing else."""
    return "".join(
        f"earmark.put({json.dumps(name)}, {_compact(value)});\n" for name, value in parts.items()
    )


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _png(*, difference: bool) -> bytes:
    stream = io.BytesIO()
    scale_image(difference=difference).save(stream, format="PNG", optimize=True)
    return stream.getvalue()
