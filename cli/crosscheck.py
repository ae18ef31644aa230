"""``crosscheck``: our values beside those of other libraries, on the user's own files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..evaluation.second_opinion import Opinion

_COLUMNS = ("listener", "passage", "system", "score", "question")


def _column_options(command: click.decorators.FC) -> click.decorators.FC:
    for name in reversed(_COLUMNS):
        text = f"Of ratings: column that holds the {name}; known names are found."
        command = click.option(f"--{name}", f"column_{name}", metavar="COL", help=text)(command)
    return command


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--reference",
    metavar="FILE|NAME",
    help="Of audio: the master to compare with. Of ratings: the hidden reference, left out.",
)
@click.option("--anchors", metavar="A,B", help="Of ratings: anchors, left out.")
@click.option("--only", metavar="QUESTION", help="Of ratings: this question alone.")
@click.option("--adjust", default="holm", show_default=True, help="Of ratings: for several pairs.")
@_column_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def crosscheck(
    files: tuple[Path, ...],
    *,
    reference: str | None,
    anchors: str | None,
    only: str | None,
    adjust: str,
    as_json: bool,
    **columns: str | None,
) -> None:
    """Compare our values with pyloudnorm's, auraloss's, scipy's, scikit-posthocs'.

    FILE is audio, one or more, or one file of ratings (or the folder of a study). The exit status
    is 1 where a value differs for no known reason.

    \b
    earmark crosscheck master.wav --reference human_master.wav
    earmark crosscheck ratings.csv --reference original --anchors low,mid
    """
    import json

    from ..evaluation import second_opinion as opinions
    from ..models.audio.files import SUFFIXES
    from ..models.errors import UserError

    named = {name.removeprefix("column_"): one for name, one in columns.items() if one is not None}
    audio = [path for path in files if path.suffix.lower() in SUFFIXES]
    if audio and len(audio) < len(files):
        raise UserError(
            f"{files[0]}: audio and ratings cannot be checked together; give audio files "
            f"({', '.join(SUFFIXES)}), or one file of ratings"
        )
    if audio:
        if anchors or only or named:
            raise UserError(f"{files[0]}: is audio; --anchors, --only and columns are for ratings")
        found, complete = _of_audio(audio, None if reference is None else Path(reference))
    else:
        found, complete = _of_ratings(files, named, (reference, anchors, only, adjust)), True
    if as_json:
        click.echo(json.dumps(opinions.as_json(found), indent=2, ensure_ascii=False))
    else:
        _print_tables(found)
    if not complete or opinions.unexplained(found):
        raise SystemExit(1)


def _of_audio(files: Sequence[Path], reference: Path | None) -> "tuple[list[Opinion], bool]":
    """What could be checked, and whether that is every file."""
    from ..evaluation.crosscheck import crosscheck_file
    from ..evaluation.measure import Reference
    from ..models.errors import UserError

    other = None if reference is None else Reference(reference)
    found: list[Opinion] = []
    complete = True
    for path in files:
        try:
            found += crosscheck_file(path, other)
        except UserError as error:
            click.echo(f"Error: {error}", err=True)
            complete = False
    return found, complete


def _of_ratings(
    files: Sequence[Path],
    columns: dict[str, str],
    asked: tuple[str | None, str | None, str | None, str],
) -> "list[Opinion]":
    from ..analysis.ratings.crosscheck import crosscheck_ratings
    from ..analysis.ratings.inference.declared import names_in
    from ..analysis.ratings.inference.options import RatingsOptions
    from ..analysis.ratings.reading.files import Reading, read_ratings
    from ..analysis.ratings.reading.study_folder import is_study, read_study
    from ..analysis.ratings.result.names import Adjust
    from ..models.errors import UserError

    if len(files) > 1:
        raise UserError(f"{files[1]}: one file of ratings at a time")
    reference, anchors, only, adjust = asked
    how = Reading(
        columns={{"score": "value"}.get(name, name): one for name, one in columns.items()}
    )
    study = is_study(files[0])
    file = read_study(files[0], how).file if study else read_ratings(files[0], how)
    if reference is None and file.origin is not None:
        reference = file.origin.reference
    aside = names_in(anchors) if anchors else file.origin.anchors if file.origin else ()
    options = RatingsOptions(
        question=only,
        reference=reference,
        anchors=tuple(aside),
        adjust=Adjust.called(adjust),
    )
    return crosscheck_ratings(file, options)


def _print_tables(found: "Sequence[Opinion]") -> None:
    import sys
    from itertools import groupby

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..evaluation.second_opinion import reasons, shown

    # A pipe has no width: nothing may be cut off for want of one.
    console = Console(width=None if sys.stdout.isatty() else 10_000)
    numbered = reasons(found)
    for subject, rows in groupby(found, key=lambda one: one.subject):
        table = Table(
            box=box.SIMPLE_HEAD, pad_edge=False, title=Text(subject), title_justify="left"
        )
        for name in ("value", "ours", "theirs", "difference", "", "library"):
            side = "right" if name in ("ours", "theirs", "difference") else "left"
            table.add_column(name, justify=side, overflow="fold")  # type: ignore[arg-type]
        for row in rows:
            table.add_row(*map(Text, shown(row, numbered)))
        console.print(table)
    for reason, number in numbered.items():
        console.print(f"[{number}] {reason}", soft_wrap=True, highlight=False, markup=False)
