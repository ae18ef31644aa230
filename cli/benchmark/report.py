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
@options.which_benchmark
@options.run
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
    run: str | None,
    out: Path | None,
    audio: str | None,
    audio_budget: float | None,
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
        if audio_budget is not None:
            raise UserError("--audio-budget is for the report of a benchmark; leave STUDY out")
        heard = None if audio is None else Path(audio)
        if heard is not None and heard.is_file():
            raise UserError(f"--audio {heard}: is a file; give the folder of the audio")
        path = Path(study)
        folder = StudyFolder(path.absolute()) if len(path.parts) > 1 else folder_of(results, study)
        load_study(folder)
        to = out or folder.path / "report" / (asked["block"] or "")
        analyse(folder.path, to, {}, {**asked, "audio": heard})
        return
    baseline = asked.pop("baseline")
    given = [name for name, value in asked.items() if value not in (None, False, 0, ())]
    if given:
        option = given[0].replace("_", "-")
        raise UserError(f"--{option} is for a listening test: earmark report STUDY --{option} …")
    from rich.console import Console
    from rich.progress import Progress

    from ...analysis.benchmark.report import run_folder, write_report
    from ...analysis.benchmark.song_pages.audio_plan import AudioWish
    from ...evaluation.results.runs import opened_at

    wish = AudioWish(audio, audio_budget)
    with (
        opened_at(results, run, benchmark) as (store, name),
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("players and pictures of songs", total=None)

        def done(songs: int, of: int) -> None:
            bar.update(task, completed=songs, total=of)

        place = out or run_folder(store, run)
        click.echo(write_report(store, name, place, done, wish, baselines=baseline or ()))
