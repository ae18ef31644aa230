"""``demo``: the main job on songs of its own."""

from pathlib import Path

import click

from . import options


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where the demo's songs and benchmark file go.",
)
@options.results
@options.workers
@options.device
def demo(folder: Path, results: Path, workers: str, device: str) -> None:
    """Make songs, master them by every system, measure, and write a report."""
    from ..evaluation.demo import write_demo
    from .run import carry_out

    click.echo(f"Making the demo's songs in {folder}/songs (synthetic: SIMULATED music)")
    bench = write_demo(folder)
    how: options.How = {"workers": workers, "device": device, "retry": True, "force": False}
    carry_out(bench, results, how, ("render", "score", "report"))
    click.echo(
        f"""
Open the report in a browser. Then try your own files:
  earmark measure YOUR.wav                         loudness, peaks and more of any file
  earmark master YOUR.wav --system tcn --out OUT.wav
  earmark check {bench}                  what a benchmark file would do
  cp {bench} my.yaml                     then put your songs and systems in, and
  earmark run my.yaml"""
    )
