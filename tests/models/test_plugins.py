"""Plug-ins: a file adds to any registry, once; one that fails is one line and adds nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from registries import plugin_modules, registries_kept

from earmark.evaluation.metrics import METRICS
from earmark.models.embeddings import embeddings
from earmark.models.errors import UserError
from earmark.models.plugins import load_plugin
from earmark.models.registry import added_by
from earmark.models.systems.contract import kinds

METRIC = """\
from earmark.evaluation.metrics import metric


@metric
def first_sample(audio, sample_rate):
    '''The first sample.'''
    return audio[:, 0, 0]
"""
ALL = f"""\
{METRIC}

from earmark.models.embeddings import embedding
from earmark.models.systems.contract import NoOptions, kind


@embedding("mine", sample_rate=16000, seconds=1.0, highest_hz=8000, weights=None)
def load(weights, device):
    '''Mine.'''


@kind("mine", NoOptions)
def mine(options):
    '''Mine.'''
"""


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    with registries_kept():
        yield


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_one_file_adds_to_every_registry_and_is_told_as_their_source(tmp_path: Path) -> None:
    path = write(tmp_path, ALL)
    module = load_plugin(path)
    found = added_by(module.__name__)
    assert found == {
        "metrics": ("first_sample",),
        "embeddings": ("mine",),
        "system kinds": ("mine",),
    }
    assert METRICS.made_by("first_sample") == str(path)
    assert "mine" in kinds()
    assert "mine" in embeddings()


def test_a_file_is_run_once_and_its_bytes_are_its_name(tmp_path: Path) -> None:
    first = load_plugin(write(tmp_path, METRIC))
    assert load_plugin(write(tmp_path, METRIC)) is first
    copy = tmp_path / "copy"
    copy.mkdir()
    assert load_plugin(write(copy, METRIC)) is first


def test_a_plugin_that_fails_midway_adds_nothing_and_can_be_mended(tmp_path: Path) -> None:
    path = write(tmp_path, METRIC + "\n1 / 0\n")
    before = plugin_modules()
    with pytest.raises(UserError) as caught:
        load_plugin(path)
    assert str(caught.value) == (
        f"{path}:9: the plug-in fails: ZeroDivisionError: division by zero"
    )
    assert "first_sample" not in METRICS
    assert plugin_modules() == before
    load_plugin(write(tmp_path, METRIC))
    assert "first_sample" in METRICS


def test_a_changed_plugin_meets_its_former_self_in_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, METRIC)
    load_plugin(path)
    old = METRICS["first_sample"]
    with pytest.raises(UserError) as caught:
        load_plugin(write(tmp_path, METRIC + "# changed\n"))
    assert str(caught.value) == (
        f"{path}:4: the plug-in fails: two metrics are named 'first_sample'; rename the one in "
        "your plug-in (this file was loaded before it was changed: start Python again)"
    )
    assert METRICS["first_sample"] is old


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_package_here", "needs the package 'no_such_package_here', which is not"),
        ("from no_such_package_here.deep import x", "needs the package 'no_such_package_here'"),
        ("import earmark.no_such", "this Earmark has no such module"),
        ("from earmark.models.errors import Nothing", "ImportError: cannot import name 'Nothing'"),
        ("raise SystemExit(3)", "the plug-in fails: SystemExit: 3"),
        ("def f(:", "the plug-in fails: SyntaxError"),
        ("x = '''two\nlines'''\nraise ValueError(x)", "ValueError: two lines"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError) as caught:
        load_plugin(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}:{text.count(chr(10)) + 1}: ")
    assert words in line
    assert not [name for name in plugin_modules() if "mine" in name]


@pytest.mark.parametrize(
    ("name", "words"), [("gone.py", "cannot be read"), ("words.txt", "is a Python file")]
)
def test_a_file_that_is_no_plugin_is_one_line(tmp_path: Path, name: str, words: str) -> None:
    if name != "gone.py":
        write(tmp_path, METRIC, name)
    with pytest.raises(UserError, match=words):
        load_plugin(tmp_path / name)
