"""What real files hold: an analysis of what is possible with its reason, or a line of why not.

Every case runs the command itself and reads what it wrote.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from earmark.analysis.ratings.reading.files import read_ratings
from earmark.cli import earmark
from earmark.models.errors import UserError

Analyse = Callable[..., dict[str, Any]]
HEADER = "listener,passage,system,question,value"


def rows(
    listeners: int = 8, passages: int = 3, systems: str = "abc", question: str = "q"
) -> list[str]:
    draw = np.random.default_rng(5)
    return [
        f"L{n},p{m},{s},{question},{np.clip(50 + 8 * at + draw.normal(0, 9), 0, 100):.1f}"
        for n in range(listeners)
        for m in range(passages)
        for at, s in enumerate(systems)
    ]


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., str]:
    def run(lines: list[str], *options: str, text: str | None = None) -> str:
        source = tmp_path / "ratings.csv"
        source.write_text("\n".join([HEADER, *lines]) + "\n" if text is None else text)
        command = ["analyse", str(source), "--out", str(tmp_path / "out"), *options]
        with pytest.raises(UserError) as caught:
            CliRunner().invoke(earmark, command, catch_exceptions=False)
        assert not (tmp_path / "out").exists()
        message = str(caught.value)
        assert "\n" not in message
        return message

    return run


@pytest.fixture
def analysed(tmp_path: Path) -> Analyse:
    def run(lines: list[str], *options: str, raw: bytes | None = None) -> dict[str, Any]:
        source = tmp_path / "ratings.csv"
        source.write_bytes(("\n".join([HEADER, *lines]) + "\n").encode() if raw is None else raw)
        command = ["analyse", str(source), "--out", str(tmp_path / "out"), *options]
        done = CliRunner().invoke(earmark, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
        assert html.rstrip().endswith("</html>")
        text = (tmp_path / "out" / "result.json").read_text(encoding="utf-8")
        assert "NaN" not in text
        data: dict[str, Any] = json.loads(text)
        assert all(
            check["passed"] for block in (data, *data["others"]) for check in block["checks"]
        )
        return data

    return run


def test_missing_cells_are_counted_and_keep_the_comparison(analysed: Analyse) -> None:
    lines = [line for at, line in enumerate(rows()) if at not in (4, 20, 33)]
    data = analysed(lines)
    assert data["design"]["missing"] == 3
    assert data["primary"]["choice"] == "mixed model"
    assert "cells are missing" in data["primary"]["reason"]


def test_one_listener_is_compared_over_passages_and_says_for_whom(analysed: Analyse) -> None:
    data = analysed(rows(listeners=1, passages=6))
    assert data["primary"]["scope"] == "this listener"
    assert data["primary"]["omnibus"]["p"] is not None
    data = analysed(rows(listeners=1, passages=1))
    assert data["primary"]["choice"] == "none"
    assert data["primary"]["reason"]
    assert {row["n"] for row in data["descriptives"]["systems"]} == {1}


def test_one_passage_cannot_speak_of_other_music(analysed: Analyse) -> None:
    data = analysed(rows(passages=1), "--scope", "music")
    assert data["primary"]["scope"] == "passages"
    assert "Scope music is not possible" in data["primary"]["reason"]
    assert data["primary"]["omnibus"]["p"] is not None


def test_two_systems_are_one_pair_and_one_system_is_described(analysed: Analyse) -> None:
    data = analysed(rows(systems="ab"))
    assert data["primary"]["choice"] == "permutation"
    assert len(data["primary"]["pairs"]) == 1
    data = analysed(rows(systems="a"))
    assert data["primary"]["choice"] == "none"
    assert data["primary"]["pairs"] == []


def test_ratings_that_are_all_equal_say_so_and_reject_nothing(analysed: Analyse) -> None:
    data = analysed([line.rsplit(",", 1)[0] + ",50" for line in rows()])
    assert data["design"]["kind"] == "no variation"
    assert data["primary"]["omnibus"]["p"] is None
    assert not any(pair["reject"] for pair in data["primary"]["pairs"])
    assert not any(pair["reject"] for pair in data["classical"]["pairs"])


def test_a_rating_outside_the_scale_is_refused_with_its_line(refused: Callable[..., str]) -> None:
    message = refused([*rows(), "L0,p0,d,q,430"])
    assert "ratings.csv:74: rating 430" in message
    assert "0 to 100" in message


def test_duplicate_rows_count_once_and_replicates_are_averaged(analysed: Analyse) -> None:
    lines = rows()
    data = analysed([*lines, lines[0], lines[1]])
    assert data["input"]["duplicates"] == 2
    assert data["design"]["ratings"] == len(lines)
    again = [f"{line.rsplit(',', 1)[0]},{float(line.rsplit(',', 1)[1]) - 1:.1f}" for line in lines]
    data = analysed([*lines, *again])
    assert data["design"]["replicates"] == [2, 2]
    assert data["agreement"]["intra_rater"][0]["mean_absolute_difference"] == pytest.approx(1)


def test_names_with_commas_quotes_and_unicode_reach_every_table(
    analysed: Analyse, tmp_path: Path
) -> None:
    names = {"a": '"x, ""y"" & z"', "b": "Größe 日本語", "c": "مزيج"}
    lines = [
        ",".join([*line.split(",")[:2], names[line.split(",")[2]], *line.split(",")[3:]])
        for line in rows()
    ]
    data = analysed(lines)
    wanted = {'x, "y" & z', "Größe 日本語", "مزيج"}
    assert set(data["design"]["system_names"]) == wanted
    assert '"x, ""y"" & z"' in (tmp_path / "out/tables/systems.csv").read_text(encoding="utf-8")
    assert r"\&" in (tmp_path / "out/tables/systems.tex").read_text(encoding="utf-8")


def test_ids_that_look_like_numbers_stay_apart(analysed: Analyse) -> None:
    ids = {"L0": "007", "L1": "7", "L2": "1e5", "L3": "100000", "L4": "nan", "L5": "NA", "L6": "0"}
    lines = [f"{ids.get(line[:2], '-')}{line[2:]}" for line in rows()]
    data = analysed(lines)
    assert set(data["design"]["listener_names"]) == {*ids.values(), "-"}
    assert data["design"]["missing"] == 0


def written_otherwise() -> list[tuple[str, bytes]]:
    plain = "\n".join([HEADER, *rows()]) + "\n"
    semicolons = plain.replace(",", ";")
    tabs = plain.replace(",", "\t").replace("\n", "\r\n")
    return [
        ("a BOM", b"\xef\xbb\xbf" + plain.encode()),
        ("semicolons", semicolons.encode()),
        ("decimal commas", semicolons.replace(".", ",").encode()),
        ("UTF-16, tabs, CRLF", tabs.encode("utf-16")),
    ]


@pytest.mark.parametrize(("name", "raw"), written_otherwise(), ids=["BOM", ";", "1,5", "UTF-16"])
def test_how_the_file_is_written_changes_no_number(
    analysed: Analyse, name: str, raw: bytes
) -> None:
    first, other = analysed(rows()), analysed([], raw=raw)
    assert first["input"]["sha256"] != other["input"]["sha256"], name
    for key in ("descriptives", "classical", "primary", "secondary", "agreement"):
        assert first[key] == other[key]


def test_the_order_of_the_rows_changes_no_digit(analysed: Analyse) -> None:
    draw = np.random.default_rng(4)
    lines = [
        f"L{n},p{m},{s},q,{draw.uniform(0, 100):.3f}"
        for n in range(9)
        for m in range(4)
        for s in "abcd"
        for _ in range(3)
        if (n + m) % 5 or s != "b"
    ]
    first = analysed(lines)
    for _ in range(3):
        draw.shuffle(lines)
        other = analysed(lines)
        for key in ("descriptives", "classical", "primary", "secondary", "variance_components"):
            assert first[key] == other[key]


def test_mixed_questions_are_analysed_each_by_itself(analysed: Analyse) -> None:
    data = analysed([*rows(), *rows(5, 2, "ab", "other")])
    assert data["questions"] == ["other", "q"]
    assert data["design"]["systems"] == 2
    assert data["others"][0]["design"]["systems"] == 3
    alone = analysed([*rows(), *rows(5, 2, "ab", "other")], "--only", "other")
    assert alone["questions"] == ["other"]


def test_questions_with_similar_names_have_tables_of_their_own(
    analysed: Analyse, tmp_path: Path
) -> None:
    names = ("Treble+", "Treble-", "treble 2")
    data = analysed([line for name in names for line in rows(question=name)])
    assert data["questions"] == ["treble 2", "Treble+", "Treble-"]
    tables = {path.name for path in (tmp_path / "out" / "tables").iterdir()}
    for ending in ("csv", "tex"):
        assert {f"{name}-pairs.{ending}" for name in ("treble-2", "treble", "treble-3")} <= tables


def test_controls_with_similar_names_have_tables_of_their_own(
    analysed: Analyse, tmp_path: Path
) -> None:
    lines = [line.replace(",a,", ",x+,").replace(",b,", ",x-,") for line in rows(systems="abcd")]
    analysed(lines, "--reference", "x+", "--baseline", "x-")
    tables = {path.name for path in (tmp_path / "out" / "tables").iterdir()}
    assert {"against-x.csv", "against-x-2.csv"} <= tables


def test_a_reference_that_no_page_contains_is_refused(refused: Callable[..., str]) -> None:
    message = refused(rows(), "--reference", "orginal")
    assert "orginal" in message
    assert all(name in message for name in "abc")
    message = refused(rows(), "--anchors", "low")
    assert "low" in message


def referenced(listeners: int = 8) -> list[str]:
    """Ratings of r, a hidden reference that everybody finds, and of a, b and c."""
    return [
        *rows(listeners),
        *(f"L{n},p{m},r,q,9{n % 3 + 5}" for n in range(listeners) for m in range(3)),
    ]


@pytest.mark.parametrize("role", ["--reference", "--baseline"])
def test_a_question_without_the_reference_leaves_its_comparisons_out_and_says_so(
    analysed: Analyse, tmp_path: Path, role: str
) -> None:
    data = analysed([*referenced(), *rows(question="other")], role, "r")
    (without,), (whole,) = (block["secondary"]["many_to_one"] for block in (data, *data["others"]))
    assert without["control"] == whole["control"] == "r"
    assert (without["wilcoxon"], without["note"].startswith("r has no rating")) == ([], True)
    assert (len(whole["wilcoxon"]), whole["note"]) == (3, "")
    assert "r has no rating" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_system_that_only_an_excluded_listener_rated_is_compared_with_everyone_alone(
    analysed: Analyse, tmp_path: Path
) -> None:
    bad = [f"L8,p{m},{s},q,{v}" for m in range(3) for s, v in (("r", 30), ("a", 40), ("d", 70))]
    data = analysed([*referenced(), *bad], "--reference", "r", "--baseline", "d")
    assert [row["listener"] for row in data["screening"]["flow"]["excluded"]] == ["L8"]
    assert "d" not in data["design"]["system_names"]
    assert [c["note"] != "" for c in data["secondary"]["many_to_one"]] == [False, True]
    table = (tmp_path / "out/tables/with-and-without-exclusions.csv").read_text(encoding="utf-8")
    assert any(line.startswith("a,d,,,,") and line.endswith(",") for line in table.splitlines())


def test_the_reference_is_not_among_the_systems_compared_with_a_baseline(
    analysed: Analyse,
) -> None:
    data = analysed(referenced(), "--reference", "r", "--baseline", "a")
    compared = {
        control["control"]: [pair["group1"] + pair["group2"] for pair in control["wilcoxon"]]
        for control in data["secondary"]["many_to_one"]
    }
    assert compared == {"r": ["ar", "br", "cr"], "a": ["ba", "ca"]}


@pytest.mark.parametrize("scope", ["passages", "music"])
def test_ratings_without_any_noise_are_left_to_ranks(analysed: Analyse, scope: str) -> None:
    lines = [
        f"L{n},p{m},{s},q,{50 + n + 10 * at}"
        for n in range(8)
        for m in range(3)
        for at, s in enumerate("abc")
        if (n, m, s) != (2, 1, "a")
    ]
    data = analysed(lines, "--scope", scope)
    assert data["primary"]["choice"] == "mixed model"
    assert data["primary"]["method"] != "linear mixed model"
    assert any("the ratings do not vary" in note for note in data["primary"]["notes"])
    assert "do not vary" in data["variance_components"]["note"]


@pytest.mark.parametrize("scope", ["passages", "music"])
def test_systems_that_everybody_rates_alike_print_no_statistic_of_rounding(
    analysed: Analyse, scope: str
) -> None:
    score = {"a": 70, "b": 70, "c": 80}
    lines = [f"L{n},p{m},{s},q,{score[s]}" for n in range(6) for m in range(3) for s in "abc"]
    data = analysed(lines, "--scope", scope)
    tests = [test["omnibus"] for test in data["secondary"]["tests"] if "omnibus" in test]
    assert all(abs(test["statistic"] or 0) < 1e6 for test in [data["primary"]["omnibus"], *tests])
    assert {p["group1"] + p["group2"]: p["reject"] for p in data["primary"]["pairs"]} == {
        "ab": False,
        "ac": True,
        "bc": True,
    }


def test_where_the_mixed_model_would_take_hours_flips_answer_for_these_passages(
    monkeypatch: pytest.MonkeyPatch, analysed: Analyse
) -> None:
    monkeypatch.setattr(
        "earmark.analysis.ratings.mixed_models.restricted_likelihood.MOST_WORK", 1.0
    )
    lines = [line for at, line in enumerate(rows()) if at not in (4, 20, 33)]
    data = analysed(lines, "--scope", "music")
    assert data["primary"]["method"] == "listener flips"
    assert data["primary"]["scope"] == "passages"
    assert any("take its place" in note for note in data["primary"]["notes"])


@pytest.mark.slow
def test_two_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "ratings.csv"
    more = rows(6, 2, "abcd", "second")
    source.write_text("\n".join([HEADER, *rows(), *more]) + "\n")
    texts = []
    for seed in ("1", "77"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "earmark", "analyse", str(source), "--out", str(out)]
        options = ["--scope", "music", "--margin", "5", "--folder", "--reference", "a"]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([*command, *options], check=True, capture_output=True, env=environment)
        made = [out / "result.json", out / "report.html", out / "sentences.txt"]
        made += sorted((out / "tables").iterdir())
        texts.append([path.read_bytes() for path in made])
    assert texts[0] == texts[1]


@pytest.mark.parametrize("code", [-99, -1])
def test_a_code_for_missing_is_no_rating(tmp_path: Path, code: int) -> None:
    path = tmp_path / "r.csv"
    rows = [f"L{n},p{p},{s},{53 + n + 3 * p}" for n in range(4) for p in range(3) for s in "AB"]
    path.write_text("\n".join(["listener,passage,system,value", *rows, f"L9,p0,A,{code}"]))
    with pytest.raises(UserError, match=f"the ratings hold {code} 1 times") as error:
        read_ratings(path)
    assert "leave these cells empty" in str(error.value)


def test_answers_of_a_questionnaire_are_no_systems(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    rows = [f"L{n},1,{n % 2},{20 + n},{60 + n},{45 + 2 * n}" for n in range(6)]
    path.write_text("\n".join(["subject,agreed,played,A,B,C", *rows]))
    with pytest.raises(UserError, match="0 and 1 alone stand in 'agreed'"):
        read_ratings(path)
    path.write_text("\n".join(["subject,consent,hours_music,A,B,C", *rows]))
    assert read_ratings(path).ratings.systems == ("A", "B", "C")


@pytest.mark.parametrize("told", ["+49 171 5551234 Anna", "192.168.1.17 anna", "anna@example.org"])
def test_what_looks_personal_is_in_no_message(tmp_path: Path, told: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f"listener,passage,system,value\nL0,p0,A,50\nL0,p0,B,{told}\n")
    with pytest.raises(UserError) as error:
        read_ratings(path)
    assert not any(word in str(error.value) for word in ("anna", "Anna", "555", "192"))


def test_nicknames_that_tell_repeats_apart_are_counted_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    nicks = ("Bo Li", "Jo Ray")
    rated = [f"L{n},p0,A,{50 + n},{nick}" for n in range(4) for nick in nicks]
    path.write_text("\n".join(["listener,passage,system,value,nick", *rated]))
    with pytest.raises(UserError, match=r"differ in 'nick' \(2 values\)"):
        read_ratings(path)
