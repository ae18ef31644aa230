"""``demo-songs``: write songs that the project makes itself."""

from pathlib import Path

import click


@click.command("demo-songs")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--count", default=8, show_default=True, help="How many songs; the styles take turns."
)
@click.option("--seed", default=0, show_default=True, help="Another seed makes other songs.")
@click.option(
    "--seconds", type=float, default=30.0, show_default=True, help="Length of each song, 3 to 600."
)
def demo_songs(folder: Path, count: int, seed: int, seconds: float) -> None:
    """Write song folders: stems, mix and reference master of SIMULATED music in six styles.

    Songs that were already made with the same options are kept.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as Left

    from ...models.demo_songs.songs import write_demo_songs

    console = Console()
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), Left(), console=console, disable=not console.is_terminal
    ) as bars:
        bar = bars.add_task("demo songs", total=count)

        def ready(song: str) -> None:
            bars.update(bar, advance=1, description=song)
            if not console.is_terminal:
                click.echo(song)

        written = write_demo_songs(folder, count, seed, seconds, progress=ready)
    songs = "song" if len(written) == 1 else "songs"
    click.echo(f"{len(written)} {songs} in {folder}: stems, mix, reference (SIMULATED music)")
