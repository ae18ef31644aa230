"""What a study of each kind exports stays as it is, to the order of keys. SIMULATED listeners."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from goldens import Goldens, without_chance, without_paths
from study_fixtures import write_study

from earmark.cli import earmark

# By kind: settings of the test, and what else the study file says.
STUDIES = {
    "ape": (
        "comments: per_stimulus, preset: production",
        "before: [volume, {training: {pages: 1}}, {questionnaire: "
        "[{id: age, type: number, label: Age, minimum: 18, maximum: 90}]}]\n"
        "design: {repeats: 1, order: williams}",
    ),
    "mushra": ("", "design: {pages_per_listener: 1}"),
    "ab": ("strength: true", "design: {pages_per_listener: 3}"),
    "pairwise": ("forced: false, comments: per_page", ""),
    "abx": ("", "design: {pages_per_listener: 3}"),
    "acr": ("", "design: {pages_per_listener: 3}"),
    "dcr": ("", "design: {pages_per_listener: 3}"),
    "ccr": ("", "design: {pages_per_listener: 3}"),
    "bs1116": ("", "design: {pages_per_listener: 3}"),
    "rank": ("", "languages: [de, en]"),
    "attributes": ("axes: [{name: bass}, {name: width, left: narrow, right: wide}]", ""),
}


@pytest.fixture(scope="module")
def kept(goldens: Callable[[str], Goldens]) -> Goldens:
    return goldens("studies")


def run(*words: object) -> None:
    done = CliRunner().invoke(earmark, ["study", *map(str, words)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("kind", STUDIES)
def test_a_study_exports_what_it_exported(kind: str, kept: Goldens, tmp_path: Path) -> None:
    test, more = STUDIES[kind]
    file = write_study(tmp_path, kind, seconds=0.6, test=test, more=more)
    results, ratings, whole = tmp_path / "r", tmp_path / "ratings.csv", tmp_path / "whole.json"
    run("new", file, "--results", results)
    run("simulate", "small", "--results", results, "--listeners", 2, "--seed", 5)
    wanted = ("--ratings", ratings, "--json", whole)
    run("export", "small", "--results", results, "--simulated", "--practice", *wanted)
    texts = without_chance(*(path.read_bytes().decode() for path in (whole, ratings)))
    for name, text in zip(("export.json", "ratings.csv"), texts, strict=True):
        kept.check(f"{kind}/{name}", without_paths(text, tmp_path))


def test_every_golden_is_of_a_kind(kept: Goldens) -> None:
    assert kept.names() == {f"{kind}/{file}" for kind in STUDIES
                            for file in ("export.json", "ratings.csv")}  # fmt: skip
