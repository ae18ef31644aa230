"""The sounds of a report: what browsers decode, how systems stay aligned, how large they are."""

import base64
import io
import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile
from decoders import BROWSERS, DECODED, in_browser
from hypothesis import given, settings
from hypothesis import strategies as st
from other_browsers import Run

from earmark.analysis.benchmark.song_pages.sounds import (
    EXCERPT_SECONDS,
    OPUS_RATE,
    Floats,
    SoundKind,
    encoded,
    loudest,
    most_bytes,
    packed,
    player_samples,
    sound_script,
)


def noise(seconds: float, rate: int, channels: int = 2, seed: int = 0) -> Floats:
    """Noise that gets louder and softer: ``(channels, samples)``."""
    count = round(seconds * rate)
    shape = 0.6 + 0.4 * np.sin(np.arange(count) / rate * 5)
    sound = np.random.default_rng(seed).normal(0, 0.1, (channels, count)) * shape
    return sound.astype(np.float32)


@pytest.fixture(scope="module", params=BROWSERS)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    with in_browser(request.param, request) as found:
        yield found


def heard(run: Run, data: bytes, rate: int) -> Floats:
    """What a browser decodes for a context of this rate: ``(channels, samples)``."""
    found = run(DECODED, base64.b64encode(data).decode(), rate)
    assert found.get("error") is None
    return np.stack([np.frombuffer(base64.b64decode(one), "<f4") for one in found["channels"]])


def lag(first: Floats, second: Floats) -> int:
    """By how many samples the second comes later, from the peak of the cross-correlation."""
    size = 2 * max(len(first), len(second))
    product = np.fft.irfft(np.fft.rfft(second, size) * np.conj(np.fft.rfft(first, size)))
    at = int(np.argmax(product))
    return at if at < size // 2 else at - size


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_lossy_sounds_keep_length_and_place_in_every_browser(
    run: Run, rate: int, channels: int
) -> None:
    audio = noise(1.3, rate, channels)
    data = encoded(audio, rate, SoundKind.LOSSY, 1)
    found = heard(run, data, OPUS_RATE)
    assert found.shape == (channels, round(1.3 * OPUS_RATE))
    wanted, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    for at in range(channels):
        assert lag(wanted[:, at], found[at]) == 0
    # Against what was encoded, at its own rate.
    resampled = np.interp(np.arange(found.shape[1]) / OPUS_RATE, np.arange(audio.shape[1]) / rate,
                          audio[0])  # fmt: skip
    assert abs(lag(resampled.astype(np.float32), found[0])) <= 1


@pytest.mark.slow
@pytest.mark.browser
def test_two_systems_stay_aligned_whatever_each_is_made_of(run: Run) -> None:
    """One is a filtered, louder, quiet-at-first version of the other, as masters are."""
    mix = noise(1.5, 44_100)
    master = np.clip(2.5 * mix, -0.3, 0.3)
    master[:, :4000] = 0
    sounds = [
        heard(run, encoded(one, 44_100, SoundKind.LOSSY, 1), OPUS_RATE) for one in (mix, master)
    ]
    assert sounds[0].shape == sounds[1].shape
    assert lag(sounds[0][0], sounds[1][0]) == 0


@pytest.mark.browser
@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_full_sounds_are_the_very_samples_in_every_browser(run: Run, rate: int) -> None:
    audio = noise(0.4, rate)
    found = heard(run, encoded(audio, rate, SoundKind.FULL, 3), rate)
    exact = player_samples(audio, 3) / 32768
    # Of 16 bits, some browsers divide what is above zero by 32767.
    np.testing.assert_allclose(found, exact, rtol=4e-5, atol=1e-7)


@given(st.binary(max_size=300))
def test_packed_bytes_come_back_from_a_string_of_a_script(data: bytes) -> None:
    text = packed(data)
    assert max(text, default=0) < 128
    assert re.search(rb"[\n\r]", text) is None
    held = re.sub(rb"\\(.)", lambda found: {b"n": b"\n", b"r": b"\r"}.get(found[1], found[1]), text)
    assert re.sub(rb"\\.", b"", text).count(b'"') == 0
    bits = "".join(f"{byte:07b}" for byte in held)
    back = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))
    assert back == data
    assert sound_script("audio/x", data) == b'earmark.put("audio/x","%s");\n' % text


@pytest.mark.slow
@pytest.mark.parametrize("sound", [SoundKind.FULL, SoundKind.LOSSY])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_no_sound_is_larger_than_the_budget_counts(
    sound: SoundKind, rate: int, channels: int
) -> None:
    """White noise at full scale is what compresses worst."""
    for seconds in (0.02, 1.0, 4.0):
        audio = np.random.default_rng(1).uniform(-1, 1, (channels, round(seconds * rate)))
        data = encoded(audio.astype(np.float32), rate, sound, 1)
        bound = most_bytes(audio.shape[1], rate, channels, sound)
        assert len(sound_script("audio/" + "x" * 20, data)) <= bound
    assert len(sound_script("", data)) > 0.8 * bound, "a bound that is far off leaves songs out"


def test_a_lossy_sound_ends_where_full_scale_does() -> None:
    tone = np.sin(np.arange(48_000) / 10, dtype=np.float32)[None]
    loud = encoded(3 * tone, 48_000, SoundKind.LOSSY, 1)
    clipped = encoded(np.clip(3 * tone, -1, 1), 48_000, SoundKind.LOSSY, 1)
    assert (
        soundfile.read(io.BytesIO(loud))[0].tolist()
        == soundfile.read(io.BytesIO(clipped))[0].tolist()
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 39), st.floats(8.5, 400))
def test_an_excerpt_lies_inside_and_holds_the_loudest_place(at: int, seconds: float) -> None:
    high = [10] * 40
    high[at] = 900
    start = loudest([-value for value in high], high, seconds)
    assert 0 <= start <= seconds - EXCERPT_SECONDS
    column = seconds / 40
    assert start <= (at + 1) * column + 1e-3
    assert start + EXCERPT_SECONDS >= at * column - 1e-3


def test_a_song_shorter_than_an_excerpt_is_heard_whole() -> None:
    assert loudest([0, 0], [1, 9], EXCERPT_SECONDS - 1) == 0
    assert json.dumps(loudest([0, 0], [1, 9], 100.0))
