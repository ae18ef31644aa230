"""The shape of the house: no circle of imports, small drawers, a list of packages that is true.

A drawer is a folder of modules. Every import counts, also one inside a function and one for type
checkers alone; what a registry loads by its name as text does not. The exceptions below are what
the house still owes: each must be needed as it stands, so the lists can only shrink.
"""

import ast
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest
from places import ROOT

LAYERS = ("models", "evaluation", "listening_test", "analysis", "cli")
PACKAGE = "earmark"
MOST = 15  # modules in a drawer, its __init__.py not counted

Graph = Mapping[str, Collection[str]]
Circles = set[frozenset[str]]

FILE_CIRCLES: Circles = set()
DRAWER_CIRCLES: Circles = {frozenset({"analysis.ratings", "analysis.ratings.report"})}
LARGE_DRAWERS: Mapping[str, int] = {}


def modules_of(root: Path) -> dict[str, Path]:
    """The files of the layers by their dotted names below the package; a folder is its __init__."""
    found = {}
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def drawer_of(module: str, path: Path) -> str:
    """The folder of a module, as a dotted name."""
    return module if path.name == "__init__.py" else module.rpartition(".")[0]


def imported_names(module: str, path: Path) -> Iterator[tuple[str, str]]:
    """What a file imports from the package: the module it names, and the name taken from it."""
    package = [PACKAGE, *filter(None, drawer_of(module, path).split("."))]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((source, alias.name) for alias in node.names)


def import_graph(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Which modules of ours each module imports; ``from . import x`` means x, where x is one."""
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        graph[module] = set()
        for source, name in imported_names(module, path):
            if source != PACKAGE and not source.startswith(f"{PACKAGE}."):
                continue
            inside = source.removeprefix(PACKAGE).removeprefix(".")
            whole = ".".join(filter(None, (inside, name)))
            found = whole if whole in modules else inside
            if found in modules and found != module:
                graph[module].add(found)
    return graph


def drawer_graph(modules: Mapping[str, Path], graph: Graph) -> dict[str, set[str]]:
    """Which drawers of its own layer each drawer imports."""
    drawers = {module: drawer_of(module, path) for module, path in modules.items()}
    found: dict[str, set[str]] = {drawer: set() for drawer in drawers.values()}
    for module, others in graph.items():
        mine = drawers[module]
        for other in (drawers[one] for one in others):
            if other != mine and other.split(".")[0] == mine.split(".")[0]:
                found[mine].add(other)
    return found


def circles(graph: Graph) -> Circles:
    """The groups in which every member reaches every other."""
    reached = {start: _reached(graph, start) for start in graph}
    return {
        frozenset({one, *(other for other in reached[one] if one in reached[other])})
        for one in graph
        if one in reached[one]
    }


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    todo = list(graph[start])
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += graph[one]
    return found


def sizes(modules: Mapping[str, Path]) -> dict[str, int]:
    """How many modules lie in each drawer."""
    found: dict[str, int] = {}
    for module, path in modules.items():
        drawer = drawer_of(module, path)
        found[drawer] = found.get(drawer, 0) + (path.name != "__init__.py")
    return found


def too_large(modules: Mapping[str, Path], allowed: Mapping[str, int]) -> dict[str, int]:
    """Drawers with more modules than they may have, with their count."""
    return {name: size for name, size in sizes(modules).items() if size > allowed.get(name, MOST)}


def needless(modules: Mapping[str, Path], allowed: Mapping[str, int]) -> set[str]:
    """Exceptions for drawers that are gone or small enough."""
    found = sizes(modules)
    return {name for name in allowed if found.get(name, 0) <= MOST}


def packages_of(root: Path) -> tuple[set[str], set[str]]:
    """The packages that pyproject.toml names, and the folders that hold modules.

    Python files inside a folder of package data, as migrations are, are data.
    """
    setuptools = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]
    data = {
        "/".join([*package.split(".")[1:], pattern.removesuffix("/**")])
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
        if pattern.endswith("/**")
    }
    folders = {path.parent.relative_to(root) for path in modules_of(root).values()}
    held = {
        ".".join([PACKAGE, *folder.parts])
        for folder in folders
        if not any(one.as_posix() in data for one in (folder, *folder.parents))
    }
    return set(setuptools["packages"]), held | {PACKAGE}


MODULES = modules_of(ROOT)
GRAPH = import_graph(MODULES)


def test_files_do_not_import_in_a_circle() -> None:
    assert circles(GRAPH) == FILE_CIRCLES


def test_drawers_of_a_layer_do_not_import_in_a_circle() -> None:
    assert circles(drawer_graph(MODULES, GRAPH)) == DRAWER_CIRCLES


def test_a_drawer_holds_few_modules() -> None:
    assert too_large(MODULES, LARGE_DRAWERS) == {}


def test_no_large_drawer_is_excused_that_is_small_now() -> None:
    assert needless(MODULES, LARGE_DRAWERS) == set()


def test_the_report_on_ratings_reads_a_result_and_computes_none() -> None:
    report = [module for module in GRAPH if module.startswith("analysis.ratings.report.")]
    reached = {other for module in report for other in _reached(GRAPH, module)}
    below = ("methods", "estimation", "inference", "planning")
    assert report
    assert [
        one for one in sorted(reached) if one.split(".")[2:3] and one.split(".")[2] in below
    ] == []


def test_the_packages_that_are_installed_are_the_folders_that_hold_modules() -> None:
    named, held = packages_of(ROOT)
    assert named == held


def test_a_folder_of_modules_is_a_package() -> None:
    named, _ = packages_of(ROOT)
    folders = [ROOT.joinpath(*name.split(".")[1:]) for name in named]
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


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
