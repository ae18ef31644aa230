"""``earmark import``: what other tools wrote, as files of one form."""

from pathlib import Path
from typing import Any

import click

from .terminal.reading import column_options, columns_of, layout_options, print_account, told_of


@click.group(name="import")
def importing() -> None:
    """Turn what other tools wrote into files of one form."""


@importing.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="CSV file to write.",
)
@column_options
@layout_options
@click.option("--scale", nargs=2, type=float, default=None, help="Lowest and highest rating.")
@click.option("--unfinished", is_flag=True, help="Keep sessions that are not complete.")
def ratings(files: tuple[Path, ...], out: Path, **options: Any) -> None:
    """Write the ratings in FILES as one long table, a row each; test nothing.

    FILES are rating files of any layout that earmark analyse reads, a folder of them, or a glob.

    \b
    earmark import ratings saves/ --out long.csv
    earmark import ratings answers.csv --words "bad,fair,good" --out long.csv
    """
    from ..analysis.ratings.analyse import Asked, read
    from ..analysis.ratings.reading.convert import long_csv
    from ..evaluation.results.store import written

    columns = columns_of(options)
    told = told_of(options)
    first, *more = files
    _, file = read(first, columns, Asked(told=told, **options), more)
    if file.account is not None:
        print_account(file.account)
    with written(out) as scratch:
        scratch.write_text(long_csv(file), encoding="utf-8", newline="")
    for note in file.warnings:
        click.echo(f"Note: {note}")
    click.echo(str(out))
