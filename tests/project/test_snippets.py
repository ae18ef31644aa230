"""Every block of code in the README and the documentation is run, or checked as what it is.

Blocks of one page run in their order in one folder with small songs. Python is executed; YAML is
read by the reader of its file; each ``earmark`` line is parsed by the command itself, and executed
where that takes a moment and its files are there.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import torch
import yaml
from click.testing import CliRunner
from documented_world import make_world
from places import ROOT
from registries import registries_kept
from snippets import (
    Snippet,
    YamlKind,
    completed,
    loaded,
    parsed,
    shell_lines,
    snippets,
    yaml_kind,
)

from earmark.analysis.benchmark.panels import registry as panels
from earmark.cli import earmark
from earmark.evaluation.benchmark.file import load
from earmark.evaluation.delivery.profiles import choose_profiles
from earmark.listening_test.kinds.reading import read_study_file
from earmark.models.architectures import build_network
from earmark.models.checkpoints.folders import CheckpointOptions, Description
from earmark.models.configuration import load_yaml
from earmark.models.effects.console import read_settings
from earmark.models.plugins import load_plugin
from earmark.models.registry import PLUGIN_MODULE
from earmark.models.systems.contract import SystemSpec, build
from earmark.models.training.training_file import load_recipe

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
BLOCKS = {page.name: found for page in PAGES if (found := snippets(page))}
LANGUAGES = {"", "console", "sh", "js", "json", "python", "text", "yaml"}
# Executed where their files are there; the others take minutes, a server or a network.
CHEAP = ("check", "measure", "master", "plan", "analyse", "list systems")
EXECUTED: list[str] = []
# By page, so that no change leaves less executed unseen.
WANTED = {
    "README.md": [
        "earmark check bench.yaml",
        "earmark measure master.wav --reference human_master.wav",
        "earmark master mix.wav --system eq_match --reference human_master.wav --out out.wav",
        "earmark plan --help",
        "earmark analyse ratings.csv --out report",
        "earmark master mix.wav --system runs/tcn/best --out out.wav",
    ],
    "delivery.md": [
        "earmark measure master.wav human_master.wav --profile spotify-normal,ebu-r128 --album"
    ],
    "rating-files.md": ["earmark analyse ratings.csv --out report"],
    "shipped-networks.md": ["earmark master mix.wav --system greybox --out out.wav"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("documented") / "world")


@pytest.fixture
def home(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a page's own, in which its blocks run."""
    shutil.copytree(world, tmp_path / "home")
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "infer.py").write_text("def build(audio):\n    return audio\n")
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setenv("PATH", str(tmp_path / "home"), prepend=os.pathsep)
    return tmp_path / "home"


@contextmanager
def a_module_of_the_page(page: str) -> Iterator[dict[str, Any]]:
    """The names of a page's Python; what it registers is gone afterwards, as a plug-in's is."""
    name = f"{PLUGIN_MODULE}snippets_{Path(page).stem.replace('-', '_')}"
    kept = dict(panels.SECTIONS), dict(panels.CHARTS)
    with registries_kept():
        module = types.ModuleType(name)
        sys.modules[name] = module
        try:
            yield module.__dict__
        finally:
            for registry, before in zip((panels.SECTIONS, panels.CHARTS), kept, strict=True):
                registry.clear()  # type: ignore[attr-defined]
                registry.update(before)  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("page", BLOCKS)
def test_every_block_of_a_page_runs(page: str, home: Path) -> None:
    wrong = []
    EXECUTED.clear()
    with a_module_of_the_page(page) as names:
        for snippet in BLOCKS[page]:
            if snippet.file:
                (home / snippet.file).write_text(snippet.text, encoding="utf-8")
        for snippet in (one for one in BLOCKS[page] if not one.not_run):
            try:
                run(snippet, home, names)
            except Exception as error:
                wrong.append(f"{snippet.place}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)
    assert WANTED.get(page, []) == EXECUTED


def run(snippet: Snippet, home: Path, names: dict[str, Any]) -> None:
    """Run or check one block."""
    assert snippet.language in LANGUAGES, f"unknown language {snippet.language!r}"
    if snippet.language == "python" and snippet.file:
        load_plugin(home / snippet.file)
    elif snippet.language == "python":
        path = home / f"line_{snippet.line}.py"
        path.write_text(snippet.text, encoding="utf-8")
        exec(compile(snippet.text, str(path), "exec"), names)
    elif snippet.language == "yaml":
        check_yaml(snippet, home)
    elif snippet.language == "json":
        check_json(snippet, home)
    elif snippet.language == "js":
        check_script(snippet, home)
    elif snippet.language != "text":
        for words in shell_lines(snippet.text):
            run_command(words, home)


def check_yaml(snippet: Snippet, home: Path) -> None:
    """The block as the file that it is, or is a part of."""
    data = loaded(snippet)
    kind = yaml_kind(data, snippet.page.name)
    path = home / f"line_{snippet.line}.yaml"
    path.write_text(yaml.safe_dump(completed(data, kind), sort_keys=False), encoding="utf-8")
    CHECKS[kind](path, snippet)


def check_benchmark(path: Path, snippet: Snippet) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    for entry in data["systems"]:
        if isinstance(entry, dict) and str(entry.get("path", "")).endswith(".ckpt"):
            about = path.parent / Path(entry["path"]).with_suffix(".yaml")
            if "architecture" not in entry and not about.is_file():
                about.write_text("architecture: tcn\n", encoding="utf-8")
            said = entry if "architecture" in entry else yaml.safe_load(about.read_text("utf-8"))
            write_weights(path.parent / entry["path"], said)
    benchmark = load(path)
    for system in benchmark.systems:
        assert system.key, system.name
        if isinstance(system.options, CheckpointOptions):
            build(system)


def check_study(path: Path, snippet: Snippet) -> None:
    read_study_file(path)


def check_recipe(path: Path, snippet: Snippet) -> None:
    load_recipe(path)


def check_description(path: Path, snippet: Snippet) -> None:
    about = load_yaml(path, Description)
    weights = path.with_name(snippet.file or path.name).with_suffix(".ckpt")
    write_weights(weights, about.model_dump())
    named = weights.with_suffix(".yaml")
    options = CheckpointOptions.model_validate({"path": weights, "description": named})
    build(SystemSpec("described", "checkpoint", options))


def check_profiles(path: Path, snippet: Snippet) -> None:
    assert choose_profiles([str(path)])


CHECKS: dict[YamlKind, Any] = {
    "benchmark": check_benchmark,
    "study": check_study,
    "recipe": check_recipe,
    "description": check_description,
    "profiles": check_profiles,
}


def write_weights(path: Path, about: dict[str, Any]) -> None:
    network, _ = build_network(about["architecture"], about.get("hyperparameters") or {})
    torch.save(network.state_dict(), path)


def check_json(snippet: Snippet, home: Path) -> None:
    data = json.loads(snippet.text)
    if "stems" in data:
        path = home / "settings.json"
        path.write_text(snippet.text, encoding="utf-8")
        read_settings(path)
        return
    file, *_ = data["files"]
    done = CliRunner().invoke(earmark, ["measure", "mix.wav", "--metrics", "lra", "--json"])
    made = json.loads(done.stdout)
    assert set(data) == set(made)
    assert set(file) == set(made["files"][0])
    assert set(file["scores"]["lra"]) == set(made["files"][0]["scores"]["lra"])


def check_script(snippet: Snippet, home: Path) -> None:
    """The block as a module that a browser can parse; what it does is tested with its kind."""
    assert "export " in snippet.text
    node = shutil.which("node")
    if node is not None:
        path = home / "script.mjs"
        path.write_text(snippet.text, encoding="utf-8")
        done = subprocess.run([node, "--check", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def run_command(words: list[str], home: Path) -> None:
    """Check one line of a shell block; execute it where it is cheap and its files are there."""
    program = words[0]
    if program == "earmark":
        try:
            name = parsed(words)
        except click.ClickException as error:
            raise AssertionError(f"{' '.join(words)}: {error.format_message()}") from None
        files = [word for word in words[1:] if Path(word).suffix in (".wav", ".yaml", ".csv")]
        given = [file for file in files if words[words.index(file) - 1] != "--out"]
        if name in CHEAP and all((home / file).exists() for file in given):
            done = CliRunner().invoke(earmark, words[1:])
            assert done.exit_code == 0, f"{' '.join(words)}: {done.output} {done.exception!r}"
            EXECUTED.append(" ".join(words))
        return
    if program == "make":
        rules = (ROOT / "Makefile").read_text(encoding="utf-8")
        for target in (word for word in words[1:] if "=" not in word):
            assert f"\n{target}:" in rules, f"no rule for {target}"
    elif program == "apt-get":
        installed = (ROOT / ".ci" / "run").read_text(encoding="utf-8").split()
        packages = [word for word in words[2:] if not word.startswith("-")]
        assert set(packages) <= set(installed), words
    elif program == "cp":
        if (ROOT / words[1]).is_file():
            shutil.copy(ROOT / words[1], home)
        else:
            assert words[1].startswith("runs/"), words
    elif program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        wanted = words[-1].partition("[")[2].rstrip("]").split(",")
        assert set(wanted) <= set(extras["optional-dependencies"]), words
    else:
        assert words == ["source", ".venv/bin/activate"], f"unknown program {program!r}"


def test_what_is_not_run_says_why() -> None:
    left = {one.place.partition(":")[0]: one.not_run for page in BLOCKS.values() for one in page
            if one.not_run}  # fmt: skip
    assert left == NOT_RUN


# By page; each is a debt.
NOT_RUN: dict[str, str] = {}


def test_the_pages_hold_blocks_of_every_sort() -> None:
    counted: dict[str, int] = {}
    for page in BLOCKS.values():
        for one in page:
            counted[one.language] = counted.get(one.language, 0) + 1
    assert counted["python"] >= 5
    assert counted["yaml"] >= 20
    assert counted[""] >= 15


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("```python\n1 / 0\n```", "division by zero"),
        ("```\nearmark measur master.wav\n```", "No such command 'measur'"),
        ("```\nearmark measure master.wav --metric lra\n```", "No such option"),
        ("```\nearmark measure master.wav --metrics lraa\n```", "unknown metric 'lraa'"),
        ("```\nmake tea\n```", "no rule for tea"),
        ("```\nrm -rf songs\n```", "unknown program 'rm'"),
        ("```\npip install 'earmark[tea]'\n```", "earmark"),
        ("```\ncp examples/tea.yaml .\n```", "tea"),
        ("```yaml\n- {name: a, kind: loudnes}\n```", "did you mean 'loudness'"),
        ("```yaml\nsystem: [tcn]\n```", "no benchmark has the keys"),
        ("```yaml\nstudy: x\ntittle: y\n```", "tittle"),
        ("```yaml\narchitecture: tcn\nhyperparameters: {chanels: 2}\n```", "chanels"),
        ("```yaml\n- {name: a, kind: checkpoint, path: nowhere}\n```", "no such file"),
        ("```tea\nx\n```", "unknown language 'tea'"),
    ],
)
def test_a_wrong_block_is_found(block: str, message: str, home: Path) -> None:
    page = home / "page.md"
    page.write_text(f"{block}\n", encoding="utf-8")
    (snippet,) = snippets(page)
    with a_module_of_the_page("page.md") as names, pytest.raises(Exception, match=message):
        run(snippet, home, names)


def test_blocks_are_found_with_their_line_and_reason(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n```\nx\n```\n<!-- not run: tea -->\n````yaml\n```\n````\n")
    assert [(one.line, one.language, one.text, one.not_run) for one in snippets(page)] == [
        (2, "", "x\n", ""),
        (6, "yaml", "```\n", "tea"),
    ]
    page.write_text("```\nx\n")
    with pytest.raises(AssertionError, match="does not end"):
        snippets(page)
