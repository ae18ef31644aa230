"""The tables of ``earmark measure`` and ``earmark fad`` show numbers as the reports do."""

from pathlib import Path
from typing import Any

import pytest

from earmark.analysis.presentation.distance_tables import distance_rows, fit_lines, song_rows
from earmark.analysis.presentation.numbers import number_format
from earmark.analysis.presentation.score_tables import score_rows
from earmark.evaluation.distances.extrapolation import Extrapolation, Fit
from earmark.evaluation.distances.noise_floor import NoiseFloor
from earmark.evaluation.distances.result import ChannelDistance, Distances, SongDistance
from earmark.evaluation.measure import FileScores
from earmark.evaluation.metrics import Measurement


def scores(*values: float | None, unit: str = "LUFS", reason: str = "") -> list[FileScores]:
    return [
        FileScores(
            Path(f"{at}.wav"),
            44100,
            2,
            1.0,
            (Measurement("m", "raw", {}, value, reason if value is None else "", 1, unit),),
        )
        for at, value in enumerate(values)
    ]


def cells(*values: float | None, **more: str) -> list[str]:
    ((name, unit, *found),) = score_rows(scores(*values, **more))
    assert (name, unit) == ("m", more.get("unit", "LUFS"))
    return found


def test_a_row_has_equal_digits_and_a_true_minus_sign() -> None:
    assert cells(-14.234, -9.0) == ["−14.2", "−9.0"]
    assert cells(-14.234, -9.0) == [
        number_format([-14.234, -9.0], "LUFS")(v) for v in (-14.234, -9)
    ]
    assert cells(0.01234, unit="dB") == ["0.01"], "nothing smaller can be heard"
    assert cells(12345.6, unit="Hz") == ["12\u202f346"]
    assert cells(0.5, 900.0, 0.0001, unit="") == ["0.500", "900", "0.000100"]


def test_samples_are_whole_and_what_is_undefined_says_why() -> None:
    assert cells(3.0, -1200.0, unit="samples") == ["3", "−1\u202f200"]
    assert cells(None, -9.0, reason="too_short") == ["– (too_short)", "−9.00"]


def distances(*channels: ChannelDistance) -> Distances:
    names: dict[str, Any] = dict.fromkeys(
        ("reference", "evaluated", "embedding", "sha256", "device"), "x"
    )
    return Distances(
        **names, songs_reference=2, songs_evaluated=3, front_end=1, seed=0, channels=channels,
        warnings=(),
    )  # fmt: skip


def through(value: float, slope: float) -> Extrapolation:
    fit = Fit("evaluated", (8, 20, 80), (), slope, 1.23456, 0.98765)
    return Extrapolation(value, 0.2, (fit, fit))


def channel(name: str, fad: float | None, **more: Any) -> ChannelDistance:
    return ChannelDistance(name, 4, 80, 60, fad, "" if fad is not None else "silent", **more)


def test_distances_of_one_sort_have_equal_digits_with_their_floor() -> None:
    floor = NoiseFloor(1.23456, 1.1, 1.4, n=20, at_equal_n=2.5, splits=10, by_song=True)
    more = {"noise_floor": floor, "infinity": through(-0.1234, 1.0), "kad_noise_floor": floor}
    middle = channel("m", 12.3456, kad=0.5, **more)
    columns, rows = distance_rows(distances(middle, channel("s", None)))
    assert columns == [
        *("channel", "n reference", "n evaluated", "FAD", "at n of the floor", "noise floor"),
        *("FAD-inf", "one-sided", "KAD", "KAD noise floor"),
    ]
    shown = ("mid", "80", "60", "12.35", "2.50", "1.23 (1.10–1.40, n 20)", "−0.12", "0.20")
    side = ("side", "80", "60", "silent", *["–"] * 6)
    assert rows == [(*shown, "0.500", "1.235 (1.100–1.400, n 20)"), side]
    plain, _ = distance_rows(distances(channel("m", 1.0)))
    assert plain == columns[:6]


def test_songs_have_equal_digits_and_a_column_only_for_what_there_is() -> None:
    songs = (SongDistance("a", 16, 1.23456, 0.5, ""), SongDistance("b", 0, None, None, "silent"))
    columns, rows = song_rows(distances(channel("m", 1.0, per_song=songs)))
    assert columns == ["song", "channel", "n", "FAD", "KAD"]
    assert rows == [("a", "mid", "16", "1.23", "0.500"), ("b", "mid", "0", "silent", "–")]
    columns, rows = song_rows(distances(channel("m", 1.0, per_song=songs[1:])))
    assert columns == ["song", "channel", "n", "FAD"]
    assert rows == [("b", "mid", "0", "silent")]


@pytest.mark.parametrize(("slope", "shown"), [(-12.345, "−12.3"), (1.2345e-8, "1.23e−08")])
def test_a_fit_is_shown_with_three_digits(slope: float, shown: str) -> None:
    line, _ = fit_lines(distances(channel("m", 1.0, infinity=through(1.0, slope))))
    expected = f"1.23 + {shown}/n, r² 0.9877, 3 sizes from 8 to 80"
    assert line == f"FAD-inf fit, mid, evaluated side: {expected}"
