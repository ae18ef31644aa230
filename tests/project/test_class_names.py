"""A name of a public class means one thing in the whole package: who reads it knows which."""

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from import_graph import modules_of
from places import ROOT

# Names that may stand more than once, each with its reason; a needless one fails.
ALLOWED: Mapping[str, str] = {}


def public_classes(root: Path) -> dict[str, list[str]]:
    """The modules that define each public class, by its name; classes in classes do not count."""
    found = defaultdict(list)
    for module, path in modules_of(root).items():
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for name in (node.name for node in body if isinstance(node, ast.ClassDef)):
            if not name.startswith("_"):
                found[name].append(module)
    return dict(found)


def shared_names(root: Path) -> dict[str, list[str]]:
    """The names that more than one class has, with where they stand."""
    return {name: where for name, where in public_classes(root).items() if len(where) > 1}


def test_no_two_public_classes_have_one_name() -> None:
    assert len(public_classes(ROOT)) > 200
    assert {name: where for name, where in shared_names(ROOT).items() if name not in ALLOWED} == {}


def test_no_name_is_allowed_twice_that_stands_once() -> None:
    assert set(ALLOWED) - set(shared_names(ROOT)) == set()


def test_a_name_that_stands_twice_is_found_across_layers(tmp_path: Path) -> None:
    files = {
        "models/audio/clip.py": "class Clip: ...\nclass _Part: ...\n",
        "analysis/players.py": "class Clip: ...\nclass _Part: ...\nclass Player: ...\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert shared_names(tmp_path) == {"Clip": ["models.audio.clip", "analysis.players"]}
