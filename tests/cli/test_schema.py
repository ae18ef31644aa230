"""``earmark schema``: printed for each name, kept in the documentation, true of what is written."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from goldens import Goldens
from places import DATA, ROOT
from pydantic import TypeAdapter, ValidationError

from earmark.analysis.benchmark.result.contract import BenchmarkResult, ScoreRow
from earmark.analysis.benchmark.result.document import _dumped
from earmark.analysis.benchmark.result.tables import SCORE_COLUMNS
from earmark.cli import earmark
from earmark.cli.benchmark.export import _SCHEMAS
from earmark.listening_test.export.ratings import TidyRow

RESULTS = ("benchmark/result.json", "kept/benchmark-result.json")


def printed(name: str) -> str:
    done = CliRunner().invoke(earmark, ["schema", name])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", _SCHEMAS)
def test_each_schema_is_kept_in_the_documentation(
    name: str, request: pytest.FixtureRequest
) -> None:
    renew = bool(request.config.getoption("--renew-goldens"))
    Goldens(ROOT / "docs" / "schemas", renew).check(f"{name}.json", printed(name))


def test_the_documentation_keeps_no_other_schema() -> None:
    assert Goldens(ROOT / "docs" / "schemas").names() == {f"{name}.json" for name in _SCHEMAS}


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    done = CliRunner().invoke(earmark, ["schema", "song"])
    assert done.exit_code == 2
    assert all(name in done.output for name in _SCHEMAS)


def objects(schema: Any) -> list[Mapping[str, Any]]:
    """Every object of a schema that names its keys."""
    if isinstance(schema, list):
        return [one for item in schema for one in objects(item)]
    if not isinstance(schema, dict):
        return []
    inner = [one for item in schema.values() for one in objects(item)]
    return [schema, *inner] if isinstance(schema.get("properties"), dict) else inner


@pytest.mark.parametrize("name", _SCHEMAS)
def test_no_object_of_a_schema_takes_unknown_keys(name: str) -> None:
    found = [one for one in objects(json.loads(printed(name))) if "type" in one]
    assert found
    assert all(one.get("additionalProperties") is False for one in found)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_that_was_written_is_read_and_written_as_it_was(name: str) -> None:
    text = (DATA / "goldens" / name).read_text(encoding="utf-8")
    found = BenchmarkResult.model_validate(json.loads(text))
    assert _dumped(found.as_json()) == text


def changed(value: Any, path: tuple[str | int, ...], change: Any) -> Any:
    """A copy with ``change`` applied to what lies at ``path``."""
    if not path:
        return change(value)
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], change)
    return copy


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ((), lambda one: one | {"extra": 1}),
        ((), lambda one: {key: value for key, value in one.items() if key != "finding"}),
        (("schema",), lambda _: 2),
        (("scores", 0), lambda one: one | {"extra": 1}),
        (("scores", 0, "value"), lambda _: "0.5"),
        (("scores", 0, "value"), lambda _: float("nan")),
        (("scores", 0, "version"), lambda _: True),
        (("summary", 0, "best"), lambda _: "yes"),
        (("summary", 0, "songs"), lambda _: 2.0),
        (("summary", 0, "better"), lambda _: "louder"),
        (("songs", 0), lambda one: {key: value for key, value in one.items() if key != "sha256"}),
        (("insights", "renders", 0), lambda one: one | {"colour": "red"}),
        (("insights", "mixes", 0, "spectrum_db", 3), lambda _: "loud"),
        (("systems", 0, "role"), lambda _: "star"),
        (("failures",), lambda _: [{"song": "a", "system": "b", "step": "render"}]),
    ],
)
def test_a_result_with_a_slip_is_refused(path: tuple[str | int, ...], change: Any) -> None:
    text = (DATA / "goldens" / RESULTS[0]).read_text(encoding="utf-8")
    with pytest.raises(ValidationError):
        BenchmarkResult.model_validate(changed(json.loads(text), path, change))


def test_a_result_cannot_be_changed() -> None:
    text = (DATA / "goldens" / RESULTS[0]).read_text(encoding="utf-8")
    found = BenchmarkResult.model_validate(json.loads(text))
    with pytest.raises(ValidationError):
        found.scores[0].value = 1.0


@pytest.mark.parametrize("name", ["benchmark/scores.csv", "kept/benchmark-scores.csv"])
def test_each_row_of_the_exported_scores_is_as_its_schema_says(name: str) -> None:
    text = (DATA / "goldens" / name).read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    properties = json.loads(printed("scores"))["properties"]
    assert list(rows[0]) == list(properties) == list(SCORE_COLUMNS)
    for row in rows:
        typed: dict[str, Any] = {
            **row,
            "value": float(row["value"]) if row["value"] else None,
            "version": int(row["version"]),
        }
        found = ScoreRow.model_validate(typed)
        assert isinstance(json.loads(found.parameters), dict)
        assert (found.value is None) == (found.reason != "")


def test_each_row_of_the_exported_ratings_is_as_its_schema_says() -> None:
    text = (DATA / "kept" / "study" / "ratings.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    schema = json.loads(printed("ratings"))
    # Only a sequence has blocks; the kept study is of one kind.
    assert [*rows[0], "block"] == list(schema["properties"])
    assert list(rows[0]) == schema["required"]
    adapter = TypeAdapter(TidyRow)
    nullable = {
        name
        for name, one in schema["properties"].items()
        if {"type": "null"} in one.get("anyOf", [])
    }
    for row in rows:
        typed = {name: None if not row[name] and name in nullable else row[name] for name in row}
        assert adapter.validate_python(typed).study == "kept"


def test_the_files_of_the_examples_have_no_key_that_their_schema_lacks() -> None:
    keys = {name: set(json.loads(printed(name))["properties"]) for name in ("benchmark", "study")}
    found = 0
    for path in sorted((ROOT / "examples").rglob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and "earmark" in content:
            kind = "study" if "study" in content else "benchmark"
            if kind == "study" or "systems" in content:
                found += 1
                assert content.keys() <= keys[kind], path
    assert found > 1
