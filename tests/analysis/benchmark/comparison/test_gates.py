"""Gates fail what became worse, and never pass for want of data."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from report_fixtures import SYSTEMS, Fake, build, render_key

from earmark.analysis.benchmark.comparison.gates import parse_limit
from earmark.cli import earmark
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

EIGHT = Fake(
    songs=tuple(f"song {number}" for number in range(8)),
    audio=False,
    metrics=("mrstft_music", "lufs_error", "lufs_integrated"),
)


def variant(distance: float, **changes: object) -> Fake:
    """The same songs where the network has another distance, and other chance in all renders."""
    network = replace(SYSTEMS[3], distance=distance)
    fake = replace(EIGHT, seed=1, systems=(*SYSTEMS[:3], network, *SYSTEMS[4:]))
    return replace(fake, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("before"), EIGHT)


def status(before: Path, after: Path, *gates: str, system: str = ":tcn small") -> tuple[int, str]:
    done = CliRunner().invoke(earmark, ["compare", f"{before}{system}", f"{after}{system}", *gates])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_what_is_told_to_be_worse_fails_and_the_same_turned_about_passes(
    before: Path, tmp_path: Path
) -> None:
    after = build(tmp_path, variant(1.4))
    code, text = status(before, after, "--fail-if-worse", "mrstft_music")
    assert code == 1
    assert "FAILED  mrstft_music worse: tcn small, mrstft_music: worse" in text
    code, text = status(after, before, "--fail-if-worse", "mrstft_music")
    assert code == 0
    assert "PASSED  mrstft_music worse: tcn small, mrstft_music: better" in text


def test_what_the_songs_cannot_tell_from_before_passes(before: Path, tmp_path: Path) -> None:
    code, text = status(before, build(tmp_path, variant(0.7)), "--fail-if-worse", "mrstft_music")
    assert code == 0
    assert "not told apart" in text


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("mrstft_music > +0.02", 1),
        ("mrstft_music>0.02", 1),
        ("mrstft_music > 9", 0),
        ("mrstft_music < 0", 0),
        ("mrstft_music:aligned >= .02", 1),
        ("mrstft_music <= 1e3", 1),
    ],
)
def test_a_limit_is_on_the_change_of_the_mean(
    before: Path, tmp_path: Path, condition: str, code: int
) -> None:
    after = build(tmp_path, variant(1.4))
    assert status(before, after, "--fail-if", condition)[0] == code


def test_one_failed_gate_fails_all(before: Path, tmp_path: Path) -> None:
    after = build(tmp_path, variant(1.4))
    gates = ("--fail-if", "mrstft_music > 9", "--fail-if-worse", "mrstft_music")
    code, text = status(before, after, *gates)
    assert code == 1
    assert "PASSED  mrstft_music > 9" in text


def test_songs_that_failed_cannot_make_a_gate_pass(before: Path, tmp_path: Path) -> None:
    failing = {(f"song {number}", "tcn small"): "no memory" for number in range(7)}
    after = build(tmp_path, variant(0.1, failing=failing))
    for gate in (("--fail-if", "mrstft_music > 9"), ("--fail-if-worse", "mrstft_music")):
        code, text = status(before, after, *gate)
        assert code == 2
        assert "B has no value for 7 of 8 songs that A has" in text


def test_a_system_that_is_gone_cannot_make_a_gate_pass(before: Path, tmp_path: Path) -> None:
    after = build(tmp_path, variant(0.7, systems=(*SYSTEMS[:3], *SYSTEMS[4:])))
    code, text = status(before, after, "--fail-if", "mrstft_music > 9", system="")
    assert code == 2
    assert "B lacks tcn small" in text


def test_five_songs_cannot_judge_worse_and_can_judge_a_mean(tmp_path: Path) -> None:
    five = EIGHT.songs[:5]
    before = build(tmp_path / "before", replace(EIGHT, songs=five))
    after = build(tmp_path / "after", variant(1.4, songs=five))
    code, text = status(before, after, "--fail-if-worse", "mrstft_music")
    assert code == 2
    assert "5 songs allow no claim; six are needed" in text
    assert status(before, after, "--fail-if", "mrstft_music > 0.02")[0] == 1


def test_a_metric_without_a_better_direction_cannot_be_worse(before: Path, tmp_path: Path) -> None:
    after = build(tmp_path, variant(1.4))
    code, text = status(before, after, "--fail-if-worse", "lufs_integrated")
    assert code == 2
    assert "neither direction is better" in text


def test_the_very_same_renders_pass(before: Path, tmp_path: Path) -> None:
    after = build(tmp_path, EIGHT)
    code, text = status(before, after, "--fail-if-worse", "mrstft_music")
    assert code == 0
    assert "nothing changed" in text


def test_songs_that_b_dropped_cannot_make_a_gate_pass(before: Path, tmp_path: Path) -> None:
    after = build(tmp_path, variant(0.7, songs=EIGHT.songs[:6]))
    for gate in (("--fail-if", "mrstft_music > 9"), ("--fail-if-worse", "mrstft_music")):
        code, text = status(before, after, *gate)
        assert code == 2
        assert "B lacks 2 songs of A" in text
    # What failed on the songs that are left has failed.
    assert status(before, after, "--fail-if", "mrstft_music > -9")[0] == 1
    assert status(after, before, "--fail-if", "mrstft_music > 9")[0] == 0


def test_a_system_beside_a_whole_folder_is_judged_alone(before: Path, tmp_path: Path) -> None:
    after = build(tmp_path, variant(0.7))
    sides = (str(before), f"{after}:tcn small")
    for a, b in (sides, sides[::-1]):
        done = CliRunner().invoke(earmark, ["compare", a, b, "--fail-if", "mrstft_music > 9"])
        assert done.exit_code == 0
        assert "Systems only in" not in done.output


def test_the_very_same_renders_whose_scores_are_gone_cannot_pass(
    before: Path, tmp_path: Path
) -> None:
    with Store(build(tmp_path, EIGHT)) as store, store.transaction():
        gone = [render_key(EIGHT, song, "tcn small") for song in EIGHT.songs[:3]]
        for key in gone:
            store.connection.execute(
                "DELETE FROM score WHERE subject = ? AND metric = 'mrstft_music'", (key,)
            )
    code, text = status(before, tmp_path, "--fail-if-worse", "mrstft_music")
    assert code == 2
    assert "B has no value for 3 of 8 songs that A has" in text


def test_the_very_same_renders_that_took_longer_are_worse_where_that_is_asked(
    before: Path, tmp_path: Path
) -> None:
    after = build(tmp_path, replace(EIGHT, rtf=0.2))
    assert status(before, after, "--fail-if-worse", "rtf")[0] == 1
    code, text = status(before, after)
    assert code == 0
    assert "Nothing changed." in text


def test_one_metric_by_two_names_is_one_comparison(before: Path, tmp_path: Path) -> None:
    after = build(tmp_path, variant(1.4))
    named = ("--metric", "mrstft_music", "--fail-if", "mrstft_music:raw > 9")
    _, text = status(before, after, *named)
    assert "holds for the one comparison" in text


@pytest.mark.parametrize("text", ["mrstft_music", "> 2", "mrstft_music > x", "a == 1", ""])
def test_what_is_no_condition_is_told(text: str) -> None:
    with pytest.raises(UserError, match="write METRIC, then one of > >= < <="):
        parse_limit(text)


def test_a_metric_that_was_measured_otherwise_cannot_be_judged(
    before: Path, tmp_path: Path
) -> None:
    with Store(build(tmp_path, variant(1.4))) as store, store.transaction():
        for table in ("selection", "score"):
            store.connection.execute(f"UPDATE {table} SET version = 2")
    code, text = status(before, tmp_path, "--fail-if-worse", "mrstft_music")
    assert code == 2
    assert "score both anew" in text
