"""Options that several commands share, so that they read and behave alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import click

results = click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of renders, scores and reports.",
)
device = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
)
workers = click.option(
    "--workers",
    default="auto",
    show_default=True,
    help="Processes on this machine (a number or auto), or a Dask scheduler: tcp://host:8786.",
)
retry = click.option("--retry", is_flag=True, help="Try failed units again.")
force = click.option("--force", is_flag=True, help="Do again what is already done.")
benchmark = click.argument("benchmark", type=click.Path(path_type=Path))


class How(TypedDict):
    """The options of :func:`running` that say how, not what."""

    workers: str
    device: str
    retry: bool
    force: bool


def running(command: Callable[..., Any]) -> Callable[..., Any]:
    """A benchmark file, a results folder, and how the work is carried out."""
    for option in (force, retry, device, workers, results, benchmark):
        command = option(command)
    return command
