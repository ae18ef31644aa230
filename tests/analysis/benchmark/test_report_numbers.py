"""What a report computes: intervals, looks, colours, pictures, sentences."""

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.analysis.benchmark.result import intervals
from earmark.analysis.benchmark.song_pages import pictures
from earmark.analysis.benchmark.song_pages.sounds import player_samples
from earmark.analysis.presentation import colour_maps
from earmark.analysis.presentation.estimate import Estimate
from earmark.analysis.presentation.looks import COLOURS, looks, short_names
from earmark.analysis.presentation.numbers import number_format
from earmark.evaluation.insights.band_levels import BANDS_HZ, band_levels_db

RATE = 44100
Floats = npt.NDArray[np.float64]
numbers = st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=30).map(np.array)


@pytest.mark.parametrize("n", [6, 7, 8, 11, 24, 60])
@pytest.mark.parametrize("draw", ["normal", "lognormal", "standard_cauchy"])
def test_the_interval_of_a_median_holds_it_in_nineteen_of_twenty(n: int, draw: str) -> None:
    generator = np.random.default_rng([n, len(draw)])
    truth = {"normal": 0.0, "lognormal": 1.0, "standard_cauchy": 0.0}[draw]
    times = 600
    found = [intervals.median(getattr(generator, draw)(size=n)) for _ in range(times)]
    held = sum((one.low or 0) <= truth <= (one.high or 0) for one in found) / times
    assert 0.95 - 4 * 0.009 <= held <= 0.985


def test_the_interval_of_a_median_lies_between_two_order_statistics() -> None:
    for n in range(6, 80):
        values = np.sort(np.random.default_rng(n).normal(size=n))
        found = intervals.median(values)
        covers = [1 - 2 * scipy.stats.binom.cdf(depth - 1, n, 0.5) for depth in range(1, n // 2)]
        depth = sum(one >= 0.95 for one in covers)
        assert found.low is not None
        assert found.high is not None
        assert values[depth - 1] <= found.low <= values[depth]
        assert values[n - depth - 1] <= found.high <= values[n - depth]


@settings(deadline=None, max_examples=30)
@given(values=numbers, shift=st.floats(-100, 100), scale=st.floats(0.1, 10))
def test_intervals_move_and_stretch_with_the_values(
    values: Floats, shift: float, scale: float
) -> None:
    for interval in (intervals.mean, intervals.median):
        plain, moved = interval(values), interval(values * scale + shift)
        assert None not in (plain.low, plain.high, moved.low, moved.high)
        for before, after in ((plain.low, moved.low), (plain.high, moved.high)):
            assert after == pytest.approx((before or 0) * scale + shift, abs=1e-4)


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.random.default_rng(3).normal(size=40)
    found = intervals.mean(values)
    expected = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_five_songs_have_no_interval_and_none_has_no_value() -> None:
    assert intervals.median(np.array([2.0, 1, 3, 5, 4])) == Estimate(5, 3.0)
    assert intervals.mean(np.array([2.0, 1, 3, 5, 4])) == Estimate(5, 3.0)
    assert intervals.median(np.array([math.nan])) == Estimate(0)
    assert intervals.mean(np.array([])) == Estimate(0)


def test_forty_systems_all_look_different_in_points_and_in_lines() -> None:
    found = list(looks([(f"system {i}", "system") for i in range(40)]).values())
    assert len({(look.colour, look.symbol) for look in found}) == 40
    assert len({(look.colour, look.dash) for look in found}) == 40
    assert {look.colour for look in found} == set(COLOURS)


def test_the_reference_takes_no_colour_from_the_systems() -> None:
    with_it = looks([("reference", "reference"), ("a", "system"), ("b", "anchor")])
    without = looks([("a", "system"), ("b", "anchor")])
    assert with_it["reference"].symbol == "star"
    assert {name: with_it[name] for name in without} == without


@settings(deadline=None, max_examples=60)
@given(names=st.lists(st.text(alphabet="ab 01", min_size=1, max_size=40), unique=True, max_size=12))
def test_short_names_are_short_and_still_tell_systems_apart(names: list[str]) -> None:
    short = short_names(names)
    assert len(set(short.values())) == len(names)
    assert all(len(name) <= 14 for name in short.values())


def test_short_names_of_a_sweep_show_the_steps() -> None:
    names = [f"a long training run step {step}" for step in (1000, 2000)]
    assert [short_names(names)[name][-4:] for name in names] == ["1000", "2000"]


def test_colour_maps_grow_evenly_in_lightness() -> None:
    steps = np.diff(colour_maps.lightness_of(colour_maps.sequential()))
    assert (steps > 0).all()
    assert steps[5:].max() < 2 * steps[5:].mean()
    both = colour_maps.lightness_of(colour_maps.diverging())
    middle = len(both) // 2
    assert both[middle] == both.max()
    np.testing.assert_allclose(both, both[::-1], atol=5)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([-14.23, -9.5], "−14.2"),
        ([0.7561, 1.2], "0.756"),
        ([61234.0, 61234.0], "61\u202f234"),
        ([0.00021, 3.0], "0.000210"),
        ([1.32e-19, 0.3], "1.32e−19"),
    ],
)
def test_numbers_have_about_three_digits(values: list[float], shown: str) -> None:
    assert number_format(values)(values[0]) == shown


def test_a_rounded_zero_has_no_sign_and_a_missing_number_is_a_dash() -> None:
    show = number_format([-14.0, -12.0, -0.001], "dB")
    assert show(-0.001) == "0.0"
    assert show(None) == show(math.nan) == "–"


def sine(hertz: float, seconds: float = 1.0) -> npt.NDArray[np.float32]:
    time = np.arange(round(seconds * RATE)) / RATE
    return np.stack([np.sin(2 * np.pi * hertz * time)] * 2).astype(np.float32)


@pytest.mark.parametrize("band", [6, 32, 50])
def test_a_sine_of_full_scale_reads_0_db_in_its_sixth_of_an_octave(band: int) -> None:
    levels = band_levels_db(sine(BANDS_HZ[band], 4.0), RATE)
    known = [-200.0 if level is None else level for level in levels]
    assert int(np.argmax(known)) == band
    assert known[band] == pytest.approx(0, abs=0.3)


def test_white_noise_rises_by_half_a_db_per_sixth_of_an_octave() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 20 * RATE)).astype(np.float32)
    levels = band_levels_db(noise, RATE)
    rise = np.diff([level for level in levels if level is not None][16:])
    assert rise.mean() == pytest.approx(0.5, abs=0.01)
    # Total power: what lies in all bands is the noise's, 10 log10(2 * 0.01) re a full-scale sine.
    total = sum(10 ** (level / 10) for level in levels if level is not None)
    share = (BANDS_HZ[-1] * 10**0.025 - BANDS_HZ[0] / 10**0.025) / (RATE / 2)
    assert 10 * math.log10(total) == pytest.approx(10 * math.log10(0.02 * share), abs=0.1)


def test_bands_above_half_the_rate_have_no_level() -> None:
    levels = band_levels_db(sine(440.0), 22050)
    assert [level is None for level in levels] == [band * 10**0.025 > 11025 for band in BANDS_HZ]


@pytest.mark.parametrize("seconds", [0.05, 1.0, 70.0])
def test_a_spectrogram_has_one_size_and_shows_a_sine_where_it_is(seconds: float) -> None:
    levels = pictures.spectrogram_db(sine(1000.0, seconds), RATE)
    assert levels.shape == (pictures.ROWS, pictures.COLUMNS)
    span = math.log(pictures.HIGHEST_HZ / pictures.LOWEST_HZ)
    row = pictures.ROWS * (1 - math.log(1000 / pictures.LOWEST_HZ) / span)
    middle = levels[:, pictures.COLUMNS // 2]
    assert abs(int(np.argmax(middle)) - row) <= 2


def test_a_difference_from_itself_is_neutral_also_at_another_level() -> None:
    levels = pictures.spectrogram_db(sine(1000.0), RATE)
    same = np.asarray(pictures.difference_image(levels, levels))
    louder = np.asarray(pictures.difference_image(levels + 6, levels, 6.0))
    assert set(np.unique(same)) == set(np.unique(louder)) == {colour_maps.LEVELS // 2}
    more = np.asarray(pictures.difference_image(levels + 6, levels))
    assert more.max() > colour_maps.LEVELS // 2 >= more.min()


def test_a_waveform_holds_every_peak() -> None:
    audio = np.zeros((2, 10_000), dtype=np.float32)
    audio[1, 7_777], audio[0, 42] = 0.5, -2.0
    found = pictures.waveform(audio)
    assert max(found.high) == 500
    assert min(found.low) == -1000
    assert len(found.low) == len(found.high) == pictures.WAVEFORM_COLUMNS


def test_dither_makes_the_error_independent_of_the_signal() -> None:
    # TPDF of ±1 LSB: the total error has mean 0 and variance 1/4 LSB², whatever the signal.
    for level in (0.0, 0.3, 0.5):
        audio = np.full((2, 200_000), level / 32768, dtype=np.float32)
        error = player_samples(audio, 1).astype(np.float64) - level
        assert error.mean() == pytest.approx(0, abs=0.01)
        assert error.var() == pytest.approx(0.25, abs=0.01)


def test_overs_are_cut_at_full_scale_and_the_seed_decides_the_dither() -> None:
    audio = np.array([[1.5, -1.5, 0.1]], dtype=np.float32)
    samples = player_samples(audio, 5)
    assert samples[0, :2].tolist() == [32767, -32768]
    np.testing.assert_array_equal(samples, player_samples(audio, 5))


def test_every_look_has_a_shape() -> None:
    shapes = [look.path for look in looks([(str(i), "system") for i in range(11)]).values()]
    assert all(a != b for a, b in itertools.pairwise(shapes))
