"""The schemas that are printed and kept are those of the models, and files fit them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from places import ROOT

from earmark.analysis.ratings.result.document import RatingsResult
from earmark.cli import earmark
from earmark.evaluation.benchmark.file import BenchmarkFile
from earmark.listening_test.study.file import StudyFile

KEPT = ROOT / "docs" / "schemas"
MODELS = {"benchmark": BenchmarkFile, "ratings": RatingsResult, "study": StudyFile}


def printed(name: str) -> dict[str, Any]:
    done = CliRunner().invoke(earmark, ["schema", name], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)
    return found


def test_a_schema_is_kept_of_every_sort_of_file() -> None:
    assert {path.stem for path in KEPT.glob("*.json")} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_the_schema_that_is_kept_is_that_of_this_version(name: str) -> None:
    path = Path(KEPT / f"{name}.json")
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept == printed(name), f"earmark schema {name} > {path.relative_to(ROOT)}"


@pytest.mark.parametrize("name", MODELS)
def test_a_schema_names_the_keys_of_its_file_and_allows_no_other(name: str) -> None:
    found = printed(name)
    keys = [field.alias or key for key, field in MODELS[name].model_fields.items()]
    assert list(found["properties"]) == keys
    assert found["additionalProperties"] is False
    assert found["$schema"].startswith("https://json-schema.org/draft/")


def test_another_name_is_refused_with_those_that_there_are() -> None:
    done = CliRunner().invoke(earmark, ["schema", "song"])
    assert done.exit_code == 2
    assert "'benchmark', 'ratings', 'study'" in done.output
