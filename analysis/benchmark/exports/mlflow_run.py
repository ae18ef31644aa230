"""A benchmark run as a run of MLflow, in a folder of this machine or at a tracking server."""

import logging
import math
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ....models.errors import UserError
from .asked import folder_at
from .needs import needed
from .table_text import markdown_text
from .tracked_run import TrackedRun

TAG = "earmark.run"
_DATABASE = "mlflow.db"
# The most that one request of MLflow takes.
_METRICS, _PARAMETERS, _LETTERS = 1000, 100, 6000


def log_to_mlflow(run: TrackedRun, out: str) -> str:
    """Log to ``out``, a folder or the address of a tracking server; what to open it with.

    A folder holds ``mlflow.db`` and ``artifacts``: MLflow's own folder of files, ``mlruns``, is
    refused by newer versions. Means are metrics, curves metrics with steps, the headline table an
    artifact.

    Raises:
        UserError: without the package mlflow, if this run was logged there before, or if the
            server refuses.
    """
    here = "://" not in out
    folder = Path(out).absolute()
    uri = f"sqlite:///{folder / _DATABASE}" if here else out
    with _quiet():
        needed("--format mlflow", "mlflow", "mlflow")
        from mlflow.exceptions import MlflowException

        if here:
            folder_at(folder)
        try:
            _log(run, uri, (folder / "artifacts").as_uri() if here else None)
        except MlflowException as error:
            said = str(error).splitlines()[0]
            raise UserError(f"--out {out}: MLflow says: {said}") from None
    return f"mlflow ui --backend-store-uri {uri}" if here else uri


def _log(run: TrackedRun, uri: str, artifacts: str | None) -> None:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    client = MlflowClient(tracking_uri=uri)
    experiment = _experiment(client, run.project, artifacts)
    before = client.search_runs([experiment], filter_string=f"tags.`{TAG}` = '{run.id}'")
    if len(before):
        raise UserError(
            f"{uri}: holds {run.title} of {run.project!r} already, as MLflow's run "
            f"{before[0].info.run_id}; delete that, or choose another --out"
        )
    at = round(time.time() * 1000)
    metrics = [Metric(mean.key, mean.value, at, mean.step or 0) for mean in run.means]
    metrics += [
        Metric(curve.key, value, at, step) for curve in run.curves for step, value in curve.points
    ]
    parameters = [Param(key, said[:_LETTERS]) for key, said in run.settings.items() if said]
    made = client.create_run(experiment, run_name=run.title)
    where = made.info.run_id
    client.log_batch(where, params=parameters[:_PARAMETERS], tags=[RunTag(TAG, run.id)])
    for part in range(math.ceil(len(metrics) / _METRICS)):
        client.log_batch(where, metrics=metrics[part * _METRICS : (part + 1) * _METRICS])
    client.log_text(where, markdown_text(run.table), "headline.md")
    client.set_terminated(where)


def _experiment(client: Any, name: str, artifacts: str | None) -> str:
    known = client.get_experiment_by_name(name)
    if known is not None:
        return str(known.experiment_id)
    return str(client.create_experiment(name, artifact_location=artifacts))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what MLflow logs and warns of as it makes a database, and without usage reports."""
    # MLflow sets the levels of its loggers anew as it is imported.
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
