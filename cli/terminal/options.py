"""Options that several commands share, so that they read and behave alike."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import click


class Named(click.Choice[str]):
    """Values that help and completion show; the work itself refuses others, in its own words.

    Args:
        values: what can be typed as it stands.
        pattern: a further form for the help, such as ``cuda:N``; none by default.
    """

    def __init__(self, values: Sequence[str], *, pattern: str | None = None) -> None:
        super().__init__(values)
        self.shown = [*values, *([pattern] if pattern else [])]

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return f"[{'|'.join(self.shown)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value)


results = click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of renders, scores and reports.",
)
device = click.option(
    "--device",
    type=Named(["auto", "cpu", "cuda"], pattern="cuda:N"),
    default="auto",
    show_default=True,
    help="Where to compute; auto takes a GPU if there is one.",
)
batch = click.option(
    "--batch",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Files that are measured at once; 0, the default: as many as memory likes.",
)
# Of analysis.ratings.methods.multiplicity, which takes seconds to import; a test compares them.
ADJUSTMENTS = (
    *("none", "bonferroni", "sidak", "holm", "holm-sidak", "simes-hochberg", "hommel"),
    *("fdr_bh", "fdr_by"),
)
workers = click.option(
    "--workers",
    type=Named(["auto"], pattern="N|tcp://host:8786"),
    default="auto",
    show_default=True,
    help="Processes on this machine (auto: one per core), or the address of a Dask scheduler.",
)
retry = click.option("--retry", is_flag=True, help="Try again what failed before.")
force = click.option("--force", is_flag=True, help="Repeat what is already done.")
which_benchmark = click.option(
    "--benchmark", metavar="NAME", help="Which benchmark; the latest by default."
)
metrics = click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC[:aligned]",
    help="Which metric; may be given again. Those of the finding or the headline by default.",
)
run = click.option(
    "--run", metavar="RUN", help="Number, name or id of a run; the latest by default."
)
run_name = click.option("--name", metavar="NAME", default="", help="A name for this run.")
benchmark = click.argument("benchmark", type=click.Path(path_type=Path))


# Of analysis.benchmark.song_pages.audio_plan, which imports audio libraries; a test compares them.
AUDIO = ("auto", "full", "lossy", "excerpt", "none")
HEARD = (
    "What the report's players have: 16-bit FLAC of all (full), Opus (lossy), the loudest 8 "
    "seconds (excerpt), nothing (none), or the best that fits (auto). By default what the report "
    "had, at first auto."
)
# Of analysis.benchmark.exports.asked, which imports pydantic; a test compares them.
EXPORTS = (
    *("csv", "parquet", "latex", "markdown", "every-eval-ever", "model-card"),
    *("tensorboard", "mlflow", "wandb"),
)
_audio = click.option("--audio", type=Named(AUDIO), help=HEARD)
audio_budget = click.option(
    "--audio-budget",
    type=float,
    metavar="MB",
    help="Megabytes that auto may take; 80 by default.",
)


def heard(command: Callable[..., Any]) -> Callable[..., Any]:
    """What the players of a benchmark's report have."""
    return _audio(audio_budget(command))


class How(TypedDict):
    """The options of :func:`running` that say how, not what."""

    workers: str
    device: str
    retry: bool
    force: bool
    name: NotRequired[str]
    batch: NotRequired[int]


def running(command: Callable[..., Any]) -> Callable[..., Any]:
    """A benchmark file, a results folder, and how the work is carried out."""
    for option in (run_name, force, retry, device, workers, results, benchmark):
        command = option(command)
    return command
