"""The main job: whatever happens, the same command ends with the same scores."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runs import METRICS, Make, carry_out, count, scores

from earmark.evaluation.results.store import Store
from earmark.evaluation.run.run import RunSettings
from earmark.evaluation.run.workers import Workers
from earmark.models.errors import UserError


def test_every_song_by_every_system_is_rendered_and_scored(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    bench = make_benchmark("unprocessed", "{name: loud, kind: loudness, target: -14}", more=METRICS)
    summary, _ = carry_out(bench, tmp_path / "r")
    assert (summary.rendered, summary.scored, summary.failures) == (6, 6, ())
    with Store(tmp_path / "r") as store:
        rows = store.rows(
            "SELECT p.song, p.system, s.metric, s.variant, s.value, s.reason FROM placement p"
            " JOIN score s ON s.subject = p.render"
        )
    values = {(r["song"], r["system"], r["metric"], r["variant"]): r["value"] for r in rows}
    assert values["song-0", "loud", "lufs_integrated", "raw"] == pytest.approx(-14, abs=0.02)
    assert values["song-1", "reference", "esr", "raw"] == 0
    assert values["song-0", "unprocessed", "esr", "raw"] > 0.05
    assert values["song-0", "unprocessed", "parameters", "raw"] == 0
    # Eight values a row: four metrics raw, two of them aligned too, and two costs.
    assert len(values) == 6 * 8


def test_a_second_run_does_no_work(make_songs: Make, make_benchmark: Make, tmp_path: Path) -> None:
    make_songs(2)
    bench = make_benchmark("unprocessed", more=METRICS)
    carry_out(bench, tmp_path / "r")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "r" / "renders").rglob("*")}
    summary, heard = carry_out(bench, tmp_path / "r")
    assert (summary.rendered, summary.scored) == (0, 0)
    assert heard.stages["render"] == (4, 4)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "r" / "renders").rglob("*")} == before


def test_a_new_name_is_no_new_work_and_a_new_option_is(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    carry_out(
        make_benchmark("{name: a, kind: loudness, target: -14}", more=METRICS), tmp_path / "r"
    )
    renamed = make_benchmark("{name: b, kind: loudness, target: -14}", more=METRICS)
    assert carry_out(renamed, tmp_path / "r")[0].rendered == 0
    changed = make_benchmark("{name: b, kind: loudness, target: -15}", more=METRICS)
    assert carry_out(changed, tmp_path / "r")[0].rendered == 1


def test_a_new_metric_renders_nothing_again(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    carry_out(make_benchmark("unprocessed", more="metrics: [esr]\n"), tmp_path / "r")
    more = make_benchmark("unprocessed", more="metrics: [esr, crest_factor_db]\n")
    summary, _ = carry_out(more, tmp_path / "r")
    assert (summary.rendered, summary.scored) == (0, 2)
    assert {key[2] for key in scores(tmp_path / "r")} == {"esr", "crest_factor_db"}


def test_two_processes_give_the_scores_of_one(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    bench = make_benchmark("unprocessed", "lowpass_3500", more=METRICS)
    carry_out(bench, tmp_path / "one")
    carry_out(bench, tmp_path / "two", RunSettings(Workers(2), "cpu"))
    assert scores(tmp_path / "two") == scores(tmp_path / "one") != {}


def test_forcing_renders_again_and_gives_the_same_scores(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = make_benchmark("unprocessed", more=METRICS)
    carry_out(bench, tmp_path / "r")
    before = scores(tmp_path / "r")
    summary, _ = carry_out(bench, tmp_path / "r", RunSettings(device="cpu", force=True))
    assert (summary.rendered, summary.scored) == (2, 2)
    assert scores(tmp_path / "r") == before


def test_a_failure_is_a_row_and_the_rest_goes_on(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    bench = make_benchmark(
        "unprocessed", "{name: tool, kind: command, run: 'false {input} {output}'}", more=METRICS
    )
    summary, heard = carry_out(bench, tmp_path / "r")
    assert [(song, system, step) for song, system, step, _ in summary.failures] == [
        ("song-0", "tool", "render"),
        ("song-1", "tool", "render"),
    ]
    assert all("exit status 1" in message for *_, message in summary.failures)
    assert summary.rendered == 4
    assert len(heard.failures) == 2


def test_a_failure_is_tried_again_when_asked_and_when_its_cause_changed(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    tool = tmp_path / "tool.sh"
    tool.write_text("echo tried >> tries\nexit 1\n")
    bench = make_benchmark(
        "{name: tool, kind: command, run: 'sh tool.sh {input} {output}'}", more=METRICS
    )

    def tries() -> int:
        return len((tmp_path / "tries").read_text().splitlines())

    carry_out(bench, tmp_path / "r")
    carry_out(bench, tmp_path / "r")
    assert tries() == 1
    carry_out(bench, tmp_path / "r", RunSettings(device="cpu", retry=True))
    assert tries() == 2
    tool.write_text("cp $1 $2\n")
    summary, _ = carry_out(bench, tmp_path / "r")
    assert summary.failures == ()
    assert summary.rendered == 1


def test_a_broken_song_is_left_out_and_named(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    songs = make_songs(2)
    (songs / "song-0" / "mix.wav").write_text("this is no audio")
    bench = make_benchmark("unprocessed", more=METRICS)
    summary, _ = carry_out(bench, tmp_path / "r")
    ((song, system, step, message),) = summary.failures
    assert (song, system, step) == ("song-0", "", "song")
    assert "mix.wav" in message
    assert summary.rendered == 2
    (songs / "song-1" / "mix.wav").write_bytes(b"")
    with pytest.raises(UserError, match="no song can be used"):
        carry_out(bench, tmp_path / "r")


def test_a_metric_that_fails_is_a_row_and_the_others_are_computed(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "mine.py").write_text(
        "from earmark.evaluation.metrics import metric\n"
        "@metric\n"
        "def always_fails(audio):\n"
        '    """Fails."""\n'
        "    raise RuntimeError('no\\nluck')\n"
    )
    bench = make_benchmark(
        "unprocessed", more="plugins: [mine.py]\nmetrics: [crest_factor_db, always_fails]\n"
    )
    summary, _ = carry_out(bench, tmp_path / "r")
    assert [row[2:] for row in summary.failures] == [
        ("score:always_fails", "RuntimeError: no luck")
    ] * 2
    assert {key[2] for key in scores(tmp_path / "r")} == {"crest_factor_db"}
    again, _ = carry_out(bench, tmp_path / "r", RunSettings(Workers(2), "cpu", retry=True))
    assert len(again.failures) == 2


def test_a_system_of_a_plugin_runs_in_worker_processes(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    (tmp_path / "mine.py").write_text(
        "from earmark.models.systems import NoOptions, Spec, kind\n"
        "class Half:\n"
        "    spec = Spec('half', 'half')\n"
        "    def prepare(self, material, controls): return None\n"
        "    def render(self, block, state): return block / 2\n"
        "@kind('half', NoOptions)\n"
        "def half(options):\n"
        '    """Half as loud."""\n'
        "    return Half()\n"
    )
    bench = make_benchmark("half", "unprocessed", more=f"plugins: [mine.py]\n{METRICS}")
    summary, _ = carry_out(bench, tmp_path / "r", RunSettings(Workers(2), "cpu"))
    assert summary.failures == ()
    with Store(tmp_path / "r") as store:
        rows = store.rows(
            "SELECT p.system, s.value FROM placement p JOIN score s ON s.subject = p.render"
            " WHERE s.metric = 'lufs_integrated' AND p.song = 'song-0'"
        )
    loudness = {row["system"]: row["value"] for row in rows}
    assert loudness["half"] == pytest.approx(loudness["unprocessed"] - 6.0206, abs=1e-3)


def test_a_render_says_what_made_it(make_songs: Make, make_benchmark: Make, tmp_path: Path) -> None:
    make_songs(1)
    carry_out(make_benchmark("unprocessed", more=METRICS), tmp_path / "r")
    with Store(tmp_path / "r") as store:
        rows = store.rows("SELECT key, path, sidecar FROM render")
        (run,) = store.rows("SELECT command, record, finished FROM run")
    for row in rows:
        assert (tmp_path / "r" / row["path"]).is_file()
        record = json.loads(row["sidecar"])
        assert record["key"] == row["key"]
        assert {"versions", "device", "dtype", "rtf", "true_peak_dbtp", "warnings"} <= set(record)
    record = json.loads(run["record"])
    assert {"git", "versions", "machine", "device", "seed", "workers"} <= set(record)
    assert run["finished"] is not None


@pytest.mark.slow
def test_kill_minus_nine_at_random_moments_changes_no_score(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(3)
    bench = make_benchmark(
        "unprocessed", "{kind: loudness, target: -14}", "lowpass_3500", "lowpass_7000", more=METRICS
    )
    carry_out(bench, tmp_path / "calm")
    wanted = scores(tmp_path / "calm")
    renders = count(tmp_path / "calm", "render")
    results = tmp_path / "killed"
    options = [str(bench), "--results", str(results)]
    moments = random.Random()
    marks = [
        *(("render", moments.randrange(1, renders)) for _ in range(2)),
        *(("score", moments.randrange(1, len(wanted))) for _ in range(2)),
    ]
    killed = 0
    earmark = [sys.executable, "-m", "earmark"]
    for table, mark in sorted(marks):
        if table == "score" and count(results, "render") < renders:
            subprocess.run([*earmark, "render", *options], check=True, cwd=tmp_path)
        process = subprocess.Popen(
            [*earmark, table, *options, "--workers", "2", "--device", "cpu"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and count(results, table) < mark:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 2, "the run was always over before it could be killed"
    summary, _ = carry_out(bench, results)
    assert summary.failures == ()
    assert scores(results) == wanted, f"killed at {marks}"
    left = [p.name for p in (results / "renders").rglob(".*")]
    assert len(left) <= 2 * 2 * killed
    sidecars = {p.stem for p in (results / "renders").rglob("*.json") if p.name[0] != "."}
    waves = {p.stem for p in (results / "renders").rglob("*.wav") if p.name[0] != "."}
    assert waves == sidecars


@pytest.mark.slow
def test_workers_do_not_outlive_a_killed_driver(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    # Each render waits, so that the driver is killed while its workers are at work.
    bench = make_benchmark(
        "{name: slow, kind: command, run: 'sh slow.sh {input} {output}'}", "unprocessed"
    )
    (tmp_path / "slow.sh").write_text("echo $PPID >> pids\nsleep 5\ncp $1 $2\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "earmark", "render", bench, "--workers", "2"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "pids").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    workers = [int(line) for line in (tmp_path / "pids").read_text().split()]
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
