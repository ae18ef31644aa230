"""Results in one folder stay true when references, renders, names, metrics or plug-ins change."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from runs import METRICS, Make, carry_out, count
from small_songs import RATE, save, song

from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.result import document, tables
from earmark.evaluation.metrics.registry import METRICS as KNOWN
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.run import RunSettings
from earmark.models.errors import UserError

MAE = "metrics: [mae]\n"


def mae(results: Path, benchmark: str, system: str = "unprocessed") -> float:
    with Store(results) as store:
        frame = tables.scores(store, benchmark)
    chosen = frame[(frame.system == system) & (frame.variant == "raw") & (frame.metric == "mae")]
    (value,) = chosen["value"]
    return float(value)


def test_two_benchmarks_of_one_mix_keep_their_own_reference_and_metrics(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    songs = make_songs(1)
    save(tmp_path / "other.wav", song(5, 1.5) * 0.5)
    first = make_benchmark("unprocessed", more=MAE, name="a")
    second = tmp_path / "b.yaml"
    second.write_text(
        f"earmark: 1\nname: b\nsample_rate: {RATE}\nsystems: [unprocessed]\n"
        f"songs: [{{id: song-0, mix: {songs}/song-0/mix.wav, reference: other.wav}}]\n"
        "metrics: [mae, esr]\n"
    )
    carry_out(first, tmp_path / "r")
    before = mae(tmp_path / "r", "a")
    carry_out(second, tmp_path / "r")
    assert mae(tmp_path / "r", "b") != pytest.approx(before)
    assert mae(tmp_path / "r", "a") == before
    with Store(tmp_path / "r") as store:
        assert set(tables.scores(store, "a")["metric"]) == {"mae"}
        assert set(tables.scores(store, "b")["metric"]) == {"mae", "esr"}


def test_a_reference_that_is_put_back_brings_its_scores_back(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    path = make_songs(1) / "song-0" / "reference.wav"
    bench = make_benchmark("unprocessed", more=MAE)
    original = path.read_bytes()
    carry_out(bench, tmp_path / "r")
    before = mae(tmp_path / "r", "test")
    save(path, song(7, 1.5) * 0.4)
    carry_out(bench, tmp_path / "r")
    assert mae(tmp_path / "r", "test") != pytest.approx(before)
    path.write_bytes(original)
    carry_out(bench, tmp_path / "r")
    assert mae(tmp_path / "r", "test") == before


@pytest.mark.slow
def test_a_render_that_is_made_anew_is_scored_and_shown_anew(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    # Writes something else each time, as a network with dropout left on would.
    (tmp_path / "dice.py").write_text(
        "import sys, numpy as np, soundfile as sf\n"
        "a, r = sf.read(sys.argv[1])\n"
        "sf.write(sys.argv[2], a * np.random.default_rng().uniform(0.2, 0.8), r, 'FLOAT')\n"
    )
    bench = make_benchmark(
        f"{{name: dice, kind: command, run: '{sys.executable} dice.py {{input}} {{output}}'}}",
        more=MAE,
    )
    carry_out(bench, tmp_path / "r")
    before = mae(tmp_path / "r", "test", "dice")
    with Store(tmp_path / "r") as store:
        players = {p.name for p in (write_report(store).parent / "audio").iterdir()}
    summary, _ = carry_out(bench, tmp_path / "r", RunSettings(device="cpu", force=True))
    assert (summary.rendered, summary.scored) == (3, 2)
    assert mae(tmp_path / "r", "test", "dice") != before
    with Store(tmp_path / "r") as store:
        anew = {p.name for p in (write_report(store).parent / "audio").iterdir()}
    assert len(anew - players) == 1


def test_a_failure_is_told_under_every_name_and_in_every_benchmark(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bad = "{{name: {}, kind: command, run: 'false {{input}} {{output}}'}}"
    carry_out(make_benchmark(bad.format("one"), more=MAE, name="a"), tmp_path / "r")
    both = make_benchmark(bad.format("one"), bad.format("two"), more=MAE, name="b")
    summary, _ = carry_out(both, tmp_path / "r")
    assert [(row[1], row[2]) for row in summary.failures] == [("one", "render"), ("two", "render")]


def test_a_failed_metric_stays_told_until_it_is_mended_or_no_longer_asked_for(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "mine.py").write_text(
        "from earmark.evaluation.metrics import metric\n"
        "@metric\n"
        "def breaks_down(audio):\n"
        '    """Fails."""\n'
        "    raise RuntimeError('no luck')\n"
    )

    def run(metrics: str) -> list[str]:
        bench = make_benchmark("unprocessed", more=f"plugins: [mine.py]\nmetrics: {metrics}\n")
        return sorted({row[2] for row in carry_out(bench, tmp_path / "r")[0].failures})

    assert run("[breaks_down]") == ["score:breaks_down"]
    assert run("[breaks_down, mae]") == ["score:breaks_down"]
    assert run("[mae]") == []


@pytest.mark.slow
def test_a_plugins_metric_keeps_its_meaning_where_the_plugin_is_not_loaded(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "mine.py").write_text(
        "from earmark.evaluation.metrics import metric\n"
        "@metric(unit='gl', better='higher')\n"
        "def glow(audio):\n"
        '    """How much it glows."""\n'
        "    return audio.abs().amax(dim=(1, 2))\n"
    )
    bench = make_benchmark("unprocessed", more="plugins: [mine.py]\nmetrics: [mae, glow]\n")
    # Another process, because a metric is registered once in each.
    code = "import sys, earmark as em; em.run(sys.argv[1], device='cpu')"
    subprocess.run([sys.executable, "-c", code, bench], cwd=tmp_path, check=True)
    assert "glow" not in KNOWN
    with Store(tmp_path / "results") as store:
        found = document.load(store, "test")
    (column,) = (column for column in found.columns if column.metric == "glow")
    assert (column.unit, column.better, column.summary) == ("gl", "higher", "How much it glows.")
    assert found.columns[-1] == column


def test_one_metric_with_two_parameter_sets_is_two_scores_and_done_once(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = make_benchmark(
        "unprocessed", more="metrics: [{name: lufs_error, absolute: true}, lufs_error]\n"
    )
    carry_out(bench, tmp_path / "r")
    assert count(tmp_path / "r", "score") == 4
    assert carry_out(bench, tmp_path / "r")[0].scored == 0


def test_systems_that_share_a_render_both_know_their_parameters(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = make_benchmark(
        "{name: unprocessed, kind: checkpoint, shipped: tcn}",
        "{name: twin, kind: checkpoint, shipped: tcn}",
        more=MAE,
    )
    carry_out(bench, tmp_path / "r")
    with Store(tmp_path / "r") as store:
        rows = {r["name"]: r for r in store.rows("SELECT * FROM system WHERE kind = 'checkpoint'")}
    assert rows["unprocessed"]["parameters"] == rows["twin"]["parameters"] > 1000
    assert rows["unprocessed"]["step"] == rows["twin"]["step"] > 0


@pytest.mark.slow
def test_an_edited_plugin_is_another_kind(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = make_benchmark("times", more=f"plugins: [mine.py]\n{MAE}")

    def run(factor: str) -> int:
        (tmp_path / "mine.py").write_text(
            "from earmark.models.systems import NoOptions, Spec, kind\n"
            "class Times:\n"
            "    spec = Spec('times', 'times')\n"
            "    def prepare(self, material, controls): return None\n"
            f"    def render(self, block, state): return block * {factor}\n"
            "@kind('times', NoOptions)\n"
            "def times(options):\n"
            '    """Louder."""\n'
            "    return Times()\n"
        )
        # Another process, because a kind is registered once in each.
        done = subprocess.run(
            [sys.executable, "-m", "earmark", "render", bench, "--workers", "1"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout.split("rendered")[0].split()[-1])

    assert run("0.5") == 3
    assert run("0.5") == 0
    assert run("0.25") == 1


def test_a_unit_whose_identity_cannot_be_told_is_told_while_running(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "hollow").mkdir()
    bench = make_benchmark("{name: hollow, kind: checkpoint, path: hollow}", more=MAE)
    summary, heard = carry_out(bench, tmp_path / "r")
    assert len(heard.failures) == len(summary.failures) == 1
    assert "not a checkpoint folder" in heard.failures[0]


def test_a_file_that_lost_its_samples_is_rendered_again(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = make_benchmark("unprocessed", more=METRICS)
    carry_out(bench, tmp_path / "r")
    path = next((tmp_path / "r" / "renders").rglob("*.wav"))
    path.write_bytes(b"")
    assert carry_out(bench, tmp_path / "r")[0].rendered == 1
    assert path.stat().st_size > 1000


def test_a_report_does_not_spread_over_a_folder_of_other_things(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    songs = make_songs(1)
    carry_out(make_benchmark("unprocessed", more=MAE), tmp_path / "r")
    before = sorted(songs.rglob("*"))
    with Store(tmp_path / "r") as store, pytest.raises(UserError, match="holds other files"):
        write_report(store, out=songs)
    assert sorted(songs.rglob("*")) == before


@pytest.mark.slow
def test_a_run_with_failures_ends_with_status_1(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    save(tmp_path / "songs" / "song-0" / "mix.wav", np.zeros((RATE, 2)))
    bench = make_benchmark("unprocessed", more=MAE)
    done = subprocess.run(
        [sys.executable, "-m", "earmark", "run", bench, "--workers", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Report: " in done.stdout
    assert "1 failed" in done.stderr
