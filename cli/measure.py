"""``measure``: any audio files, without a benchmark."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .terminal import options

if TYPE_CHECKING:
    from ..evaluation.measure import FileScores


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--reference", type=click.Path(path_type=Path), help="A master to compare each file with."
)
@click.option("--metrics", metavar="A,B", help="Names of 'earmark list metrics', or default.")
@options.device
@options.batch
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Python file that adds metrics; may be repeated.",
)
def measure(
    files: tuple[Path, ...],
    *,
    reference: Path | None,
    metrics: str | None,
    device: str,
    batch: int,
    as_json: bool,
    plugins: tuple[Path, ...],
) -> None:
    """Measure audio files: loudness, peaks, dynamics, stereo, distance to a reference."""
    import json

    from ..evaluation import measure as measuring
    from ..evaluation.batches import Place
    from ..models.errors import UserError
    from ..models.plugins import load_entry_points, load_plugin
    from ..models.rendering.devices import resolve_device

    load_entry_points()
    for plugin in plugins:
        load_plugin(plugin)
    names = [name.strip() for name in (metrics or "").split(",") if name.strip()]
    chosen = measuring.choose(names, compares=reference is not None)
    other = None if reference is None else measuring.Reference(reference)
    place = Place(str(resolve_device(device)), batch)
    done = []
    for one in measuring.measure_files(files, chosen, other, place):
        if isinstance(one, UserError):
            click.echo(f"Error: {one}", err=True)
            continue
        done.append(one)
        for line in measuring.cautions(one, other):
            click.echo(line, err=True)
    if as_json:
        click.echo(json.dumps(measuring.as_json(done), indent=2, ensure_ascii=False))
    elif done:
        _print_table(done)
    if len(done) < len(files):
        raise SystemExit(1)


def _print_table(done: "list[FileScores]") -> None:
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..analysis.presentation.score_tables import score_rows

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for file in done:
        table.add_column(Text(file.path.name), justify="right", overflow="fold")
    for row in score_rows(done):
        table.add_row(*(Text(cell) for cell in row))
    # A pipe has no width, so nothing is cut off.
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)
