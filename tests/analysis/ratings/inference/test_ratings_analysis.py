"""The analysis fits the design, recovers known effects, and says why where it cannot."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratings_simulation import document, pair, passed, simulated_cells, written_ratings

from earmark.analysis.presentation.numbers import p_apa
from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.crossed import components, mean_squares
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.report.tables.sheets import sheets
from earmark.analysis.ratings.report.words.sentences import omnibus_sentence
from earmark.models.errors import UserError

Run = Callable[..., dict[str, Any]]
EFFECTS = np.array([0, 0, 6, 12, -20.0])
NAN = float("nan")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def make(cells: Floats, options: RatingsOptions | None = None, **more: Any) -> dict[str, Any]:
        path = written_ratings(tmp_path / "ratings.csv", cells, **more)
        return document(analyse(read_ratings(path), options or RatingsOptions()))

    return make


@pytest.mark.parametrize("scope", ["passages", "music"])
def test_known_effects_are_recovered(run: Run, scope: str) -> None:
    cells = simulated_cells(1, (24, 8, 5), effects=EFFECTS, listener_system=4)
    result = run(cells, RatingsOptions(scope=scope, margin=6.0))
    primary = result["primary"]
    assert primary["scope"] == scope
    assert primary["omnibus"]["p"] < 1e-6
    assert pair(primary, "AB")["verdict"] == "equivalent"
    assert pair(primary, "AD")["verdict"] == "D better"
    assert pair(primary, "CE")["verdict"] == "C better"
    for first, second in ("AB", "AC", "AD", "AE", "DE"):
        found = pair(primary, first + second)
        truth = EFFECTS["ABCDE".index(first)] - EFFECTS["ABCDE".index(second)]
        assert abs(found["mean_diff"] - truth) < 4
        assert found["low"] < found["mean_diff"] < found["high"]
    assert passed(result)


@pytest.mark.parametrize(
    ("change", "scope", "kind", "choice"),
    [
        (lambda c: c, "passages", "complete", "Friedman F"),
        (lambda c: c, "music", "complete", "quasi-F"),
        (lambda c: c[:, :, :2], "passages", "complete", "permutation"),
        (lambda c: c[:, :1], "music", "complete", "Friedman F"),
        (lambda c: c[:1], "passages", "one listener", "friedman over passages"),
        (lambda c: c[:1, :1], "passages", "one listener", "none"),
        (lambda c: c[:, :, :1], "passages", "one system", "none"),
        (lambda c: np.full_like(c, 50), "passages", "no variation", "none"),
    ],
)
def test_the_design_chooses_the_primary_analysis(
    run: Run, change: Callable[[Floats], Floats], scope: str, kind: str, choice: str
) -> None:
    result = run(change(simulated_cells(2, effects=EFFECTS)), RatingsOptions(scope=scope))
    assert result["design"]["kind"] == kind
    assert result["primary"]["choice"] == choice
    assert result["primary"]["reason"]
    assert passed(result)


@pytest.mark.slow
def test_missing_cells_lead_to_the_mixed_model_in_both_scopes(run: Run) -> None:
    cells = simulated_cells(3, effects=EFFECTS)
    cells[np.random.default_rng(0).random(cells.shape) < 0.1] = NAN
    for scope in ("passages", "music"):
        result = run(cells, RatingsOptions(scope=scope))
        assert result["design"]["kind"] == "incomplete"
        assert result["design"]["missing"] == int(np.isnan(cells).sum())
        assert result["primary"]["choice"] == "mixed model"
        assert pair(result["primary"], "DE")["verdict"] == "D better"
        assert passed(result)


def test_listeners_with_whole_pages_missing_keep_the_rank_test(run: Run) -> None:
    cells = simulated_cells(3, effects=EFFECTS)
    cells[np.random.default_rng(0).random(cells.shape[:2]) < 0.2] = NAN
    result = run(cells)
    assert result["design"]["kind"] == "complete blocks"
    assert result["primary"]["choice"] == "Friedman F"


def test_balanced_incomplete_blocks_lead_to_durbin(run: Run) -> None:
    cells = simulated_cells(5, (20, 3, 5), effects=EFFECTS)
    for listener in range(20):
        cells[listener, :, listener % 5] = NAN
    result = run(cells)
    assert result["primary"]["choice"] == "Durbin"
    assert result["primary"]["omnibus"]["p"] < 0.001
    assert passed(result)


def test_different_listeners_per_system_lead_to_kruskal_on_listener_means(run: Run) -> None:
    cells = simulated_cells(5, (40, 3, 5), effects=EFFECTS * 2)
    for listener in range(40):
        cells[listener, :, np.arange(5) != listener % 5] = NAN
    result = run(cells, RatingsOptions(scope="music"))
    assert result["design"]["kind"] == "between"
    primary = result["primary"]
    assert (primary["choice"], primary["scope"]) == ("Kruskal-Wallis", "passages")
    assert "music is not possible" in primary["reason"]
    assert primary["pairs"][0]["n"] == 16, "listeners, not their 48 ratings"
    assert primary["pairs"][0]["effect"]["name"] == "Cliff's δ"
    assert passed(result)


def test_an_arbitrary_hole_on_one_passage_leads_to_skillings_mack(run: Run) -> None:
    cells = simulated_cells(5, (20, 1, 5), effects=EFFECTS)
    cells[0, 0, 0] = cells[1, 0, 1] = NAN
    result = run(cells)
    assert result["primary"]["choice"] == "Skillings-Mack"
    assert passed(result)


def test_the_classical_block_is_always_there_with_its_banner(run: Run) -> None:
    result = run(simulated_cells(1))
    assert "400 ratings come from 16 listeners" in result["classical"]["banner"]
    assert result["classical"]["kruskal"]["df"] == 4
    assert set(result["classical"]["pairs"][0]) >= {
        *("group1", "group2", "mean_diff", "median_diff", "mean_rank_diff", "t", "df"),
        *("p_raw", "p_adj", "reject"),
    }
    alone = simulated_cells(1, (10, 1, 2))
    alone[:5, :, 0] = alone[5:, :, 1] = NAN
    assert run(alone)["classical"]["banner"] is None


def test_equal_input_options_and_seed_give_equal_bytes(tmp_path: Path) -> None:
    path = written_ratings(tmp_path / "ratings.csv", simulated_cells(1))
    texts = {analyse(read_ratings(path), RatingsOptions(seed=3)).json_text() for _ in range(2)}
    assert len(texts) == 1
    assert "NaN" not in texts.pop()


def test_the_order_of_the_rows_changes_nothing_but_the_files_sum(tmp_path: Path) -> None:
    path = written_ratings(tmp_path / "ratings.csv", simulated_cells(1, effects=EFFECTS))
    first = document(analyse(read_ratings(path), RatingsOptions()))
    header, *rows = path.read_text().splitlines()
    np.random.default_rng(0).shuffle(rows)
    path.write_text("\n".join([header, *rows]))
    second = document(analyse(read_ratings(path), RatingsOptions()))
    assert first["input"].pop("sha256") != second["input"].pop("sha256")
    for key in ("design", "primary", "agreement"):
        close(first[key], second[key])


def close(one: Any, other: Any) -> None:
    """Equal but for the rounding of sums in another order."""
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            close(one[key], other[key])
    elif isinstance(one, list):
        for a, b in zip(one, other, strict=True):
            close(a, b)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-9)
    else:
        assert one == other


def test_screening_excludes_by_the_assessors_own_items_and_shows_both_results(run: Run) -> None:
    cells = simulated_cells(1, (10, 10, 3), effects=np.array([0, 10, 20.0]))
    reference = np.full((10, 10, 1), 95.0)
    reference[0, :2] = 40  # 20 % of this listener's items
    reference[1, :1] = 40  # 10 %
    reference[2, 0] = 40  # one of four: 25 %
    cells = np.concatenate([cells, reference], axis=2)
    cells[2, 4:] = NAN
    result = run(cells, RatingsOptions(reference="ref"), systems=["A", "B", "C", "ref"])
    excluded = result["screening"]["excluded"]
    assert [entry["listener"] for entry in excluded] == ["L0", "L2"]
    assert excluded[0]["rule"] == "bs1534-reference"
    assert excluded[0]["value"] == pytest.approx(0.2)
    assert [page["passage"] for page in excluded[0]["evidence"]] == ["song 0", "song 1"]
    assert result["design"]["listeners"] == 8
    assert result["design"]["system_names"] == ["A", "B", "C"]
    everyone = result["all_listeners"]
    assert everyone["primary"]["omnibus"]["df2"] > result["primary"]["omnibus"]["df2"]
    assert passed(result)


def test_a_mid_anchor_that_many_rate_high_accuses_nobody(run: Run) -> None:
    cells = simulated_cells(1, (10, 4, 2))
    anchor = np.full((10, 4, 1), 30.0)
    anchor[:4, 0] = 97  # rated high by 40 %: the item's fault
    anchor[9, 2] = 97  # one of the three items that count
    cells = np.concatenate([cells, anchor], axis=2)
    result = run(cells, RatingsOptions(anchors=("mid",)), systems=["A", "B", "mid"])
    assert [entry["listener"] for entry in result["screening"]["excluded"]] == ["L9"]


def test_a_rule_that_would_exclude_everyone_excludes_no_one(run: Run) -> None:
    cells = simulated_cells(1, (5, 4, 2))
    cells = np.concatenate([cells, np.full((5, 4, 1), 50.0)], axis=2)
    result = run(cells, RatingsOptions(reference="ref"), systems=["A", "B", "ref"])
    assert result["screening"]["excluded"] == []
    assert "every listener" in result["primary"]["notes"][0]


def test_each_question_has_its_own_result_and_the_family_is_declared(tmp_path: Path) -> None:
    extra = tmp_path / "extra.csv"
    written_ratings(extra, simulated_cells(2), question="clarity")
    more = extra.read_text().splitlines()[1:]
    path = written_ratings(tmp_path / "ratings.csv", simulated_cells(1, effects=EFFECTS), more=more)
    result = analyse(read_ratings(path), RatingsOptions())
    assert result.questions == ("clarity", "overall")
    assert result.others[0].question == "overall"
    raw = [one.primary.omnibus.p for one in result.every_question()]
    adjusted = [one.primary.omnibus.p_questions for one in result.every_question()]
    assert raw[1] is not None
    assert adjusted[1] == pytest.approx(min(1, 2 * raw[1]))
    assert "holm" in result.questions_adjust
    for block in result.every_question():
        p = block.primary.omnibus.p_questions
        assert p is not None
        assert omnibus_sentence(block).endswith(f"; {p_apa(p)} adjusted over 2 questions by holm.")
        (tests,) = [sheet for sheet in sheets(block) if sheet.name == "tests"]
        column = [column.title for column in tests.columns].index("P_adj over questions")
        assert [row[column] for row in tests.rows][:2] == [p, None]
    only = analyse(read_ratings(path), RatingsOptions(question="overall"))
    assert only.questions == ("overall",)
    assert only.others == ()
    assert "questions" not in omnibus_sentence(only)
    (tests,) = [sheet for sheet in sheets(only) if sheet.name == "tests"]
    assert "P_adj over questions" not in [column.title for column in tests.columns]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reference": "Refernce"}, "reference 'Refernce' is in no row; the systems are 'A'"),
        ({"baseline": "F"}, "baseline 'F' is in no row"),
        ({"question": "x"}, "question 'x' is in no row"),
        ({"reference": "A", "anchors": ("A",)}, "'A' is both reference and anchor"),
    ],
)
def test_names_that_no_row_contains_are_refused(
    run: Run, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        run(simulated_cells(1), RatingsOptions(**options))


@pytest.mark.parametrize(
    "options",
    [{"alpha": 0.7}, {"margin": 0.0}, {"adjust": "tukey"}, {"scope": "all"}, {"seed": -1}],
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        RatingsOptions(**options)


def test_deviations_from_what_the_study_declared_are_named(run: Run) -> None:
    declared = {"scope": "music", "alpha": 0.05, "adjust": "bonferroni"}
    result = run(simulated_cells(1), RatingsOptions(declared=declared))
    assert result["primary"]["scope"] == "music", "auto follows the study"
    assert result["deviations"] == ["adjust is 'holm'; the study declared 'bonferroni'"]


def test_many_to_one_compares_the_systems_with_the_reference(run: Run) -> None:
    cells = simulated_cells(1, effects=np.array([0, 0, 0, 0, 70.0]))
    result = run(cells, RatingsOptions(reference="E"))
    (block,) = result["secondary"]["many_to_one"]
    assert block["control"] == "E"
    assert [p["group1"] for p in block["wilcoxon"]] == list("ABCD")
    assert all(p["mean_diff"] < 0 and p["high"] < 0 and p["reject"] for p in block["wilcoxon"])
    assert result["design"]["system_names"] == list("ABCD")


def test_drift_over_the_session_is_found_and_named(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    rows = ["listener,passage,system,value,position"]
    for listener in range(12):
        for passage in range(4):
            for position, system in enumerate(r.permutation(4)):
                value = 50 + 4 * position + r.normal(0, 3)
                rows.append(f"L{listener},p{passage},s{system},{value:.1f},{position + 1}")
    path = tmp_path / "drift.csv"
    path.write_text("\n".join(rows))
    effects = document(analyse(read_ratings(path), RatingsOptions()))["secondary"]["order_effects"]
    assert effects[0]["order"] == "position"
    assert effects[0]["low"] < 4 < effects[0]["high"] + 1
    assert effects[0]["p"] < 1e-6
    assert effects[1]["note"] == "the ratings do not say the order"


def test_slopes_that_differ_by_rounding_alone_are_no_drift(tmp_path: Path) -> None:
    rows = ["listener,passage,system,value,position"]
    for listener in range(9):
        for passage in range(3):
            for at, system in enumerate("abc"):
                # A system's mean over listeners takes all that the same order for all could add.
                value = 40 + 0.1 * listener + 7.3 * at * passage
                rows.append(f"L{listener},p{passage},{system},{value:.1f},{at + 1}")
    path = tmp_path / "still.csv"
    path.write_text("\n".join(rows))
    effects = document(analyse(read_ratings(path), RatingsOptions()))["secondary"]["order_effects"]
    assert effects[0]["p"] is None
    assert effects[0]["note"] == "the slopes of all listeners are equal"


def test_repeats_are_averaged_for_the_test_and_measured_for_agreement(tmp_path: Path) -> None:
    cells = simulated_cells(1, (8, 3, 3))
    path = tmp_path / "repeated.csv"
    rows = written_ratings(path, cells).read_text().splitlines()
    second = written_ratings(path, cells + 4).read_text().splitlines()[1:]
    path.write_text("\n".join([*rows, *second]))
    result = document(analyse(read_ratings(path), RatingsOptions(scope="music")))
    assert result["design"]["replicates"] == [2, 2]
    assert result["primary"]["choice"] == "quasi-F"
    assert all(e["mean_absolute_difference"] <= 4.01 for e in result["agreement"]["intra_rater"])
    assert result["agreement"]["intra_rater_note"] is None


@pytest.mark.slow
def test_a_signed_scale_is_also_tested_against_zero(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    rows = ["listener,passage,system,value"]
    for listener in range(14):
        for system, shift in (("same", 0), ("better", 2)):
            value = int(np.clip(np.round(r.normal(shift, 1)), -3, 3))
            rows.append(f"L{listener},p,{system},{value}")
    path = tmp_path / "ccr.csv"
    path.write_text("\n".join(rows))
    result = document(analyse(read_ratings(path), RatingsOptions()))
    found = {p["group1"]: p["reject"] for p in result["secondary"]["against_zero"]["systems"]}
    assert found == {"same": False, "better": True}


def test_the_result_has_the_documented_top_keys_and_no_times(run: Run) -> None:
    result = run(simulated_cells(1))
    needed = "input design screening descriptives classical primary secondary agreement"
    assert set(result) >= {*needed.split(), "variance_components", "checks", "schema"}
    assert "time" not in json.dumps(list(result))


def test_the_variances_that_made_the_ratings_are_found_again(run: Run) -> None:
    cells = simulated_cells(1, (40, 24, 4), listener_system=7, passage_system=8)
    found = components(mean_squares(np.round(cells, 1)))
    truth = {"listener:system": 7, "passage:system": 8, "residual": 10, "listener:passage": 6}
    for name, sd in truth.items():
        assert found[name] ** 0.5 == pytest.approx(sd, rel=0.25)
    few = np.clip(np.round(cells[:8, :4], 1), 0, 100)
    terms = run(few, systems="ABCD")["variance_components"]["terms"]
    printed = {term["term"]: term["variance"] for term in terms}
    assert printed == pytest.approx(components(mean_squares(few)))
