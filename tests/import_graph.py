"""The graph of imports and the drawers of the package, for the tests of its shape.

A drawer is a folder of modules. Every import counts, also one inside a function and one for type
checkers alone; what a registry loads by its name as text does not.
"""

import ast
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

LAYERS = ("models", "evaluation", "listening_test", "analysis", "cli")
PACKAGE = "earmark"
MOST = 15  # modules in a drawer, its __init__.py not counted

Graph = Mapping[str, Collection[str]]
Circles = set[frozenset[str]]


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
