"""Nobody but the kinds of test themselves, and their scripts, names a kind."""

import ast
import re
from pathlib import Path

import pytest
from places import ROOT

from earmark.listening_test.kinds import kinds

LAYERS = ("models", "evaluation", "listening_test", "analysis", "cli")
HOME = ROOT / "listening_test"
# Words that a kind's name is too, by the folder or file in which they may stand. Each must be
# needed.
OTHER_MEANINGS = {
    ("analysis/ratings", "abx"): "the test of right and wrong answers, a block of result.json",
    ("analysis/benchmark", "rank"): "the place of a system among those that compete",
    ("analysis/ratings/reading/layouts", "ab"): "a test of another tool, by the name in its files",
    ("analysis/ratings/reading/layouts", "bs1116"): "a page of another tool",
    ("analysis/ratings/reading/layouts", "mushra"): "a page of another tool",
    ("analysis/ratings/reading/tables/roles.py", "rank"): "a column of others' files",
    ("analysis/ratings/report/words/ranks_text.py", "rank"): "the place of a system, a column",
    ("evaluation", "rank"): "the place of a metric in tables, a column of results.sqlite",
    ("listening_test/export/webmushra.py", "bs1116"): "a page of another tool",
    ("listening_test/export/webmushra.py", "mushra"): "a page of another tool",
    ("listening_test/moving", "ab"): "an interface of another tool, by the name in its files",
    ("listening_test/moving", "abx"): "an interface of another tool, by the name in its files",
    ("listening_test/moving", "bs1116"): "a page of another tool",
    ("listening_test/moving", "mushra"): "a page of another tool",
    ("listening_test/static/session/store.js", "rank"): "a way to answer: Question.input",
    ("listening_test/static/widgets/question.js", "rank"): "a way to answer: Question.input",
}


def python_strings(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def script_strings(path: Path) -> set[str]:
    return set(re.findall(r"""["'`]([^"'`\n]*)["'`]""", path.read_text(encoding="utf-8")))


def named_in() -> set[tuple[str, str]]:
    found = set()
    for layer in LAYERS:
        for path in (ROOT / layer).rglob("*"):
            strings = {".py": python_strings, ".js": script_strings}.get(path.suffix)
            inside = (HOME / "kinds", HOME / "static" / "kinds")
            if strings is None or any(one in path.parents for one in inside):
                continue
            place = path.relative_to(ROOT).as_posix()
            found |= {(place, name) for name in strings(path) & set(kinds())}
    return found


def excuse(place: str, name: str) -> tuple[str, str] | None:
    """What allows this string in this file."""
    for folder, word in OTHER_MEANINGS:
        if word == name and (place == folder or place.startswith(f"{folder}/")):
            return folder, word
    return None


def test_no_string_elsewhere_is_the_name_of_a_kind() -> None:
    assert [one for one in sorted(named_in()) if excuse(*one) is None] == []


def test_no_word_is_excused_that_nobody_says() -> None:
    assert {excuse(*one) for one in named_in()} == set(OTHER_MEANINGS)


def test_no_script_elsewhere_imports_what_draws_a_kind() -> None:
    scripts = [path for path in (HOME / "static").rglob("*.js") if path.parent.name != "kinds"]
    assert len(scripts) > 20
    naming = [one.name for one in scripts if re.search(r"kinds/\w+\.js", one.read_text("utf-8"))]
    assert naming == []


@pytest.mark.parametrize("name", kinds())
def test_a_kind_is_found_where_it_is_named(name: str, tmp_path: Path) -> None:
    python, script = tmp_path / "a.py", tmp_path / "a.js"
    python.write_text(f"def f(kind):\n    return kind in ('{name}', 'other')\n")
    script.write_text(f'const VIEWS = {{ "{name}": 1 }};\n')
    assert name in python_strings(python)
    assert name in script_strings(script)
