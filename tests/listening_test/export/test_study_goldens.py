"""What a study of each kind exports stays as it is, to the order of keys. SIMULATED listeners."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from goldens import RENDERED, Goldens, tables_of, without_chance, without_paths
from study_fixtures import make_study, write_study

from earmark.cli import earmark
from earmark.listening_test.server.app import create_app

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
def kept(goldens: Callable[..., Goldens]) -> Goldens:
    return goldens("studies", RENDERED)


def run(*words: object) -> None:
    done = CliRunner().invoke(earmark, ["study", *map(str, words)])
    assert done.exit_code == 0, done.output


@pytest.mark.slow
@pytest.mark.parametrize("kind", STUDIES)
def test_a_study_exports_what_it_exported(kind: str, kept: Goldens, tmp_path: Path) -> None:
    test, more = STUDIES[kind]
    file = write_study(tmp_path, kind, seconds=0.6, test=test, more=more)
    results, ratings, whole = tmp_path / "r", tmp_path / "ratings.csv", tmp_path / "whole.json"
    run("new", file, "--results", results)
    run("simulate", "small", "--results", results, "--listeners", 2, "--seed", 5)
    wanted = ("--ratings", ratings, "--json", whole)
    run("export", "small", "--results", results, "--simulated", "--practice", *wanted)
    folder = results / "studies" / "small"
    kept.check("ratings.sql", tables_of(folder / "ratings.sqlite"))
    # The study's own file holds what the export says of it, to the byte.
    told = json.loads(whole.read_text(encoding="utf-8"))["study"]
    stored = (folder / "study.json").read_text(encoding="utf-8")
    assert stored == json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    texts = without_chance(*(path.read_bytes().decode() for path in (whole, ratings)))
    for name, text in zip(("export.json", "ratings.csv"), texts, strict=True):
        kept.check(f"{kind}/{name}", without_paths(text, tmp_path))


def test_a_study_is_served_at_the_addresses_it_had(kept: Goldens, tmp_path: Path) -> None:
    app = create_app(make_study(tmp_path, "ape", seconds=0.6))
    rules = sorted((rule.rule, *sorted(rule.methods or ())) for rule in app.url_map.iter_rules())
    assert len(rules) > 10
    kept.check("addresses.txt", "".join(f"{' '.join(rule)}\n" for rule in rules))


def test_every_golden_is_of_a_kind(kept: Goldens) -> None:
    whole = {f"{kind}/{file}" for kind in STUDIES for file in ("export.json", "ratings.csv")}
    assert kept.names() == whole | {"ratings.sql", "addresses.txt"}
