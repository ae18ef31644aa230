"""The command line: one file per command group, no logic of its own.

Command modules import only click at their top, so that ``--help`` answers at once.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

# Drawers of commands; what others hold is shared by commands and is no command.
_DRAWERS = ("benchmark", "songs")


class _Commands(click.Group):
    """Every click command that a module of this folder or of one of its drawers defines."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._found())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._found().get(cmd_name)

    def _found(self) -> Mapping[str, click.Command]:
        if not self.commands:
            for name in _modules():
                loaded = importlib.import_module(name)
                for value in vars(loaded).values():
                    if isinstance(value, click.Command) and _defined_in(value, loaded.__name__):
                        self.commands[str(value.name)] = value
        return self.commands


def _modules() -> Iterator[str]:
    """The modules that may define commands, by their full names."""
    for drawer in ("", *_DRAWERS):
        package = f"{__name__}.{drawer}" if drawer else __name__
        for module in pkgutil.iter_modules([str(Path(path) / drawer) for path in __path__]):
            if not module.ispkg:
                yield f"{package}.{module.name}"


def _defined_in(command: click.Command, module: str) -> bool:
    """Whether it is a command of its own, not imported and not inside a group."""
    if command.callback is None or command.callback.__module__ != module:
        return False
    group = importlib.import_module(module)
    groups = [value for value in vars(group).values() if isinstance(value, click.Group)]
    return not any(command in one.commands.values() for one in groups)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="earmark")
@click.option("-v", "--verbose", count=True, help="Log what is done; -vv for every detail.")
def earmark(verbose: int) -> None:
    """Evaluate neural audio mastering and mixing: render, measure, listen, report."""
    import logging

    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def main() -> None:
    """Run the command line; a user's mistake is one line and exit status 1."""
    # Errors are imported late and by name: importing models.errors costs nothing.
    from ..models.errors import UserError

    try:
        earmark(standalone_mode=False)
    except UserError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped; run the same command again to go on.", err=True)
        sys.exit(130)
