"""``doctor``: probe a system, a checkpoint, or all systems of a benchmark."""

import sys

import click

from .terminal import options


@click.command()
@click.argument("target")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="An option of the system."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@options.device
def doctor(
    target: str,
    settings: tuple[str, ...],
    as_json: bool,  # noqa: FBT001  click gives every option by its name
    device: str,
) -> None:
    """Probe TARGET: delay, polarity, levels, seams, repeatability, channels, lengths, rates.

    TARGET is a kind of system, a network that ships, a checkpoint or model file, or a benchmark
    file, of which all systems are probed. Ends with status 1 if a probe fails.
    """
    import json
    import shutil

    from ..evaluation.doctor.contract import Health
    from ..evaluation.doctor.text import lines
    from ..evaluation.examination import examine_target

    watched = (lambda name: click.echo(f"examining {name} …", err=True)) if not as_json else None
    found = examine_target(target, settings, device, watched)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        for line in lines(found, shutil.get_terminal_size((100, 24)).columns):
            click.echo(line)
    if found.verdict is Health.FAIL:
        sys.exit(1)
