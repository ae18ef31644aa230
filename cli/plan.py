"""``earmark plan``: how many listeners and passages a listening test needs."""

import json
from pathlib import Path
from typing import Any

import click

from .terminal.options import ADJUSTMENTS, Named


def _counts(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    """``10,20,30`` as whole numbers."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a list of whole numbers, as 10,20,30") from None


_LISTENERS, _PASSAGES = "10,15,20,30", "5,10"


@click.command()
@click.option("--effect", type=float, required=True, help="Difference to find, in points.")
@click.option(
    "--listeners",
    callback=_counts,
    default=_LISTENERS,
    show_default=True,
    help="How many, as a list.",
)
@click.option(
    "--passages",
    callback=_counts,
    default=_PASSAGES,
    show_default=True,
    help="How many, as a list.",
)
@click.option("--systems", type=int, default=5, show_default=True, help="Systems under test.")
@click.option(
    "--pilot", type=click.Path(path_type=Path), help="result.json of a pilot, for its variances."
)
@click.option("--question", metavar="NAME", help="Which question of the pilot.")
@click.option("--sd", metavar="NAME=POINTS,…", help="Standard deviations, instead of a pilot.")
@click.option(
    "--scope", type=Named(["passages", "music"]), help="By default the pilot's, or music."
)
@click.option("--alpha", default=0.05, show_default=True, help="Level of the tests.")
@click.option(
    "--adjust",
    type=Named(ADJUSTMENTS),
    default="holm",
    show_default=True,
    help="Adjustment for several comparisons.",
)
@click.option("--power", default=0.8, show_default=True, help="The power you want.")
@click.option("--runs", default=1000, show_default=True, help="Simulated tests per row.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the simulation."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def plan(
    pilot: Path | None,
    question: str | None,
    sd: str | None,
    scope: str | None,
    adjust: str,
    **options: Any,
) -> None:
    """Simulate a listening test: how likely does it find a difference?

    \b
    earmark plan --effect 5 --listeners 15,30 --passages 8
    earmark plan --effect 5 --pilot pilot/result.json --scope passages
    """
    from rich.console import Console
    from rich.progress import Progress

    from ..analysis.ratings.planning.plan import PlanRequest, from_pilot, lines, planned, stated
    from ..analysis.ratings.planning.power import planned_scope
    from ..analysis.ratings.result.names import Adjust
    from ..models.errors import UserError

    if pilot is not None and sd is not None:
        raise UserError("give the variances once: --pilot or --sd")
    as_json = options.pop("as_json")
    source = stated(sd) if pilot is None else from_pilot(pilot, question)
    wanted = PlanRequest(
        scope=None if scope is None else planned_scope(scope),
        adjust=Adjust.called(adjust),
        **options,
    )
    with Progress(console=Console(stderr=True), transient=True) as bar:
        total = len(wanted.listeners) * len(wanted.passages)
        task = bar.add_task("simulated tests", total=total)
        found = planned(wanted, source, lambda count: bar.update(task, completed=count))
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(lines(found)))
