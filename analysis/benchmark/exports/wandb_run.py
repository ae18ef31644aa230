"""A benchmark run as an offline run of Weights & Biases; nothing leaves this machine."""

from pathlib import Path

from ....models.errors import UserError
from .asked import folder_at
from .needs import needed
from .tracked_run import TrackedRun

_STEP = "training step"


def write_offline_run(run: TrackedRun, out: Path) -> Path:
    """Write to ``out/wandb/offline-run-…``; that folder, which ``wandb sync`` uploads.

    Means are the summary, curves are drawn over the training step, the headline table is a table.

    Raises:
        UserError: without the package wandb, or if this run was written there before.
    """
    needed("--format wandb", "wandb", "wandb")
    import wandb

    made = f"offline-run-*-{run.id}"
    before = sorted((out / "wandb").glob(made))
    if before:
        raise UserError(
            f"{before[0]}: holds {run.title} already; remove it, or choose another --out"
        )
    folder_at(out)
    settings = wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        x_disable_meta=True,
        x_disable_stats=True,
    )
    kept = wandb.init(
        project=run.project,
        name=run.title,
        id=run.id,
        dir=str(out),
        mode="offline",
        config=dict(run.settings),
        settings=settings,
    )
    if run.curves:
        kept.define_metric(_STEP)
        kept.define_metric("curves/*", step_metric=_STEP)
    for step, values in _by_step(run).items():
        kept.log({_STEP: step, **values})
    for mean in run.means:
        kept.summary[mean.key] = mean.value
    headings = [column.heading for column in run.table.columns]
    rows = [[cell.text for cell in row] for row in run.table.rows]
    kept.log({"headline table": wandb.Table(columns=headings, data=rows)})
    kept.finish()
    return next(iter(sorted((out / "wandb").glob(made))), out / "wandb")


def _by_step(run: TrackedRun) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    for curve in run.curves:
        for step, value in curve.points:
            found.setdefault(step, {})[curve.key] = value
    return dict(sorted(found.items()))
