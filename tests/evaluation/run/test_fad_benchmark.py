"""The set metrics of a benchmark: one value a system and channel, resumable, with its record."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fad_files import call, write_plugin
from runs import carry_out

from earmark.analysis.benchmark.report import write_report
from earmark.evaluation.benchmark.file import load
from earmark.evaluation.distances.embedding_cache import Clip
from earmark.evaluation.distances.song_sets import ClipSet
from earmark.evaluation.results.set_records import SetValue, read_sets
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.plan import plan
from earmark.evaluation.run.run import RunSettings
from earmark.evaluation.run.set_scores import (
    SetScorer,
    embed_one,
    embed_tasks,
    set_key,
    set_tasks,
)

Make = Callable[..., Path]
SETS = "metrics: [{name: fad, embedding: bands}, {name: kad, embedding: bands, channels: ms}]\n"
SYSTEMS = ("unprocessed", "{name: quiet, kind: loudness, target: -40}", "mono_sum")


@pytest.fixture
def make_bench(make_songs: Make, make_benchmark: Make, tmp_path: Path) -> Make:
    """A benchmark of five songs and three systems, with the plug-in that adds the embedding."""
    make_songs(5)
    write_plugin(tmp_path)

    def make(metrics: str = SETS, systems: tuple[str, ...] = SYSTEMS) -> Path:
        return make_benchmark(*systems, more=metrics + "plugins: [bands.py]\n")

    return make


def values(results: Path) -> dict[tuple[str, str, str], SetValue]:
    with Store(results) as store:
        found = read_sets(store, "test")
    return {(one.system, one.metric, one.parameters["channel"]): one for one in found}


@pytest.mark.slow
def test_every_system_has_a_value_for_each_channel(make_bench: Make, tmp_path: Path) -> None:
    summary, heard = carry_out(make_bench(), tmp_path / "r")
    assert summary.failures == ()
    assert heard.stages["embed"][0] == 4 * 5 * 2  # renders, by two choices of channels
    found = values(tmp_path / "r")
    systems = ("unprocessed", "quiet", "mono_sum")
    wanted = {(system, "fad", channel) for system in systems for channel in "lrms"}
    wanted |= {(system, "kad", channel) for system in systems for channel in "ms"}
    assert set(found) == wanted
    quiet, plain = (found[name, "fad", "m"].value or 0 for name in ("quiet", "unprocessed"))
    assert quiet > plain > 0
    side = found["mono_sum", "fad", "s"]
    assert (side.value, side.reason) == (None, "silent")
    one = found["unprocessed", "kad", "m"]
    assert dict(one.parameters) == {
        "channel": "m",
        "embedding": "bands",
        "front_end": 1,
        "seed": 0,
        "weights": "",
    }
    record = one.record
    assert (record["reference"], record["evaluated"]) == ("reference", "unprocessed")
    (channel,) = record["channels"]
    assert channel["kad"] == one.value
    assert channel["n_reference"] == channel["n_evaluated"] == 30
    assert channel["noise_floor"]["by_song"]
    assert [song["song"] for song in channel["per_song"]] == [f"song-{at}" for at in range(5)]
    assert record["warnings"] == ["bands hears nothing above 8 kHz"]


def test_a_second_run_embeds_and_computes_nothing(
    make_bench: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out(make_bench(), tmp_path / "r")
    first = values(tmp_path / "r")

    def forbidden(*arguments: object) -> None:
        raise AssertionError("was computed again")

    monkeypatch.setattr("earmark.evaluation.run.set_scores.compare", forbidden)
    summary, heard = carry_out(make_bench(), tmp_path / "r")
    assert heard.stages["embed"] == (0, 0)
    assert values(tmp_path / "r") == first
    with pytest.raises(AssertionError, match="again"):
        carry_out(make_bench(), tmp_path / "r", RunSettings(device="cpu", force=True))
    monkeypatch.undo()
    # A record that is lost is made again.
    for path in (tmp_path / "r" / "sets").rglob("*.json"):
        path.unlink()
    assert all(one.record == {} for one in values(tmp_path / "r").values())
    carry_out(make_bench(), tmp_path / "r")
    assert values(tmp_path / "r") == first
    assert summary.failures == ()


@pytest.mark.slow
def test_a_new_song_is_another_set(make_bench: Make, make_songs: Make, tmp_path: Path) -> None:
    bench = make_bench()
    carry_out(bench, tmp_path / "r")
    first = values(tmp_path / "r")
    extra = make_songs(1, folder="more") / "song-0"
    extra.rename(tmp_path / "songs" / "song-9")
    carry_out(bench, tmp_path / "r")
    second = values(tmp_path / "r")
    assert second["quiet", "fad", "m"].record["songs_evaluated"] == 6
    assert second["quiet", "fad", "m"].value != first["quiet", "fad", "m"].value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("{name: fad, embedding: vggish}", "download https"),
        ("{name: fad, embedding: vggish, checkpoint: no.pth}", "no.pth: no such checkpoint"),
    ],
)
def test_what_cannot_be_computed_is_a_failure_and_stops_nothing_else(
    make_bench: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    metric: str,
    words: str,
) -> None:
    monkeypatch.setenv("EARMARK_CHECKPOINTS", str(tmp_path / "none"))
    bench = make_bench(f"metrics: [{metric}, {{name: kad, embedding: bands}}, lufs_integrated]\n")
    summary, _ = carry_out(bench, tmp_path / "r")
    assert {(system, step) for _, system, step, _ in summary.failures} == {
        (system, "score:fad") for system in ("unprocessed", "quiet", "mono_sum")
    }
    assert all(words in message for *_, message in summary.failures)
    assert values(tmp_path / "r")["quiet", "kad", "m"].value is not None
    # Once the cause is mended the failure goes.
    mended = make_bench("metrics: [{name: fad, embedding: bands}]\n")
    assert carry_out(mended, tmp_path / "r")[0].failures == ()


def test_without_reference_masters_there_is_no_value(make_bench: Make, tmp_path: Path) -> None:
    bench = make_bench(systems=SYSTEMS[:1])
    for path in (tmp_path / "songs").rglob("reference.wav"):
        path.unlink()
    bench.write_text(bench.read_text().replace("reference: true\n", ""))
    summary, _ = carry_out(bench, tmp_path / "r")
    assert {message for *_, message in summary.failures} == {
        "there is no reference master to compare with"
    }


@pytest.mark.slow
def test_one_or_two_embeddings_are_too_few_for_the_extrapolation(
    make_bench: Make, tmp_path: Path
) -> None:
    bench = make_bench(
        "excerpt: {seconds: 0.75}\nmetrics: [{name: fad_inf, embedding: bands, channels: m}]\n"
    )
    carry_out(bench, tmp_path / "r")
    one = values(tmp_path / "r")["quiet", "fad_inf", "m"]
    assert (one.value, one.reason) == (None, "too_few")
    assert any("no FAD-inf" in words for words in one.record["channels"][0]["warnings"])


@pytest.mark.slow
def test_systems_of_a_benchmark_are_compared_by_name(make_bench: Make, tmp_path: Path) -> None:
    carry_out(make_bench(), tmp_path / "r")
    options = ("--embedding", "bands", "--plugin", tmp_path / "bands.py", "--results")
    done = call("fad", "reference", "quiet", *options, tmp_path / "r", "--json")
    found = json.loads(done.stdout)
    stored = values(tmp_path / "r")
    for channel in found["channels"]:
        assert channel["fad"] == stored["quiet", "fad", channel["channel"]].value
    # The renders were embedded by the run: nothing is computed for them.
    assert "10 already there" in done.stderr
    for name, words in (("nobody", "neither a folder nor a system"), ("", "neither a folder")):
        done = call("fad", "reference", name, *options, tmp_path / "r", "--benchmark", "test")
        assert done.exit_code == 1
        assert words in str(done.exception)
        assert "choose from unprocessed, quiet, mono_sum, reference" in str(done.exception)
    done = call("fad", "reference", "quiet", *options, tmp_path / "r", "--benchmark", "x")
    assert "choose from test" in str(done.exception)
    done = call("fad", "reference", tmp_path / "songs" / "song-0", *options, tmp_path / "r")
    assert done.exit_code == 0


def test_workers_embed_what_the_distances_then_read(make_bench: Make, tmp_path: Path) -> None:
    bench = load(make_bench())
    carry_out(bench.path, tmp_path / "r", RunSettings(device="cpu", steps=("render",)))
    with Store(tmp_path / "r") as store:
        planned = plan(bench, store.folder, "cpu", bench.songs)
        tasks = embed_tasks(store, bench, planned, "cpu")
        assert {embed_one(task) for task in tasks} == {""}
        assert embed_tasks(store, bench, planned, "cpu") == []
        files = {path: path.stat().st_mtime_ns for path in store.folder.rglob("*.npy")}
        scorer = SetScorer()
        done = [scorer.score(task) for task in set_tasks(store, bench, planned, "cpu")[0]]
        assert {path: path.stat().st_mtime_ns for path in store.folder.rglob("*.npy")} == files
    assert {one.system for one in done} == {"unprocessed", "quiet", "mono_sum"}
    assert sum(len(one.scores) for one in done) == 3 * (4 + 2)
    tasks[0].clip.path.unlink()
    for path in files:
        path.unlink()
    assert "no such file" in embed_one(tasks[0])


def test_the_key_of_a_set_ignores_order_and_names() -> None:
    first = ClipSet("a", tuple(Clip(str(at), Path(), str(at)) for at in range(3)))
    second = ClipSet("b", tuple(Clip("x", Path("y"), str(at)) for at in (2, 0, 1)))
    assert set_key(first) == set_key(second)
    assert set_key(first) != set_key(ClipSet("a", first.clips[:2]))


@pytest.mark.slow
def test_the_report_shows_each_value_with_n_floor_weights_and_warnings(
    make_bench: Make, tmp_path: Path
) -> None:
    carry_out(make_bench(), tmp_path / "r")
    stored = values(tmp_path / "r")
    with Store(tmp_path / "r") as store:
        page = write_report(store, "test")
    text = page.read_text(encoding="utf-8")
    for words in ("How far is each set", "bands, front end 1", "hears nothing above 8 kHz"):
        assert words in text
    table = (page.parent / "tables" / "sets.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    assert len(rows) == len(stored) == 18
    for row in rows:
        one = stored[row["system"], row["metric"], row["channel"][0]]
        assert (row["value"] == "") == (one.value is None)
        if one.value is not None:
            assert float(row["value"]) == pytest.approx(one.value)
            assert (row["n_reference"], row["n_evaluated"]) == ("30", "30")
            assert float(row["noise_low"]) <= float(row["noise_floor"])
    silent = [row for row in rows if row["reason"] == "silent"]
    assert {(row["system"], row["channel"]) for row in silent} == {("mono_sum", "side")}
    assert all("as in mono" in row["warnings"] for row in silent)
    found = json.loads((page.parent / "result.json").read_text(encoding="utf-8"))
    assert [one["value"] for one in found["sets"]] == [one.value for one in stored.values()]
