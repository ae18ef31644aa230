"""``earmark serve``: the reports of a results folder in a browser."""

from pathlib import Path

import click

from ..terminal import options


@click.command()
@options.results
@click.option("--port", default=8000, show_default=True, help="Port; 0 takes a free one.")
def serve(results: Path, port: int) -> None:
    """Serve the reports of a results folder on 127.0.0.1 until Ctrl-C, with an index of all.

    Only this machine can open them. Listening tests are served by earmark study serve.
    """
    from ...analysis.serving.serve import serve_reports

    def started(address: str, count: int) -> None:
        reports = "1 report" if count == 1 else f"{count} reports"
        click.echo(f"{address} ({reports} of {results}; Ctrl-C ends it)")

    serve_reports(results, port, started)
