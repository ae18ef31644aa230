"""A result is one type: it keeps every byte of its JSON, and refuses what it does not know."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from goldens import GOLDENS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ratings_simulation import simulated_cells, written_ratings

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.planning.plan import from_pilot
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.analysis.ratings.result.names import Distribution, Method, Verdict
from earmark.analysis.ratings.result.tests import Effect, Equivalence, Omnibus
from earmark.models.errors import UserError

KEPT = sorted(GOLDENS.glob("ratings/*/result.json"))


def kept(name: str) -> Path:
    return GOLDENS / "ratings" / name / "result.json"


def test_there_are_kept_results_of_every_sort() -> None:
    assert len(KEPT) >= 9


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.parent.name)
def test_a_kept_result_is_read_and_written_back_to_the_byte(path: Path) -> None:
    result = RatingsResult.read(path)
    assert result.json_text() == path.read_bytes().decode()
    assert RatingsResult.model_validate_json(result.json_text()) == result


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_an_analysis_writes_is_what_is_read(tmp_path: Path, data: st.DataObject) -> None:
    shape = tuple(data.draw(st.integers(1, most)) for most in (5, 3, 4))
    cells = simulated_cells(data.draw(st.integers(0, 99)), (shape[0], shape[1], shape[2]))
    holes = np.random.default_rng(shape).random(cells.shape) < data.draw(st.sampled_from((0, 0.3)))
    holes[0, 0, 0] = False
    cells = np.where(holes, np.nan, np.round(cells, data.draw(st.sampled_from((-1, 0, 1)))))
    path = written_ratings(tmp_path / "ratings.csv", cells)
    options = RatingsOptions(
        scope=data.draw(st.sampled_from(("auto", "music"))),
        margin=data.draw(st.sampled_from((None, 5.0))),
        reference=data.draw(st.sampled_from((None, "A"))),
    )
    result = analyse(read_ratings(path), options)
    again = RatingsResult.model_validate_json(result.json_text())
    assert again == result
    assert again.json_text() == result.json_text()


def change(where: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Sets, or with None takes away, a key of a document."""

    def made(document: dict[str, Any]) -> None:
        *steps, last = where.split(".")
        place: Any = document
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return made


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("schema", 2, "schema: Input should be 1"),
        ("author", "me", "author: Extra inputs are not permitted"),
        ("primary", None, "primary: Field required"),
        ("primary.pairs.0.p_adj", "small", "primary.pairs.0.p_adj"),
        ("primary.pairs.0.effect.size", 1, "primary.pairs.0.effect.size: Extra inputs"),
        ("primary.omnibus.method", "Friedmann", "primary.omnibus.method: Input should be"),
        ("design.kind", "complet", "design.kind: Input should be"),
        ("checks.0.passed", None, "checks.0.passed: Field required"),
    ],
)
def test_a_document_that_is_no_result_is_refused_with_the_place(
    tmp_path: Path, where: str, value: Any, words: str
) -> None:
    document = json.loads(kept("complete").read_text())
    change(where, value)(document)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    with pytest.raises(UserError) as caught:
        RatingsResult.read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: is not a result.json of 'earmark analyse' (")
    assert words in said
    assert "\n" not in said


@pytest.mark.parametrize("text", ["", "listener,system", "[]", "null", '{"schema": 1}', "\ufffd\0"])
def test_a_plan_refuses_what_is_no_result_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(
        UserError, match=r"other\.json: is not a result\.json of 'earmark analyse' \("
    ):
        from_pilot(path)
    with pytest.raises(UserError, match=r"result\.json of 'earmark analyse' \(FileNotFoundError\)"):
        from_pilot(tmp_path / "absent.json")


def omnibus(**changes: Any) -> Omnibus:
    usual: dict[str, Any] = {
        "method": Method.QUADE,
        "symbol": "F",
        "statistic": 3.5,
        "distribution": Distribution.F,
        "df": 3,
        "df2": 24.0,
        "p": 0.03,
        "note": "",
    }
    return Omnibus(**usual | changes)


def test_a_whole_number_stays_whole_and_what_is_not_finite_is_null() -> None:
    test = omnibus(statistic=math.inf, p=np.float64("nan"), df2=np.float64(24))
    assert (test.statistic, test.p) == (None, None)
    assert json.dumps(test.as_json()["df"]) == "3"
    assert json.dumps(test.as_json()["df2"]) == "24.0"
    with pytest.raises(ValidationError, match="finite"):
        Equivalence(margin=3, p=math.nan, low=0, high=1, equivalent=False)


def test_an_optional_key_is_written_where_it_was_set_even_to_none() -> None:
    assert "kendall_w" not in omnibus().as_json()
    assert omnibus(kendall_w=None).as_json()["kendall_w"] is None
    assert list(omnibus(eta2=0.2, kendall_w=0.1).as_json())[-3:] == ["note", "kendall_w", "eta2"]


def test_nothing_in_a_result_can_be_changed() -> None:
    result = RatingsResult.read(kept("complete"))
    with pytest.raises(ValidationError, match="frozen"):
        result.primary.pairs[0].p_adj = 0.001
    with pytest.raises(ValidationError, match="frozen"):
        Effect(name=Method.CLIFF, value=0, low=None, high=None).value = 1


@pytest.mark.parametrize("name", ["complete", "two_questions", "screened", "abx"])
def test_the_tables_for_pandas_hold_the_numbers_of_every_question(name: str) -> None:
    result = RatingsResult.read(kept(name))
    document = json.loads(kept(name).read_text())
    blocks = [document, *document["others"]]
    pairs = [(b["question"], pair) for b in blocks for pair in b["primary"]["pairs"]]
    frame = result.pairs()
    assert len(frame) == len(pairs)
    for row, (question, pair) in zip(frame.to_dict("records"), pairs, strict=True):
        assert row["question"] == question
        for key in ("group1", "group2", "mean_diff", "low", "p_adj", "verdict", "reject"):
            assert row[key] == pair[key]
        assert (type(row["effect"]), row["effect"]) == (str, pair["effect"]["name"])
        assert row["effect_value"] == pair["effect"]["value"]
    systems = result.systems()
    rows = [row for b in blocks for row in b["descriptives"]["systems"]]
    assert systems["system"].tolist() == [row["system"] for row in rows]
    assert systems["mean"].tolist() == [row["mean"] for row in rows]


def test_the_verdict_of_a_pair_names_the_better_system_or_none() -> None:
    result = RatingsResult.read(kept("complete"))
    one = result.primary.pairs[0]
    equivalent = one.model_copy(update={"verdict": "equivalent"})
    for pair in (*result.primary.pairs, equivalent):
        if pair.kind is Verdict.BETTER:
            assert pair.better in (pair.group1, pair.group2)
            assert pair.verdict == f"{pair.better} better"
        else:
            assert (pair.better, pair.verdict) == (None, pair.kind)
    kinds = {pair.kind for pair in result.primary.pairs}
    assert kinds | {equivalent.kind} == set(Verdict)


def test_the_schema_names_every_key_and_allows_no_other() -> None:
    schema = RatingsResult.model_json_schema()
    assert schema["additionalProperties"] is False
    # There only where the reference master was among what was rated.
    keys = [key for key in schema["properties"] if key != "against_master"]
    for path in KEPT:
        assert [key for key in json.loads(path.read_text()) if key != "against_master"] == keys
    assert all(
        part["additionalProperties"] is False
        for part in schema["$defs"].values()
        if part["type"] == "object"
    )
