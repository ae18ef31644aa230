"""The report's table of an effect-modelling benchmark, as papers on effect models print it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from ...presentation.numbers import number_format
from ..result.effect_cells import METRICS, EffectCell
from .registry import Context, Section, render, section

LABELS: Mapping[str, str] = {
    "mae": "MAE",
    "esr": "ESR",
    "mcd_k25": "MCD",
    "mrstft_auraloss": "MR-STFT",
}


@section(order=25)
def effects(context: Context) -> Section | None:
    """Each effect, each system: mean (SD) of MAE, ESR, MCD, MR-STFT."""
    result = context.result
    cells = result.effects
    if not cells:
        return None
    metrics = [name for name in METRICS if any(cell.metric == name for cell in cells)]
    shows = {
        name: number_format(cell.mean for cell in cells if cell.metric == name) for name in metrics
    }
    by_place = {(cell.effect, cell.system, cell.metric): cell for cell in cells}
    groups = []
    for effect in dict.fromkeys(cell.effect for cell in cells):
        inside = [cell for cell in cells if cell.effect == effect]
        firsts = Counter(cell.metric for cell in inside if cell.tied_first)
        rows = [
            {
                "system": system,
                "cells": [
                    _shown(by_place.get((effect, system, name)), shows[name], firsts[name])
                    for name in metrics
                ],
            }
            for system in dict.fromkeys(cell.system for cell in inside)
        ]
        groups.append({"effect": effect, "songs": max(cell.songs for cell in inside), "rows": rows})
    about = {column.metric: column for column in result.columns}
    html = render(
        "sections/effects.html",
        groups=groups,
        metrics=[
            {"label": LABELS[name], "unit": about[name].unit, "summary": about[name].summary}
            for name in metrics
        ],
        looks=result.looks,
    )
    table = pd.DataFrame([cell.as_json() for cell in cells])
    return Section("effects", "How well is each effect modelled?", html, tables={"effects": table})


def _shown(cell: EffectCell | None, show: Callable[[float], str], firsts: int) -> dict[str, Any]:
    """A cell of the table; ``firsts`` are the systems that nobody is told to be better than."""
    if cell is None:
        return {"mean": "–", "sd": "", "first": ""}
    sd = "" if cell.sd is None else f"({show(cell.sd)})"
    return {"mean": show(cell.mean), "sd": sd, "first": first_words(cell, firsts)}


def first_words(cell: EffectCell, firsts: int) -> str:
    """What marks the cell of a system in the table.

    Nothing marks the unprocessed input where it lies before all systems: it ties with none.
    """
    if cell.best:
        return "best"
    return "ties for first" if cell.tied_first and firsts > 1 else ""
