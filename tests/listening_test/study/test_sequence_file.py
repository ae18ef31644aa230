"""What a sequence in a study file may say, and what is told of one that cannot be."""

from pathlib import Path

import pytest

from earmark.listening_test.kinds.reading import read_study_file
from earmark.models.errors import UserError

HEAD = """earmark: 1
study: s
title: T
passages:
  - {id: a, stimuli: {x: x.wav, y: y.wav}}
  - {id: b, stimuli: {x: x.wav, y: y.wav}}
"""


def read(tmp_path: Path, text: str) -> str:
    """What is told of the file with this text below :data:`HEAD`; '' if nothing."""
    path = tmp_path / "s.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    try:
        read_study_file(path)
    except UserError as error:
        return str(error).replace(str(tmp_path), "")
    return ""


def test_blocks_steps_and_blocks_of_blocks_are_read(tmp_path: Path) -> None:
    assert not read(
        tmp_path,
        """sequence:
  - {pages: one, test: {kind: ape}, passages: [a], order: fixed}
  - break
  - text: Now the other half.
  - questionnaire: [{id: q, type: text, label: "?"}]
  - order: random
    sequence:
      - {pages: two, test: {kind: ab}, systems: [x, y]}
      - sequence: [{text: Hello}, {pages: three, test: {kind: ape}}]
design: {abandoned_after_minutes: 60}
""",
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("before: [consent]\n", 1, "the key 'test' is missing"),
        ("test: {kind: ape}\nsequence: [{pages: p, test: {kind: ape}}]\n", 1, "give either test"),
        ("sequence: []\n", 1, "the key 'test' is missing"),
        ("sequence:\n  - {pages: p, test: {kind: apx}}\n", 8, "did you mean 'ape'"),
        ("sequence:\n  - {pages: p, test: {kind: ape, crosfade: true}}\n", 8, "crossfade"),
        ("sequence:\n  - {page: p, test: {kind: ape}}\n", 8, "did you mean 'pages'"),
        ("sequence:\n  - {pages: p}\n", 8, "block 'p': needs test"),
        ("sequence:\n  - {pages: a/b, test: {kind: ape}}\n", 8, "a block's name is 1 to 60"),
        ("sequence:\n  - {pages: 7, test: {kind: ape}}\n", 8, "put it in quotes"),
        (
            "sequence:\n  - {pages: p, test: {kind: ape}}\n  - {pages: p, test: {kind: ab}}\n",
            7,
            "two blocks are named 'p'",
        ),
        ("sequence:\n  - {pages: p, test: {kind: ape}, passages: [c]}\n", 7, "passage 'c'"),
        ("sequence:\n  - {pages: p, test: {kind: ape}, passages: [a, a]}\n", 8, "'a' twice"),
        ("sequence:\n  - {pages: p, test: {kind: ape}, training: true}\n", 7, "no block of pages"),
        ("sequence:\n  - text: Hello\n", 7, "no block of pages that count"),
        ("sequence:\n  - {order: random, sequence: []}\n", 8, "a block is either"),
        ("sequence:\n  - {pages: p, test: {kind: ape}, order: shuffled}\n", 8, "'shuffled'"),
        ("sequence:\n  - {pages: p, test: {kind: ape}}\n  - volume\n", 9, "under before"),
        ("sequence:\n  - {pages: p, test: {kind: ape}}\n  - thanks\n", 9, "under after"),
        (
            "sequence:\n  - {pages: p, test: {kind: ape}}\n  - training: {pages: 1}\n",
            9,
            "training: true",
        ),
        (
            "sequence:\n  - {pages: p, test: {kind: ape}}\n  - questionnaire: [{id: q, tipe: t}]\n",
            9,
            "'type'",
        ),
        (
            "design: {repeats: 1}\nsequence: [{pages: p, test: {kind: ape}}]\n",
            1,
            "design.repeats: with sequence it belongs to a block",
        ),
        (
            "before: [{training: {pages: 1}}]\nsequence: [{pages: p, test: {kind: ape}}]\n",
            1,
            "training is a block of pages",
        ),
        (
            "before: [{questionnaire: [{id: q, type: text, label: A}]}]\nsequence:\n"
            "  - {pages: p, test: {kind: ape}}\n"
            "  - questionnaire: [{id: q, type: text, label: B}]\n",
            1,
            "'q' appears twice",
        ),
        ("test: {kind: ape}\nafter: [break]\n", 8, "a break stands between pages"),
        (
            "sequence:\n  - {pages: p, test: {kind: ape}, design: {abandoned_after_minutes: 9}}\n",
            8,
            "of the whole study",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    said = read(tmp_path, text)
    assert words in said
    assert said.startswith(f"/s.yaml:{line}: "), said


def test_blocks_that_never_end_are_refused(tmp_path: Path) -> None:
    deep = "sequence: [" + "{sequence: [" * 60 + "{pages: p, test: {kind: ape}}" + "]}" * 60 + "]\n"
    assert "more than 5 deep" in read(tmp_path, deep)
