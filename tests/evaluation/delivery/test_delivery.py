"""Delivery: a file just within and just outside of each limit, and an album that is no mean."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner, Result
from command_line import typed

from earmark.cli import earmark
from earmark.evaluation.delivery.album import AlbumLoudness
from earmark.evaluation.delivery.checklist import DeliveryVerdict, MetricValue, checklist, in_words
from earmark.evaluation.delivery.profiles import (
    Playback,
    choose_profiles,
    shipped_profiles,
)
from earmark.models.audio.loudness import integrated_loudness
from earmark.models.errors import UserError

RATE = 48000
LIMITS = [(profile, limit) for profile in shipped_profiles() for limit in profile.limits]


def sine(lufs: float, seconds: float = 3.0) -> Any:
    """A stereo sine of this integrated loudness, ``(samples, 2)``."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = np.sin(2 * math.pi * 997 * time)
    # BS.1770: 0 dBFS at 997 Hz in one channel is -3.01 LUFS, so in two channels 0 LUFS.
    return np.stack([wave, wave], axis=1) * 10 ** (lufs / 20)


def save(path: Path, audio: Any) -> Path:
    soundfile.write(path, audio, RATE, subtype="DOUBLE")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(earmark, ["measure", *map(str, arguments)])


def values(**given: float | None) -> dict[str, MetricValue]:
    found = {"lufs_integrated": -14.0, "true_peak_dbtp": -3.0} | given
    return {
        name: MetricValue(one, "", "" if one is not None else "silent")
        for name, one in found.items()
    }


@pytest.mark.parametrize(("profile", "limit"), LIMITS, ids=lambda one: getattr(one, "name", ""))
def test_each_limit_that_ships_has_a_value_within_and_one_outside(profile: Any, limit: Any) -> None:
    for edge, outward in ((limit.at_least, -1e-6), (limit.at_most, 1e-6)):
        if edge is None:
            continue
        for beyond, expected in ((0.0, DeliveryVerdict.WITHIN), (outward, DeliveryVerdict.OUTSIDE)):
            made = checklist(profile, values(**{limit.metric: edge + beyond}))
            (check,) = (one for one in made.checks if one.limit == limit)
            assert check.judgement is expected, (edge, beyond)
            assert check.beyond == pytest.approx(abs(beyond))


@pytest.mark.parametrize(
    ("lufs", "expected"),
    [(-22.85, "within"), (-22.75, "outside"), (-23.15, "within"), (-23.25, "outside")],
)
def test_files_just_within_and_just_outside(tmp_path: Path, lufs: float, expected: str) -> None:
    path = save(tmp_path / "a.wav", sine(lufs))
    done = run(path, "--profile", "ebu-r128", "--json")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["files"][0]["delivery"]
    checks = {one["metric"]: one for one in found["checks"]}
    assert checks["lufs_integrated"]["value"] == pytest.approx(lufs, abs=0.01)
    assert checks["lufs_integrated"]["verdict"] == expected
    assert checks["true_peak_dbtp"]["verdict"] == "not stated"


def test_every_profile_that_ships_has_a_source_and_a_date() -> None:
    for one in shipped_profiles():
        assert one.source.startswith("https://"), one.name
        assert one.read_on.year >= 2026
        assert all(limit.says for limit in one.limits), one.name
    text = (Path(__file__).parents[3] / "docs" / "delivery.md").read_text(encoding="utf-8")
    assert [one.name for one in shipped_profiles() if f"`{one.name}`" not in text] == []


def test_what_is_not_stated_or_not_measured_is_never_within() -> None:
    (profile,) = choose_profiles(["ebu-r128"])
    stated = {one.metric: one.judgement for one in checklist(profile, values()).checks}
    assert stated["true_peak_dbtp"] is DeliveryVerdict.NOT_STATED
    silent = checklist(profile, values(lufs_integrated=None, true_peak_dbtp=None))
    assert {one.judgement for one in silent.checks} == {DeliveryVerdict.NOT_MEASURED}
    assert silent.gain_db is None


@pytest.mark.parametrize(
    ("lufs", "peak", "gain"),
    # The first is the example of Spotify's own text: -20 LUFS and -5 dBTP are lifted to -16 LUFS.
    [(-20.0, -5.0, 4.0), (-9.0, 0.5, -5.0), (-15.0, -5.0, 1.0), (-15.0, -0.5, 0.0)],
)
def test_the_gain_on_playback_keeps_the_headroom(lufs: float, peak: float, gain: float) -> None:
    spotify = Playback(target_lufs=-14, raises=True, headroom_db=1)
    assert spotify.gain_db(lufs, peak) == pytest.approx(gain)
    assert Playback(target_lufs=-14).gain_db(lufs, peak) == pytest.approx(min(0.0, -14 - lufs))


def test_an_album_is_one_programme_and_no_mean() -> None:
    tracks = [torch.from_numpy(sine(lufs, 8.0).T).float() for lufs in (-12.0, -30.0, -20.0)]
    album = AlbumLoudness()
    for track in tracks:
        album.add(track, RATE)
    whole = float(integrated_loudness(torch.cat(tracks, dim=-1), RATE))
    mean = sum(float(integrated_loudness(one, RATE)) for one in tracks) / 3
    # Only the blocks that span two tracks differ.
    assert album.lufs == pytest.approx(whole, abs=0.1)
    assert abs(album.lufs - mean) > 5
    assert math.isnan(AlbumLoudness().lufs)
    silent = AlbumLoudness()
    silent.add(torch.zeros(2, RATE), RATE)
    assert math.isnan(silent.lufs)


def test_a_file_of_ones_own_and_an_album(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "earmark_profiles: 1\nprofiles:\n"
        "  - name: mine\n    title: Mine\n    source: me\n    read_on: 2026-01-01\n"
        "    limits:\n      - {metric: lufs_integrated, at_most: -13, of: album}\n"
        "      - {metric: lra, at_most: 3, of: album}\n"
        "      - {metric: sample_peak_dbfs, at_most: -9.9}\n",
        encoding="utf-8",
    )
    files = [save(tmp_path / f"{n}.wav", sine(lufs, 4.0)) for n, lufs in enumerate((-10, -26))]
    done = run(*files, "--profile", f"{mine},spotify-normal", "--album", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    first = {one["metric"]: one["verdict"] for one in found["files"][0]["delivery"][0]["checks"]}
    assert first == {
        "lufs_integrated": "not stated",
        "true_peak_dbtp": "not stated",
        "sample_peak_dbfs": "within",
    }
    album = {one["metric"]: one for one in found["album"]["delivery"][0]["checks"]}
    # Half of the blocks are 16 dB softer and gated out: the loudness of the loud track is left.
    assert album["lufs_integrated"]["value"] == pytest.approx(-10, abs=0.05)
    assert album["lufs_integrated"]["verdict"] == "outside"
    assert (album["lra"]["verdict"], album["lra"]["reason"]) == ("not measured", "no_album_value")
    text = run(*files, "--profile", "spotify-normal", "--album").stdout
    assert "album of 2" in text
    assert "gain on playback" in text
    assert "https://support.spotify.com" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metric: lufs_integratd, at_most: -1", "is no metric of audio alone"),
        ("metric: mae, at_most: 1", "is no metric of audio alone"),
        ("metric: lra", "give at_least, at_most or both"),
        ("metric: lra, at_least: 3, at_most: 2", "at_least 3 is above at_most 2"),
        ("metric: lra, at_mst: 2", "at_mst"),
    ],
)
def test_a_mistake_in_a_file_of_profiles_is_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    mine = tmp_path / "mine.yaml"
    head = "earmark_profiles: 1\nprofiles:\n  - {name: a, title: A, source: me, read_on: 2026-01-01"
    mine.write_text(f"{head}, limits: [{{{text}}}]}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        choose_profiles([str(mine)])
    assert str(caught.value).startswith(f"{mine}:3")
    assert "\n" not in str(caught.value)


def test_an_unknown_profile_and_an_album_without_one_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", sine(-20.0))
    unknown = typed("measure", str(path), "--profile", "spotfy", cwd=tmp_path)
    assert unknown.status == 1
    assert "unknown profile 'spotfy'; choose from spotify-normal" in unknown.stderr
    assert "--profile NAME" in typed("measure", str(path), "--album", cwd=tmp_path).stderr


def test_limits_in_words() -> None:
    words = [in_words(limit, "LUFS") for _, limit in LIMITS]
    assert "-23.2 to -22.8 LUFS" in words
    assert "at most -1 LUFS" in words
