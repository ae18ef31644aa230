"""``models``: bring other people's model files in, and show what is known of one."""

from pathlib import Path

import click


@click.group()
def models() -> None:
    """Import model files of others, and show what is known of one."""


@models.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="What the file does not tell."
)
@click.option(
    "--trust",
    is_flag=True,
    help="Run the code in a pickle or .pt2 file, in a process of its own. Only if you trust it.",
)
def import_(
    source: Path,
    target: Path,
    settings: tuple[str, ...],
    trust: bool,  # noqa: FBT001  click gives every option by its name
) -> None:
    """Bring SOURCE into the folder TARGET: weights as a checkpoint, other files with their facts.

    What a TorchScript, .pt2 or ONNX file does not tell is probed, and written beside it.
    """
    from ..evaluation.model_files import import_file

    for line in import_file(source, target, settings, trusted=trust):
        click.echo(line)


@models.command()
@click.argument("path", type=click.Path(path_type=Path))
def show(path: Path) -> None:
    """Show what PATH is, what it tells, and what was probed or given."""
    from ..evaluation.model_files import shown

    for line in shown(path):
        click.echo(line)
