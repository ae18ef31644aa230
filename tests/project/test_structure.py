"""The shape of the house: no circle of imports, small drawers, a list of packages that is true.

The exceptions below are what the house still owes: each must be needed as it stands, so the lists
can only shrink.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from import_graph import (
    MOST,
    Circles,
    Graph,
    circles,
    drawer_graph,
    import_graph,
    modules_of,
    needless,
    packages_of,
    reached,
    too_large,
)
from places import ROOT

FILE_CIRCLES: Circles = set()
DRAWER_CIRCLES: Circles = set()
LARGE_DRAWERS: Mapping[str, int] = {}


MODULES = modules_of(ROOT)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return import_graph(MODULES)


def test_files_do_not_import_in_a_circle(graph: Graph) -> None:
    assert circles(graph) == FILE_CIRCLES


def test_drawers_of_a_layer_do_not_import_in_a_circle(graph: Graph) -> None:
    assert circles(drawer_graph(MODULES, graph)) == DRAWER_CIRCLES


def test_a_drawer_holds_few_modules() -> None:
    assert too_large(MODULES, LARGE_DRAWERS) == {}


def test_no_large_drawer_is_excused_that_is_small_now() -> None:
    assert needless(MODULES, LARGE_DRAWERS) == set()


def test_the_report_on_ratings_reads_a_result_and_computes_none(graph: Graph) -> None:
    report = [module for module in graph if module.startswith("analysis.ratings.report.")]
    assert report
    found = {other for module in report for other in reached(graph, module)}
    computing = tuple(
        f"analysis.ratings.{name}." for name in ("methods", "estimation", "inference", "planning")
    )
    assert [one for one in sorted(found) if one.startswith(computing)] == []


def test_the_packages_that_are_installed_are_the_folders_that_hold_modules() -> None:
    named, held = packages_of(ROOT)
    assert named == held


def test_a_folder_of_modules_is_a_package() -> None:
    named, _ = packages_of(ROOT)
    folders = [ROOT.joinpath(*name.split(".")[1:]) for name in named]
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_modules_that_tests_share_lie_in_drawers_that_are_found() -> None:
    fixtures = ROOT / "tests" / "fixtures"
    assert list(fixtures.glob("*.py")) == [], "move it into a drawer of tests/fixtures"
    files = list(fixtures.rglob("*.py"))
    drawers = {path.parent.relative_to(ROOT).as_posix() for path in files}
    assert len(files) > 20
    assert len({path.name for path in files}) == len(files), "bare names must differ"
    for drawer in drawers:
        assert len(list((ROOT / drawer).glob("*.py"))) <= MOST
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    for listed in (tools["pytest"]["ini_options"]["pythonpath"], tools["mypy"]["mypy_path"]):
        assert {one for one in listed if one.startswith("tests/fixtures")} == drawers


def build(root: Path, **files: str) -> dict[str, Path]:
    """A small house; ``models__audio__files`` is the module ``models.audio.files``."""
    for name, text in files.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for folder in path.relative_to(root).parents[:-1]:
            (root / folder / "__init__.py").touch()
    return modules_of(root)


@pytest.mark.parametrize(
    "late",
    [
        "from . import files",
        "from .files import read",
        "from ...models.audio.files import read",
        "from earmark.models.audio.files import read",
        "import earmark.models.audio.files",
        "def later():\n    from .files import read",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .files import read",
    ],
)
def test_a_circle_of_files_is_found_however_it_is_written(tmp_path: Path, late: str) -> None:
    modules = build(
        tmp_path,
        models__audio__files="from .loudness import lufs\nread = 1",
        models__audio__loudness=f"{late}\nlufs = 1",
        models__keys="from .audio.files import read",
    )
    found = circles(import_graph(modules))
    assert found == {frozenset({"models.audio.files", "models.audio.loudness"})}


def test_a_name_that_a_folder_offers_is_an_import_of_the_folder(tmp_path: Path) -> None:
    modules = build(
        tmp_path,
        models__audio__files="from ..keys import key\nread = 1",
        models__keys="from .audio import read\nkey = 1",
    )
    offered = modules["models.audio"]
    assert circles(import_graph(modules)) == set()
    offered.write_text("from .files import read\n")
    assert circles(import_graph(modules)) == {
        frozenset({"models.audio", "models.audio.files", "models.keys"})
    }


def test_a_circle_of_drawers_is_found_where_no_file_is_in_one(tmp_path: Path) -> None:
    modules = build(
        tmp_path,
        evaluation__songs__song="from ..results.store import Store",
        evaluation__songs__folders="",
        evaluation__results__store="",
        evaluation__results__record="from ..songs import folders",
        models__audio__files="",
        evaluation__measure="from ..models.audio.files import read\nfrom .songs.song import Song",
    )
    graph = import_graph(modules)
    assert circles(graph) == set()
    assert circles(drawer_graph(modules, graph)) == {
        frozenset({"evaluation.songs", "evaluation.results"})
    }


def test_a_drawer_that_grew_and_an_excuse_that_is_stale_are_found(tmp_path: Path) -> None:
    modules = build(tmp_path, **{f"cli__command{number}": "" for number in range(MOST)})
    assert too_large(modules, {}) == {}
    assert needless(modules, {"cli": MOST + 2, "gone": 40}) == {"cli", "gone"}
    modules = build(tmp_path, cli__one="", cli__two="")
    assert too_large(modules, {}) == {"cli": MOST + 2}
    assert too_large(modules, {"cli": MOST + 1}) == {"cli": MOST + 2}
    assert too_large(modules, {"cli": MOST + 2}) == {}
    assert needless(modules, {"cli": MOST + 2}) == set()


def test_a_package_that_is_not_named_and_one_that_is_gone_are_found(tmp_path: Path) -> None:
    build(tmp_path, models__audio__files="", models__storage__migrations__env="")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.setuptools]\npackages = ["earmark", "earmark.models", "earmark.models.old"]\n'
        '[tool.setuptools.package-data]\n"*" = ["py.typed"]\n'
        '"earmark.models.storage" = ["migrations/**"]\n'
    )
    named, held = packages_of(tmp_path)
    assert named - held == {"earmark.models.old"}
    assert held - named == {"earmark.models.audio", "earmark.models.storage"}
