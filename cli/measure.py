"""``measure``: any audio files, without a benchmark."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .terminal import options

if TYPE_CHECKING:
    from ..evaluation.delivery.measured_files import Delivery
    from ..evaluation.measure import FileScores


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--reference", type=click.Path(path_type=Path), help="A master to compare each file with."
)
@click.option("--metrics", metavar="A,B", help="Names of 'earmark list metrics', or default.")
@options.device
@options.batch
@click.option(
    "--profile",
    "profiles",
    metavar="A,B",
    help="Delivery profiles to check against: names, or files of profiles (.yaml).",
)
@click.option("--album", is_flag=True, help="With --profile: check all files as one album too.")
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
    profiles: str | None,
    album: bool,
    as_json: bool,
    plugins: tuple[Path, ...],
) -> None:
    """Measure audio files: loudness, peaks, dynamics, stereo, distance to a reference."""
    import json

    from ..evaluation import measure as measuring
    from ..evaluation.batches import Place
    from ..evaluation.delivery.measured_files import deliver, needed_metrics
    from ..evaluation.delivery.profiles import choose_profiles
    from ..models.errors import UserError
    from ..models.plugins import load_entry_points, load_plugin
    from ..models.rendering.devices import resolve_device

    load_entry_points()
    for plugin in plugins:
        load_plugin(plugin)
    names, wanted = _split(metrics), _split(profiles)
    if album and not wanted:
        raise UserError("--album checks files against profiles; give some (--profile NAME)")
    asked = choose_profiles(wanted)
    chosen = () if asked and not names else measuring.choose(names, compares=reference is not None)
    needed = needed_metrics(asked)
    other = None if reference is None else measuring.Reference(reference)
    place = Place(str(resolve_device(device)), batch)
    done = []
    every = [*chosen, *(one for one in needed if one not in chosen)]
    for one in measuring.measure_files(files, every, other, place):
        if isinstance(one, UserError):
            click.echo(f"Error: {one}", err=True)
            continue
        done.append(one)
        for line in measuring.cautions(one, other):
            click.echo(line, err=True)
    delivered = deliver(asked, done, album=album) if asked else None
    if as_json:
        found = measuring.as_json(done)
        if delivered is not None:
            delivered.join(found)
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif done:
        if names or delivered is None:
            _print_table(done)
        if delivered is not None:
            _print_checklists([file.path.name for file in done], delivered)
    if len(done) < len(files):
        raise SystemExit(1)


def _split(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _print_checklists(names: list[str], delivered: "Delivery") -> None:
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..analysis.presentation.delivery_tables import HEADER, delivery_rows, sources

    named = [*zip(names, delivered.files, strict=True)]
    if delivered.album:
        named.append((f"album of {len(names)}", delivered.album))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in HEADER:
        table.add_column(title, justify="right" if title == "value" else "left", overflow="fold")
    for row in delivery_rows(named):
        table.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)
    for line in sources(one for _, found in named for one in found):
        click.echo(line)


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
