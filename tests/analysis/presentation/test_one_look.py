"""A system has one colour, symbol and dash: in its benchmark's report and in that of a study."""

import html
import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_fixtures import SYSTEMS, Fake, build

from earmark.analysis.benchmark.panels.registry import metric_data
from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.result.document import Result, load
from earmark.analysis.presentation.figures import marker, wrapped
from earmark.analysis.presentation.looks import COLOURS, MUTED, REFERENCE, looks
from earmark.analysis.ratings.analyse import Request, analyse_file
from earmark.analysis.ratings.reading.files import Reading
from earmark.analysis.ratings.reading.study_export import Which
from earmark.analysis.ratings.reading.study_folder import read_study
from earmark.analysis.ratings.report.system_looks import system_looks
from earmark.evaluation.results.store import Store
from earmark.listening_test.create import make_study
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import simulate
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.study.study import StudyFolder, load_keys, load_study
from earmark.models.roles import Role

# Not the first ones, and in another order.
CHOSEN = ("tcn small", "lowpass_3500", "loudness", "reference")
STUDY = """
earmark: 1
study: {name}
title: SIMULATED
from: {{benchmark: small, systems: {systems}, songs: all}}
test: {{kind: ape}}
seed: 5
"""

MARKED = re.compile(
    r'<th scope="row"[^>]*>\s*(<svg class="mark.*?</svg>)\s*'
    r'(?:<span class="system">)?(?:<a [^>]*>)?([^<]*)<',
    re.DOTALL,
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("looks") / "results", Fake(songs=("amber", "blue")))


@pytest.fixture(scope="module")
def benchmark(results: Path) -> Result:
    with Store(results, create=False) as store:
        return load(store, "small")


def made(results: Path, name: str, systems: tuple[str, ...] | str) -> StudyFolder:
    """A study of some of the benchmark's systems."""
    named = systems if isinstance(systems, str) else f"[{', '.join(systems)}]"
    path = results.parent / f"{name}.yaml"
    path.write_text(STUDY.format(name=name, systems=named))
    return make_study(read_study_file(path), results)


@pytest.fixture(scope="module")
def study(results: Path) -> StudyFolder:
    folder = made(results, "some", CHOSEN)
    with in_background(folder) as address:
        simulate(addresses_of(folder), f"{address}/s/{load_keys(folder).study}/", 3, seed=1)
    return folder


def markers(figure: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Colour and symbol by the name of a trace."""
    return {
        trace["name"]: (trace["marker"]["color"], trace["marker"]["symbol"])
        for trace in figure["data"]
        if "symbol" in trace.get("marker", {})
    }


@pytest.mark.slow
def test_a_system_looks_alike_in_the_reports_of_its_benchmark_and_its_study(
    benchmark: Result, study: StudyFolder, tmp_path: Path
) -> None:
    analyse_file(Request(study.path, tmp_path), ["test"])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    found = re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    rated = markers(json.loads(found[1])["q0-distributions"])
    column = benchmark.headline[0]
    measured = markers(metric_data(benchmark, column)["variants"]["raw"]["distribution"]["figure"])
    assert set(rated) == set(CHOSEN)
    assert rated == {name: measured[name] for name in CHOSEN}
    assert len(set(rated.values())) == len(CHOSEN)


def test_colour_symbol_and_dash_are_those_of_the_benchmark(
    benchmark: Result, study: StudyFolder
) -> None:
    known = read_study(study.path, Reading(which=Which())).systems
    found = system_looks(CHOSEN, "reference", (), known)
    assert {name: found[name] for name in CHOSEN} == {n: benchmark.looks[n] for n in CHOSEN}


@pytest.mark.slow
def test_tables_of_both_reports_show_the_same_symbol(
    results: Path, study: StudyFolder, tmp_path: Path
) -> None:
    analyse_file(Request(study.path, tmp_path / "rated"), ["test"])
    with Store(results, create=False) as store:
        pages = [tmp_path / "rated" / "report.html", write_report(store, "small", tmp_path / "b")]
    rated, measured = (
        {name.strip(): mark for mark, name in MARKED.findall(page.read_text(encoding="utf-8"))}
        for page in pages
    )
    assert rated == {name: measured[name] for name in CHOSEN}


@pytest.mark.slow
def test_only_a_study_that_needs_it_stores_the_order_of_its_benchmark(
    results: Path, study: StudyFolder
) -> None:
    stored = json.loads(study.study.read_text(encoding="utf-8"))
    assert list(stored["benchmark_systems"]) == [system.name for system in SYSTEMS]
    assert load_study(study).benchmark_systems == stored["benchmark_systems"]
    every = made(results, "every", "all")
    assert "benchmark_systems" not in json.loads(every.study.read_text(encoding="utf-8"))
    known = load_study(every).systems
    of_benchmark = {one.name: cast(Role, one.role) for one in SYSTEMS}
    assert looks(known.items()) == looks(of_benchmark.items())


def test_reference_and_anchors_stand_outside_the_order() -> None:
    with_them = looks(
        [
            ("low", "anchor"),
            ("r", "reference"),
            ("a", "system"),
            ("mid", "anchor"),
            ("b", "baseline"),
        ]
    )
    assert {name: with_them[name] for name in "ab"} == looks([("a", "system"), ("b", "system")])
    assert with_them["r"] == REFERENCE
    assert {with_them[name].colour for name in ("low", "mid")} == {MUTED}
    assert with_them["low"].symbol != with_them["mid"].symbol
    assert all(
        with_them[name].hollow and with_them[name].dash != "solid" for name in ("low", "mid")
    )
    assert not {MUTED, REFERENCE.colour} & set(COLOURS)
    assert marker(with_them["low"], 9)["symbol"] == with_them["low"].symbol


def test_ratings_without_a_study_look_by_their_own_order_and_roles() -> None:
    found = system_looks(["anchor", "b", "c", "original"], "original", ["anchor"], {})
    assert found == looks(
        [("anchor", "anchor"), ("b", "system"), ("c", "system"), ("original", "reference")]
    )


@settings(deadline=None, max_examples=200)
@given(name=st.text(alphabet="abcdefgh <&_-/", min_size=1, max_size=90), width=st.integers(12, 26))
def test_a_name_on_an_axis_has_up_to_three_lines_and_loses_nothing_that_fits(
    name: str, width: int
) -> None:
    lines = [html.unescape(line) for line in wrapped(name, width).split("<br>")]
    assert len(lines) <= 3
    assert max(map(len, lines)) <= width
    if len(name) <= 3 * width:
        assert "".join(lines).replace(" ", "") == name.replace(" ", "")


@pytest.mark.parametrize(
    "name",
    ["commercial service A with its loudest preset", "wave-u-net_demucs_large_finetuned_2029-11"],
)
def test_names_break_between_words_where_they_can(name: str) -> None:
    found = wrapped(name)
    assert "<br>" in found
    assert all(word in found for word in re.findall(r"[^ _/-]+", name))
