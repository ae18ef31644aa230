"""The colours of pages and reports are set in one file, light and dark, and nowhere else."""

import re
from pathlib import Path

import pytest
from places import ROOT

from earmark.listening_test import TOKENS

SHEETS = sorted(
    path for layer in ("listening_test", "analysis") for path in (ROOT / layer).rglob("*.css")
)
# Set by a script, from what it measures.
MEASURED = {"--band"}


def set_in(text: str) -> dict[str, str]:
    """The custom properties that a piece of a style sheet sets, and to what."""
    return dict(re.findall(r"(?<![\w-])(--[a-z-]+):\s*([^;}]+)", text))


def blocks() -> list[dict[str, str]]:
    """The properties of the light look, of the system's dark one and of the chosen dark one."""
    found = [set_in(inner) for inner in re.findall(r"\{([^{}]*)\}", TOKENS.read_text("utf-8"))]
    assert len(found) == 3
    return found


def test_the_dark_that_is_chosen_is_the_dark_that_the_system_asks_for() -> None:
    light, system, chosen = blocks()
    assert system == chosen
    assert set(system) < set(light)
    assert {name for name, value in light.items() if value.startswith("#")} == set(system)


def test_every_property_that_a_style_sheet_uses_is_set() -> None:
    texts = [path.read_text("utf-8") for path in SHEETS]
    used = {name for text in texts for name in re.findall(r"var\((--[a-z-]+)", text)}
    known = {name for text in texts for name in set_in(text)}
    assert used <= known | MEASURED
    assert known <= used


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_other_style_sheet_sets_a_colour(sheet: Path) -> None:
    text = sheet.read_text("utf-8")
    tokens = blocks()[0]
    own = {} if sheet == TOKENS else set_in(text)
    assert set(own) & set(tokens) == set()
    if sheet != TOKENS:
        assert re.findall(r":[^;{}]*(#[0-9a-f]{3,8})\b", text) == []
