"""Each note of a result is a code beside its sentence, and the sentence is made of the code."""

import ast
import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
from goldens import GOLDENS
from pydantic import TypeAdapter, ValidationError

import earmark.analysis.ratings
from earmark.analysis.ratings.planning.plan import from_pilot
from earmark.analysis.ratings.report.tables.sheets import sheets
from earmark.analysis.ratings.result import notes
from earmark.analysis.ratings.result.document import RatingsResult
from earmark.analysis.ratings.result.note_words import noted, sentence
from earmark.analysis.ratings.result.notes import Note, NoteCode, coded

KEPT = sorted(GOLDENS.glob("ratings/*/result.json"))
CODED = "coded_"
# What holds a sentence that has a code. A rule of screening has its own name instead.
TOLD = ("note", "unit", "reason", "icc_note", "intra_rater_note")
NOTE: TypeAdapter[Note] = TypeAdapter(Note)
SHAPES: tuple[type[notes.Plain], ...] = get_args(Note)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            yield from objects(one)


def without_codes(value: Any) -> Any:
    """A document as versions before there were codes wrote it."""
    if isinstance(value, dict):
        return {key: without_codes(v) for key, v in value.items() if not key.startswith(CODED)}
    return [without_codes(one) for one in value] if isinstance(value, list) else value


def codes(shape: type[notes.Plain]) -> list[str]:
    """The codes that a note of this shape may have."""
    kind: Any = shape.model_fields["code"].annotation
    members = kind if isinstance(kind, type) and issubclass(kind, StrEnum) else get_args(kind)
    return [str(code) for code in members]


def example(shape: type[notes.Plain], code: str) -> Note:
    """A note of this shape, whatever it needs."""
    values: dict[str, Any] = {
        "count": 7, "system": "A {0} %s", "because": {"code": "few-ratings"},
        "instead": {"code": "every-system"}, "differences": 4, "least": 0.125, "pairs": 3,
        "without": 12, "resamples": 1000, "passages": 5, "listeners": 6, "systems": 8,
        "design": "between", "message": "Singular matrix", "failed": 1, "skipped": 2,
        "pages": True, "left_out": 2,
    }  # fmt: skip
    needed = {name: values[name] for name in shape.model_fields if name != "code"}
    return NOTE.validate_python({"code": code} | needed)


EVERY = [example(shape, code) for shape in SHAPES for code in codes(shape)]


def test_each_code_is_of_one_note_and_has_words_of_its_own() -> None:
    assert len(EVERY) > len(NoteCode)
    assert len({str(note.code) for note in EVERY}) == len(EVERY)
    told = [sentence(note) for note in EVERY]
    assert len(set(told)) == len(told)
    assert all(told)


@pytest.mark.parametrize("note", EVERY, ids=lambda note: str(note.code))
def test_a_note_survives_its_json_and_names_its_values(note: Note) -> None:
    written = note.as_json()
    assert next(iter(written)) == "code"
    assert NOTE.validate_json(json.dumps(written)) == note
    values = [value for name, value in note if name != "code" and not isinstance(value, bool)]
    for value in values:
        words = sentence(value) if isinstance(value, SHAPES) else str(value)
        assert words in sentence(note)


@pytest.mark.parametrize(
    "slip",
    [
        {"code": "few-steps", "count": 3},
        {"code": "all-flips"},
        {"code": "few-flips", "count": 3},
        {"code": "passages-vary", "passages": 3},
        {"code": "no-variances-of", "design": "crooked"},
        {"count": 3},
    ],
    ids=str,
)
def test_a_note_refuses_what_is_not_of_its_code(slip: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NOTE.validate_python(slip)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.parent.name)
def test_every_sentence_of_a_result_is_that_of_the_code_beside_it(path: Path) -> None:
    found = 0
    for one in objects(json.loads(path.read_text())):
        if "text" in one and "excludes" in one:
            continue
        for name in TOLD:
            # The unit of a metric is dB or LUFS, which a metric says itself.
            if not one.get(name) or (name == "unit" and "metric" in one):
                continue
            assert sentence(NOTE.validate_python(one[CODED + name])) == one[name]
            found += 1
        if "notes" in one:
            assert [sentence(NOTE.validate_python(n)) for n in one["coded_notes"]] == one["notes"]
    assert found > 5


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.parent.name)
def test_a_result_without_codes_is_read_and_says_the_same(path: Path, tmp_path: Path) -> None:
    now = RatingsResult.read(path)
    old = tmp_path / "result.json"
    plain = without_codes(json.loads(path.read_text()))
    old.write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n")
    assert CODED not in old.read_text()
    before = RatingsResult.read(old)
    assert before.json_text() == old.read_text()
    for block, other in zip(before.every_question(), now.every_question(), strict=True):
        assert sheets(block) == sheets(other)
    if now.variance_components.planning:
        assert from_pilot(old) == from_pilot(path)


def test_what_is_not_said_has_no_code() -> None:
    assert noted(None) == {"note": ""}
    assert noted(NoteCode.FEW_STEPS) == {
        "note": "The scale has few steps; a model of their means is an approximation.",
        "coded_note": coded(NoteCode.FEW_STEPS),
    }


def test_sentences_of_notes_stand_in_one_file() -> None:
    """No other file gives a note or reason as a text of its own."""
    spelled = []
    for path in Path(earmark.analysis.ratings.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            for one in call.keywords:
                text = isinstance(one.value, ast.JoinedStr) or (
                    isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
                )
                if one.arg in TOLD and text:
                    spelled.append(f"{path.name}:{call.lineno}")
    assert spelled == []
