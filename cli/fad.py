"""``fad``: how far a set of masters is from the reference masters, as distributions."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .terminal import options

if TYPE_CHECKING:
    from ..evaluation.distances.result import Distances

# Those that Earmark knows; plug-ins may add others.
_EMBEDDINGS = (
    *("msd_vgg", "mtt_vgg", "msd_vgg_as_packaged", "vggish"),
    *("clap", "encodec", "mert", "audiobox"),
)


@click.command()
@click.argument("reference", metavar="REFERENCE")
@click.argument("evaluated", metavar="EVALUATED")
@click.option(
    "--embedding",
    type=options.Named(_EMBEDDINGS, pattern="NAME"),
    default="msd_vgg",
    show_default=True,
    help="The network that turns audio into vectors: see earmark list embeddings.",
)
@click.option(
    "--channels",
    type=options.Named(["lrms", "lr", "ms", "l", "r", "m", "s"], pattern="…"),
    default="lrms",
    show_default=True,
    help="Any of left, right, mid and side; each has a value of its own.",
)
@click.option(
    "--per-song", is_flag=True, help="Also compare each evaluated song with the reference."
)
@click.option("--infinity", is_flag=True, help="Also FAD-inf, without the bias of small sets.")
@click.option("--kad", is_flag=True, help="Also the kernel audio distance.")
@click.option(
    "--seed", default=0, show_default=True, help="Seed of the subsets and halves that are drawn."
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="Weights of the embedding, if it has none of its own.",
)
@click.option(
    "--benchmark", metavar="NAME", help="Benchmark of the systems; the latest by default."
)
@options.results
@options.device
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Python file that adds embeddings; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def fad(
    reference: str,
    evaluated: str,
    *,
    embedding: str,
    channels: str,
    per_song: bool,
    infinity: bool,
    kad: bool,
    seed: int,
    checkpoint: Path | None,
    benchmark: str | None,
    results: Path,
    device: str,
    plugins: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Fréchet audio distance between two folders, or two systems of a benchmark."""
    import json

    from rich.console import Console

    from ..evaluation.distances import compare as distances
    from ..evaluation.distances.between import clip_set
    from ..evaluation.distances.embedding_cache import EmbeddingCache
    from ..evaluation.distances.result import Wanted
    from ..evaluation.distances.song_sets import check_bandwidth, chosen_channels, embed_set
    from ..models.embeddings import named
    from ..models.errors import UserError
    from ..models.plugins import load_entry_points, load_plugin
    from ..models.rendering.devices import resolve_device
    from .terminal.progress import RunProgress

    load_entry_points()
    for plugin in plugins:
        load_plugin(plugin)
    if seed < 0:
        raise UserError(f"--seed {seed}: give a whole number, 0 or more")
    wanted = Wanted(chosen_channels(channels), per_song, infinity, kad, seed)
    opened = named(embedding).open(checkpoint, str(resolve_device(device)))
    sets = [clip_set(argument, results, benchmark) for argument in (reference, evaluated)]
    check_bandwidth(sets, opened.embedding)
    cache = EmbeddingCache(results, opened)
    clips = [clip for one in sets for clip in one.clips]
    with RunProgress(Console(stderr=True)) as watch:
        present = sum(cache.has(clip, wanted.channels) for clip in clips)
        watch.stage("embed", len(clips), 0 if present < len(clips) else present)
        real, made = (
            embed_set(cache, one, wanted.channels, lambda label: watch.step(label, ""))
            for one in sets
        )
    found = distances.compare(distances.ReferenceSet(cache, real), made, wanted)
    if as_json:
        click.echo(json.dumps(distances.as_json(found), indent=2, ensure_ascii=False))
    else:
        _print(found)


def _print(found: "Distances") -> None:
    import sys

    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ..analysis.presentation.distance_tables import (
        distance_rows,
        fit_lines,
        headline,
        notes,
        song_rows,
    )

    # A pipe has no width, so nothing is cut off.
    console = Console(width=None if sys.stdout.isatty() else 10_000)
    for line in headline(found):
        console.print(escape(line), soft_wrap=True, highlight=False)
    for columns, rows in (distance_rows(found), song_rows(found)):
        if rows:
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
            for index, column in enumerate(columns):
                table.add_column(column, justify="right" if index else "left", no_wrap=True)
            for row in rows:
                table.add_row(*map(escape, row))
            console.print(table)
    for line in (*fit_lines(found), *notes(found)):
        console.print(escape(line), soft_wrap=True, highlight=False)
