"""What counts as the code of a file: its imports from the user's folders, the files it names."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from earmark.models.source_code import (
    SourceCode,
    function_sha256,
    is_users,
    loaded_code,
    script_code,
)


def write(folder: Path, **files: str) -> Path:
    """Files by name, ``__`` for a slash; the folder."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def code(folder: Path, name: str = "main.py") -> SourceCode:
    return script_code(folder / name, [], folder)


def test_imports_are_followed_wherever_they_stand(tmp_path: Path) -> None:
    write(
        tmp_path,
        main="import one\ndef late():\n    from pkg.deep import thing\n    import pkg.other as o\n",
        one="from two import x\n",
        two="import numpy, os, json\nx = 1\n",
        pkg__deep="from .beside import thing\nfrom . import more\n",
        pkg__beside="from ..top import t\nthing = 1\n",
        pkg__more="",
        pkg__other="",
        stranger="nobody = 'imports it'\n",
    )
    (tmp_path / "pkg" / "__init__.py").write_text("")
    assert set(code(tmp_path).files) == {
        *("", "one", "two", "pkg", "pkg.deep", "pkg.beside", "pkg.more", "pkg.other"),
    }


def test_a_circle_of_imports_and_a_broken_module_end_well(tmp_path: Path) -> None:
    write(tmp_path, main="import one, broken\n", one="import main\n", broken="def (:\n")
    assert set(code(tmp_path).files) >= {"", "one", "broken"}


def test_a_file_that_is_named_counts_and_a_folder_and_a_log_do_not(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    for name in ("nets/a.pt", "curve.json", "run.log", "other.bin"):
        (tmp_path / name).write_bytes(b"x")
    write(tmp_path, main="A = 'nets/a.pt'\nB = ['curve.json', 'run.log', 'nets', '.', '/', '']\n")
    assert set(code(tmp_path).files) == {"", "nets/a.pt", "curve.json"}


def test_a_file_that_the_source_writes_does_not_count(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d", "read", "also read"):
        (tmp_path / name).write_text("x")
    write(
        tmp_path,
        main="from pathlib import Path\nopen('a', 'a'); open('b', mode='w+'); open('read', 'r')\n"
        "Path('c').write_text('x'); Path('d').open('ab'); open('also read')\n",
    )
    assert set(code(tmp_path).files) == {"", "read", "also read"}
    (tmp_path / "main.sh").write_text("cat read > a; echo tried >>b\nsort <c 2> 'also read'\n")
    assert set(code(tmp_path, "main.sh").files) == {"", "read", "c"}


def test_a_name_that_only_stands_where_arrays_are_saved_does_not_count(tmp_path: Path) -> None:
    for name in ("a.npy", "b.pt", "c.npy", "d.npy"):
        (tmp_path / name).write_text("x")
    write(
        tmp_path,
        main="import numpy as np\nnp.save('a.npy', np.load('c.npy')); torch.save(net, 'b.pt')\n"
        "np.save('d.npy', 1); np.load('d.npy')\n",
    )
    # What is read as well counts all the same: a network that the same file trains.
    assert set(code(tmp_path).files) == {"", "c.npy", "d.npy"}


def test_every_word_of_a_shell_script_is_looked_for_and_followed(tmp_path: Path) -> None:
    write(tmp_path, inner="import helper\n", helper="")
    (tmp_path / "main.sh").write_text('#!/bin/sh\nexec python3 "inner.py" --eq=curve.txt "$1"\n')
    (tmp_path / "curve.txt").write_text("1 2 3")
    assert set(code(tmp_path, "main.sh").files) == {"", "inner.py", "helper", "curve.txt"}


def test_bytes_count_and_neither_time_nor_place(tmp_path: Path) -> None:
    write(tmp_path / "a", main="import helper\n", helper="x = 1\n")
    before = code(tmp_path / "a")
    for path in (tmp_path / "a").iterdir():
        os.utime(path, (1, 1))
    assert code(tmp_path / "a").sha256 == before.sha256
    shutil.copytree(tmp_path / "a", tmp_path / "elsewhere")
    assert code(tmp_path / "elsewhere").sha256 == before.sha256
    (tmp_path / "a" / "helper.py").write_text("x = 2\n")
    now = code(tmp_path / "a")
    assert now.sha256 != before.sha256
    assert now.changed({name: sha for name, (_, sha) in before.files.items()}) == ["helper"]


def test_installed_packages_python_and_earmark_are_not_the_users() -> None:
    import numpy

    import earmark

    assert not is_users(Path(numpy.__file__))
    assert not is_users(Path(os.__file__))
    assert not is_users(Path(earmark.__file__))
    assert is_users(Path(__file__).parents[3] / "mine.py")


def test_an_installed_plug_in_counts_with_its_own_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "site-packages"
    write(home, theirs__plug="from . import dsp\nimport other\n", theirs__dsp="", other="")
    (home / "theirs" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(home))
    found = loaded_code(home / "theirs" / "plug.py", "theirs")
    assert set(found.files) == {"", "theirs", "theirs.dsp"}


def test_a_loaded_module_is_the_one_that_python_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a", main="import twice_here\n", twice_here="x = 1\n")
    write(tmp_path / "b", twice_here="x = 2\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "b"), str(tmp_path / "a")])
    found = loaded_code(tmp_path / "a" / "main.py")
    assert found.files["twice_here"][0].parent.name == "b"


def test_a_function_of_a_notebook_is_known_by_what_it_does() -> None:
    def made(text: str) -> str:
        space: dict[str, object] = {}
        exec(compile(text, "<cell>", "exec"), space)
        return function_sha256(space["f"])  # type: ignore[arg-type]

    assert made("def f(x):\n    return [y + 1 for y in x]") == made(
        "# another place\ndef f(x):\n    return [y + 1 for y in x]"
    )
    assert made("def f(x): return x + 1") != made("def f(x): return x + 2")
