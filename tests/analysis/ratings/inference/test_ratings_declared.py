"""What a study declared beforehand: which values are taken, and what is said of the others."""

import re
from pathlib import Path
from typing import Any

import pytest

from earmark.analysis.ratings.inference.declared import names_in, read_declared
from earmark.analysis.ratings.inference.options import DECLARABLE, RatingsOptions
from earmark.analysis.ratings.result.names import Scope
from earmark.models.errors import UserError


def declared(folder: Path, text: str) -> dict[str, Any]:
    path = folder / "declared.yaml"
    path.write_text(text, encoding="utf-8")
    return read_declared(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("alpha: 0.01", 0.01),
        ("alpha: 0.499", 0.499),
        ("margin: 5", 5),
        ("margin: 0.5", 0.5),
        ("scope: music", "music"),
        ("scope: auto", "auto"),
        ("adjust: fdr_bh", "fdr_bh"),
        ("anchors: low,mid", ["low", "mid"]),
        ("anchors: [low, mid]", ["low", "mid"]),
        ("anchors: []", []),
        ("reference: original", "original"),
        ("baseline: '7'", "7"),
        ("primary: overall", "overall"),
        ("question: bass", "bass"),
    ],
)
def test_a_declared_value_is_taken_as_it_is(tmp_path: Path, text: str, value: Any) -> None:
    name = text.partition(":")[0]
    assert declared(tmp_path, text) == {name: value}
    assert declared(tmp_path, f"{name}: null\n") == {}, "null declares nothing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *((f"alpha: {bad}", "0.05'") for bad in ("0", "0.5", "-0.1", "true", "small", "[0.05]")),
        *((f"margin: {bad}", "points of the scale") for bad in ("0", "-1", ".inf", "yes", "wide")),
        *((f"scope: {bad}", "choose from auto, passages, music") for bad in ("all", "1")),
        *((f"adjust: {bad}", "choose from bonferroni") for bad in ("tukey", "1", "[holm]")),
        *((f"anchors: {bad}", "names of systems") for bad in ("3", "[1]", "[low, '']", "{a: b}")),
        *((f"{name}: {bad}", "in quotes") for name in ("reference", "baseline", "primary",
          "question") for bad in ("3", "true", "' '", "[a]")),
    ],
)  # fmt: skip
def test_a_value_that_an_option_never_has_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        declared(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'declared.yaml'}:1: {text.partition(':')[0]} ")
    assert said in message
    assert "\n" not in message


def test_a_file_that_declares_nothing_readable_is_one_line(tmp_path: Path) -> None:
    for text, said in (
        ("seed: 3", f"declared 'seed' is unknown; choose from {', '.join(DECLARABLE)}"),
        ("- alpha", "must hold names and values, as 'scope: music'"),
        ("", "the file is empty"),
        ("a: [", "not valid YAML"),
    ):
        with pytest.raises(UserError, match=re.escape(said)):
            declared(tmp_path, text)
    with pytest.raises(UserError, match="cannot be read"):
        read_declared(tmp_path)
    with pytest.raises(UserError, match="no such file"):
        read_declared(tmp_path / "gone.yaml")


def test_names_are_parted_by_commas_that_no_quotes_hold() -> None:
    assert names_in("a, b ,c") == ["a", "b", "c"]
    assert names_in('"a,b",c') == ["a,b", "c"]
    assert names_in("a,,b,") == ["a", "b"]
    assert names_in("") == []
    assert names_in(["x,y", "z"]) == ["x,y", "z"]
    assert names_in(("x",)) == ["x"]


def test_each_option_has_its_range_to_the_very_end() -> None:
    usual = RatingsOptions()
    assert (usual.alpha, usual.seed, usual.adjust, usual.scope) == (0.05, 0, "holm", "auto")
    assert (usual.abx, usual.margin, usual.aside) == (False, None, ())
    for good in ({"alpha": 1e-9}, {"alpha": 0.4999}, {"margin": 1e-9}, {"seed": 0}):
        RatingsOptions(**good)
    for bad in ({"alpha": 0.0}, {"alpha": 0.5}, {"margin": 0.0}, {"margin": float("nan")},
                {"seed": -1}, {"declared": {"seed": 1}}):  # fmt: skip
        with pytest.raises(UserError):
            RatingsOptions(**bad)


def test_reference_and_anchors_are_set_aside_once_each() -> None:
    options = RatingsOptions(reference="r", anchors=("a", "b", "a"))
    assert options.aside == ("r", "a", "b")
    assert RatingsOptions(anchors=("a",)).aside == ("a",)


def test_names_are_those_of_the_rows_or_the_nearest_is_offered() -> None:
    systems, questions = ("limiter", "tcn"), ("overall", "bass")
    RatingsOptions(reference="tcn", anchors=("limiter",), question="bass").check_names(
        systems, questions
    )
    for options, said in (
        ({"reference": "limitr"}, "reference 'limitr' is in no row; the systems are 'limiter', "
         "'tcn'; did you mean 'limiter'?"),
        ({"baseline": "xyz"}, "baseline 'xyz' is in no row; the systems are 'limiter', 'tcn'"),
        ({"anchors": ("tcn", "qq")}, "anchor 'qq' is in no row"),
        ({"question": "bas"}, "question 'bas' is in no row; the questions are 'overall', 'bass'; "
         "did you mean 'bass'?"),
        ({"declared": {"primary": "tone"}}, "declared primary 'tone' is in no row"),
        ({"baseline": "tcn", "anchors": ("tcn",)}, "'tcn' is both baseline and anchor"),
    ):  # fmt: skip
        with pytest.raises(UserError) as caught:
            RatingsOptions(**options).check_names(systems, questions)
        assert str(caught.value).startswith(said)
        assert ("did you mean" in str(caught.value)) == ("did you mean" in said)
    many = [f"s{at}" for at in range(30)]
    with pytest.raises(UserError) as caught:
        RatingsOptions(reference="zzz").check_names(many, questions)
    assert str(caught.value).endswith("'s19'"), "twenty are enough to see"


def test_the_declared_question_comes_first_and_the_named_one_alone() -> None:
    questions = ["bass", "clarity", "overall"]
    assert RatingsOptions().ordered(questions) == questions
    first = RatingsOptions(declared={"primary": "overall"})
    assert first.ordered(questions) == ["overall", "bass", "clarity"]
    assert RatingsOptions(question="clarity").ordered(questions) == ["clarity"]


def test_the_scope_is_the_one_asked_for_else_the_declared_one() -> None:
    assert RatingsOptions().resolved_scope() is Scope.PASSAGES
    assert RatingsOptions(declared={"scope": "music"}).resolved_scope() is Scope.MUSIC
    assert RatingsOptions(declared={"scope": "auto"}).resolved_scope() is Scope.PASSAGES
    asked = RatingsOptions(scope="passages", declared={"scope": "music"})
    assert asked.resolved_scope() is Scope.PASSAGES
    assert asked.deviations() == ["scope is 'passages'; the study declared 'music'"]


def test_a_deviation_is_told_and_what_was_kept_is_not() -> None:
    kept = {"alpha": 0.05, "anchors": ["low"], "primary": "bass", "scope": "auto", "margin": 4}
    options = {"anchors": ("low",), "margin": 4.0}
    assert RatingsOptions(**options, declared=kept).deviations() == []  # type: ignore[arg-type]
    assert RatingsOptions(**options, question="bass", declared=kept).deviations() == []  # type: ignore[arg-type]
    other = RatingsOptions(question="overall", alpha=0.1, anchors=("mid", "low"), declared=kept)
    assert other.deviations() == [
        "alpha is 0.1; the study declared 0.05",
        "anchors is ['mid', 'low']; the study declared ['low']",
        "margin is None; the study declared 4",
        "only 'overall' is analysed; primary was 'bass'",
    ]
