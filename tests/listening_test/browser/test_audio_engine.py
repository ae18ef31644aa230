"""The audio engine, proven sample by sample: its graph rendered offline in headless Chromium."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from offline_sound import (
    RATES,
    SOURCES,
    chosen,
    fade_frames,
    fall,
    rendered,
    rise,
    signal,
    sounding,
)
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=SOURCES)
def page(
    request: pytest.FixtureRequest, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    with sounding(chromium, request.param, tmp_path_factory.mktemp("page")) as found:
        yield found


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("count", range(2, 13))
def test_a_switch_fades_out_then_in_and_keeps_the_position_to_the_sample(
    page: Page, rate: int, count: int
) -> None:
    fade = fade_frames(rate)
    every = 0.5 / count
    changes = [(0, 0)] + [(round((0.1 + k * every) * rate), k) for k in range(1, count)]
    changes.append((round(0.8 * rate), 0))
    steps: list[list[Any]] = [["play", 0], *(["select", k, f / rate] for f, k in changes[1:])]
    sound = rendered(page, rate, steps, count=count)
    frames = np.arange(rate)
    gains = chosen(rate, changes, fade, count)
    entry = np.concatenate([rise(fade), np.ones(rate)])[:rate]
    for channel in range(2):
        expected = entry * sum(gains[i] * signal(i, channel, frames) for i in range(count))
        # The looped stimulus fades at its seam as well.
        seam = np.concatenate([rise(fade), np.ones(rate - 2 * fade), fall(fade)])
        np.testing.assert_allclose(sound[channel], expected * seam, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES)
def test_a_switch_makes_no_click_where_both_stimuli_are_the_same_tone(
    page: Page, rate: int
) -> None:
    """A constant shows the envelope itself: it never steps by more than the fade's own slope."""
    sound = page.evaluate(
        """async (rate) => {
          const {Deck} = await engine();
          const context = new OfflineAudioContext(1, rate, rate);
          const buffers = [0, 1, 2].map(() => {
            const buffer = context.createBuffer(1, rate, rate);
            buffer.getChannelData(0).fill(1);
            return buffer;
          });
          const deck = new Deck(context, buffers, context.destination);
          deck.setLoop(null, 0);
          deck.play(0.01);
          for (let k = 0; k < 40; k++) deck.select(k % 3, 0.05 + k * 0.0137);
          deck.seek(rate / 2, 0.7);
          deck.pause(0.8);
          deck.play(0.9);
          return [...(await context.startRendering()).getChannelData(0)];
        }""",
        rate,
    )
    step = np.abs(np.diff(np.array(sound))).max()
    assert step < 1.02 * np.pi / 2 / (rate * 0.005)
    assert max(sound) <= 1 + 1e-6


def test_switches_faster_than_their_fades_wait_for_each_other(page: Page) -> None:
    rate = 48_000
    steps: list[list[Any]] = [["play", 0], *(["select", k, 0.2 + k * 0.001] for k in (1, 2, 3))]
    sound = rendered(page, rate, steps, count=4, channels=1)
    late = np.arange(round(0.3 * rate), round(0.9 * rate))
    np.testing.assert_allclose(sound[0, late], signal(3, 0, late), atol=1e-6)
    assert np.abs(sound[0]).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("rate", RATES)
def test_a_cross_fade_keeps_the_power_and_has_no_gap(page: Page, rate: int) -> None:
    fade = fade_frames(rate)
    frame = round(0.4 * rate)
    steps = [["play", 0], ["select", 1, frame / rate]]
    sound = rendered(page, rate, steps, options={"crossfade": True}, channels=1)
    at = np.arange(frame, frame + fade)
    turn = np.pi / 2 * np.arange(fade) / fade
    expected = np.cos(turn) * signal(0, 0, at) + np.sin(turn) * signal(1, 0, at)
    np.testing.assert_allclose(sound[0, at], expected, atol=2e-5)
    after = np.arange(frame + fade, frame + 2 * fade)
    np.testing.assert_allclose(sound[0, after], signal(1, 0, after), atol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_a_loop_region_repeats_to_the_sample_with_a_fade_at_its_seam(page: Page, rate: int) -> None:
    fade = fade_frames(rate)
    start, end = round(0.1234 * rate), round(0.7003 * rate)
    length = end - start
    total = 3 * rate
    steps: list[list[Any]] = [
        ["setLoop", {"start": start, "end": end}, 0],
        ["play", 0],
        ["select", 1, 1.5],
    ]
    sound = rendered(page, rate, steps, seconds=3.0, channels=1)
    position = start + np.arange(total) % length
    seam = np.concatenate([rise(fade), np.ones(length - 2 * fade), fall(fade)])
    gains = chosen(total, [(0, 0), (round(1.5 * rate), 1)], fade, 2)
    heard = gains[0] * signal(0, 0, position) + gains[1] * signal(1, 0, position)
    expected = heard * seam[position - start]
    # The entry fades twice: by the run and by the seam.
    np.testing.assert_allclose(sound[0, fade:], expected[fade:], atol=2e-5)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("target", [0, 1, 4410, 12_345, 31_999, 40_001])
def test_a_seek_lands_on_its_sample(page: Page, rate: int, target: int) -> None:
    fade = fade_frames(rate)
    frame = round(0.25 * rate)
    steps: list[list[Any]] = [["setLoop", None, 0], ["play", 0], ["seek", target, frame / rate]]
    sound = rendered(page, rate, steps, count=3, frames=2 * rate, channels=1)
    at = np.arange(frame + 2 * fade + 1, rate)
    np.testing.assert_allclose(sound[0, at], signal(0, 0, target + at - (frame + fade)), atol=1e-6)


def test_a_pause_is_silent_and_playing_on_loses_nothing(page: Page) -> None:
    rate = 44_100
    fade = fade_frames(rate)
    off, on = round(0.3 * rate), round(0.6 * rate)
    steps = [["play", 0], ["pause", off / rate], ["select", 1, 0.5], ["play", on / rate]]
    sound = rendered(page, rate, steps, frames=2 * rate, channels=1)
    assert np.abs(sound[0, off + fade + 1 : on]).max() == 0
    at = np.arange(on + fade, rate)
    np.testing.assert_allclose(sound[0, at], signal(1, 0, off + at - on), atol=1e-6)


def test_without_a_loop_the_sound_ends_with_the_stimulus(page: Page) -> None:
    rate = 44_100
    sound = rendered(page, rate, [["setLoop", None, 0], ["play", 0]], frames=rate // 2)
    assert np.abs(sound[:, rate // 2 :]).max() == 0
    last = np.array([rate // 2 - 1])
    np.testing.assert_allclose(sound[0, last], signal(0, 0, last), atol=1e-6)


def test_a_stimulus_that_comes_later_stands_where_the_others_stand(page: Page) -> None:
    """To the sample, also when it came after the loop had turned."""
    rate = 48_000
    fade = fade_frames(rate)
    start, end = round(0.1 * rate), round(0.7003 * rate)
    came, switched = round(1.1001 * rate), round(1.5 * rate)
    steps: list[list[Any]] = [
        ["setLoop", {"start": start, "end": end}, 0],
        ["play", 0],
        ["put", 2, came / rate],
        ["select", 2, switched / rate],
    ]
    case = {"count": 3, "seconds": 3.0, "channels": 1, "absent": [1, 2]}
    sound = rendered(page, rate, steps, options={"length": rate}, **case)
    length = end - start
    position = start + np.arange(3 * rate) % length
    seam = np.concatenate([rise(fade), np.ones(length - 2 * fade), fall(fade)])
    gains = chosen(3 * rate, [(0, 0), (switched, 2)], fade, 3)
    heard = gains[0] * signal(0, 0, position) + gains[2] * signal(2, 0, position)
    np.testing.assert_allclose(sound[0, fade:], (heard * seam[position - start])[fade:], atol=2e-5)


def test_a_stimulus_that_goes_is_not_missed_and_the_end_is_still_told(page: Page) -> None:
    rate = 44_100
    steps: list[list[Any]] = [["setLoop", None, 0], ["select", 1, 0], ["play", 0], ["drop", 0]]
    sound = rendered(page, rate, steps, channels=1, count=3, frames=rate // 2)
    at = np.arange(fade_frames(rate), rate // 2)
    np.testing.assert_allclose(sound[0, at], signal(1, 0, at), atol=1e-6)
    told = page.evaluate(
        """async () => {
          const {Deck} = await engine();
          const context = new OfflineAudioContext(1, 4000, 8000);
          const buffers = [0, 1].map(() => context.createBuffer(1, 1000, 8000));
          const deck = new Deck(context, buffers, context.destination);
          const ended = new Promise((tell) => { deck.ended = () => tell(deck.playing); });
          deck.setLoop(null, 0);
          deck.select(1, 0);
          deck.play(0);
          deck.drop(0);
          await context.startRendering();
          return ended;
        }"""
    )
    assert told is False


@pytest.mark.parametrize("rate", RATES)
def test_each_stimulus_has_its_own_level(page: Page, rate: int) -> None:
    fade = fade_frames(rate)
    levels = [0.5, 0.25]
    frame = round(0.4 * rate)
    steps: list[list[Any]] = [["setLoop", None, 0], ["play", 0], ["select", 1, frame / rate]]
    sound = rendered(page, rate, steps, options={"levels": levels}, frames=2 * rate, channels=1)
    frames = np.arange(rate)
    gains = chosen(rate, [(0, 0), (frame, 1)], fade, 2)
    heard = sum(levels[i] * gains[i] * signal(i, 0, frames) for i in range(2))
    np.testing.assert_allclose(sound[0, fade:], heard[fade:], atol=2e-5)


def test_a_level_that_changes_arrives_without_a_click(page: Page) -> None:
    rate = 48_000
    steps: list[list[Any]] = [["setLoop", None, 0], ["play", 0], ["setLevels", [0.5, 1], 0.3]]
    sound = rendered(page, rate, steps, frames=2 * rate, channels=1)
    late = np.arange(round(0.4 * rate), rate)
    np.testing.assert_allclose(sound[0, late], 0.5 * signal(0, 0, late), atol=1e-6)
    frame = np.arange(round(0.3 * rate), round(0.4 * rate))
    gain = sound[0, frame] / signal(0, 0, frame)
    steady = np.abs(signal(0, 0, frame)) > 0.1
    steps_of_gain = np.abs(np.diff(gain))[steady[1:] & steady[:-1]]
    assert 0 < steps_of_gain.max() < 0.005


def test_a_mono_stimulus_reaches_both_ears_equally(page: Page) -> None:
    left, right = rendered(page, 48_000, [["play", 0.1]], channels=1)
    assert np.abs(left).max() > 0.4
    np.testing.assert_array_equal(left, right)


def test_a_loop_is_never_shorter_than_half_a_second_nor_outside_the_stimulus(page: Page) -> None:
    allowed = page.evaluate(
        """async () => {
          const {Deck} = await engine();
          const context = new OfflineAudioContext(2, 100, 48000);
          const deck = new Deck(context, [context.createBuffer(1, 96000, 48000)],
                                context.destination);
          return [[10, 20], [95000, 95900], [-50, 1e9], [60000, 20000]].map(([start, end]) => {
            const loop = deck.allowed({start, end});
            return [loop.start, loop.end];
          });
        }"""
    )
    assert allowed == [[10, 24_010], [72_000, 96_000], [0, 96_000], [20_000, 60_000]]
