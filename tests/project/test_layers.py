"""The rules that keep the layers apart."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT

LAYERS = ("models", "evaluation", "listening_test", "analysis", "cli")
FILES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, relative ones resolved inside the package."""
    here = ("earmark", *path.relative_to(ROOT).with_suffix("").parts)
    package = here if path.name == "__init__.py" else here[:-1]
    if path.name == "__init__.py":
        package = here[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


def layer_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "earmark" and parts[1] in LAYERS else None


def test_there_are_files_in_every_layer() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_layer_imports_only_itself_and_what_lies_below(path: Path) -> None:
    own = LAYERS.index(path.relative_to(ROOT).parts[0])
    above = [
        module
        for module in imported(path)
        if (layer := layer_of(module)) is not None and LAYERS.index(layer) > own
    ]
    assert not above


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_imported_as_a_second_copy(path: Path) -> None:
    assert not [module for module in imported(path) if module.split(".")[0] in LAYERS]


def test_only_the_audio_module_names_torchaudio() -> None:
    naming = [
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if any(module.split(".")[0] == "torchaudio" for module in imported(path))
        or 'import_module("torchaudio")' in path.read_text(encoding="utf-8")
    ]
    assert naming == ["models/audio/files.py"]


def test_the_check_sees_an_upward_import(tmp_path: Path) -> None:
    """The rule above must be able to fail."""
    source = "from ..analysis.tables import scores\nfrom ..cli import main\n"
    tree = ast.parse(source)
    levels = [node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert levels == [2, 2]
    assert layer_of("earmark.analysis.benchmark.result.tables") == "analysis"
    assert layer_of("earmark.models") == "models"
    assert layer_of("numpy.linalg") is None


def test_help_answers_without_loading_torch() -> None:
    code = (
        "import sys; from earmark.cli import earmark; "
        "earmark(['--help'], standalone_mode=False); "
        "heavy = {'torch', 'numpy', 'scipy', 'pandas', 'plotly'} & set(sys.modules); "
        "sys.exit(f'loaded {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "measure" in done.stdout
