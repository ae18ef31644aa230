"""What metrics say of a study's stimuli is read into named fields; a damaged file is one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from earmark.analysis.ratings.reading.heard import HeardScore, read_heard
from earmark.models.errors import UserError

ROW: dict[str, Any] = {"passage": "p", "system": "s", "metric": "m", "variant": "raw", "value": 3}


def written(path: Path, *rows: Any) -> Path:
    path.write_text(json.dumps({"schema": 1, "scores": rows}))
    return path


def test_a_score_has_what_its_row_says_and_an_early_file_says_less(tmp_path: Path) -> None:
    more = {"value": None, "unit": "dB", "parameters": {"band": 2}, "reason": "silence"}
    path = written(tmp_path / "heard.json", ROW, ROW | more, ROW | {"unit": None})
    plain = HeardScore("p", "s", "m", "raw", 3.0)
    assert read_heard(path) == (
        plain,
        HeardScore("p", "s", "m", "raw", None, "dB", {"band": 2}),
        plain,
    )
    assert read_heard(tmp_path / "none.json") == ()


@pytest.mark.parametrize("name", ROW)
def test_a_row_without_a_name_or_a_value_is_one_line(tmp_path: Path, name: str) -> None:
    row = {key: value for key, value in ROW.items() if key != name}
    path = written(tmp_path / "heard.json", ROW, row)
    with pytest.raises(UserError, match=r"heard\.json: cannot be read \(KeyError\); restore it"):
        read_heard(path)


@pytest.mark.parametrize("row", [ROW | {"value": "loud"}, "row", 3])
def test_a_row_of_another_form_is_one_line(tmp_path: Path, row: Any) -> None:
    with pytest.raises(UserError, match=r"cannot be read \((Value|Type|Attribute)Error\)"):
        read_heard(written(tmp_path / "heard.json", row))
