"""A result that was tampered with fails the check that it concerns."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratings_simulation import document, passed, simulated_cells, written_ratings

from earmark.analysis.ratings.inference.analysis import analyse
from earmark.analysis.ratings.inference.options import RatingsOptions
from earmark.analysis.ratings.inference.self_checks import checks
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.result.document import RatingsResult

Made = Callable[[Path], dict[str, Any]]


def of_pairs(folder: Path) -> dict[str, Any]:
    cells = simulated_cells(1, effects=np.array([0, 0, 6, 12, -20.0]))
    path = written_ratings(folder / "ratings.csv", cells)
    return document(analyse(read_ratings(path), RatingsOptions(baseline="A", margin=9.0)))


def with_an_excluded_listener(folder: Path) -> dict[str, Any]:
    cells = simulated_cells(1, (10, 4, 5), effects=np.array([0, 0, 6, 12, 70.0]))
    cells[9, :, 4] = 40
    path = written_ratings(folder / "ratings.csv", cells)
    return document(analyse(read_ratings(path), RatingsOptions(reference="E")))


def of_abx(folder: Path) -> dict[str, Any]:
    draw = np.random.default_rng(2)
    rows = [
        f"L{n},p{p},{s},{int(draw.random() < share)}"
        for n in range(6)
        for p in range(9)
        for s, share in (("x", 0.8), ("y", 0.5))
    ]
    path = folder / "ratings.csv"
    path.write_text("\n".join(["listener,passage,system,value", *rows]) + "\n")
    return document(analyse(read_ratings(path), RatingsOptions(abx=True)))


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Made], dict[str, Any]]:
    """The document of each kind, made once; every test tampers with a copy of its own."""
    found: dict[Made, dict[str, Any]] = {}

    def of(made: Made) -> dict[str, Any]:
        if made not in found:
            found[made] = made(tmp_path_factory.mktemp("document"))
        return copy.deepcopy(found[made])

    return of


def failing(result: dict[str, Any]) -> list[str]:
    found = checks(RatingsResult.model_validate(result), 0.05)
    return [check.check for check in found if not check.passed]


@pytest.mark.parametrize(
    ("made", "where", "value", "check"),
    [
        (of_pairs, "classical kruskal p", 8e-14, "p follows"),
        (of_pairs, "primary omnibus df2", None, "p follows"),
        (of_pairs, "primary pairs 0 p_raw", 0.302, "p follows"),
        (of_pairs, "primary pairs 0 df", None, "p follows"),
        (of_pairs, "primary pairs 0 reject", "flip", "reject is"),
        (of_pairs, "primary pairs 0 p_adj", 0.99999, "adjusted p follow"),
        (of_pairs, "primary pairs 0 group1", "Z", "names"),
        (of_pairs, "primary pairs 0 verdict", "B better", "verdicts follow"),
        (of_pairs, "primary pairs 0 equivalence equivalent", "flip", "verdicts follow"),
        (of_pairs, "primary pairs 0 equivalence p", 0.5, "verdicts follow"),
        (of_pairs, "secondary many_to_one 0 wilcoxon 0 p_raw", 0.302, "p follows"),
        (of_pairs, "secondary tests 1 pairs 3 reject", "flip", "reject is"),
        (of_pairs, "secondary per_passage passages 2 reject", "flip", "reject is"),
        (of_pairs, "secondary per_passage passages 2 p_adj", 1e-12, "no adjusted p"),
        (of_pairs, "design ratings", 399, "counts"),
        (with_an_excluded_listener, "all_listeners primary omnibus p", 0.5, "p follows"),
        (with_an_excluded_listener, "all_listeners classical kruskal p", 0.5, "p follows"),
        (with_an_excluded_listener, "all_listeners primary pairs 1 p_raw", 0.5, "p follows"),
        (with_an_excluded_listener, "all_listeners primary pairs 1 reject", "flip", "reject is"),
        (with_an_excluded_listener, "all_listeners primary pairs 1 verdict", "?", "verdicts"),
        (with_an_excluded_listener, "all_listeners classical pairs 1 p_adj", 0.5, "adjusted p"),
        (with_an_excluded_listener, "all_listeners primary pairs 1 group2", "Z", "names"),
        (of_pairs, "classical kruskal p", 0.049, "agree with ours"),
        (of_pairs, "classical pairs 2 p_raw", 0.302, "agree with ours"),
        (of_pairs, "classical pairs 2 p_adj", 0.302, "agree with ours"),
        (with_an_excluded_listener, "all_listeners classical pairs 1 p_raw", 0.5, "agree with"),
        (of_abx, "secondary abx 0 reject", "flip", "reject is"),
        (of_abx, "secondary abx 1 p_adj", 0.987, "adjusted p follow"),
        (of_abx, "secondary abx 0 p", 0.5, "p follows"),
        (of_abx, "secondary abx 0 beta_binomial p", 0.5, "p follows"),
        (of_abx, "secondary abx 0 listeners 2 p", 0.0123, "p follows"),
    ],
)
def test_the_self_checks_find_what_published_tables_get_wrong(
    documents: Callable[[Made], dict[str, Any]], made: Made, where: str, value: Any, check: str
) -> None:
    result = documents(made)
    assert passed(result)
    assert failing(result) == []
    place: Any = result
    *steps, last = (int(step) if step.isdigit() else step for step in where.split())
    for step in steps:
        place = place[step]
    place[last] = not place[last] if value == "flip" else value
    assert [name for name in failing(result) if check in name]
