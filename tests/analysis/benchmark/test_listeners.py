"""What listeners say of metrics stands above their columns, and changes nothing else."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_fixtures import Fake, build

from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.result.contract import BenchmarkResult
from earmark.analysis.benchmark.result.document import load
from earmark.analysis.benchmark.result.listeners import sets_in
from earmark.analysis.validity.summary import (
    PooledValidity,
    ValiditySummary,
    combined,
    pooled,
)
from earmark.evaluation.benchmark.file import load as load_benchmark
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError


def summary(name: str = "set one", rho: float = 0.6, *, claims: bool = True, **row: Any) -> Any:
    sure = {"value": rho, "low": rho - 0.1, "high": rho + 0.1, "z_error": 0.1, "df": 10.0}
    metric = {"metric": "mrstft_music", "variant": "raw", "parameters": {}, "version": None,
              "stimuli": 60, "systems": 10, "within": sure, "stimuli_level": sure,
              "systems_level": sure, "ceiling": 0.9}  # fmt: skip
    return {"schema": 1, "kind": "validity", "name": name, "simulated": True,
            "ratings_sha256": "0", "question": "overall", "systems": 10, "passages": 6,
            "listeners": 12, "claims": claims, "why_not": [] if claims else
            ["5 systems, 8 are needed"], "metrics": [metric | row]}  # fmt: skip


def read(*sets: Any) -> list[ValiditySummary]:
    return [ValiditySummary.model_validate_json(json.dumps(one)) for one in sets]


def told(results: Path, *sets: Any) -> None:
    """Put sets of ratings into a kept benchmark, as its file would."""
    with Store(results) as store, store.connection as connection:
        row = connection.execute("SELECT config FROM benchmark").fetchone()
        config = json.loads(row[0])
        config["validity"] = [{"path": "v.json", "sha256": "0", "content": one} for one in sets]
        connection.execute("UPDATE benchmark SET config = ?", (json.dumps(config),))


def test_heads_say_how_far_metrics_follow_listeners_and_numbers_stay(tmp_path: Path) -> None:
    results = build(tmp_path / "results", Fake(audio=False))
    with Store(results, create=False) as store:
        before = load(store, "small")
    assert "validity" not in before.to_json()
    told(results, summary(), summary("set two"))
    with Store(results, create=False) as store:
        result = load(store, "small")
        page = write_report(store, "small", tmp_path / "out").read_text(encoding="utf-8")
    assert "SIMULATED ρ 0.60 [" in page
    assert "on 2 sets" in page
    assert "not validated on listeners" in page
    assert "Which metrics follow listeners?" in page
    assert "set one, set two" in (tmp_path / "out" / "tables" / "validity.csv").read_text()
    document = BenchmarkResult.model_validate_json(result.to_json())
    (row,) = [one for one in document.metrics if one.metric == "mrstft_music"]
    assert row.validity[0].rho == pytest.approx(0.6)
    assert row.validity[0].sets == ("set one", "set two")
    plain = json.loads(result.to_json())
    for one in plain["metrics"]:
        del one["validity"]
    assert plain == json.loads(before.to_json())


def test_a_metric_of_another_version_or_parameters_is_not_validated() -> None:
    sets = read(summary(version=3))
    assert pooled(sets, "else", "raw", 1, {}) == "not validated on listeners"
    assert pooled(sets, "mrstft_music", "aligned", 3, {}) == "not validated on listeners"
    assert "in this version" in str(pooled(sets, "mrstft_music", "raw", 2, {}))
    assert "with these parameters" in str(pooled(sets, "mrstft_music", "raw", 3, {"a": 1}))
    assert isinstance(pooled(sets, "mrstft_music", "raw", 3, {}), PooledValidity)
    few = read(summary(claims=False))
    assert "5 systems, 8 are needed" in str(pooled(few, "mrstft_music", "raw", 1, {}))
    both = pooled([*sets, *few], "mrstft_music", "raw", 3, {})
    assert isinstance(both, PooledValidity)
    assert both.sets == ("set one",), "a set without claims is not combined"


def test_sets_that_agree_narrow_the_interval_and_sets_that_differ_widen_it() -> None:
    def width(*rho: float) -> float:
        found = pooled(read(*(summary(f"{r}", r) for r in rho)), "mrstft_music", "raw", 1, {})
        assert isinstance(found, PooledValidity)
        return float(np.arctanh(found.high) - np.arctanh(found.low))

    assert width(0.6, 0.6) < 0.8 * width(0.6)
    assert width(0.2, 0.85) > 1.5 * width(0.6)


def test_sets_are_combined_as_dersimonian_and_laird_do() -> None:
    z, error = np.array([0.3, 0.9, 0.5]), np.array([0.1, 0.2, 0.15])
    mean, se, df, tau = combined(z, error, np.array([5.0, 6, 7]))
    w = 1 / error**2
    fixed = (w * z).sum() / w.sum()
    q = (w * (z - fixed) ** 2).sum()
    tau2 = max(0, (q - 2) / (w.sum() - (w**2).sum() / w.sum()))
    v = 1 / (error**2 + tau2)
    assert (mean, se) == pytest.approx(((v * z).sum() / v.sum(), v.sum() ** -0.5))
    assert (tau, df) == (pytest.approx(tau2**0.5), 18)


def test_a_benchmark_file_takes_sets_in_and_is_else_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text(json.dumps(summary()))
    text = "earmark: 1\nname: b\nsongs: [{id: a, mix: a.wav}]\nsystems: [unprocessed]\n"
    path = tmp_path / "bench.yaml"
    path.write_text(text)
    plain = load_benchmark(path).config
    assert "validity" not in plain
    for said in ("v.json", "[v.json]"):
        path.write_text(f"{text}validity: {said}\n")
        config = dict(load_benchmark(path).config)
        assert sets_in(config)[0].name == "set one"
        del config["validity"]
        assert config == plain
    (tmp_path / "other.json").write_text("{}")
    for wrong, says in (("gone.json", "No such file"), ("other.json", "is not a validity.json")):
        path.write_text(f"{text}validity: [v.json, {wrong}]\n")
        with pytest.raises(UserError, match=rf"bench.yaml:5: validity .*{wrong}.*{says}"):
            load_benchmark(path)
    with pytest.raises(UserError, match=r"v.json: is not a validity.json"):
        sets_in({"validity": [{"path": "v.json", "content": {"kind": "validity"}}]})
