"""Runs are history: what an earlier run used is seen again, and deleting one spares the others."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from runs import Make, carry_out, count
from small_songs import save, song

import earmark as em
from earmark.cli import earmark
from earmark.evaluation.results.deletion import delete_runs, freed_by
from earmark.evaluation.results.runs import find_run
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.run import RunSettings
from earmark.evaluation.run.sole_run import sole_run
from earmark.models.content_key import path_sha256
from earmark.models.errors import UserError

MAE = "metrics: [mae, lufs_integrated]\n"
FORCE = RunSettings(device="cpu", force=True)
# Writes something else each time, as a network with dropout left on would.
DICE = (
    "import sys, numpy as np, soundfile as sf\n"
    "a, r = sf.read(sys.argv[1])\n"
    "sf.write(sys.argv[2], a * np.random.default_rng().uniform(0.2, 0.8), r, 'FLOAT')\n"
)


def named(name: str) -> RunSettings:
    return RunSettings(device="cpu", name=name)


def values(results: Path, run: int | str | None = None) -> dict[tuple[str, ...], float | str]:
    """The scores of a run by song, system, metric and variant; the reason where there is none."""
    frame = em.results(results, run=run).scores()
    keys = zip(frame.song, frame.system, frame.metric, frame.variant, strict=True)
    told = [reason or value for value, reason in zip(frame.value, frame.reason, strict=True)]
    return dict(zip(map(tuple, keys), told, strict=True))


def renders(results: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (results / "renders").rglob("*.wav")}


def test_the_scores_of_a_replaced_song_are_seen_again(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    mix = make_songs(2) / "song-0" / "mix.wav"
    bench = make_benchmark("unprocessed", more=MAE)
    carry_out(bench, tmp_path / "r", named("first take"))
    before = values(tmp_path / "r")
    save(mix, song(7, 1.5) * 0.5)
    summary, _ = carry_out(bench, tmp_path / "r")
    now = values(tmp_path / "r")
    assert summary.run == 2
    assert values(tmp_path / "r", "first take") == before
    assert values(tmp_path / "r", 2) == now
    assert now.keys() == before.keys()
    # To the reference of this song nothing happened.
    changed = {key[:2] for key in now if now[key] != before[key]}
    assert changed == {("song-0", "unprocessed")}
    played = em.results(tmp_path / "r", run=1).renders()["path"]
    assert all(Path(path).is_file() for path in played)


def test_a_replaced_checkpoint_and_a_system_that_was_left_out_are_seen_again(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    loud = "{{name: mine, kind: loudness, target: {}}}"
    carry_out(make_benchmark("unprocessed", loud.format(-20), more=MAE), tmp_path / "r")
    before = values(tmp_path / "r")
    carry_out(make_benchmark(loud.format(-12), more=MAE), tmp_path / "r")
    key = ("song-0", "mine", "lufs_integrated", "raw")
    assert values(tmp_path / "r")[key] == pytest.approx(-12, abs=0.1)
    assert values(tmp_path / "r", 1) == before
    assert before[key] == pytest.approx(-20, abs=0.1)
    first = em.results(tmp_path / "r").run(1)
    assert list(first.systems()["system"]) == ["unprocessed", "mine", "reference"]
    assert json.loads(json.dumps(list(first.systems()["options"])))[1]["target"] == -20


def test_a_run_that_uses_again_what_is_there_has_it_as_its_own(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    bench = make_benchmark("unprocessed", more=MAE)
    carry_out(bench, tmp_path / "r")
    summary, _ = carry_out(bench, tmp_path / "r")
    assert (summary.rendered, summary.scored) == (0, 0)
    everything = values(tmp_path / "r", 1)
    assert values(tmp_path / "r", 2) == everything
    with Store(tmp_path / "r") as store:
        freed = freed_by(store, [find_run(store, 1)])
        assert (freed.renders, freed.scores, freed.files) == ((), 0, ())
        delete_runs(store, [find_run(store, 1)])
    assert values(tmp_path / "r", 2) == everything
    assert carry_out(bench, tmp_path / "r")[0].run == 3


def test_deleting_a_run_frees_what_no_other_uses_and_says_so(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    mix = make_songs(2) / "song-0" / "mix.wav"
    bench = make_benchmark("unprocessed", more=MAE)
    carry_out(bench, tmp_path / "r")
    save(mix, song(7, 1.5) * 0.5)
    carry_out(bench, tmp_path / "r")
    now, files = values(tmp_path / "r"), renders(tmp_path / "r")
    runner = CliRunner()
    words = ["runs", "delete", "1", "--results", str(tmp_path / "r")]
    said = runner.invoke(earmark, [*words, "--dry-run"]).output
    assert renders(tmp_path / "r") == files
    # A song is its mix and its reference; each has mae twice and loudness once.
    assert said.startswith("Would delete run 1: 6 scores and 2 renders that no other run uses, ")
    assert runner.invoke(earmark, words).output == said.replace("Would delete", "Deleted")
    left = renders(tmp_path / "r")
    assert len(files) - len(left) == 2
    assert left.items() < files.items()
    assert values(tmp_path / "r") == now
    assert runner.invoke(earmark, words).exit_code == 1


def test_deleting_the_latest_run_brings_the_one_before_back(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    mix = make_songs(1) / "song-0" / "mix.wav"
    original = mix.read_bytes()
    bench = make_benchmark("unprocessed", "loudness", more=MAE)
    carry_out(bench, tmp_path / "r")
    before = values(tmp_path / "r")
    save(mix, song(7, 1.5) * 0.5)
    carry_out(bench, tmp_path / "r")
    with Store(tmp_path / "r") as store:
        delete_runs(store, [find_run(store, 2)])
        assert store.benchmarks() == ["test"]
    assert values(tmp_path / "r") == values(tmp_path / "r", 1) == before
    mix.write_bytes(original)
    summary, _ = carry_out(bench, tmp_path / "r")
    assert (summary.run, summary.rendered, summary.scored) == (3, 0, 0)
    with Store(tmp_path / "r") as store:
        delete_runs(store, [find_run(store, 3), find_run(store, 1)])
        assert store.benchmarks() == []
    assert renders(tmp_path / "r") == {}
    assert [count(tmp_path / "r", table) for table in ("score", "render", "song")] == [0, 0, 0]


def test_two_benchmarks_that_share_renders_do_not_lose_them(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    carry_out(make_benchmark("unprocessed", more=MAE, name="a"), tmp_path / "r")
    carry_out(make_benchmark("unprocessed", more="metrics: [mae]\n", name="b"), tmp_path / "r")
    before = values(tmp_path / "r", 2)
    with Store(tmp_path / "r") as store:
        freed = delete_runs(store, [find_run(store, 1)])
        assert store.benchmarks() == ["b"]
    # The loudness of mix and reference was asked for by the first alone.
    assert (freed.renders, freed.scores) == ((), 2)
    assert values(tmp_path / "r", 2) == before


def test_what_is_made_anew_by_force_leaves_the_run_before_its_audio_and_scores(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "dice.py").write_text(DICE)
    dice = f"{{name: dice, kind: command, run: '{sys.executable} dice.py {{input}} {{output}}'}}"
    bench = make_benchmark(dice, more=MAE, name="a")
    carry_out(bench, tmp_path / "r")
    carry_out(make_benchmark(dice, more=MAE, name="b"), tmp_path / "r")
    before = values(tmp_path / "r", 1)
    files = renders(tmp_path / "r")
    carry_out(bench, tmp_path / "r", FORCE)
    assert values(tmp_path / "r", 1) == values(tmp_path / "r", 2) == before
    now = values(tmp_path / "r", 3)
    key = ("song-0", "dice", "mae", "raw")
    assert now[key] != before[key]
    for run, value in ((1, before), (2, before), (3, now)):
        table = em.results(tmp_path / "r", run=run).renders()
        (path,) = table[table.system == "dice"]["path"]
        measured = em.measure(path, metrics="lufs_integrated")["value"][0]
        assert measured == pytest.approx(value["song-0", "dice", "lufs_integrated", "raw"])
    # Of the reference and the mix nothing changed, so that no second file is kept.
    assert len(renders(tmp_path / "r")) == len(files) + 1
    with Store(tmp_path / "r") as store:
        freed = delete_runs(store, [find_run(store, 3)])
        assert len(freed.renders) == 1
    assert values(tmp_path / "r", 1) == values(tmp_path / "r", 2) == before
    with Store(tmp_path / "r") as store:
        delete_runs(store, [find_run(store, 1)])
    assert values(tmp_path / "r", 2) == before


def test_a_kill_between_record_and_audio_never_gives_old_audio_a_new_record(
    make_songs: Make, make_benchmark: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_songs(1)
    (tmp_path / "dice.py").write_text(DICE)
    run = f"{sys.executable} {tmp_path}/dice.py {{input}} {{output}}"
    bench = make_benchmark(f"{{name: dice, kind: command, run: '{run}'}}", more=MAE)
    carry_out(bench, tmp_path / "r")
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        beside = target.with_suffix(".json")
        if target.suffix == ".wav" and beside.is_file() and "dice" in beside.read_text():
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", killed)
        carry_out(bench, tmp_path / "r", FORCE)
    carry_out(bench, tmp_path / "r")
    for sidecar in (tmp_path / "r" / "renders").rglob("*.json"):
        record = json.loads(sidecar.read_text())
        assert path_sha256(sidecar.with_suffix(".wav")) == record["audio_sha256"]


def test_a_run_with_only_failures_is_the_latest_and_the_one_before_is_kept(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    carry_out(make_benchmark("unprocessed", more=MAE), tmp_path / "r")
    before = values(tmp_path / "r")
    bad = "{name: bad, kind: command, run: 'false {input} {output}'}"
    carry_out(make_benchmark(bad, more=MAE), tmp_path / "r")
    shown = CliRunner().invoke(earmark, ["runs", "show", "2", "--results", str(tmp_path / "r")])
    assert "failed: bad · song-0 · render" in shown.output
    assert {key[1] for key in values(tmp_path / "r")} == {"reference"}
    assert values(tmp_path / "r", 1) == before
    failures = [em.results(tmp_path / "r", run=run).failures() for run in (1, 2)]
    assert [len(one) for one in failures] == [0, 1]
    with Store(tmp_path / "r") as store:
        freed = freed_by(store, [find_run(store, 2)])
        assert (freed.renders, freed.scores) == ((), 0)  # what failed is no render
    # Once it is mended, the failure stays with the run that had it.
    carry_out(make_benchmark("unprocessed", more=MAE), tmp_path / "r")
    assert [len(em.results(tmp_path / "r", run=run).failures()) for run in (1, 2, 3)] == [0, 1, 0]


def test_a_run_that_ends_before_it_looked_at_its_songs_leaves_nothing(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    mix = make_songs(1) / "song-0" / "mix.wav"
    bench = make_benchmark("unprocessed", more=MAE)
    carry_out(bench, tmp_path / "r")
    before = values(tmp_path / "r")
    mix.write_bytes(b"no audio")
    with pytest.raises(UserError, match="no song can be used"):
        carry_out(bench, tmp_path / "r")
    assert values(tmp_path / "r") == before
    with Store(tmp_path / "r") as store, pytest.raises(UserError, match="run 2 ended before it"):
        find_run(store, 2)
    shown = CliRunner().invoke(earmark, ["runs", "show", "2", "--results", str(tmp_path / "r")])
    assert "what it used is not known" in shown.output


def test_a_name_that_is_taken_stops_the_run_before_it_does_anything(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = make_benchmark("unprocessed", more=MAE)
    carry_out(bench, tmp_path / "r", named("one"))
    with pytest.raises(UserError, match=r"run name 'one': run 1 of .* has it .*choose another"):
        carry_out(bench, tmp_path / "r", named("one"))
    assert count(tmp_path / "r", "run") == 1


def test_no_run_is_deleted_while_one_is_at_work(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    carry_out(make_benchmark("unprocessed", more=MAE), tmp_path / "r")
    with sole_run(tmp_path / "r"):
        words = ["runs", "delete", "1", "--results", str(tmp_path / "r")]
        refused = CliRunner().invoke(earmark, words)
    assert isinstance(refused.exception, UserError)
    assert "another run is at work here" in str(refused.exception)


@pytest.mark.slow
def test_a_kill_in_the_middle_loses_no_finished_score_of_any_run(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    mix = make_songs(3) / "song-0" / "mix.wav"
    bench = make_benchmark("unprocessed", more=MAE)
    carry_out(bench, tmp_path / "r")
    before = values(tmp_path / "r")
    save(mix, song(7, 1.5) * 0.5)
    # Killed when the first of the new scores is about to be written.
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from earmark.evaluation.run import in_code, stages\n"
        "stages.save_scores = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "in_code.run(sys.argv[1], sys.argv[2], device='cpu')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, bench, tmp_path / "r"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert values(tmp_path / "r", 1) == before
    partly = values(tmp_path / "r", 2)
    rest = {key: value for key, value in before.items() if key[0] != "song-0"}
    assert partly == rest
    summary, _ = carry_out(bench, tmp_path / "r")
    assert (summary.run, summary.rendered, summary.scored) == (3, 0, 2)
    assert values(tmp_path / "r", 1) == before
    # What the third run added is not told of the second.
    assert values(tmp_path / "r", 2) == partly
    assert values(tmp_path / "r").keys() == before.keys()


def test_a_kill_while_a_run_is_deleted_spares_what_the_others_use(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    mix = make_songs(2) / "song-0" / "mix.wav"
    bench = make_benchmark("unprocessed", more=MAE)
    carry_out(bench, tmp_path / "r")
    save(mix, song(7, 1.5) * 0.5)
    carry_out(bench, tmp_path / "r")
    now, first = values(tmp_path / "r"), values(tmp_path / "r", 1)
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from earmark.evaluation.results import deletion, runs, store\n"
        "unlink = Path.unlink\n"
        "def killed(path, **how):\n"
        "    unlink(path, **how)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "Path.unlink = killed\n"
        "with store.Store(Path(sys.argv[1])) as results:\n"
        "    deletion.delete_runs(results, [runs.find_run(results, 1)])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "r"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (values(tmp_path / "r"), values(tmp_path / "r", 1)) == (now, first)
    with Store(tmp_path / "r") as store:
        delete_runs(store, [find_run(store, 1)])
    assert values(tmp_path / "r") == now
    assert isinstance(em.results(tmp_path / "r").renders(), pd.DataFrame)
