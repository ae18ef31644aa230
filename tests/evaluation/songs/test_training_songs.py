"""Songs of a checkpoint's training are found by what they sound like, and nothing else is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
import torch
from click.testing import CliRunner
from song_files import noise, save
from training_audio import RATE
from training_runs import run_recipe, tiny_recipe, write_songs

from earmark.analysis.benchmark.result.document import load as load_result
from earmark.analysis.benchmark.result.song_facts import song_facts
from earmark.cli import earmark
from earmark.evaluation.benchmark.file import Benchmark, load
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.ledger import Ledger
from earmark.evaluation.run.plan import plan
from earmark.evaluation.songs import training_songs as module
from earmark.evaluation.songs.song import Song
from earmark.evaluation.songs.training_songs import training_songs
from earmark.models.audio.files import read
from earmark.models.audio.identity import file_identity, identity_of, parse_identity
from earmark.models.checkpoints.folders import read_card


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``pairs`` and a checkpoint, ``run/step_000002``, that was trained on two."""
    folder = tmp_path_factory.mktemp("trained")
    write_songs(folder)
    run_recipe(folder, tiny_recipe("waveunet"), "run")
    return folder


def parts(trained: Path) -> tuple[list[str], list[str]]:
    """The names of the songs to train on and to validate on, by the card."""
    card = read_card(trained / "run" / "step_000002").training
    found: tuple[list[str], list[str]] = ([], [])
    for song in sorted((trained / "pairs").iterdir()):
        identity = str(file_identity(song / "mix.wav"))
        assert (identity in card.training_audio) != (identity in card.validation_audio)
        found[identity in card.validation_audio].append(song.name)
    return found


def benchmark(folder: Path, trained: Path, *more: str) -> Path:
    path = folder / "bench.yaml"
    systems = [f"{{name: net, kind: checkpoint, path: {trained}/run/step_000002}}", *more]
    lines = "".join(f"  - {one}\n" for one in systems)
    path.write_text(
        f"earmark: 1\nname: t\nsample_rate: {RATE}\nsongs: {{folder: songs/}}\nsystems:\n{lines}"
        "metrics: [lufs_integrated]\n"
    )
    return path


def test_the_card_names_each_file_of_the_training_by_content(trained: Path) -> None:
    training, validation = parts(trained)
    assert (len(training), len(validation)) == (2, 1)
    card = read_card(trained / "run" / "step_000002").training
    files = {str(file_identity(path)) for path in (trained / "pairs").rglob("*.wav")}
    assert {*card.training_audio, *card.validation_audio} == files
    assert str(trained) not in json.dumps(card.model_dump(mode="json"))


def test_songs_of_the_training_are_told_under_other_names_and_in_other_files(
    tmp_path: Path, trained: Path
) -> None:
    (one, other), (held_out,) = parts(trained)
    pairs = trained / "pairs"
    home = tmp_path / "songs"
    # Another name, another format, only the reference the same, and no song of the training.
    shutil.copytree(pairs / held_out, home / "h")
    for name in ("mix", "reference"):
        audio, rate = read(pairs / one / f"{name}.wav")
        (home / "as caf").mkdir(parents=True, exist_ok=True)
        soundfile.write(home / "as caf" / f"{name}.caf", audio.T.numpy(), rate, subtype="FLOAT")
    mix, rate = read(pairs / other / "mix.wav")
    save(home / "louder" / "mix.wav", 0.5 * mix, rate)
    shutil.copy(pairs / other / "reference.wav", home / "louder" / "reference.wav")
    save(home / "other" / "mix.wav", noise(mix.shape[1] / rate, rate, mix.shape[0]), rate)
    found = load(benchmark(tmp_path, trained))
    seen = training_songs(found.systems, found.songs)
    assert seen.trained == {"net": ("as caf", "louder")}
    assert seen.validated == {"net": ("h",)}
    assert seen.unknown == ()
    result = CliRunner().invoke(earmark, ["check", str(tmp_path / "bench.yaml")])
    assert "warning: net was trained on 2 songs of this benchmark (as caf, louder)" in result.stderr
    assert "warning: net was validated on 1 song of this benchmark (h)" in result.stderr


def test_a_cut_of_a_song_of_the_training_is_not_found_and_nothing_is_decoded_for_it(
    tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, _), _ = parts(trained)
    mix, rate = read(trained / "pairs" / one / "mix.wav")
    path = save(tmp_path / "cut.wav", mix[:, 1:], rate)
    found = load(benchmark_of(tmp_path, trained, path))
    monkeypatch.setattr(module, "file_identity", lambda _: pytest.fail("decoded"))
    assert training_songs(found.systems, found.songs).trained == {}


def benchmark_of(folder: Path, trained: Path, path: Path) -> Path:
    (folder / "songs").mkdir()
    path.rename(folder / "songs" / path.name)
    return benchmark(folder, trained)


def test_a_card_that_does_not_say_is_told_as_unknown(
    tmp_path: Path, trained: Path, make_songs: Callable[..., Path]
) -> None:
    make_songs(1, 0.6)
    old = tmp_path / "old"
    shutil.copytree(trained / "run" / "step_000002", old)
    card = json.loads((old / "model.json").read_text())
    for key in ("training_audio", "validation_audio"):
        del card["training"][key]
    (old / "model.json").write_text(json.dumps(card))
    more = (f"{{name: old, kind: checkpoint, path: {old}}}", "tcn", "unprocessed")
    path = benchmark(tmp_path, trained, *more)
    found = load(path)
    seen = training_songs(found.systems, found.songs)
    assert (seen.trained, seen.validated, seen.unknown) == ({}, {}, ("old", "tcn"))
    result = CliRunner().invoke(earmark, ["check", str(path), "--results", str(tmp_path / "r")])
    assert "training songs unknown: old, tcn do not say which songs were used" in result.stderr


@pytest.mark.slow
def test_a_run_records_it_and_the_report_marks_song_and_system(
    tmp_path: Path, trained: Path
) -> None:
    (one, _), _ = parts(trained)
    shutil.copytree(trained / "pairs" / one, tmp_path / "songs" / "heard")
    save(tmp_path / "songs" / "new" / "mix.wav", noise(1.5, RATE), RATE)
    (tmp_path / "songs" / "new" / "draft.wav").touch()
    path, results = benchmark(tmp_path, trained, "tcn"), tmp_path / "r"
    command = ["run", str(path), "--results", str(results), "--workers", "1"]
    result = CliRunner().invoke(earmark, command)
    assert result.exit_code == 0, result.output
    with Store(results) as store:
        (row,) = store.rows("SELECT record FROM run")
        facts = song_facts(load_result(store, "t"))
    record = json.loads(row["record"])
    assert record["songs"] == {"layout": "song folders", "audio files not used": 1, "gone": []}
    assert record["training songs"] == {
        "trained on": {"net": ["heard"]},
        "validated on": {},
        "unknown": ["tcn"],
    }
    assert facts.in_words == [
        "1 audio file not used",
        "1 song that net was trained on",
        "training songs of tcn unknown",
    ]
    page = (results / "reports" / "t" / "report.html").read_text()
    for words in (*facts.in_words, "net trained on it", "trained on 1 of the songs"):
        assert words in page
    headline = page[page.index('id="headline"') : page.index('id="songs"')]
    assert "trained on 1 of the songs" in headline
    assert facts.marks_of_song("new") == []


def test_results_of_an_older_run_say_nothing_of_it(
    tmp_path: Path, make_songs: Callable[..., Path], trained: Path
) -> None:
    make_songs(1, 0.6)
    path = benchmark(tmp_path, trained)
    with Store(tmp_path / "r") as store:
        found: Benchmark = load(path)
        ledger = Ledger.open(store, found, {"seed": 0})
        with store.transaction():
            ledger.register((), plan(found, tmp_path / "r", "cpu", ()))
        facts = song_facts(load_result(store, "t"))
    assert (facts.in_words, facts.unused) == ([], None)


def test_an_identity_is_that_of_the_samples_and_survives_as_text(tmp_path: Path) -> None:
    audio = noise(0.1)
    one = identity_of(audio, 44_100)
    assert parse_identity(str(one)) == one
    assert identity_of(audio, 48_000) != one
    assert identity_of(audio.flip(0), 44_100).sha256 != one.sha256
    assert identity_of(-torch.zeros(2, 9), 44_100) == identity_of(torch.zeros(2, 9), 44_100)
    whole = (audio.T.numpy() * 32_000).astype("int16")
    for suffix in ("wav", "flac", "aiff"):
        soundfile.write(tmp_path / f"a.{suffix}", whole, 44_100, subtype="PCM_16")
    kept = {file_identity(tmp_path / f"a.{suffix}") for suffix in ("wav", "flac", "aiff")}
    assert len(kept) == 1
    for text in ("", "1x2@3:", "axb@c:" + "0" * 64, "1x2@3:" + "0" * 63):
        with pytest.raises(ValueError, match=r"hex|digits|unpack|invalid literal"):
            parse_identity(text)


def test_songs_that_cannot_be_read_are_passed_over(tmp_path: Path, trained: Path) -> None:
    found = load(benchmark_of(tmp_path, trained, save(tmp_path / "x.wav")))
    gone = Song("gone", tmp_path / "gone.wav")
    assert training_songs(found.systems, [gone]).trained == {}
