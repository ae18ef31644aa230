"""What ``earmark analyse`` does: read, analyse, write; usable from a study's report too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ...models.errors import UserError
from .analysis import Result, analyse
from .export import write_result
from .options import Options
from .page import write_page
from .reading import read_ratings


@dataclass(frozen=True)
class Request:
    """A ratings file, where to write, its declared columns, and the options by name."""

    ratings: Path
    out: Path
    columns: Mapping[str, str]
    options: Mapping[str, Any]


def analyse_file(request: Request, command: Sequence[str]) -> tuple[Result, Path]:
    """Read, analyse and write; the result and the path of its report.

    Raises:
        UserError: for input that cannot be read, options that do not fit, a full disk.
    """
    asked = dict(request.options)
    scale = asked.get("scale")
    file = read_ratings(
        request.ratings,
        format=asked.get("format_") or "auto",
        columns=request.columns,
        scale=(float(scale[0]), float(scale[1])) if scale else None,
    )
    if asked.get("simulated"):
        file = replace(file, simulated=True)
    anchors = [name.strip() for name in str(asked.get("anchors") or "").split(",")]
    options = Options(
        question=asked.get("only"),
        reference=asked.get("reference"),
        anchors=tuple(name for name in anchors if name),
        baseline=asked.get("baseline"),
        scope=asked.get("scope") or "auto",
        alpha=float(asked.get("alpha", 0.05)),
        margin=asked.get("margin"),
        adjust=asked.get("adjust") or "holm",
        seed=int(asked.get("seed") or 0),
        abx=bool(asked.get("abx")),
        declared=_declared(asked.get("declared")),
    )
    result = analyse(file, options)
    write_result(result, request.out, request.ratings, command)
    path = write_page(result, file, request.out, beside=bool(asked.get("folder")))
    return result, path


def _declared(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(found, dict):
        raise UserError(f"{path}: must hold names and values, as 'scope: music'")
    return {str(name): value for name, value in found.items()}
