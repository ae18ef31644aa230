"""A Hugging Face model card of one system, with its metrics as ``model-index`` metadata.

The metadata are those of github.com/huggingface/hub-docs, ``modelcard.md``: a task, a dataset and
metrics with ``type`` and ``value``. ``verified`` is left out: only the Hub may say it. The newer
``.eval_results`` files are not written, because their data set must be a benchmark of the Hub.
"""

import json
from typing import Any

import yaml

from ....evaluation.results.runs import Run
from ....models.errors import UserError
from ...presentation.numbers import NONE, number_format
from ...presentation.report_folder import folder_name
from ..result.document import Result
from .measured import SystemMean, measured
from .table_text import markdown_escaped

MARK = "# Metrics written by earmark export; this file is replaced when they are written again."
# The Hub's own word for a model that turns audio into audio.
_TASK = "audio-to-audio"


def model_card(result: Result, run: Run | None, system: str) -> str:
    """A card of ``system``: front matter with its means, then the same as a table.

    Raises:
        UserError: if it has no value.
    """
    means = measured(result, [system])
    if not means:
        raise UserError(
            f"--system {system!r}: no score of it has a value; 'earmark show' tells its failures"
        )
    front = yaml.safe_dump(
        {"model-index": [_index(result, system, means)]},
        sort_keys=False,
        allow_unicode=True,
        width=1000,
    )
    return f"---\n{MARK}\n{front}---\n\n" + "\n".join(_body(result, run, system, means)) + "\n"


def _index(result: Result, system: str, means: tuple[SystemMean, ...]) -> dict[str, Any]:
    songs = len(result.song_names)
    said = f"{result.benchmark}, {songs} {'song' if songs == 1 else 'songs'}"
    dataset = {
        "type": folder_name(result.benchmark),
        "name": said + (" (SIMULATED)" if result.simulated else ""),
    }
    metrics = [
        {
            "type": one.column.metric,
            "value": one.mean.centre,
            "name": f"{one.label}, {_over(one)}",
            "args": {"variant": one.variant, **json.loads(one.column.parameters)},
        }
        for one in means
    ]
    results = [{"task": {"type": _TASK}, "dataset": dataset, "metrics": metrics}]
    return {"name": system, "results": results}


def _over(one: SystemMean) -> str:
    songs = "song" if one.mean.n == 1 else "songs"
    unit = f" in {one.column.unit}" if one.column.unit else ""
    text = f"mean over {one.mean.n} {songs}{unit}"
    if one.mean.low is not None and one.mean.high is not None:
        text += f", 95 % interval {one.mean.low:.6g} to {one.mean.high:.6g}"
    return text


def _body(result: Result, run: Run | None, system: str, means: tuple[SystemMean, ...]) -> list[str]:
    of = f", {run.title} of {run.started[:10]}" if run is not None else ""
    simulated = " The songs are SIMULATED." if result.simulated else ""
    lines = [
        f"# {markdown_escaped(system)}",
        "",
        f"Measured by Earmark with the benchmark {markdown_escaped(result.benchmark + of)}: means "
        f"over songs with 95 % intervals of Student's t.{simulated}",
        "",
        "| metric | mean | 95 % interval | songs | rank |",
        "|:---|---:|:---|---:|---:|",
    ]
    for one in means:
        show = number_format([one.mean.centre, one.mean.low, one.mean.high], one.column.unit)
        low, high = one.mean.low, one.mean.high
        interval = NONE if low is None else f"{show(low)} to {show(high)}"
        unit = f" ({one.column.unit})" if one.column.unit else ""
        cells = [
            f"{one.label}{unit} {one.column.arrow}".strip(),
            show(one.mean.centre),
            interval,
            str(one.mean.n),
            _rank(one),
        ]
        lines.append(f"| {' | '.join(markdown_escaped(cell) for cell in cells)} |")
    lines += ["", *([markdown_escaped(result.finding)] if result.finding else [])]
    return lines


def _rank(one: SystemMean) -> str:
    if one.rank is None:
        return NONE
    low, high = one.rank.low, one.rank.high
    return f"{low} of {one.ranked}" if low == high else f"{low}–{high} of {one.ranked}"
