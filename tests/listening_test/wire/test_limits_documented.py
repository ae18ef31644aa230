"""The page on serving names every limit, with the number that the server keeps."""

import re

import pytest
from places import ROOT

from earmark.listening_test.wire import limits
from earmark.listening_test.wire.limits import Rate

PAGE = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
ROWS = {
    name: limit for limit, name in re.findall(r"^\|[^|]+\| ([^|]+) \| `([A-Z_]+)` \|$", PAGE, re.M)
}
CONSTANTS = {name: value for name, value in vars(limits).items() if re.fullmatch(r"[A-Z_]+", name)}


def test_no_limit_is_left_out_and_none_is_invented() -> None:
    assert set(ROWS) == set(CONSTANTS)


@pytest.mark.parametrize("name", CONSTANTS)
def test_the_number_is_the_servers(name: str) -> None:
    said, value = ROWS[name], CONSTANTS[name]
    if isinstance(value, Rate):
        per, amount = "second", value.per_second
        if amount < 1:
            per, amount = "hour", amount * 3600
        assert said == f"{value.at_once} at once, then {amount:g} per {per}"
    else:
        assert re.match(rf"{value}\b", said), said
