"""``list``: the systems and metrics that a benchmark file can name."""

import click


@click.group(name="list")
def listing() -> None:
    """List what a benchmark file can name: systems, metrics, embeddings."""


@listing.command()
def systems() -> None:
    """The kinds of systems with their options, and the networks that ship."""
    from rich.console import Console
    from rich.table import Table

    from ..models.checkpoints.folders import shipped_names
    from ..models.systems.contract import kinds

    table = Table("kind", "what it is", "options (default)", "marks", show_lines=False)
    for name, kind in sorted(kinds().items()):
        options = ", ".join(
            f"{option} (required)"
            if field.is_required()
            else f"{option} ({field.get_default(call_default_factory=True)})"
            for option, field in kind.options.model_fields.items()
        )
        marks: list[str] = [kind.role] if kind.role in ("anchor", "baseline") else []
        if kind.uses_reference is True:
            marks.append("uses reference")
        if kind.input == "stems":
            marks.append("needs stems")
        table.add_row(name, kind.summary, options, ", ".join(marks))
    console = Console()
    console.print(table)
    console.print(f"Networks that ship, by name: {', '.join(shipped_names())}")


@listing.command()
def embeddings() -> None:
    """The embeddings of Fréchet distances, and where their weights come from."""
    from rich.console import Console
    from rich.table import Table

    from ..models.embeddings import embeddings as known

    table = Table("embedding", "rate, Hz", "hears to, Hz", "version", "what it is")
    for name, one in known().items():
        table.add_row(
            name, str(one.sample_rate), f"{one.highest_hz:g}", str(one.version), one.summary
        )
    console = Console()
    console.print(table)
    for name, one in known().items():
        if lacking := one.extra.missing() if one.extra else "":
            console.print(f"{name} is not ready: it {lacking}", soft_wrap=True, markup=False)


@listing.command()
def metrics() -> None:
    """The metrics with their unit, direction and version."""
    from rich.console import Console
    from rich.table import Table

    from ..evaluation.metrics import METRICS, REFUSED

    table = Table("metric", "unit", "better", "needs", "version", "what it is")
    for name, metric in METRICS.items():
        table.add_row(
            name, metric.unit, metric.better, metric.needs, str(metric.version), metric.summary
        )
    console = Console()
    console.print(table)
    for name, reason in REFUSED.items():
        console.print(f"{name} is not a metric: it {reason}", soft_wrap=True, markup=False)
