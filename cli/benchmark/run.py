"""``run``, ``render`` and ``score``: carry a benchmark out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from ..terminal import options

if TYPE_CHECKING:
    from ...analysis.benchmark.song_pages.audio_plan import AudioWish


_no_doctor = click.option(
    "--no-doctor", is_flag=True, help="Do not probe systems that are new here before they render."
)


@click.command()
@options.running
@options.batch
@_no_doctor
@options.heard
def run(
    benchmark: Path,
    results: Path,
    audio: str | None,
    audio_budget: float | None,
    no_doctor: bool,  # noqa: FBT001  click gives every option by its name
    **how: Unpack[options.How],
) -> None:
    """Render, score and report a benchmark file; do only what is missing."""
    from ...analysis.benchmark.song_pages.audio_plan import AudioWish

    wish = AudioWish(audio, audio_budget)
    probed = () if no_doctor else ("doctor",)
    if not carry_out(benchmark, results, how, (*probed, "render", "score", "report"), wish):
        sys.exit(1)


@click.command()
@options.running
@_no_doctor
def render(
    benchmark: Path,
    results: Path,
    no_doctor: bool,  # noqa: FBT001
    **how: Unpack[options.How],
) -> None:
    """Render the songs of a benchmark file by its systems, without scoring them."""
    if not carry_out(benchmark, results, how, ("render",) if no_doctor else ("doctor", "render")):
        sys.exit(1)


@click.command()
@options.running
@options.batch
def score(benchmark: Path, results: Path, **how: Unpack[options.How]) -> None:
    """Measure the existing renders, without rendering any."""
    if not carry_out(benchmark, results, how, ("score",)):
        sys.exit(1)


def carry_out(
    benchmark: Path,
    results: Path,
    how: options.How,
    steps: tuple[str, ...],
    audio: "AudioWish | None" = None,
) -> bool:
    """Do the steps with progress on the terminal; whether all of it could be done."""
    import shutil

    from rich.console import Console

    from ...analysis.benchmark.report import write_report
    from ...analysis.benchmark.result.document import load as load_result
    from ...analysis.benchmark.text.standings_text import standings_lines
    from ...evaluation.benchmark.file import load
    from ...evaluation.results.store import Store
    from ...evaluation.run.run import RunSettings, run_benchmark
    from ...evaluation.run.workers import Workers
    from ...evaluation.songs.unused import summary as summary_of_unused
    from ..terminal.progress import RunProgress

    found = load(benchmark)
    if found.unused:
        said = summary_of_unused(found.unused)
        click.echo(f"{said}; 'earmark check {benchmark}' says why", err=True)
    settings = RunSettings(
        Workers.parse(how["workers"]),
        how["device"],
        how["retry"],
        how["force"],
        steps,
        how.get("name", ""),
        how.get("batch", 0),
    )
    report, standings = None, None
    with Store(results) as store, RunProgress(Console(stderr=True)) as watch:
        summary = run_benchmark(found, store, settings, watch)
        if "report" in steps:
            report = write_report(store, found.name, None, watch.counted("report"), audio)
            standings = load_result(store, found.name)
    click.echo(
        f"{found.name}, run {summary.run}: {summary.rendered} rendered and "
        f"{summary.scored} scored of {summary.units} renders in {summary.seconds:.0f} s"
    )
    for problem in summary.gone:
        click.echo(f"{problem.severity}: {problem}", err=True)
    for diagnosis in summary.examined:
        for probe in diagnosis.probes:
            if probe.found:
                click.echo(f"doctor: {diagnosis.system}: {probe.note}", err=True)
    for finding in summary.findings:
        click.echo(f"found: {finding}", err=True)
    if summary.failures:
        click.echo(
            f"{len(summary.failures)} failed; mend the cause, then run again with --retry",
            err=True,
        )
    if report is not None and standings is not None:
        click.echo("")
        for line in standings_lines(standings, shutil.get_terminal_size((100, 24)).columns):
            click.echo(line)
        click.echo("")
        click.echo(f"Report: {report}")
    return not summary.failures
