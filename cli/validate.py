"""``earmark validate``: which metrics follow the ears."""

from pathlib import Path
from typing import Any

import click

from .analyse import judged_options
from .terminal.options import Named
from .terminal.reading import column_options, columns_of, layout_options, print_account, told_of


@click.command()
@click.argument("ratings", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--audio",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the stimuli: PASSAGE/SYSTEM.wav, PASSAGE_SYSTEM.wav and the like.",
)
@click.option(
    "--references",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of what each passage is compared with: PASSAGE.wav; else --reference.",
)
@click.option("--metrics", metavar="A,B", help="Names of 'earmark list metrics', or default.")
@click.option(
    "--scores",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV of scores from elsewhere: passage, system, and a column per metric.",
)
@click.option(
    "--better",
    multiple=True,
    metavar="METRIC=DIRECTION",
    help="Direction of a metric: higher, lower, zero or none; repeatable.",
)
@click.option("--name", metavar="NAME", help="What this set of ratings is called.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
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
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Python file that adds metrics or a kind of test; may be repeated.",
)
@judged_options
def validate(
    ratings: tuple[Path, ...],
    audio: Path | None,
    references: Path | None,
    metrics: str | None,
    scores: Path | None,
    better: tuple[str, ...],
    name: str | None,
    out: Path | None,
    plugins: tuple[Path, ...],
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Which metrics follow the ears: judge metrics by RATINGS of the same stimuli.

    RATINGS are rating files of any layout that earmark analyse reads, a study's export, or the
    folder of a study. Metrics are measured of the stimuli, read from a table, or those of the
    study. Nothing is ranked or claimed with few systems, passages or listeners.

    \b
    earmark validate ratings.csv --audio stimuli --reference original --out report
    earmark validate mos.csv --scores scores.csv --better my_metric=lower
    earmark validate results/studies/pilot-2026 --out report
    """
    from ..analysis.ratings.analyse import Asked
    from ..analysis.ratings.inference.declared import names_in
    from ..analysis.validity.report.validity_text import validity_lines
    from ..analysis.validity.scores import directions_of
    from ..analysis.validity.validate import ValidateRequest
    from ..analysis.validity.validate import validate as judge
    from ..models.plugins import load_entry_points, load_plugin

    load_entry_points()
    for plugin in plugins:
        load_plugin(plugin)
    columns = columns_of(options)
    told = told_of(options)
    first, *more = ratings
    request = ValidateRequest(
        ratings=first,
        more=tuple(more),
        columns=columns,
        asked=Asked(told=told, format_=options.pop("format_"), **options),
        audio=audio,
        references=references,
        scores=scores,
        metrics=tuple(names_in(metrics)) if metrics else (),
        better=directions_of(better),
        name=name or "",
    )
    found = judge(request, (lambda _: None) if as_json else print_account)
    if as_json:
        click.echo(found.document.json_text(), nl=False)
    else:
        for line in validity_lines(found.document):
            click.echo(line)
    if out is not None:
        from ..analysis.ratings.report.audio import addresses
        from ..analysis.validity.report.validity_page import write_validity

        path = write_validity(found.document, out, addresses(out, found.audio))
        click.echo(str(path), err=as_json)
