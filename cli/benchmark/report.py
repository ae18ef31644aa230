"""earmark report: of a benchmark or a listening test, in one folder that works offline."""

from pathlib import Path
from typing import Any

import click

from ..analyse import analysis_options
from ..analyse import run as analyse
from ..terminal import options


@click.command()
@click.argument("study", required=False)
@options.results
@click.option("--benchmark", metavar="NAME", help="Which benchmark; the latest by default.")
@options.run
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where to write; RESULTS/reports/NAME or RESULTS/studies/STUDY/report by default.",
)
@analysis_options
def report(
    study: str | None,
    results: Path,
    benchmark: str | None,
    run: str | None,
    out: Path | None,
    **asked: Any,
) -> None:
    """Write the report of a benchmark, or of the listening test STUDY, a name or a folder.

    What the report of a benchmark already has is not made again. --baseline A,B compares its
    systems with others than the benchmark file says. The other options of an analysis are those of
    earmark analyse and need a STUDY.
    """
    from ...models.errors import UserError

    if study is not None:
        from ...listening_test.study.study import StudyFolder, folder_of, load_study

        if benchmark is not None or run is not None:
            option = "--run" if benchmark is None else "--benchmark"
            raise UserError(f"give the name of a study, or {option}, not both")
        path = Path(study)
        folder = StudyFolder(path.absolute()) if len(path.parts) > 1 else folder_of(results, study)
        load_study(folder)
        analyse(folder.path, out or folder.path / "report", {}, asked)
        return
    baseline = asked.pop("baseline")
    given = [name for name, value in asked.items() if value not in (None, False, 0)]
    if given:
        option = given[0].replace("_", "-")
        raise UserError(f"--{option} is for a listening test: earmark report STUDY --{option} …")
    _report_benchmark(results, benchmark, run, baseline or (), out)


def _report_benchmark(
    results: Path,
    benchmark: str | None,
    run: str | None,
    baselines: str | tuple[str, ...],
    out: Path | None,
) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from ...analysis.benchmark.report import run_folder, write_report
    from ...evaluation.results.runs import opened_at

    with (
        opened_at(results, run, benchmark) as (store, name),
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("players and pictures of songs", total=None)

        def done(songs: int, of: int) -> None:
            bar.update(task, completed=songs, total=of)

        path = write_report(store, name, out or run_folder(store, run), done, baselines)
    click.echo(path)
