"""``demo``: the main job on songs of its own."""

import shutil
import sys
from pathlib import Path

import click

from ..terminal import options


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
@options.heard
def demo(
    folder: Path,
    results: Path,
    workers: str,
    device: str,
    audio: str | None,
    audio_budget: float | None,
) -> None:
    """Make songs, master them by every system, measure, write a report, make a listening test."""
    from ...analysis.benchmark.song_pages.audio_plan import AudioWish
    from ...evaluation.demo import write_demo
    from ...listening_test.demo import STUDY, make_demo_study
    from .run import carry_out

    click.echo(f"Making the demo's songs in {folder}/songs (synthetic: SIMULATED music)")
    bench = write_demo(folder)
    how: options.How = {"workers": workers, "device": device, "retry": True, "force": False}
    wish = AudioWish(audio, audio_budget)
    carry_out(bench, results, how, ("render", "score", "report"), wish)

    def making(passage: str, number: int, count: int) -> None:
        click.echo(f"listening test, passage {number + 1} of {count}: {passage}")

    missing = make_demo_study(folder, results, making)
    # Without an activated environment the bare name would not be found.
    earmark = "earmark" if shutil.which("earmark") else sys.argv[0]
    where = "" if results == Path("results") else f" --results {results}"
    click.echo("\nOpen the report in a browser.")
    if missing:
        click.echo(f"There is no listening test of the demo: {missing}", err=True)
    else:
        click.echo(f"Take the listening test:\n  {earmark} study serve {STUDY}{where}")
    click.echo(
        f"""Then try your own files:
  {earmark} measure YOUR.wav
  {earmark} master YOUR.wav --system tcn --out OUT.wav
To compare on your own songs, copy {bench} beside them, put them and your systems in, and:
  {earmark} check my.yaml
  {earmark} run my.yaml"""
    )
