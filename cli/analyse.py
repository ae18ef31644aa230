"""``earmark analyse``: from a ratings file to a significance report."""

import sys
from pathlib import Path
from typing import Any

import click

from .terminal.options import ADJUSTMENTS, Named
from .terminal.reading import column_options, columns_of, layout_options, print_account, told_of


def analysis_options(command: click.decorators.FC) -> click.decorators.FC:
    """What a ratings file and a study may both be analysed with; None is "not given"."""
    for option in reversed(_OPTIONS.values()):
        command = option(command)
    return command


def judged_options(command: click.decorators.FC) -> click.decorators.FC:
    """What of :func:`analysis_options` matters where metrics are judged by ratings."""
    for name in reversed(_JUDGED):
        command = _OPTIONS[name](command)
    return command


_OPTIONS = {
    "only": click.option("--only", metavar="QUESTION", help="Analyse only this question."),
    "block": click.option(
        "--block", metavar="NAME", help="Of a sequence, the block of pages; each has its own test."
    ),
    "scale": click.option(
        "--scale", nargs=2, type=float, default=None, help="Lowest and highest rating."
    ),
    "reference": click.option(
        "--reference", metavar="NAME", help="The hidden reference: used for screening, not tested."
    ),
    "anchors": click.option(
        "--anchors", metavar="A,B", help="Anchors: used for screening, not tested."
    ),
    "mid-anchor": click.option(
        "--mid-anchor", metavar="NAME", help="The anchor that BS.1534's second rule is about."
    ),
    "exclude": click.option(
        "--exclude",
        metavar="RULE",
        multiple=True,
        help="Whom to exclude: bs1534 (the default), nobody, or a rule such as "
        "'anchor >= 20 on more than 60% of pages'; may be repeated.",
    ),
    "baseline": click.option(
        "--baseline", metavar="NAME", help="Compare every other system with this one."
    ),
    "reference-master": click.option(
        "--reference-master",
        metavar="NAME",
        help="The human master among what was rated: every system is held against it.",
    ),
    "genres": click.option(
        "--genres",
        type=click.Path(path_type=Path, dir_okay=False),
        help="CSV file with the columns id (a passage) and genre.",
    ),
    "scope": click.option(
        "--scope",
        type=Named(["auto", "passages", "music"]),
        help="Results hold for these passages, or for music like them.",
    ),
    "alpha": click.option(
        "--alpha", type=float, help="Level of the tests; 0.05 if none was declared."
    ),
    "margin": click.option(
        "--margin", type=float, help="Differences within ±M points count as equivalent."
    ),
    "adjust": click.option(
        "--adjust",
        type=Named(ADJUSTMENTS),
        help="Adjustment for several comparisons; holm if none was declared.",
    ),
    "seed": click.option(
        "--seed", default=0, show_default=True, help="Seed of resampling and permutation."
    ),
    "declared": click.option(
        "--declared", type=click.Path(path_type=Path), help="YAML file of what was declared."
    ),
    "pilot": click.option(
        "--pilot", is_flag=True, help="Of a study, use the pilot sessions instead."
    ),
    "simulated": click.option(
        "--simulated",
        is_flag=True,
        help="Of a study, use the SIMULATED sessions; mark any other file as SIMULATED.",
    ),
    "unfinished": click.option(
        "--unfinished", is_flag=True, help="Of a study, include sessions that are not complete."
    ),
    "invited": click.option(
        "--invited", type=click.IntRange(0), help="How many people were invited."
    ),
    "free-text": click.option(
        "--free-text", is_flag=True, help="Show what listeners wrote in questionnaires."
    ),
    "brief": click.option(
        "--brief", is_flag=True, help="Write only the first screen of report.html."
    ),
    "figures": click.option(
        "--figures",
        type=Named(["svg", "pdf", "png"]),
        multiple=True,
        help="Write each figure to OUT/figures too; may be repeated. Needs Chromium or Chrome.",
    ),
    "folder": click.option(
        "--folder", is_flag=True, help="Put Plotly and audio beside report.html."
    ),
}
_JUDGED = (
    *("only", "block", "scale", "reference", "anchors", "mid-anchor", "exclude", "alpha", "seed"),
    *("declared", "pilot", "simulated", "unfinished"),
)


@click.command()
@click.argument("ratings", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@column_options
@layout_options
@click.option(
    "--format",
    "format_",
    type=Named(["auto", "earmark", "csv"]),
    default="auto",
    show_default=True,
    help="What wrote the file; earmark is an export of earmark study export.",
)
@click.option("--abx", is_flag=True, help="Ratings are right (1) or wrong (0) ABX answers.")
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Python file that adds the export's kind of test; may be repeated.",
)
@click.option(
    "--people",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File about the listeners, joined by their ids and told together; repeatable.",
)
@analysis_options
@click.option(
    "--audio",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the audio that was heard.",
)
def analyse(
    ratings: tuple[Path, ...], out: Path, plugins: tuple[Path, ...], **options: Any
) -> None:
    """Test RATINGS for differences between systems; write report and tables.

    RATINGS are rating files of any usual layout (CSV, Excel, Parquet, JSON, XML), a folder of them
    or a glob; a study's export; or the folder of a study. How they were read is printed first.

    \b
    earmark analyse ratings.csv --out report --reference original --anchors low,mid
    earmark analyse study.csv --out report --system condition --score mos --scope music
    earmark analyse results/studies/pilot-2026 --out report
    """
    from ..models.plugins import load_plugin

    for plugin in plugins:
        load_plugin(plugin)
    columns = columns_of(options)
    options["told"] = told_of(options)
    first, *more = ratings
    run(first, out, columns, options, tuple(more))


def run(
    ratings: Path,
    out: Path,
    columns: dict[str, str],
    options: dict[str, Any],
    more: tuple[Path, ...] = (),
) -> None:
    """Analyse, write, and say how the ratings were read and what was found."""
    from ..analysis.ratings.analyse import Asked, Request, analyse_file
    from ..analysis.ratings.report.words.answer import answer
    from ..analysis.ratings.report.words.ranks_text import ranks_lines
    from ..analysis.ratings.report.words.sentences import finding

    result, report = analyse_file(
        Request(ratings, out, columns, Asked(**options), more),
        ["earmark", *sys.argv[1:]],
        print_account,
    )
    if result.label:
        click.echo(f"{result.label}: these ratings do not count.")
    for block in result.every_question():
        asked = f"{block.question}: " if result.others else ""
        click.echo(f"{asked}{finding(block)}")
        for line in (*ranks_lines(block), *answer(result, block).lines()):
            click.echo(line)
    click.echo(str(report))
