"""Earmark: listening tests and evaluation for neural audio mastering and mixing.

``import earmark as em`` is quick: each name below is loaded from its module when it is first used,
and PyTorch, NumPy and pandas with it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis.benchmark.panels.registry import metric_chart
    from .analysis.benchmark.panels.registry import section as report_section
    from .analysis.benchmark.results import Results, results
    from .analysis.ratings.in_code import RatingsAnalysis, analyse, write_report
    from .analysis.ratings.planning.grid import PlanGrid, plan
    from .analysis.ratings.reading.frames import read_ratings
    from .evaluation.benchmark.in_code import benchmark
    from .evaluation.distances.between import fad
    from .evaluation.listing import list_metrics, list_systems
    from .evaluation.master_audio import load_system, master
    from .evaluation.measure_audio import measure
    from .evaluation.metrics.registry import metric
    from .evaluation.run.in_code import RunSummary, run
    from .listening_test.in_code import create_study, list_kinds
    from .listening_test.kinds.contract import kind as test_kind
    from .models.demo_songs.songs import demo_song
    from .models.embeddings.registry import embedding
    from .models.errors import UserError
    from .models.systems.contract import Options, Spec, System
    from .models.systems.contract import kind as system_kind
    from .models.systems.objects import system, wrap

__version__: str

__all__ = [
    "Options",
    "PlanGrid",
    "RatingsAnalysis",
    "Results",
    "RunSummary",
    "Spec",
    "System",
    "UserError",
    "__version__",
    "analyse",
    "benchmark",
    "create_study",
    "demo_song",
    "embedding",
    "fad",
    "list_kinds",
    "list_metrics",
    "list_systems",
    "load_system",
    "master",
    "measure",
    "metric",
    "metric_chart",
    "plan",
    "read_ratings",
    "report_section",
    "results",
    "run",
    "system",
    "system_kind",
    "test_kind",
    "wrap",
    "write_report",
]

# Each public name, by the module that defines it; ``:name`` where it has another name there.
_WHERE = {
    "Options": "models.systems.contract",
    "PlanGrid": "analysis.ratings.planning.grid",
    "RatingsAnalysis": "analysis.ratings.in_code",
    "Results": "analysis.benchmark.results",
    "RunSummary": "evaluation.run.in_code",
    "Spec": "models.systems.contract",
    "System": "models.systems.contract",
    "UserError": "models.errors",
    "analyse": "analysis.ratings.in_code",
    "benchmark": "evaluation.benchmark.in_code",
    "create_study": "listening_test.in_code",
    "demo_song": "models.demo_songs.songs",
    "embedding": "models.embeddings.registry",
    "fad": "evaluation.distances.between",
    "list_kinds": "listening_test.in_code",
    "list_metrics": "evaluation.listing",
    "list_systems": "evaluation.listing",
    "load_system": "evaluation.master_audio",
    "master": "evaluation.master_audio",
    "measure": "evaluation.measure_audio",
    "metric": "evaluation.metrics.registry",
    "metric_chart": "analysis.benchmark.panels.registry",
    "plan": "analysis.ratings.planning.grid",
    "read_ratings": "analysis.ratings.reading.frames",
    "report_section": "analysis.benchmark.panels.registry:section",
    "results": "analysis.benchmark.results",
    "run": "evaluation.run.in_code",
    "system": "models.systems.objects",
    "system_kind": "models.systems.contract:kind",
    "test_kind": "listening_test.kinds.contract:kind",
    "wrap": "models.systems.objects",
    "write_report": "analysis.ratings.in_code",
}


def __getattr__(name: str) -> Any:
    """A public name, loaded now; from then on it is there (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("earmark")
    elif name in _WHERE:
        module, _, other = _WHERE[name].partition(":")
        value = getattr(importlib.import_module(f".{module}", __name__), other or name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
