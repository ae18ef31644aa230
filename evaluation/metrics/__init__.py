"""Objective metrics: what each measures stands with its function; docs/metrics.md lists them."""

from .analysis import Analysis
from .measurement import REASONS, MeasuredItem, Measurement, measure, measure_batch, measure_render
from .registry import GROUPS, METRICS, REFUSED, Metric, Requires, UndefinedError, metric, select

__all__ = [
    "GROUPS",
    "METRICS",
    "REASONS",
    "REFUSED",
    "Analysis",
    "MeasuredItem",
    "Measurement",
    "Metric",
    "Requires",
    "UndefinedError",
    "measure",
    "measure_batch",
    "measure_render",
    "metric",
    "select",
]
