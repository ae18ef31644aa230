"""Sensitivity and bias of ABX answers against integrals and simulated listeners. SIMULATED."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratings_simulation import document, passed
from scipy import integrate, stats

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.methods.abx import (
    abx_d_prime,
    abx_share,
    criterion,
    d_prime_interval,
)
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.listening_test.kinds import named
from earmark.listening_test.kinds.for_analysis import COLUMNS, ExportRow

Bias = dict[str, Any]


@pytest.mark.parametrize("d", [0.3, 2.2])
def test_differencing_says_the_nearer_one(d: float) -> None:
    def right(a: float, x: float) -> float:
        near = abs(x - a)
        beyond = 1 - stats.norm.cdf(x + near - d) + stats.norm.cdf(x - near - d)
        return float(stats.norm.pdf(a) * stats.norm.pdf(x) * beyond)

    # The kink at a = x is an end of both integrals.
    below = integrate.dblquad(right, -7, 7, -7, lambda x: x, epsabs=1e-7)[0]
    above = integrate.dblquad(right, -7, 7, lambda x: x, 7, epsabs=1e-7)[0]
    assert abx_share(d, "differencing") == pytest.approx(below + above, abs=1e-5)


@pytest.mark.parametrize("d", [0.5, 1.5])
def test_independent_observations_are_those_of_the_best_guess(d: float) -> None:
    r = np.random.default_rng(0)
    n = 400_000
    a, b, x = r.normal(0, 1, n), r.normal(d, 1, n), r.normal(0, 1, n)
    # Four sequences were possible; X is A in the first and the third.
    likely = [
        stats.norm.logpdf(a, p) + stats.norm.logpdf(b, q) + stats.norm.logpdf(x, s)
        for p, q, s in ((0, d, 0), (0, d, d), (d, 0, d), (d, 0, 0))
    ]
    says_a = np.logaddexp(likely[0], likely[2]) > np.logaddexp(likely[1], likely[3])
    assert says_a.mean() == pytest.approx(abx_share(d, "independent"), abs=0.003)


def test_the_ends_of_d_prime_are_those_of_the_share() -> None:
    for strategy in ("differencing", "independent"):
        low, high = d_prime_interval(0.6, 0.9, strategy)
        assert low is not None
        assert high is not None
        assert abx_share(low, strategy) == pytest.approx(0.6)
        assert abx_share(high, strategy) == pytest.approx(0.9)
    assert d_prime_interval(0.3, 1.0, "independent") == (0.0, np.inf)
    assert d_prime_interval(None, None, "independent") == (None, None)
    assert abx_d_prime(0.8, "differencing") > abx_d_prime(0.8, "independent")


def test_bias_is_half_the_sum_of_z() -> None:
    found = criterion(39, 49, 19, 49)
    assert found is not None
    hits, alarms = (float(stats.norm.ppf(one)) for one in (0.79, 0.39))
    assert found.value == pytest.approx(-(hits + alarms) / 2)
    assert found.share == pytest.approx(stats.norm.cdf((hits - alarms) / 2))
    assert found.value < 0, "who says the first more often has a criterion below 0"
    mirrored = criterion(30, 49, 10, 49)
    assert mirrored is not None
    assert mirrored.value == pytest.approx(-found.value)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
    extreme = criterion(10, 10, 10, 10)
    assert extreme is not None
    assert np.isfinite(extreme.value)
    assert extreme.share == pytest.approx(0.5)
    assert criterion(3, 5, 0, 0) is None
    assert criterion(0, 0, 2, 5) is None


def test_the_interval_of_bias_holds_it_about_as_often_as_it_says() -> None:
    r = np.random.default_rng(1)
    hits, alarms = 0.8, 0.45
    truth = -sum(float(stats.norm.ppf(one)) for one in (hits, alarms)) / 2
    held = []
    for _ in range(2000):
        found = criterion(r.binomial(40, hits), 40, r.binomial(40, alarms), 40)
        assert found is not None
        held.append(found.low <= truth <= found.high)
    assert 0.93 < np.mean(held) < 0.975
    wide, narrow = criterion(30, 40, 15, 40, 0.01), criterion(30, 40, 15, 40, 0.2)
    assert wide is not None
    assert narrow is not None
    assert wide.high - wide.low == pytest.approx(2.0100 * (narrow.high - narrow.low), rel=1e-3)


def analysed(path: Path, rows: list[tuple[str, str, int]], *, position: bool) -> dict[str, Any]:
    head = "listener,passage,system,score" + (",position" if position else "")
    lines = [head]
    for at, (listener, said, x) in enumerate(rows):
        right = int((said == "first") == (x == 1))
        lines.append(f"{listener},P{at},A / B,{right}" + (f",{x}" if position else ""))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return document(analyse(read_ratings(path), RatingsOptions(abx=True)))


def answers() -> list[tuple[str, str, int]]:
    """L0 says the first nearly always, L1 is right nearly always."""
    rows = [("L0", "first" if at % 10 else "second", 1 + at % 2) for at in range(40)]
    rows += [("L1", "first" if (at % 2 == 0) != (at == 7) else "second", 1 + at % 2)
             for at in range(40)]  # fmt: skip
    return rows


def test_bias_stands_beside_the_test_where_it_is_known_which_x_was(tmp_path: Path) -> None:
    result = analysed(tmp_path / "a.csv", answers(), position=True)
    (row,) = result["secondary"]["abx"]
    biased, fair = (one["bias"] for one in row["listeners"])
    assert biased["said_first"] == pytest.approx(36 / 40)
    assert biased["high"] < 0 < biased["trials"] == 40
    assert abs(fair["criterion"]) < 0.35
    assert fair["low"] < 0 < fair["high"]
    pooled = row["bias"]
    assert pooled["criterion"] == pytest.approx((biased["criterion"] + fair["criterion"]) / 2)
    assert pooled["trials"] == 80
    assert pooled["said_first"] == pytest.approx((biased["said_first"] + fair["said_first"]) / 2)
    names = [one["strategy"] for one in row["d_primes"]]
    assert names == ["differencing", "independent"]
    assert row["d_primes"][0]["value"] == row["d_prime"]
    for one in row["listeners"]:
        for d in one["d_primes"]:
            assert d["value"] == pytest.approx(
                abx_d_prime(one["right"] / one["trials"], d["strategy"])
            )
            assert d["low"] == pytest.approx(abx_d_prime(one["low"], d["strategy"]))
    assert next(one["note"] for one in result["secondary"]["order_effects"])
    assert passed(result)


def test_without_it_there_is_no_bias(tmp_path: Path) -> None:
    (row,) = analysed(tmp_path / "a.csv", answers(), position=False)["secondary"]["abx"]
    assert "bias" not in row
    assert all("bias" not in one for one in row["listeners"])
    assert len(row["d_primes"]) == 2


@pytest.mark.parametrize(
    ("value", "answer", "place"),
    [("100", "mix", "1"), ("0", "mix", "2"), ("100", "loud", "2"), ("0", "loud", "1"),
     ("", "", ""), ("100", "", "")],
)  # fmt: skip
def test_a_study_says_which_x_was(value: str, answer: str, place: str) -> None:
    cells = dict.fromkeys(COLUMNS, "")
    cells |= {"system": "mix", "other": "loud", "value": value, "answer": answer}
    ((one,), _) = named("abx").for_analysis.rows([ExportRow(1, **cells)])
    assert one.position == place
