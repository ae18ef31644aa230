"""examples/notebook.ipynb runs from its first cell to its last, without Jupyter."""

import ast
import json
import linecache
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
CONTENT = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
CELLS = [cell for cell in CONTENT["cells"] if cell["cell_type"] == "code"]


def shown(value: Any) -> str:
    """What a notebook would show of a cell's last value."""
    html = getattr(value, "_repr_html_", None)
    return str(html() if html is not None else repr(value))


def run_cell(text: str, name: str, names: dict[str, Any]) -> str:
    """Run a cell as a notebook does; its last expression, as it is shown."""
    # Its classes have a source that can be read, as in a notebook.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    tree = ast.parse(text, name)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    if last is None:
        return ""
    value = eval(compile(ast.Expression(last.value), name, "eval"), names)  # type: ignore[attr-defined]
    return "" if value is None else shown(value)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each cell shows, all run in order in an empty folder."""
    module = types.ModuleType("notebook_of_the_examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        patch.setitem(sys.modules, module.__name__, module)
        found = [
            run_cell("".join(cell["source"]), f"<cell {number}>", module.__dict__)
            for number, cell in enumerate(CELLS, 1)
        ]
        for name in ("results/reports/notebook/report.html", "significance/report.html"):
            assert Path(name).is_file()
    return found


@pytest.mark.slow
def test_every_cell_runs_and_the_last_one_plans(outputs: list[str]) -> None:
    assert len(outputs) == len(CELLS) > 10
    assert "one given pair" in outputs[-1]


@pytest.mark.slow
def test_results_and_analyses_show_tables_figures_and_players(outputs: list[str]) -> None:
    results = next(one for one in outputs if "notebook: 5 systems, 2 songs" in one)
    assert results.count("<audio") == 5
    assert "<svg" in results
    assert "saturated" in results
    assert "SIMULATED" in results
    analysis = next(one for one in outputs if "SIMULATED ratings" in one)
    assert "<svg" in analysis
    assert "0 failures" not in results


@pytest.mark.slow
def test_no_cell_failed_a_render(outputs: list[str]) -> None:
    summary = next(one for one in outputs if re.search(r"\d+ rendered and \d+ scored", one))
    assert "failed" not in summary


def test_the_notebook_is_kept_without_outputs_and_in_its_format() -> None:
    assert (CONTENT["nbformat"], CONTENT["nbformat_minor"]) == (4, 5)
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CELLS)
    ids = [cell["id"] for cell in CONTENT["cells"]]
    assert len(set(ids)) == len(ids)
