"""Writes the lower half of api.md from the docstrings of the public names: python docs/make_api.py.

What stands above the mark is written by hand and kept. A test fails where the page is stale.
"""

import ast
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import earmark as em

PAGE = Path(__file__).with_name("api.md")
MARK = "<!-- Made from the docstrings by docs/make_api.py; change them, then say: make docs -->"
GROUPS = {
    "Measure and master": ("measure", "master", "load_system", "wrap", "demo_song"),
    "Run a benchmark": ("benchmark", "system", "run", "RunSummary", "results", "Results", "fad"),
    "Listening tests": (
        *("create_study", "read_ratings", "analyse", "RatingsAnalysis", "write_report"),
        *("plan", "PlanGrid"),
    ),
    "What there is": ("list_systems", "list_metrics", "list_kinds"),
    "Add your own": (
        *("metric", "system_kind", "test_kind", "embedding", "report_section", "metric_chart"),
        *("System", "Spec", "Options"),
    ),
    "Mistakes": ("UserError",),
}
_SECTION = re.compile(r"(Args|Returns|Raises):")
_WIDTH = 88


def page(kept: str) -> str:
    """The whole page: what ``kept`` has above the mark, then every public name."""
    head = kept.partition(MARK)[0].rstrip() if MARK in kept else kept.rstrip()
    named = {name for names in GROUPS.values() for name in names}
    missing = set(em.__all__) - named - {"__version__"}
    if missing or named - set(em.__all__):
        raise SystemExit(f"GROUPS and earmark.__all__ differ: {missing or named - set(em.__all__)}")
    parts = [head, MARK]
    aliases: dict[str, str] = {}
    for title, names in GROUPS.items():
        parts.append(f"## {title}")
        for name in names:
            found = getattr(em, name)
            module = inspect.getmodule(found)
            assert module is not None
            written = _definition(found, module)
            aliases |= _aliases(written, module)
            parts.append(f"### {name}")
            parts += _class(name, found, written) if inspect.isclass(found) else []
            if not inspect.isclass(found):
                parts += [_code(_signature(written, name)), _text(inspect.getdoc(found) or "")]
    escaped = {name: text.replace("|", r"\|") for name, text in aliases.items()}
    rows = [f"| `{name}` | `{text}` |" for name, text in escaped.items()]
    table = "\n".join(["| name | stands for |", "|---|---|", *sorted(rows)])
    parts += ["## Names in the signatures", table]
    return "\n\n".join(parts) + "\n"


def _definition(found: Any, module: ModuleType) -> ast.ClassDef | ast.FunctionDef:
    """The node that defines a name; of an overloaded function the last one, with the body."""
    tree = ast.parse(inspect.getsource(module))
    nodes = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == found.__name__
    ]
    return nodes[-1]


def _signature(node: ast.ClassDef | ast.FunctionDef, name: str) -> str:
    """As it is written in the source; one argument to a line where it is long."""
    assert isinstance(node, ast.FunctionDef)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    lines = _arguments(node.args)
    whole = f"{name}({', '.join(lines)}){returns}"
    if len(whole) <= _WIDTH:
        return whole
    inside = "".join(f"    {line},\n" for line in lines)
    return f"{name}(\n{inside}){returns}"


def _arguments(arguments: ast.arguments) -> list[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    lacking = len(positional) - len(arguments.defaults)
    lines = [
        _argument(one, None if at < lacking else arguments.defaults[at - lacking])
        for at, one in enumerate(positional)
    ]
    if arguments.posonlyargs:
        lines.insert(len(arguments.posonlyargs), "/")
    if arguments.kwonlyargs:
        lines.append("*")
    lines += [
        _argument(one, default)
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg is not None:
        lines.append(f"**{ast.unparse(arguments.kwarg)}")
    return lines


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + ("" if default is None else f" = {ast.unparse(default)}")


def _class(name: str, found: type, node: ast.ClassDef | ast.FunctionDef) -> list[str]:
    """What a class is, its fields, and each method with the first line of what it does."""
    assert isinstance(node, ast.ClassDef)
    parts = [_text(inspect.getdoc(found) or "")]
    fields = [
        ast.unparse(one)
        for one in node.body
        if isinstance(one, ast.AnnAssign) and not ast.unparse(one.target).startswith("_")
    ]
    if fields:
        parts.append(_code("\n".join(fields)))
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
            method = inspect.getattr_static(found, one.name)
            said = inspect.getdoc(method) or ""
            if isinstance(method, property):
                parts.append(f"**`{one.name}`**: {_text(said)}")
                continue
            one.args.args = one.args.args[1:]
            parts += [_code(_signature(one, f"{name}.{one.name}")), _text(said)]
    return parts


def _aliases(node: ast.AST, module: ModuleType) -> dict[str, str]:
    """The type aliases of the module that a definition names, as they are written."""
    used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    found: dict[str, str] = {}
    for source in {module, *_sources(used, module)}:
        for one in ast.parse(inspect.getsource(source)).body:
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
                name, value = one.targets[0].id, one.value
                typed = isinstance(value, ast.BinOp | ast.Subscript)
                if name in used and typed and name[0].isupper() and not name.isupper():
                    found[name] = ast.unparse(value)
                    found |= _aliases(value, source)
    return found


def _sources(used: set[str], module: ModuleType) -> list[ModuleType]:
    """The modules of ours from which a module imports what it names."""
    tree = ast.parse(inspect.getsource(module))
    package = module.__name__.rpartition(".")[0]
    found = []
    for one in tree.body:
        if isinstance(one, ast.ImportFrom) and one.level and {a.name for a in one.names} & used:
            parent = package.split(".")[: len(package.split(".")) - one.level + 1]
            name = ".".join([*parent, *([one.module] if one.module else [])])
            found.append(importlib.import_module(name))
    return found


def _code(text: str) -> str:
    return f"```text\n{text}\n```"


def _text(doc: str) -> str:
    """A docstring as Markdown: roles and double backticks as code, sections as lists."""
    doc = re.sub(r":\w+:`~?([^`]+)`", lambda found: f"`{found[1].rpartition('.')[2]}`", doc)
    doc = doc.replace("``", "`")
    lines: list[str] = []
    inside = False
    for line in doc.splitlines():
        section = _SECTION.fullmatch(line)
        if section:
            lines += [f"**{section[1]}**", ""]
            inside = True
        elif inside and re.match(r" {4}\S", line):
            lines.append(f"- {line.strip()}" if _begins(line, lines) else f"  {line.strip()}")
        elif inside and line.startswith("        "):
            lines.append(f"  {line.strip()}")
        else:
            inside = inside and not line.strip()
            lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _begins(line: str, before: list[str]) -> bool:
    """Whether a line of a section begins an entry, ``name: …``, or goes on with prose."""
    return bool(re.match(r" {4}\w+: ", line)) or not before[-1].strip()


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
