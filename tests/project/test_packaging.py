"""What a user gets from the wheel is what the tests of the work tree saw."""

import ast
import json
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
import soundfile
from places import ROOT

LAYERS = ("models", "evaluation", "listening_test", "analysis", "cli")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = tmp_path_factory.mktemp("source") / "earmark"
    # A copy, so that building leaves nothing in the work tree.
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, source],
        check=True,
        capture_output=True,
    )
    (found,) = folder.glob("earmark-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment that holds the wheel, and sees our dependencies but not our tree."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    ours = sysconfig.get_path("purelib")
    (site,) = folder.glob("lib/python*/site-packages")
    # A path file adds the folder alone; it does not run the editable install's own path files.
    (site / "dependencies.pth").write_text(ours + "\n")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--no-deps",
            "--no-index",
            "--quiet",
            "--force-reinstall",
            wheel,
        ],
        check=True,
        capture_output=True,
    )
    return folder / "bin"


def run(command: list[str | Path], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_holds_every_module_template_and_weight(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"earmark/{path.relative_to(ROOT).as_posix()}"
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert len(wanted) > 40
    assert wanted - inside == set()


def test_the_wheel_holds_neither_tests_nor_results(wheel: Path) -> None:
    tops = {name.split("/")[1] for name in zipfile.ZipFile(wheel).namelist() if name.count("/") > 1}
    assert tops <= {*LAYERS, "licenses"}


@pytest.mark.slow
def test_an_installed_earmark_is_the_wheel_and_lists_its_systems(
    installed: Path, tmp_path: Path
) -> None:
    where = run([installed / "python", "-c", "import earmark; print(earmark.__file__)"], tmp_path)
    assert str(installed.parent) in where
    assert "demo" in run([installed / "earmark", "--help"], tmp_path)
    assert "limiter" in run([installed / "earmark", "list", "systems"], tmp_path)


@pytest.mark.slow
def test_an_installed_earmark_masters_with_a_shipped_network(
    installed: Path, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, (66_150, 2)).astype(np.float32)
    soundfile.write(tmp_path / "mix.wav", noise, 44_100, subtype="FLOAT")
    run(
        [installed / "earmark", "master", "mix.wav", "--system", "tcn", "--out", "out.wav"],
        tmp_path,
    )
    out = soundfile.info(tmp_path / "out.wav")
    assert (out.frames, out.channels, out.samplerate) == (66_150, 2, 44_100)
    measured = json.loads(run([installed / "earmark", "measure", "out.wav", "--json"], tmp_path))
    assert measured["files"][0]["scores"]["lufs_integrated"]["value"] > -60


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The packages of others that a file imports, and whether it does so when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        for name in names:
            package = name.split(".")[0]
            if package not in sys.stdlib_module_names:
                yield package, node not in inside


def distribution(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return found.group().lower().replace("_", "-")


@pytest.mark.slow
def test_what_the_code_imports_is_installed_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ordinary = {distribution(one) for one in project["dependencies"]}
    extras = {
        distribution(one)
        for name, needed in project["optional-dependencies"].items()
        if name != "dev"
        for one in needed
    }
    homes = packages_distributions()
    parts = {
        "werkzeug": "flask",
        "itsdangerous": "flask",
        "pydantic_core": "pydantic",
        "mlflow": "mlflow-skinny",
    }  # what a package of ours promises to bring along
    used = {
        (parts.get(package, package), first)
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*.py")
        for package, first in imports(path)
    }
    assert len(used) > 15
    for package, first in used:
        names = {distribution(one) for one in homes.get(package, [package])} - {"earmark"}
        assert not names or names & (ordinary if first else ordinary | extras), package


def test_an_extra_installs_something_on_every_python() -> None:
    """A marker would make ``pip install earmark[fad]`` an empty success where it is false."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, needed in project["optional-dependencies"].items():
        assert needed, name
        assert [one for one in needed if ";" in one] == []
