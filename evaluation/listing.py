"""Lists what a benchmark can name, as tables: systems and metrics."""

import pandas as pd

from ..models.checkpoints.folders import shipped_names
from ..models.plugins import load_entry_points
from ..models.systems.contract import kinds
from .metrics import METRICS


def list_systems() -> pd.DataFrame:
    """The kinds of systems and the networks that ship, those of installed plug-ins too.

    Columns: ``name``, ``kind``, ``role``, ``input`` (``mix`` or ``stems``), ``summary`` and
    ``options``, a dictionary of each option's default; a required one has no default (``...``).
    """
    load_entry_points()
    rows = [
        (
            name,
            name,
            kind.role,
            kind.input,
            kind.summary,
            {
                option: ... if field.is_required() else field.get_default(call_default_factory=True)
                for option, field in kind.options.model_fields.items()
            },
        )
        for name, kind in sorted(kinds().items())
    ]
    rows += [
        (name, "checkpoint", "system", "mix", "a network that ships", {})
        for name in shipped_names()
    ]
    return pd.DataFrame(rows, columns=["name", "kind", "role", "input", "summary", "options"])


def list_metrics() -> pd.DataFrame:
    """The metrics, those of installed plug-ins too.

    Columns: ``name``, ``unit``, ``better``, ``needs``, ``version``, ``default`` (whether it is
    measured where none is named), ``summary`` and ``parameters``, a dictionary of defaults.
    """
    load_entry_points()
    rows = [
        (
            *(name, one.unit, one.better, one.needs, one.version, one.default, one.summary),
            dict(one.parameters),
        )
        for name, one in METRICS.items()
    ]
    names = ["name", "unit", "better", "needs", "version", "default", "summary", "parameters"]
    return pd.DataFrame(rows, columns=names)
