"""Songs are checked before anything runs: all problems of all songs, in one list."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
import torch
from song_files import RATE, noise, save

from earmark.evaluation.songs.checks import check_songs, usable
from earmark.evaluation.songs.folders import read_folder
from earmark.evaluation.songs.song import Excerpt, Song, SongProblem
from earmark.models.audio.alignment import shift
from earmark.models.audio.files import resample


def test_a_missing_partner_on_either_side_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    save(tmp_path / "mix" / "both.wav")
    save(tmp_path / "reference" / "both.wav")
    save(tmp_path / "mix" / "alone.wav")
    save(tmp_path / "reference" / "Alone 2.wav")
    songs = read_folder(tmp_path).songs
    problems = check_songs(songs)
    assert [(p.song, p.path, p.severity) for p in problems] == [
        ("alone", tmp_path / "mix" / "alone.wav", "error"),
        ("Alone 2", tmp_path / "reference" / "Alone 2.wav", "error"),
    ]
    assert all("no partner of that name" in p.message for p in problems)
    assert [song.id for song in usable(songs, problems)] == ["both"]


def test_two_files_for_one_song_are_an_error(tmp_path: Path) -> None:
    save(tmp_path / "mix" / "a.wav")
    save(tmp_path / "mix" / "A.flac")
    save(tmp_path / "reference" / "a.wav")
    (problem,) = check_songs(read_folder(tmp_path).songs)
    assert problem.severity == "error"
    assert "stands here also as" in problem.message


def nan(path: Path) -> None:
    audio = noise(1.0)
    audio[1, 22050] = math.nan
    save(path, audio)


def truncated(path: Path) -> None:
    save(path.with_suffix(".flac"), noise(1.0))
    whole = path.with_suffix(".flac").read_bytes()
    path.with_suffix(".flac").unlink()
    path.write_bytes(whole[: len(whole) // 3])


def truncated_wav(path: Path) -> None:
    whole = save(path, noise(1.0)).read_bytes()
    path.write_bytes(whole[: len(whole) // 3])


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "no such file"),
    "zero bytes": (lambda path: path.write_bytes(b""), "the file is empty (0 bytes)"),
    "text": (lambda path: path.write_text("la la la\n" * 100), "not audio that can be read"),
    "no samples": (lambda path: save(path, torch.zeros(2, 0)), "holds no audio (0 samples)"),
    "truncated": (truncated, ": the audio "),
    "truncated WAV": (truncated_wav, "breaks off at 0.1 MB of 0.4 MB; copy the file again"),
    "NaN": (nan, "1 samples are NaN or infinite, the first at 0.500 s"),
    "infinite": (lambda path: save(path, noise(1.0) / 0), "NaN or infinite"),
    "silent": (lambda path: save(path, torch.zeros(2, RATE)), "is silent in the excerpt"),
    "three channels": (lambda path: save(path, noise(1.0, channels=3)), "has 3 channels"),
    "folder": (lambda path: path.mkdir(), ""),
}


@pytest.mark.parametrize("role", ["mix", "reference"])
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_one_line_and_the_other_songs_go_on(
    tmp_path: Path, case: str, role: str
) -> None:
    make, message = BROKEN[case]
    good = save(tmp_path / "good.wav")
    bad = tmp_path / "bad.wav"
    make(bad)
    songs = [
        Song("bad", bad, good) if role == "mix" else Song("bad", good, bad),
        Song("good", good, good),
    ]
    problems = check_songs(songs)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert len(errors) == 1
    assert str(errors[0]).startswith(f"{bad}: ")
    assert message in str(errors[0])
    assert "\n" not in str(errors[0])
    assert [song.id for song in usable(songs, problems)] == ["good"]


def test_all_problems_of_all_songs_come_in_one_list_in_order(tmp_path: Path) -> None:
    silent = save(tmp_path / "silent.wav", torch.zeros(2, RATE))
    text = tmp_path / "text.wav"
    text.write_text("no")
    songs = [Song("b", text, silent), Song("a", tmp_path / "gone.wav"), Song("c", silent, text)]
    assert [(p.song, p.path) for p in check_songs(songs)] == [
        ("b", text),
        ("b", silent),
        ("a", tmp_path / "gone.wav"),
        ("c", silent),
        ("c", text),
    ]


def test_a_song_without_mix_and_stems_is_an_error(tmp_path: Path) -> None:
    save(tmp_path / "a" / "reference.wav")
    (problem,) = check_songs(read_folder(tmp_path).songs)
    assert "has no mix and no stems" in problem.message
    assert problem.severity == "error"


def test_lengths_that_differ_by_more_than_50_ms_are_told(tmp_path: Path) -> None:
    mix = save(tmp_path / "mix.wav", noise(2.0))
    longer = save(tmp_path / "longer.wav", noise(2.06))
    assert check_songs([Song("a", mix, save(tmp_path / "near.wav", noise(2.04)))]) == []
    (problem,) = check_songs([Song("a", mix, longer)])
    assert problem.severity == "warning"
    assert "lasts 2.060 s, mix.wav 2.000 s (+0.060 s)" in problem.message


def test_a_reference_that_ends_before_the_excerpt_is_an_error_and_outside_it_a_warning(
    tmp_path: Path,
) -> None:
    mix = save(tmp_path / "mix.wav", noise(3.0))
    song = Song("a", mix, save(tmp_path / "short.wav", noise(2.0)))
    (error,) = check_songs([song])
    assert (error.severity, error.path) == ("error", song.reference)
    assert "ends 1.000 s before the excerpt does" in error.message
    (warning,) = check_songs([song], Excerpt(0.5, 1.0))
    assert warning.severity == "warning"


def test_rates_that_differ_are_told_and_do_no_harm(tmp_path: Path) -> None:
    mix = save(tmp_path / "mix.wav", noise(1.0))
    other = save(tmp_path / "reference.wav", resample(noise(1.0), RATE, 48000), 48000)
    (problem,) = check_songs([Song("a", mix, other)])
    assert problem.severity == "warning"
    assert "is at 48000 Hz, mix.wav at 44100 Hz" in problem.message


@pytest.mark.parametrize(
    ("delay", "said"), [(1234, "lags mix.wav by 1234 samples (27.98 ms"), (-30000, "leads mix.wav")]
)
def test_an_offset_between_mix_and_reference_is_measured_in_samples(
    tmp_path: Path, delay: int, said: str
) -> None:
    sound = noise(4.0)
    mix = save(tmp_path / "mix.wav", sound)
    late = save(tmp_path / "reference.wav", 2 * torch.tanh(shift(sound, -delay)))
    (problem,) = check_songs([Song("a", mix, late)])
    assert problem.severity == "warning"
    assert said in problem.message


def test_polarity_and_a_stranger_are_told(tmp_path: Path) -> None:
    mix = save(tmp_path / "mix.wav", noise(1.0))
    inverted = save(tmp_path / "inverted.wav", -noise(1.0))
    stranger = save(tmp_path / "stranger.wav", noise(1.0, seed=1))
    (one,) = check_songs([Song("a", mix, inverted)])
    (two,) = check_songs([Song("b", mix, stranger)])
    assert "opposite polarity" in one.message
    assert "is it the same song?" in two.message


def test_an_excerpt_that_begins_after_the_end_is_an_error_and_a_short_one_a_warning(
    tmp_path: Path,
) -> None:
    song = Song("a", save(tmp_path / "mix.wav", noise(2.0)))
    (error,) = check_songs([song], Excerpt(5.0, 1.0))
    assert error.severity == "error"
    assert "lasts 2.00 s, but the excerpt begins at 5 s" in error.message
    (warning,) = check_songs([song], Excerpt(1.5, 20.0))
    assert warning.severity == "warning"
    assert "holds only 0.50 s of the excerpt's 20 s" in warning.message


def test_nan_outside_the_excerpt_does_no_harm(tmp_path: Path) -> None:
    audio = noise(3.0)
    audio[0, -1] = math.nan
    song = Song("a", save(tmp_path / "mix.wav", audio))
    assert check_songs([song], Excerpt(0.0, 2.0)) == []
    assert check_songs([song], Excerpt(0.0, 3.0))[0].severity == "error"


def test_a_broken_stem_is_a_warning_beside_a_mix_and_an_error_without(tmp_path: Path) -> None:
    mix = save(tmp_path / "mix.wav")
    stems = (save(tmp_path / "a.wav"), tmp_path / "gone.wav")
    for song, severity in (
        (Song("s", mix, None, stems), "warning"),
        (Song("s", None, None, stems), "error"),
    ):
        (problem,) = check_songs([song])
        assert (problem.path, problem.severity) == (stems[1], severity)


def test_silent_stems_are_an_error_only_when_all_are_silent(tmp_path: Path) -> None:
    silent = save(tmp_path / "silent.wav", torch.zeros(1, RATE))
    assert check_songs([Song("s", None, None, (silent, save(tmp_path / "a.wav")))]) == []
    (problem,) = check_songs([Song("s", None, None, (silent, silent))])
    assert (problem.song, problem.severity) == ("s", "error")


def test_a_problem_without_a_file_names_its_song() -> None:
    assert str(SongProblem("my song", None, "is odd")) == "song my song: is odd"


def test_a_hot_file_of_integers_is_told(tmp_path: Path) -> None:
    audio = noise(1.0) * 32767
    soundfile.write(tmp_path / "mix.wav", audio.T.numpy(), RATE, subtype="FLOAT")
    (problem,) = check_songs([Song("a", tmp_path / "mix.wav")])
    assert problem.severity == "warning"
    assert "times full scale" in problem.message
