"""``earmark analyse``: from a ratings file to a significance report."""

import sys
from pathlib import Path
from typing import Any

import click

_COLUMNS = ("listener", "passage", "system", "score", "question")


def _column_options(command: click.decorators.FC) -> click.decorators.FC:
    for name in reversed(_COLUMNS):
        text = f"Column that holds the {name}; known names are found."
        command = click.option(f"--{name}", f"column_{name}", metavar="COL", help=text)(command)
    return command


@click.command()
@click.argument("ratings", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@_column_options
@click.option("--format", "format_", default="auto", help="auto, earmark or csv.")
@click.option("--only", metavar="QUESTION", help="Analyse this question alone.")
@click.option("--scale", nargs=2, type=float, default=None, help="Lowest and highest rating.")
@click.option("--reference", metavar="NAME", help="The hidden reference: screening, not tested.")
@click.option("--anchors", default="", metavar="A,B", help="Anchors: screening, not tested.")
@click.option("--baseline", metavar="NAME", help="Compare every other system with this one.")
@click.option("--scope", default="auto", help="auto, passages or music: what results hold for.")
@click.option("--alpha", default=0.05, show_default=True, help="Level of the tests.")
@click.option("--margin", type=float, help="Differences within ±M points count as equivalent.")
@click.option("--adjust", default="holm", show_default=True, help="For several comparisons.")
@click.option("--seed", default=0, show_default=True, help="Of resampling and permutation.")
@click.option("--abx", is_flag=True, help="Ratings are right (1) or wrong (0) ABX answers.")
@click.option("--declared", type=click.Path(path_type=Path), help="YAML of what was declared.")
@click.option("--simulated", is_flag=True, help="Mark everything as SIMULATED.")
@click.option("--folder", is_flag=True, help="Put Plotly beside report.html, not inside.")
def analyse(ratings: Path, out: Path, **options: Any) -> None:
    """Test RATINGS (any tool's CSV) for differences between systems; write report and tables.

    \b
    earmark analyse ratings.csv --out report --reference original --anchors low,mid
    earmark analyse study.csv --out report --system condition --score mos --scope music
    """
    from ..analysis.ratings.command import Request, analyse_file
    from ..analysis.ratings.wording import finding

    columns: dict[str, str] = {
        {"score": "value"}.get(name, name): value
        for name in _COLUMNS
        if (value := options.pop(f"column_{name}")) is not None
    }
    result, report = analyse_file(
        Request(ratings, out, columns, options), ["earmark", *sys.argv[1:]]
    )
    data = result.data
    click.echo(finding(data))
    for note in [*data["input"]["warnings"], *data["primary"]["notes"], *data["deviations"]]:
        click.echo(f"Note: {note}")
    failed = [check["check"] for check in data["checks"] if not check["passed"]]
    for check in failed:
        click.echo(f"Check failed: {check}", err=True)
    click.echo(str(report))
