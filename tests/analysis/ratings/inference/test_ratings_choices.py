"""Preferences and ABX answers: listeners are the units, ties count half, guessing is the null."""

from pathlib import Path

import numpy as np
import pytest
from ratings_simulation import document, pair, passed

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.permutation import flip_listeners
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.models.errors import UserError


def preference_rows(seed: int, listeners: int = 16) -> list[str]:
    """SIMULATED preferences with abilities 0, 0.5 and 2; two answers per pair and listener."""
    r = np.random.default_rng(seed)
    ability = {"x": 0.0, "y": 0.5, "z": 2.0}
    rows = ["listener,item,system_a,system_b,winner"]
    for listener in range(listeners):
        for item in range(2):
            for a, b in (("x", "y"), ("z", "x"), ("y", "z")):
                wins = r.random() < 1 / (1 + np.exp(ability[b] - ability[a]))
                rows.append(f"L{listener},s{item},{a},{b},{'a' if wins else 'b'}")
    return rows


def test_preferences_lead_to_bradley_terry_with_listeners_as_units(tmp_path: Path) -> None:
    path = tmp_path / "preferences.csv"
    path.write_text("\n".join(preference_rows(1)))
    result = document(analyse(read_ratings(path), RatingsOptions()))
    assert result["design"]["kind"] == "preferences"
    primary = result["primary"]
    assert primary["choice"] == "Bradley-Terry"
    assert primary["omnibus"]["p"] < 0.01
    found = pair(primary, "xz")
    assert found["verdict"] == "z better"
    assert found["effect"]["name"] == "P(i beats j)"
    assert found["effect"]["low"] < 1 / (1 + np.exp(2)) < found["effect"]["high"]
    preference = result["secondary"]["preference"]
    assert sum(map(sum, preference["wins"])) == 16 * 6
    assert preference["decided_triads"] <= 16
    assert passed(result)


def test_the_order_of_rows_in_a_file_of_preferences_is_no_order_of_pages(tmp_path: Path) -> None:
    path = tmp_path / "preferences.csv"
    rows = preference_rows(2)
    path.write_text("\n".join(rows))
    found = document(analyse(read_ratings(path), RatingsOptions()))["secondary"]["order_effects"]
    assert [(effect["p"], effect["steps"]) for effect in found] == [(None, [])] * 2
    # Nor is a column that numbers the pages: both systems of a page share its number.
    numbered = [f"{row},{at or 'order'}" for at, row in enumerate(rows)]
    path.write_text("\n".join(numbered))
    found = document(analyse(read_ratings(path), RatingsOptions()))["secondary"]["order_effects"]
    assert [effect["p"] for effect in found] == [None, None]
    halves = ["listener,item,system,value,page_number"]
    for at, row in enumerate(rows[1:]):
        listener, item, a, b, winner = row.split(",")
        halves += [
            f"{listener},{item},{s},{int(w == winner)},{at}" for s, w in ((a, "a"), (b, "b"))
        ]
    path.write_text("\n".join(halves))
    result = document(analyse(read_ratings(path), RatingsOptions()))
    assert result["design"]["kind"] == "preferences"
    page = result["secondary"]["order_effects"][1]
    assert (page["p"], page["note"].startswith("what two systems get")) == (None, True)


def test_ties_count_half_and_winners_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "preferences.csv"
    rows = [
        "listener,system_a,system_b,winner",
        "l,x,y,=",
        "l,y,z,z",
        "m,x,z,b",
        "m,x,y,",
        "m,y,x,a",
    ]
    path.write_text("\n".join(rows))
    file = read_ratings(path)
    result = document(analyse(file, RatingsOptions()))
    assert (file.rows, file.missing) == (10, 2)
    assert result["secondary"]["preference"]["wins"] == [[0, 0.5, 0], [1.5, 0, 0], [1, 1, 0]]
    path.write_text("\n".join([*rows, "m,x,y,q"]))
    with pytest.raises(UserError, match=r"preferences\.csv:7: winner 'q' is neither"):
        read_ratings(path)


def test_listeners_without_a_shared_preference_are_rarely_told_to_have_one() -> None:
    r = np.random.default_rng(0)
    rejected = 0
    for _ in range(200):
        tastes = np.stack([r.permutation(3) for _ in range(10)])  # strong, none shared
        scores = np.asarray(
            8 * (tastes - 1), dtype=np.float64
        )  # wins less losses of four answers per pair
        p = flip_listeners(scores, 0).p
        assert p is not None
        rejected += p < 0.05
    assert 2 <= rejected <= 22, "0.05 of 200 is 10"


def test_abx_answers_are_tested_against_guessing(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    rows = ["listener,system,value,trial"]
    for listener in range(10):
        for trial in range(12):
            rows.append(f"L{listener},easy,{int(r.random() < 0.85)},{trial}")
            rows.append(f"L{listener},same,{int(r.random() < 0.5)},{trial}")
    path = tmp_path / "abx.csv"
    path.write_text("\n".join(rows))
    result = document(analyse(read_ratings(path), RatingsOptions(abx=True)))
    easy, same = result["secondary"]["abx"]
    assert (easy["system"], easy["reject"], same["reject"]) == ("easy", True, False)
    assert easy["trials"] == 120
    assert easy["d_prime"] > 1.5
    assert len(easy["listeners"]) == 10
    assert passed(result)
