"""One mechanism for all that users add: lazy, each name once, and a message that helps."""

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from earmark.models import registry
from earmark.models.errors import UserError
from earmark.models.registry import Registry, Sort, added_by, take_back

METALS = Sort("metal", "metals", also=("any",))


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[str]]:
    """A registry of two built-in modules, the later of which is imported first by hand."""
    package = tmp_path / "mine_of_metals"
    package.mkdir()
    (package / "__init__.py").write_text("registry = None\nimported = []\n")
    for name, metal in (("first", "gold"), ("second", "iron")):
        (package / f"{name}.py").write_text(
            "from . import imported, registry\n"
            f"imported.append('{name}')\n"
            f"registry.add('{metal}', '{metal} of {name}', __name__)\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_REGISTRIES", [])
    made: Registry[str] = Registry(METALS, (".first", ".second"), "mine_of_metals")
    vars(importlib.import_module("mine_of_metals"))["registry"] = made
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine_of_metals"]:
        del sys.modules[name]


def imported() -> list[str]:
    found: list[str] = sys.modules["mine_of_metals"].imported
    return found


def test_built_in_modules_are_imported_when_an_entry_is_looked_for(mine: Registry[str]) -> None:
    assert imported() == []
    assert mine["iron"] == "iron of second"
    assert imported() == ["first", "second"]
    assert list(mine) == ["gold", "iron"]
    assert imported() == ["first", "second"]


def test_the_order_is_that_of_the_modules_whichever_was_imported_first(
    mine: Registry[str],
) -> None:
    importlib.import_module("mine_of_metals.second")
    assert imported() == ["second"]
    mine.add("zinc", "of a plug-in", "elsewhere")
    assert list(mine) == ["gold", "iron", "zinc"]


def test_threads_that_look_at_once_all_see_everything(mine: Registry[str]) -> None:
    start, seen = threading.Barrier(4), []

    def look() -> None:
        start.wait()
        seen.append(sorted(mine))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert seen == [["gold", "iron"]] * 4


def test_a_module_that_cannot_be_imported_is_tried_again(mine: Registry[str]) -> None:
    path = Path(str(sys.modules["mine_of_metals"].__file__)).parent / "second.py"
    good = path.read_text()
    path.write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        len(mine)
    path.write_text(good + "# mended\n")
    assert list(mine) == ["gold", "iron"]


def test_a_taken_name_is_refused_even_before_anybody_looked(mine: Registry[str]) -> None:
    with pytest.raises(UserError, match=r"^two metals are named 'gold'; rename the one in your"):
        mine.add("gold", "fool's gold", "elsewhere")
    assert mine["gold"] == "gold of first"


def test_the_message_names_the_file_that_has_the_name_already(
    mine: Registry[str],
) -> None:
    mine.add("zinc", "of one", Path.__module__.partition(".")[0])
    with pytest.raises(UserError, match=r"\(the other is of .*pathlib.*\.py\)$"):
        mine.add("zinc", "of another", "elsewhere")
    assert mine.made_by("zinc").endswith(".py")
    assert mine.made_by("gold") == ""


def test_an_unknown_name_is_told_with_the_nearest_and_all(mine: Registry[str]) -> None:
    with pytest.raises(UserError) as caught:
        mine.named("golt")
    words = "unknown metal 'golt' (did you mean 'gold'?); choose from any, gold, iron"
    assert str(caught.value) == words
    with pytest.raises(UserError, match=r"^unknown metal 'xyz'; choose from any, gold, iron$"):
        mine.named("xyz")


def test_a_short_message_names_the_nearest_or_all() -> None:
    short: Registry[int] = Registry(Sort("metal", "metals", lists=False))
    short.add("gold", 79, "elsewhere")
    for name, end in (("golt", "; did you mean 'gold'?"), ("xyz", "; choose from gold")):
        with pytest.raises(UserError) as caught:
            short.named(name)
        assert str(caught.value) == f"unknown metal {name!r}{end}"


def test_what_a_module_added_is_told_and_can_be_taken_back(mine: Registry[str]) -> None:
    mine.add("zinc", "of a plug-in", "elsewhere")
    mine.add("lead", "of a plug-in", "elsewhere")
    assert added_by("elsewhere") == {"metals": ("zinc", "lead")}
    take_back("elsewhere")
    assert list(mine) == ["gold", "iron"]
    assert added_by("elsewhere") == {}
    mine.add("zinc", "of another", "elsewhere")
    assert mine["zinc"] == "of another"
