"""``master``: one file through one system."""

from pathlib import Path

import click

from .terminal import options


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--system", required=True, help="A kind, a network that ships, or a checkpoint.")
@click.option("--reference", type=click.Path(path_type=Path), help="A master to match.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="File to write: .wav or .flac."
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="An option of the system."
)
@click.option(
    "--stems", type=click.Path(path_type=Path), help="Folder of stems to mix, instead of FILE."
)
@options.device
def master(
    file: Path,
    system: str,
    reference: Path | None,
    out: Path,
    settings: tuple[str, ...],
    stems: Path | None,
    device: str,
) -> None:
    """Master FILE by any system and write the result, at the file's own rate and length."""
    from ..evaluation.master import MasterJob, master_file

    done = master_file(MasterJob(file, system, out, reference, stems, settings, device))
    click.echo(f"{out}: {done}")
