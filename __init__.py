"""Earmark: listening tests and evaluation for neural audio mastering and mixing.

``import earmark as em`` is quick: each name below is loaded from its module when it is first used,
and PyTorch, NumPy and pandas with it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis.benchmark.results import Results, results
    from .evaluation.benchmark.in_code import benchmark
    from .evaluation.master_audio import load_system, master
    from .evaluation.measure_audio import measure
    from .evaluation.metrics.registry import metric
    from .evaluation.run.in_code import RunSummary, run
    from .models.demo_songs.songs import demo_song
    from .models.embeddings.registry import embedding
    from .models.errors import UserError
    from .models.systems.contract import Options, Spec, System
    from .models.systems.contract import kind as system_kind
    from .models.systems.objects import system, wrap

__version__: str

__all__ = [
    "Options",
    "Results",
    "RunSummary",
    "Spec",
    "System",
    "UserError",
    "__version__",
    "benchmark",
    "demo_song",
    "embedding",
    "load_system",
    "master",
    "measure",
    "metric",
    "results",
    "run",
    "system",
    "system_kind",
    "wrap",
]

# Each public name, by the module that defines it; ``:name`` where it has another name there.
_WHERE = {
    "Options": "models.systems.contract",
    "Results": "analysis.benchmark.results",
    "RunSummary": "evaluation.run.in_code",
    "Spec": "models.systems.contract",
    "System": "models.systems.contract",
    "UserError": "models.errors",
    "benchmark": "evaluation.benchmark.in_code",
    "demo_song": "models.demo_songs.songs",
    "embedding": "models.embeddings.registry",
    "load_system": "evaluation.master_audio",
    "master": "evaluation.master_audio",
    "measure": "evaluation.measure_audio",
    "metric": "evaluation.metrics.registry",
    "results": "analysis.benchmark.results",
    "run": "evaluation.run.in_code",
    "system": "models.systems.objects",
    "system_kind": "models.systems.contract:kind",
    "wrap": "models.systems.objects",
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
