"""``check``: say what a benchmark would do, and what is wrong with it, before it runs."""

from pathlib import Path

import click

from ..terminal import options


@click.command()
@options.benchmark
@options.results
@options.device
def check(benchmark: Path, results: Path, device: str) -> None:
    """Show what a run would do: songs and their problems, systems, renders, time and disk.

    Ends with status 1 if a song or a system would fail. Nothing is written.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ...evaluation.benchmark.file import load
    from ...evaluation.run.preview import DEFAULT_RTF, preview
    from ...models.rendering.devices import resolve_device

    found = load(benchmark)
    seen = preview(found, results, str(resolve_device(device)))
    made = ", made by a program (simulated)" if found.simulated else ""
    click.echo(
        f"{found.name}: {len(seen.songs)} of {len(found.songs)} songs ({found.layout}{made}), "
        f"{seen.audio_seconds / 60:.1f} minutes at {found.sample_rate} Hz"
    )
    if found.unused:
        files = "1 audio file" if len(found.unused) == 1 else f"{len(found.unused)} audio files"
        click.echo(f"Not used: {files}, listed below")
    table = Table("system", "kind", "role", "takes", "uses reference", "renders")
    for row in seen.rows:
        count = f"{row.done} of {row.done + row.todo}" if not row.error else "fails"
        uses = "yes" if row.uses_reference else ""
        table.add_row(escape(row.system.name), row.system.kind, row.role, row.takes, uses, count)
    Console().print(table)
    click.echo(f"Metrics: {', '.join(metric.name for metric in found.metrics)}")
    click.echo(f"Renders: {seen.done} there, {seen.todo} to do")
    if seen.todo:
        click.echo(
            f"About {_duration(seen.work_seconds)} for one worker, {_size(seen.disk_bytes)} of disk"
        )
    if seen.guessed:
        click.echo(
            f"  (a rough guess: {DEFAULT_RTF:g} s a second of audio for kinds that were never "
            f"timed here: {', '.join(seen.guessed)})"
        )
    for note in seen.notes:
        click.echo(f"note: {note}")
    for row in seen.rows:
        if row.error:
            click.echo(f"error: system {row.system.name!r}: {row.error}", err=True)
    for problem in seen.problems:
        click.echo(f"{problem.severity}: {problem}", err=True)
    for one in found.unused:
        click.echo(f"not used: {one}", err=True)
    if seen.failing:
        raise SystemExit(1)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"
