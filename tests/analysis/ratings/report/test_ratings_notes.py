"""Every test that a report prints has its footnote, and footnotes name what exists."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratings_simulation import simulated_cells, written_ratings

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.report.html import page
from earmark.analysis.ratings.report.words.footnotes import NOTES, Footnote, notes
from earmark.analysis.ratings.report.words.sentences import PAIRS
from earmark.analysis.ratings.result.names import Method

r = np.random.default_rng(3)


def rated(folder: Path, cells: Any, **options: Any) -> tuple[str, set[str]]:
    file = read_ratings(written_ratings(folder / "r.csv", np.asarray(cells)))
    result = analyse(file, RatingsOptions(**options))
    return page(result, file, bundle=""), {name for name, _ in notes(result)}


def answered(folder: Path, rows: list[str], **options: Any) -> tuple[str, set[str]]:
    path = folder / "r.csv"
    path.write_text("\n".join(["listener,passage,system,value", *rows]) + "\n", encoding="utf-8")
    file = read_ratings(path)
    result = analyse(file, RatingsOptions(**options))
    return page(result, file, bundle=""), {name for name, _ in notes(result)}


def with_holes(passages: int = 3) -> Any:
    cells = simulated_cells(2, (8, passages, 4))
    cells[0, 0, 0] = cells[3, 0, 1] = cells[5, 0, 3] = np.nan
    return cells


def incomplete() -> Any:
    cells = simulated_cells(2, (8, 2, 4))
    for listener in range(8):
        cells[listener, :, listener % 4] = np.nan
    return cells


CASES: dict[str, tuple[Any, dict[str, Any], set[str]]] = {
    "complete": (
        lambda: simulated_cells(1, (8, 3, 4)),
        {"reference": "A", "margin": 5.0},
        {"Friedman F (Iman-Davenport)", "paired t", "Conover-Friedman", "Quade", "Nemenyi",
         "within-listener permutation", "permutation of pairs", "Wilcoxon signed rank",
         "Demšar's z", "two one-sided tests (TOST)", "Kruskal-Wallis", "Conover-Iman",
         "Friedman"},
    ),
    "music": (
        lambda: simulated_cells(1, (8, 3, 4)),
        {"scope": "music"},
        {"quasi-F′", "crossed t", "linear mixed model"},
    ),
    "holes": (with_holes, {}, {"linear mixed model", "t of the mixed model", "Skillings-Mack"}),
    "holes, one passage": (
        lambda: with_holes(1),
        {},
        {"Skillings-Mack", "paired t"},
    ),
    "incomplete": (incomplete, {}, {"Durbin F", "paired t"}),
    "two systems": (
        lambda: simulated_cells(1, (8, 3, 2)),
        {},
        {"within-listener permutation", "permutation of pairs"},
    ),
    "one listener": (lambda: simulated_cells(1, (1, 6, 3)), {}, {"paired t"}),
    "one system": (lambda: simulated_cells(1, (4, 2, 1)), {}, set()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_test_of_a_report_has_its_footnote(tmp_path: Path, name: str) -> None:
    cells, options, expected = CASES[name]
    text, found = rated(tmp_path, cells(), **options)
    assert expected <= found
    for note in found:
        assert NOTES[Method(note)].calls() in text


def footnotes(folder: Path, rows: list[str], **options: Any) -> dict[str, Footnote]:
    path = folder / "r.csv"
    path.write_text("\n".join(["listener,passage,system,value", *rows]) + "\n", encoding="utf-8")
    return dict(notes(analyse(read_ratings(path), RatingsOptions(**options))))


def rows_of(cells: Any) -> list[str]:
    return [
        f"L{n},p{m},{'ABCDE'[s]},{np.clip(value, 0, 100):.1f}"
        for (n, m, s), value in np.ndenumerate(np.asarray(cells))
        if not np.isnan(value)
    ]


def test_a_footnote_to_the_mixed_model_is_of_the_model_that_was_fitted(tmp_path: Path) -> None:
    random = "score ~ system + (1|l) + (1|p) + (1|l:p) + (1|l:s) + (1|p:s)"
    fixed = "score ~ system * passage + (1|l) + (1|l:p) + (1|l:s)"
    for scope, order in (("music", [random, fixed]), ("passages", [fixed, random])):
        r_call = footnotes(tmp_path, rows_of(with_holes()), scope=scope)["linear mixed model"].r
        assert r_call.split("; ") == [f"anova(lmerTest::lmer({one}))" for one in order]


@pytest.mark.parametrize(
    ("adjust", "named"),
    [("holm", "holm"), ("simes-hochberg", "hochberg"), ("fdr_bh", "BH"), ("sidak", "none")],
)
def test_footnotes_name_the_adjustment_that_makes_r_print_the_same(
    tmp_path: Path, adjust: str, named: str
) -> None:
    found = footnotes(
        tmp_path, rows_of(simulated_cells(1, (8, 3, 4))), adjust=adjust, reference="A"
    )
    for name in ("Conover-Iman", "Conover-Friedman", "Quade", "Demšar's z"):
        assert f'p.adjust.method = "{named}"' in found[name].r
        assert ("adjusted by hand" in found[name].differs) == (adjust == "sidak")
    assert "p.adjust" not in found["Nemenyi"].r


def test_footnotes_follow_the_scale_and_the_design(tmp_path: Path) -> None:
    fine = footnotes(tmp_path, rows_of(simulated_cells(1, (8, 3, 4))), margin=5.0)
    assert fine["Krippendorff's α"].r == 'irr::kripp.alpha(y, "interval")'
    assert "paired = TRUE" in fine["two one-sided tests (TOST)"].r
    steps = [f"L{n},p,{s},{r.integers(1, 6)}" for n in range(9) for s in "xyz"]
    coarse = footnotes(tmp_path, steps)["Krippendorff's α"]
    assert (coarse.r, "ordinal differences" in coarse.formula) == (
        'irr::kripp.alpha(y, "ordinal")',
        True,
    )
    between = [f"L{n}{s},p,{s},{50 + r.normal():.2f}" for n in range(6) for s in "xyz"]
    apart = footnotes(tmp_path, between, margin=5.0)["two one-sided tests (TOST)"]
    assert ("paired = FALSE" in apart.r, "Welch" in apart.formula) == (True, True)
    music = footnotes(tmp_path, rows_of(simulated_cells(1, (8, 3, 4))), margin=5.0, scope="music")[
        "two one-sided tests (TOST)"
    ]
    assert "lmer(d ~ 1 + (1|l) + (1|p))" in music.r


def test_preferences_abx_between_listeners_and_signed_scales_have_theirs(tmp_path: Path) -> None:
    pairs = (("x", "y"), ("x", "z"), ("y", "z"))
    wins = [
        f"L{n},{p}{a}{b},{s},{v}"
        for n in range(8)
        for p in range(2)
        for a, b in pairs
        for s, v in ((a, (n + p + ord(a)) % 3 > 0), (b, not (n + p + ord(a)) % 3 > 0))
    ]
    wins = [row.replace("True", "1").replace("False", "0") for row in wins]
    text, found = answered(tmp_path, wins)
    assert {"listener flips", "flipped listeners", "Bradley-Terry"} <= found
    right = [f"L{n},p{p},x / y,{int((n * p) % 4 > 0)}" for n in range(6) for p in range(8)]
    text, found = answered(tmp_path, right, abx=True)
    assert {"binomial test", "beta-binomial test", "d′"} <= found
    assert "ABX per listener" in text
    between = [f"L{n}{s},p,{s},{50 + r.normal():.2f}" for n in range(6) for s in "xyz"]
    _, found = answered(tmp_path, between)
    assert {"Kruskal-Wallis", "Conover-Iman", "Cliff's δ"} <= found
    signed = [f"L{n},p,{s},{r.integers(-3, 4)}" for n in range(9) for s in "xyz"]
    text, found = answered(tmp_path, signed)
    assert "Wilcoxon signed rank" in found
    assert "against 0, no difference" in text


def test_a_footnote_names_functions_that_exist_and_every_part_is_filled() -> None:
    for name, note in NOTES.items():
        for call in note.ours:
            module, _, function = call.rpartition(".")
            home = importlib.import_module(f"earmark.analysis.ratings.{module}")
            assert callable(getattr(home, function)), name
        assert all((note.formula, note.library, note.r, note.differs)), name
    assert set(PAIRS) - {Method.NONE} <= set(NOTES)
    # P(i beats j) is told by the note of its model.
    assert set(NOTES) == set(Method) - {Method.NONE, Method.BEATS, Method.FRIEDMAN_PER_PASSAGE}


def test_abx_and_preferences_are_told_in_their_own_words(tmp_path: Path) -> None:
    right = [f"L{n},p{p},x / y,{int(p != n)}" for n in range(6) for p in range(8)]
    text, _ = answered(tmp_path, right, abx=True)
    assert (
        "x / y were told apart: 42 of 48 answers right (mean of listeners 88 %, 76 to 95 %)" in text
    )
    assert "No comparison of the systems" not in text
    guessed = [f"L{n},p{p},x / y,{(n + p) % 2}" for n in range(6) for p in range(8)]
    assert "not shown to be told apart" in answered(tmp_path, guessed, abx=True)[0]
    chosen = [
        f"L{n},p{p}{other},{s},{int(s == 'x') if n else 0.5}"
        for n in range(8)
        for p in range(2)
        for other in "yz"
        for s in ("x", other)
    ]
    text, _ = answered(tmp_path, chosen)
    assert "x was preferred most often (94 %" in text
    assert "Difference in points" not in text


def test_a_preference_of_two_systems_is_no_rating_in_points(tmp_path: Path) -> None:
    chosen = [
        f"L{n},p{p},{s},{int((s == 'x') == (p < 3))}"
        for n in range(8)
        for p in range(4)
        for s in "xy"
    ]
    text, _ = answered(tmp_path, chosen)
    assert "x was preferred most often (75 %" in text
    assert "y – x" in text or "x – y" in text
    assert "has the highest mean rating" not in text
    assert "Difference in points" not in text
