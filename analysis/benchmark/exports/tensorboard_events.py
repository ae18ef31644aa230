"""A benchmark run as TensorBoard's event files: a folder per system or family of checkpoints."""

from pathlib import Path

from ....models.errors import UserError
from ...presentation.report_folder import folder_name
from .asked import folder_at
from .needs import needed
from .table_text import markdown_text
from .tracked_run import TrackedRun

_RANKS = "ranks"


def write_events(run: TrackedRun, out: Path) -> Path:
    """Write to ``out/BENCHMARK/RUN``; that folder.

    Checkpoints of one training are a curve over their steps; any other system is a point at its
    step, or at 0. The headline table is a text.

    Raises:
        UserError: without the package tensorboard, or if the folder is there already.
    """
    needed("--format tensorboard", "tensorboard", "tensorboard")
    from torch.utils.tensorboard.writer import SummaryWriter

    folder = out / run.project / run.folder
    if folder.exists():
        raise UserError(
            f"{folder}: is there already; TensorBoard would draw everything twice. Remove it, or "
            "choose another --out"
        )
    folder_at(folder)
    for name, scalars in _scalars(run).items():
        with SummaryWriter(str(folder / name)) as writer:
            for metric, step, value in scalars:
                writer.add_scalar(metric, value, step)
    with SummaryWriter(str(folder / _RANKS)) as writer:
        writer.add_text("headline table", markdown_text(run.table))
        writer.add_text("run", "\n\n".join(f"{key}: {said}" for key, said in run.settings.items()))
    return folder


def _scalars(run: TrackedRun) -> dict[str, list[tuple[str, int, float]]]:
    """By folder: (metric, step, value)."""
    found: dict[str, list[tuple[str, int, float]]] = {}
    for curve in run.curves:
        mine = found.setdefault(f"curves/{folder_name(curve.family)}", [])
        mine += [(curve.metric, step, value) for step, value in curve.points]
    for mean in run.means:
        mine = found.setdefault(f"systems/{folder_name(mean.system)}", [])
        mine.append((mean.metric, mean.step or 0, mean.value))
    return found
