"""What every command says of itself with ``--help`` stays as it is until it is meant to change."""

from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import CliRunner
from goldens import Goldens

from earmark.cli import earmark

COLUMNS = 100  # wide enough that no option is folded because of a long name


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of every command, groups before what is in them."""
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, *path, name)
        else:
            yield (*path, name)


def test_the_help_of_every_command_stays(
    goldens: Callable[[str], Goldens], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    texts = []
    for words in commands(earmark):
        done = CliRunner().invoke(
            earmark, [*words, "--help"], prog_name="earmark", terminal_width=COLUMNS
        )
        assert done.exit_code == 0
        texts.append(f"$ earmark {' '.join([*words, '--help'])}\n{done.output}")
    assert len(texts) > 20
    goldens("").check("help.txt", "\n".join(texts))
