"""The command that trains a network: ``earmark train``."""

from pathlib import Path

import click

from .terminal import options


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder that holds a folder for each training.",
)
@click.option("--max-steps", type=click.IntRange(min=1), help="Stop after this step of the recipe.")
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after so many seconds.")
@click.option("--fresh", is_flag=True, help="Start again from the first step.")
@click.option(
    "--tensorboard", is_flag=True, help="Require TensorBoard's files; without it they are optional."
)
@options.device
def train(
    recipe: Path,
    runs: Path,
    max_steps: int | None,
    seconds: float | None,
    *,
    fresh: bool,
    tensorboard: bool,
    device: str,
) -> None:
    """Train a network as RECIPE.yaml says, and write checkpoint folders.

    Run it again to continue where it stopped, also after a kill.
    """
    from ..models.training.scalars import INSTALL, has_tensorboard, require_tensorboard
    from ..models.training.train import Limits, begin_again
    from ..models.training.train import train as train_network
    from ..models.training.training_file import load_recipe
    from .terminal.training_progress import TrainingProgress, interrupts

    loaded = load_recipe(recipe)
    if tensorboard:
        require_tensorboard()
    folder = runs / loaded.name
    if fresh:
        begin_again(folder)
    with interrupts() as interrupted, TrainingProgress() as shown:
        limits = Limits(max_steps, seconds, interrupted)
        result = train_network(loaded, folder, shown, limits, device)
    if interrupted():
        raise KeyboardInterrupt
    if not result.finished:
        click.echo(f"Stopped at step {result.step}; the same command without a limit goes on.")
    click.echo(f"Checkpoints: {folder}/step_*/")
    if result.best_step:
        click.echo(
            f"Best of the validated steps: {result.best_step}, loss {result.best:.4f}; the songs "
            f"as they are: {result.unprocessed:.4f}"
        )
        click.echo(f"Its card: {folder / 'best' / 'README.md'}")
        click.echo(f"Use it in a benchmark: {{kind: checkpoint, path: {folder / 'best'}}}")
    shows = f"tensorboard --logdir {runs}" if has_tensorboard() else f"TensorBoard after {INSTALL}"
    click.echo(f"Curves: {folder / 'curves.svg'}, or {shows}")
