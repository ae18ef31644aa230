"""Every command, option, system kind, metric and YAML key is documented, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from PIL import Image
from places import ROOT

from earmark.cli import earmark
from earmark.evaluation.benchmark.file import BenchmarkFile
from earmark.evaluation.metrics import METRICS
from earmark.models.checkpoints.folders import shipped_names
from earmark.models.systems.contract import kinds

DOCS = ROOT / "docs"


def sections(path: Path) -> dict[str, str]:
    """The text under each heading of a Markdown file, by the heading's words."""
    parts = re.split(r"^#{1,4} +(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        title.strip().strip("`"): text for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def commands(group: click.Group, prefix: str = "earmark") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


COMMANDS = dict(commands(earmark))


def test_commands_are_found() -> None:
    assert {"earmark run", "earmark demo", "earmark measure", "earmark list systems"} <= set(
        COMMANDS
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_each_of_its_options_are_documented(name: str) -> None:
    text = sections(DOCS / "commands.md").get(name)
    assert text, f"docs/commands.md has no section '{name}'"
    options = [
        option
        for parameter in COMMANDS[name].params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--")
    ]
    assert [option for option in options if f"`{option}" not in text] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_documentation_names_no_option_that_a_command_lacks(name: str) -> None:
    text = sections(DOCS / "commands.md")[name]
    known = {
        option
        for parameter in COMMANDS[name].params
        for option in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help", "--version", "--verbose"}
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= known


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does_and_what_each_option_means(name: str) -> None:
    command = COMMANDS[name]
    assert command.get_short_help_str()
    bare = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert bare == []


@pytest.mark.parametrize("name", sorted(kinds()))
def test_a_kind_of_system_and_its_options_are_documented(name: str) -> None:
    text = sections(DOCS / "systems.md").get(name)
    assert text, f"docs/systems.md has no section '{name}'"
    fields = kinds()[name].options.model_fields
    assert [field for field in fields if f"`{field}`" not in text] == []
    assert kinds()[name].summary


@pytest.mark.parametrize("name", shipped_names())
def test_a_network_that_ships_is_documented_and_has_a_card(name: str) -> None:
    assert f"`{name}`" in sections(DOCS / "systems.md")["checkpoint"]
    assert (ROOT / "models" / "weights" / name / "README.md").is_file()


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_metric_is_documented_with_its_unit(name: str) -> None:
    rows = [line for line in (DOCS / "metrics.md").read_text("utf-8").splitlines() if line]
    found = [line for line in rows if f"`{name}`" in line]
    assert found, f"docs/metrics.md does not name {name}"
    assert any(METRICS[name].unit in line for line in found)


def test_every_key_of_a_benchmark_file_is_documented() -> None:
    text = (DOCS / "benchmark-file.md").read_text(encoding="utf-8")
    assert [key for key in BenchmarkFile.model_fields if f"`{key}" not in text] == []


@pytest.mark.parametrize(
    "path",
    sorted([*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]),
    ids=lambda path: path.name,
)
def test_a_link_inside_the_project_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in inside if not (path.parent / link).exists()] == []


PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def test_every_picture_is_shown_and_every_picture_that_is_shown_exists() -> None:
    shown = {
        (page.parent / address).resolve()
        for page in PAGES
        for _, address in SHOWN.findall(page.read_text("utf-8"))
        if "://" not in address
    }
    assert len(shown) >= 4
    assert shown == set((DOCS / "pictures").iterdir())


@pytest.mark.parametrize("path", sorted((DOCS / "pictures").iterdir()), ids=lambda path: path.name)
def test_a_picture_is_small_and_sharp(path: Path) -> None:
    assert path.stat().st_size < 200_000
    with Image.open(path) as picture:
        assert picture.format == "WEBP"
        assert picture.width >= 1000


def test_a_picture_says_in_words_what_it_shows() -> None:
    texts = [words for page in PAGES for words, _ in SHOWN.findall(page.read_text("utf-8"))]
    assert [words for words in texts if len(words.split()) < 8] == []
