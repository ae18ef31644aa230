"""The sections of a benchmark's report, and the registry that your own ones join."""

from .registry import Chart, Context, Section, Table, metric_chart, section

__all__ = ["Chart", "Context", "Section", "Table", "metric_chart", "section"]
