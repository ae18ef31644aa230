"""docs/api.md is made from the docstrings and is not stale."""

import importlib.util
from types import ModuleType

import pytest
from places import ROOT

import earmark as em


@pytest.fixture(scope="module")
def made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_api", ROOT / "docs" / "make_api.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kept() -> str:
    return (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_docstrings_say(made: ModuleType, kept: str) -> None:
    assert made.page(kept) == kept, "docs/api.md is stale: make docs"


def test_every_public_name_has_a_heading_and_every_role_is_resolved(kept: str) -> None:
    headings = {line.removeprefix("### ") for line in kept.splitlines() if line.startswith("### ")}
    assert headings == set(em.__all__) - {"__version__"}
    assert ":func:" not in kept
    assert "``" not in kept.replace("```", "")


def test_what_is_written_by_hand_is_kept(made: ModuleType, kept: str) -> None:
    changed = kept.replace("# Python API", "# Another title").replace("### measure", "### mesure")
    again = made.page(changed)
    assert again.startswith("# Another title")
    assert "### mesure" not in again


def test_a_public_name_without_a_place_is_refused(
    made: ModuleType, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(em, "__all__", [*em.__all__, "compare"])
    with pytest.raises(SystemExit, match="compare"):
        made.page(kept)
