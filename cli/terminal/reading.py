"""How rating files are read: options that commands share, and the account that they print first."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ...analysis.ratings.reading.account import Account
    from ...analysis.ratings.reading.layouts.contract import Hints

_COLUMNS = ("listener", "passage", "system", "score", "question", "repeat")
_HELP = {
    "listener": "Column of the listener; @rows: each row is another one; @blocks: a new one "
    "wherever a page comes again.",
    "passage": "Column of the passage, or COL:PATTERN with {} for what of it counts.",
    "score": "Column of the score; A,B for several, each a question.",
}
_WIDTH = 80
_FILE = click.Path(path_type=Path, dir_okay=False)


def column_options(command: click.decorators.FC) -> click.decorators.FC:
    """``--listener COL`` and its like."""
    for name in reversed(_COLUMNS):
        usual = f"Column that holds the {name}; usual names are found without it."
        option = click.option(
            f"--{name}", f"column_{name}", metavar="COL", help=_HELP.get(name, usual)
        )
        command = option(command)
    return command


def layout_options(command: click.decorators.FC) -> click.decorators.FC:
    """What a file cannot tell of itself, and the mapping file that holds it."""
    for option in reversed(_LAYOUT):
        command = option(command)
    return command


_LAYOUT = (
    click.option("--words", metavar="A,B,…", help="Answers in words, from worst to best."),
    click.option(
        "--names",
        metavar="PATTERN",
        help="How columns or files are called: {passage}_{system}, * for what is neither.",
    ),
    click.option("--sheet", metavar="NAME", help="The Excel sheet that holds the ratings."),
    click.option(
        "--presentations",
        type=_FILE,
        metavar="LIST",
        help="CSV that names passage and system of each row of a matrix.",
    ),
    click.option(
        "--key",
        type=_FILE,
        metavar="KEY",
        help="CSV that names what A and B were: column, a, b, correct.",
    ),
    click.option(
        "--where",
        multiple=True,
        metavar="COL=VALUE",
        help="Read only rows with this value; repeatable.",
    ),
    click.option("--keep-training", is_flag=True, help="Keep training pages of webMUSHRA."),
    click.option(
        "--mapping", type=_FILE, metavar="FILE", help="YAML file of how to read: columns and more."
    ),
    click.option(
        "--save-mapping",
        type=_FILE,
        metavar="FILE",
        help="Write how the file was read, for --mapping.",
    ),
)


def columns_of(options: dict[str, Any]) -> dict[str, str]:
    """Take the options of columns out of ``options``: names by role."""
    return {
        {"score": "value"}.get(name, name): value
        for name in _COLUMNS
        if (value := options.pop(f"column_{name}")) is not None
    }


def told_of(options: dict[str, Any]) -> "Hints":
    """Take the options of a layout out of ``options``, but for the mapping files.

    Raises:
        UserError: if ``--where`` has no equals sign.
    """
    from ...analysis.ratings.inference.declared import names_in
    from ...analysis.ratings.reading.layouts.contract import Hints
    from ...models.errors import UserError

    where = []
    for said in options.pop("where"):
        title, sign, value = said.partition("=")
        if not sign:
            raise UserError(f"--where {said!r}: write COLUMN=VALUE")
        where.append((title.strip(), value.strip()))
    words = options.pop("words")
    return Hints(
        words=tuple(names_in(words)) if words else (),
        names=options.pop("names") or "",
        sheet=options.pop("sheet") or "",
        presentations=options.pop("presentations"),
        key=options.pop("key"),
        where=tuple(where),
        training=options.pop("keep_training"),
    )


def print_account(account: "Account") -> None:
    """How files were read: what it is about, and what was understood."""
    import textwrap

    indent = max(len(line.about) for line in account.lines) + 2
    click.echo("How your ratings were read")
    before = ""
    for line in account.lines:
        about = line.about if line.about != before else ""
        said = textwrap.wrap(line.said, _WIDTH - indent) or [""]
        click.echo(f"{about:<{indent}}{said[0]}")
        for more in said[1:]:
            click.echo(f"{'':<{indent}}{more}")
        before = line.about
    click.echo()
