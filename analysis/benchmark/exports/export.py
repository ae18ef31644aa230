"""Writes a benchmark in the format that was asked for."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ....evaluation.results.runs import Run
from ....evaluation.results.store import Store, written
from ....models.errors import UserError
from ..result import tables
from ..result.document import Result, load
from .asked import TIDY, ExportFormat, ExportWish
from .every_eval_ever import Source, evaluation_records
from .headline_table import HeadlineTable, headline_table
from .measured import require_values, under_test
from .mlflow_run import log_to_mlflow
from .model_card import MARK, model_card
from .run_facts import run_of
from .table_text import latex_text, markdown_text
from .tensorboard_events import write_events
from .tidy import tidy_scores, write_csv, write_parquet
from .tracked_run import tracked_run
from .wandb_run import write_offline_run


def export(store: Store, benchmark: str, wish: ExportWish) -> list[str]:
    """Write what was asked for; lines that say what was written and what was left out.

    Raises:
        UserError: if it cannot be written, or there is nothing to write.
    """
    wish = wish.checked()
    if wish.format in TIDY:
        return _tidy(store, benchmark, wish)
    result = load(store, benchmark, wish.baselines)
    run = run_of(store, benchmark)
    require_values(result, run, wish.format)
    return _WRITERS[wish.format](result, run, wish)


def _tidy(store: Store, benchmark: str, wish: ExportWish) -> list[str]:
    frame = tidy_scores(store, benchmark)
    write = write_csv if wish.format is ExportFormat.CSV else write_parquet
    write(frame, wish.path)
    said = f"{wish.out}: {_count(len(frame), 'row')}"
    failures = len(tables.failures(store, benchmark))
    if failures:
        said += f"; {_count(failures, 'failure')} left no scores, 'earmark show' says why"
    return [said]


def _latex(result: Result, run: Run | None, wish: ExportWish) -> list[str]:
    table = headline_table(result, run)
    _write(wish.path, latex_text(table))
    return [f"{wish.out}: {_size(table)}; needs \\usepackage{{booktabs,graphicx}}"]


def _markdown(result: Result, run: Run | None, wish: ExportWish) -> list[str]:
    table = headline_table(result, run)
    _write(wish.path, markdown_text(table))
    return [f"{wish.out}: {_size(table)}"]


def _records(result: Result, run: Run | None, wish: ExportWish) -> list[str]:
    systems = under_test(result, wish.systems)
    source = Source(wish.organization, wish.developer, datetime.now(UTC))
    records = evaluation_records(result, run, systems, source)
    if not records:
        raise UserError(
            f"benchmark {result.benchmark!r}: no value of {', '.join(systems)} in a metric with a "
            "better direction, which every-eval-ever asks for; measure a distance to masters"
        )
    for record in records:
        _write(wish.path / record.path, record.text())
    said = [f"{wish.out}: {_count(len(records), 'record')}"]
    done = {str(record.content["model_info"]["name"]) for record in records}
    said += _left_out("without a value in a metric with a direction", systems, done)
    said += _left_out("not under test, add them by --system", result.system_names, {*systems})
    kept = [column.label for column in result.columns if column.better == "none"]
    if kept:
        said.append(f"Left out, no direction is better: {', '.join(kept)}")
    return said


def _card(result: Result, run: Run | None, wish: ExportWish) -> list[str]:
    systems = under_test(result, wish.systems)
    if len(systems) != 1:
        raise UserError(
            "--format model-card: a card is of one system; name it with --system: "
            f"{', '.join(systems)}"
        )
    path = wish.path
    if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
        raise UserError(
            f"{wish.out}: is there, and not by earmark export; write another file and copy its "
            "model-index into your card"
        )
    _write(path, model_card(result, run, systems[0]))
    return [f"{wish.out}: metrics of {systems[0]}"]


def _events(result: Result, run: Run | None, wish: ExportWish) -> list[str]:
    folder = write_events(tracked_run(result, run), wish.path)
    return [f"{folder}: open it with tensorboard --logdir {shlex.quote(wish.out)}"]


def _mlflow(result: Result, run: Run | None, wish: ExportWish) -> list[str]:
    return [f"{wish.out}: {log_to_mlflow(tracked_run(result, run), wish.out)}"]


def _wandb(result: Result, run: Run | None, wish: ExportWish) -> list[str]:
    folder = write_offline_run(tracked_run(result, run), wish.path)
    return [f"{folder}: upload it with wandb sync {shlex.quote(str(folder))}"]


_WRITERS: Mapping[ExportFormat, Callable[[Result, Run | None, ExportWish], list[str]]] = {
    ExportFormat.LATEX: _latex,
    ExportFormat.MARKDOWN: _markdown,
    ExportFormat.EVERY_EVAL_EVER: _records,
    ExportFormat.MODEL_CARD: _card,
    ExportFormat.TENSORBOARD: _events,
    ExportFormat.MLFLOW: _mlflow,
    ExportFormat.WANDB: _wandb,
}


def _write(path: Path, text: str) -> None:
    with written(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def _left_out(why: str, systems: Sequence[str], kept: set[str]) -> list[str]:
    names = [name for name in systems if name not in kept]
    return [f"Left out, {why}: {', '.join(names)}"] if names else []


def _size(table: HeadlineTable) -> str:
    return f"a table of {_count(len(table.rows), 'system')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
