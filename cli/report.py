"""earmark report: of a benchmark or a listening test, in one folder that works offline."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .analyse import analysis_options, run
from .terminal import options

if TYPE_CHECKING:
    from ..analysis.benchmark.song_pages.audio_plan import AudioWish


@click.command()
@click.argument("study", required=False)
@options.results
@click.option("--benchmark", metavar="NAME", help="Which benchmark; the latest by default.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where to write; RESULTS/reports/NAME or RESULTS/studies/STUDY/report by default.",
)
@click.option(
    "--audio",
    type=options.Named(options.AUDIO, pattern="FOLDER"),
    help=f"{options.HEARD} With STUDY: the folder of the audio that was heard.",
)
@options.audio_budget
@analysis_options
def report(
    study: str | None,
    results: Path,
    benchmark: str | None,
    out: Path | None,
    audio: str | None,
    audio_budget: float | None,
    **asked: Any,
) -> None:
    """Write the report of a benchmark, or of the listening test STUDY, a name or a folder.

    What the report of a benchmark already has is not made again. The options of an analysis are
    those of earmark analyse and need a STUDY.
    """
    from ..models.errors import UserError

    if study is not None:
        from ..listening_test.study.study import StudyFolder, folder_of, load_study

        if benchmark is not None:
            raise UserError("give the name of a study, or --benchmark, not both")
        if audio_budget is not None:
            raise UserError("--audio-budget is for the report of a benchmark; leave STUDY out")
        heard = None if audio is None else Path(audio)
        if heard is not None and heard.is_file():
            raise UserError(f"--audio {heard}: is a file; give the folder of the audio")
        path = Path(study)
        folder = StudyFolder(path.absolute()) if len(path.parts) > 1 else folder_of(results, study)
        load_study(folder)
        run(folder.path, out or folder.path / "report", {}, {**asked, "audio": heard})
        return
    given = [name for name, value in asked.items() if value not in (None, False, 0)]
    if given:
        option = given[0].replace("_", "-")
        raise UserError(f"--{option} is for a listening test: earmark report STUDY --{option} …")
    from ..analysis.benchmark.song_pages.audio_plan import AudioWish

    _report_benchmark(results, benchmark, out, AudioWish(audio, audio_budget))


def _report_benchmark(
    results: Path, benchmark: str | None, out: Path | None, audio: "AudioWish"
) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from ..analysis.benchmark.report import write_report
    from ..evaluation.results.store import Store

    with (
        Store(results, create=False) as store,
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("players and pictures of songs", total=None)

        def done(songs: int, of: int) -> None:
            bar.update(task, completed=songs, total=of)

        path = write_report(store, benchmark, out, done, audio)
    click.echo(path)
