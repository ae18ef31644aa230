"""``runs``: what was run in a results folder: listed, shown, named and deleted."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..terminal import options

if TYPE_CHECKING:
    from ...evaluation.results.runs import Run
    from ...evaluation.results.store import Store

_run = click.argument("run", metavar="RUN")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group(invoke_without_command=True)
@options.results
@click.option("--benchmark", metavar="NAME", help="Only the runs of this benchmark.")
@_json
@click.pass_context
def runs(context: click.Context, results: Path, benchmark: str | None, *, as_json: bool) -> None:
    """List the runs of a results folder, the latest first; or show, name or delete one.

    RUN is its number, its name, its id, or latest. earmark report, earmark export and the Python
    API take it too.
    """
    context.obj = results
    if context.invoked_subcommand is not None:
        return
    from ...evaluation.results.runs import all_runs, choose_benchmark
    from ...evaluation.results.store import Store

    with Store(results, create=False) as store:
        name = None if benchmark is None else choose_benchmark(store, benchmark)
        found = all_runs(store, name)
    if as_json:
        _echo_json([_plain(run) for run in found])
        return
    _print_list(found)


@runs.command()
@_run
@options.results
@_json
@click.pass_context
def show(context: click.Context, run: str, results: Path, *, as_json: bool) -> None:
    """Show what a run used: command, code, machine, systems, failures, medians."""
    from ...analysis.benchmark.text.run_page import run_page
    from ...evaluation.results.runs import any_run
    from ...evaluation.results.store import Store

    with Store(_folder(context, results), create=False) as store:
        found = any_run(store, run)
        page = run_page(store, found)
    if as_json:
        _echo_json(_plain(found) | page.as_json())
        return
    for line in page.lines():
        click.echo(line)


@runs.command()
@_run
@click.argument("new_name", metavar="NAME")
@options.results
@click.pass_context
def name(context: click.Context, run: str, new_name: str, results: Path) -> None:
    """Give a run a name; '' takes it away."""
    from ...evaluation.results.runs import any_run, rename_run
    from ...evaluation.results.store import Store

    with Store(_folder(context, results), create=False) as store:
        found = any_run(store, run)
        rename_run(store, found, new_name)
        click.echo(any_run(store, found.id).title)


@runs.command()
@click.argument("run", metavar="RUN...", nargs=-1, required=True)
@options.results
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@click.pass_context
def delete(context: click.Context, run: tuple[str, ...], results: Path, *, dry_run: bool) -> None:
    """Delete runs with the renders and scores that no other run uses."""
    from ...evaluation.results.deletion import delete_runs, freed_by
    from ...evaluation.results.store import Store
    from ...evaluation.run.sole_run import sole_run

    with Store(_folder(context, results), create=False) as store:
        if dry_run:
            freed = freed_by(store, _found(store, run))
        else:
            with sole_run(store.folder):
                freed = delete_runs(store, _found(store, run))
    titles = ", ".join(one.title for one in freed.runs)
    click.echo(
        f"{'Would delete' if dry_run else 'Deleted'} {titles}: {_count(freed.scores, 'score')} and "
        f"{_count(len(freed.renders), 'render')} that no other run uses, "
        f"{freed.size_bytes / 1e6:.1f} MB"
    )


def _found(store: "Store", asked: tuple[str, ...]) -> "list[Run]":
    from ...evaluation.results.runs import any_run

    # Each once, however often and by whatever name it was given.
    return list({run.number: run for run in (any_run(store, one) for one in asked)}.values())


def _folder(context: click.Context, results: Path) -> Path:
    """Of this command, or else of the group before it."""
    source = context.get_parameter_source("results")
    if source is click.core.ParameterSource.DEFAULT and context.obj is not None:
        return Path(context.obj)
    return results


def _print_list(found: "list[Run]") -> None:
    import sys

    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("run", "name", "benchmark", "started (UTC)", "ended", "what it left"):
        table.add_column(heading, no_wrap=True)
    for run in found:
        left = "the latest" if run.latest else "kept" if run.kept else "nothing"
        if run.earlier:
            left += " (before runs were kept)"
        started = run.started[:16].replace("T", " ")
        ended = "yes" if run.finished else "no"
        table.add_row(
            str(run.number), escape(run.name), escape(run.benchmark), started, ended, left
        )
    # A pipe has no width, so nothing is cut off.
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)


def _plain(run: "Run") -> dict[str, Any]:
    from dataclasses import asdict

    found = asdict(run)
    return {"run": found.pop("number"), **found}


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _echo_json(content: Any) -> None:
    import json

    click.echo(json.dumps(content, indent=2, ensure_ascii=False))
