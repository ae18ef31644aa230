"""Which songs of a report can be heard: what was asked for, what fits, what a listener is told."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from report_fixtures import Fake, build

from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.song_pages.audio_plan import (
    BUDGET_MB,
    CHOICES,
    AudioPlan,
    AudioWish,
    audio_plan,
)
from earmark.analysis.benchmark.song_pages.sounds import SoundKind
from earmark.cli import earmark
from earmark.cli.terminal.options import AUDIO
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

SMALL = Fake(songs=("amber street",), seconds=0.3)


def songs(folder: Path, count: int, seconds: float = 1.0) -> dict[str, list[Path]]:
    """So many songs of two files each."""
    path = folder / "one.wav"
    soundfile.write(path, np.zeros((round(seconds * 8000), 2)), 8000)
    return {f"song {at:02d}": [path, path] for at in range(count)}


def planned(found: Mapping[str, list[Path]], megabytes: float) -> AudioPlan:
    return audio_plan(AudioWish("auto", megabytes), found)


def test_auto_takes_the_best_that_fits(tmp_path: Path) -> None:
    found = songs(tmp_path, 10, 30.0)
    kinds = [planned(found, megabytes).sound for megabytes in (40, 15, 3, 0)]
    assert kinds == [SoundKind.FULL, SoundKind.LOSSY, SoundKind.LOSSY, SoundKind.NONE]
    assert len(planned(found, 15).songs) == 10
    assert 1 <= len(planned(found, 3).songs) < 10


def test_more_megabytes_never_give_less(tmp_path: Path) -> None:
    found = songs(tmp_path, 13, 30.0)
    counts = [len(planned(found, megabytes / 4).songs) for megabytes in range(80)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == 13
    assert len(set(counts)) > 8


@pytest.mark.parametrize("count", [2, 3, 7, 12, 60])
def test_songs_with_audio_are_spread_over_the_benchmark(tmp_path: Path, count: int) -> None:
    """Not the first ones, which may be of one artist."""
    found = songs(tmp_path, count, 30.0)
    names = list(found)
    for megabytes in np.linspace(0.5, count * 1.2, 12):
        chosen = sorted(names.index(name) for name in planned(found, megabytes).songs)
        if len(chosen) < 2:
            continue
        gaps = np.diff(chosen)
        assert gaps.max() - gaps.min() <= 1
        assert abs(chosen[0] - (count - 1 - chosen[-1])) <= 1


def test_a_file_that_is_no_audio_is_no_reason_to_stop(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing")
    assert planned({"a": [broken]}, 1).sound is SoundKind.FULL
    assert audio_plan(AudioWish("full"), {"a": [broken]}).songs == {"a"}


def test_what_is_not_there_or_lossy_is_said_with_the_way_to_all_of_it() -> None:
    song = frozenset({"a"})
    full = AudioPlan(SoundKind.FULL, song, 1, 80.0)
    assert full.note == full.song_note("a") == ""
    for kind in (SoundKind.LOSSY, SoundKind.EXCERPT, SoundKind.NONE):
        plan = AudioPlan(kind, song if kind is not SoundKind.NONE else frozenset(), 1)
        for words in (plan.note, plan.song_note("a")):
            assert words.endswith("Full audio: earmark report --audio full")
            assert "MB" not in words, "nobody chose by size"
    some = AudioPlan(SoundKind.LOSSY, song, 60, 12.5)
    assert some.note.startswith(
        "Audio: 1 of 60 songs, lossy: Opus 128 kb/s, to stay within 12.5 MB"
    )
    assert some.song_note("b").startswith("No audio of this song in this report: 1 of 60 songs")
    assert some.song_note("a").startswith("Audio: lossy: Opus 128 kb/s")


@pytest.mark.parametrize(
    ("choice", "budget", "words"),
    [
        ("mp3", None, "audio 'mp3': choose from auto, full, lossy, excerpt, none"),
        (None, -1.0, "audio budget -1 MB: give 0 or more megabytes"),
        (None, float("nan"), "give 0 or more"),
        ("full", 80.0, "audio full is not chosen by size"),
    ],
)
def test_a_wish_that_means_nothing_is_refused(
    choice: str | None, budget: float | None, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        AudioWish(choice, budget)


def test_the_command_offers_what_there_is() -> None:
    assert AUDIO == CHOICES
    for command in ("report", "run"):
        text = " ".join(CliRunner().invoke(earmark, [command, "--help"]).output.split())
        assert f"{BUDGET_MB:g} by default" in text


@pytest.mark.slow
def test_a_report_keeps_what_it_was_asked_for(tmp_path: Path) -> None:
    with Store(build(tmp_path, SMALL)) as store:
        folder = write_report(store, audio=AudioWish("none")).parent
        assert not (folder / "audio").exists()
        write_report(store)
        assert not (folder / "audio").exists()
        write_report(store, audio=AudioWish("auto"))
        assert len(list((folder / "audio").iterdir())) == len(SMALL.systems) + 1
        write_report(store, audio=AudioWish(budget_mb=0))
        assert list((folder / "audio").iterdir()) == []
        write_report(store)
        assert list((folder / "audio").iterdir()) == []
        listing = json.loads((folder / "files.json").read_text(encoding="utf-8"))
        assert listing["wishes"] == {"audio": "auto", "audio_budget_mb": "0"}
        odd: list[Any] = [[], {"audio": "loud"}, {"audio_budget_mb": "much"}, {"audio": 3}]
        for spoilt in odd:
            (folder / "files.json").write_text(json.dumps(listing | {"wishes": spoilt}))
            write_report(store)
            assert len(list((folder / "audio").iterdir())) == len(SMALL.systems) + 1


def test_another_kind_of_audio_leaves_the_pictures_as_they_are(tmp_path: Path) -> None:
    with Store(build(tmp_path, replace(SMALL, seconds=0.5))) as store:
        folder = write_report(store, audio=AudioWish("full")).parent
        before = {path: path.stat().st_mtime_ns for path in (folder / "pictures").iterdir()}
        full = {path.name for path in (folder / "audio").iterdir()}
        write_report(store, audio=AudioWish("lossy"))
        lossy = {path.name for path in (folder / "audio").iterdir()}
    assert {path: path.stat().st_mtime_ns for path in (folder / "pictures").iterdir()} == before
    assert len(full) == len(lossy)
    assert not full & lossy


def test_a_study_is_not_asked_how_large_its_audio_is(tmp_path: Path) -> None:
    done = CliRunner().invoke(earmark, ["report", "study", "--audio-budget", "3"])
    assert "leave STUDY out" in str(done.exception)
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(earmark, ["report", "study", "--audio", str(tmp_path / "file")])
    assert "is a file; give the folder" in str(done.exception)
