"""``import earmark``: quick, typed, and every public name is what its page says."""

import ast
import inspect
import subprocess
import sys
from typing import Any

import pandas as pd
import pytest
from places import ROOT

import earmark as em

HEAVY = {"torch", "numpy", "pandas", "scipy", "plotly", "pydantic", "flask", "sqlalchemy", "numba"}
CODE = """
import sys
import earmark as em
loaded = {heavy} & set(sys.modules)
assert not loaded, f"import earmark loads {{sorted(loaded)}}"
assert "measure" in dir(em) and em.__version__ and em.UserError.__mro__
loaded = {heavy} & set(sys.modules)
assert not loaded, f"dir, __version__ and UserError load {{sorted(loaded)}}"
{then}
"""


def in_a_new_process(then: str = "") -> None:
    code = CODE.format(heavy=HEAVY, then=then)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_importing_loads_nothing_heavy_until_it_is_needed() -> None:
    in_a_new_process("em.measure; assert 'torch' in sys.modules")


@pytest.mark.slow
def test_a_star_import_gives_the_public_names() -> None:
    in_a_new_process("from earmark import *; assert measure is em.measure and Spec is em.Spec")


def test_every_public_name_is_there_and_documented() -> None:
    for name in em.__all__:
        found = getattr(em, name)
        assert name in dir(em)
        if name != "__version__":
            assert inspect.getdoc(found), name
            assert found.__module__.startswith("earmark."), name


def test_the_type_checker_sees_the_names_that_are_loaded() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    loaded = {
        name: (place.partition(":")[0], place.partition(":")[2] or name)
        for name, place in em._WHERE.items()
    }
    assert seen == loaded
    assert sorted([*loaded, "__version__"]) == sorted(em.__all__)


def public_functions() -> dict[str, Any]:
    return {
        name: found
        for name in em.__all__
        if inspect.isfunction(found := getattr(em, name, None)) and found.__module__
    }


@pytest.mark.parametrize("name", sorted(public_functions()))
def test_every_argument_and_result_is_typed(name: str) -> None:
    signature = inspect.signature(public_functions()[name])
    assert signature.return_annotation is not inspect.Signature.empty
    bare = [
        p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty
    ]
    assert bare == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'mesure'"):
        em.mesure  # noqa: B018  # type: ignore[attr-defined]


def test_lists_hold_every_system_metric_and_kind() -> None:
    systems, metrics, kinds = em.list_systems(), em.list_metrics(), em.list_kinds()
    assert {"unprocessed", "command", "tcn"} <= set(systems["name"])
    options = dict(zip(systems["name"], systems["options"], strict=True))
    assert options["command"]["run"] is ...
    assert options["command"]["timeout"] == 600
    units = dict(zip(metrics["name"], metrics["unit"], strict=True))
    assert units["lufs_integrated"] == "LUFS"
    assert {"mushra", "ape"} <= set(kinds["name"])
    for frame in (systems, metrics, kinds):
        assert isinstance(frame, pd.DataFrame)
        assert (frame["summary"].str.len() > 5).all()
