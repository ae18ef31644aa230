"""The next page's sounds: what is fetched ahead, what is decoded ahead, and what has no room."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from module_page import modules
from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

RATE = 48_000
SAMPLES = 24_000
DECODED = 2 * SAMPLES * 4
"""Bytes of each sound once it is decoded: channels, samples, four bytes."""


def noise_file(
    channels: int = 2, samples: int = SAMPLES, rate: int = RATE, container: str = "WAV"
) -> bytes:
    """Noise as a file of 16 bits."""
    noise = np.random.default_rng(samples).uniform(-0.5, 0.5, (samples, channels))
    file = io.BytesIO()
    soundfile.write(file, noise, rate, format=container, subtype="PCM_16")
    return file.getvalue()


@pytest.fixture(scope="module")
def page(chromium: str) -> Iterator[Page]:
    with modules(chromium) as found:
        body = noise_file()
        found.route("**/*.wav", lambda route: route.fulfill(body=body, content_type="audio/wav"))
        yield found


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_a_file_says_how_large_it_will_be(
    page: Page, rate: int, channels: int, container: str
) -> None:
    file = base64.b64encode(noise_file(channels, 12_345, rate, container)).decode()
    size = """async ([file, rate]) => {
      const {decodedBytes} = await import('/audio/preload.js');
      return decodedBytes(Uint8Array.from(atob(file), (c) => c.charCodeAt(0)).buffer, rate);
    }"""
    assert page.evaluate(size, [file, rate]) == channels * 12_345 * 4
    assert page.evaluate(size, [file, 2 * rate]) == channels * 2 * 12_345 * 4
    assert page.evaluate(size, [base64.b64encode(b"RIFF" + bytes(60)).decode(), rate]) is None


WANT = """async ({urls, budget, used, open}) => {
  const {Preloaded} = await import('/audio/preload.js');
  const context = new OfflineAudioContext(2, 100, 48000);
  const ahead = new Preloaded(budget);
  const held = await ahead.want(urls, context, used);
  const before = performance.getEntriesByType('resource').length;
  const sounds = [];
  for (const url of open) sounds.push((await ahead.take(url, context)).length);
  const fetched = performance.getEntriesByType('resource').slice(before).map((one) => one.name);
  return {held, sounds, fetched: fetched.length, left: ahead.waiting.size};
}"""


def wanted(page: Page, name: str, budget: int, used: int = 0) -> dict[str, Any]:
    """Ask for three sounds, then open a page with them."""
    urls = [f"/{name}-{index}.wav" for index in range(3)]
    found: dict[str, Any] = page.evaluate(
        WANT, {"urls": urls, "budget": budget, "used": used, "open": urls}
    )
    assert found["sounds"] == [SAMPLES] * 3
    assert found["left"] == 0
    return found


def test_a_page_that_fits_is_decoded_before_it_opens(page: Page) -> None:
    found = wanted(page, "fits", 10 * DECODED, used=7 * DECODED)
    assert found["held"] == {
        "files": 3,
        "decoded": 3,
        "compressed": 0,
        "left": 0,
        "page_bytes": 7 * DECODED,
        "held_bytes": 3 * DECODED,
        "budget_bytes": 10 * DECODED,
    }
    assert found["fetched"] == 0


def test_what_has_no_room_decoded_is_kept_as_a_file_and_what_has_none_at_all_waits(
    page: Page,
) -> None:
    file = len(noise_file())
    assert file < DECODED
    found = wanted(page, "some", 9 * DECODED + file, used=8 * DECODED)
    assert [found["held"][key] for key in ("decoded", "compressed", "left")] == [1, 1, 1]
    assert found["held"]["held_bytes"] == DECODED + file
    assert found["fetched"] == 1


def test_without_room_nothing_is_fetched_and_the_page_still_opens(page: Page) -> None:
    found = wanted(page, "none", 8 * DECODED, used=8 * DECODED)
    assert [found["held"][key] for key in ("decoded", "compressed", "left")] == [0, 0, 3]
    assert found["fetched"] == 3


def test_a_page_that_opens_early_takes_over_what_is_on_its_way(page: Page) -> None:
    """Each sound is asked for once, and nothing is said of a wish that was not ended."""
    asked: list[str] = []

    def slow(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=noise_file(), content_type="audio/wav")

    page.route("**/early-*", slow)
    found = page.evaluate(
        """async () => {
          const {Preloaded} = await import('/audio/preload.js');
          const context = new OfflineAudioContext(2, 100, 48000);
          const ahead = new Preloaded(2 ** 30);
          const urls = [0, 1, 2].map((index) => `/early-${index}.wav`);
          const wish = ahead.want(urls, context, 0);
          const sounds = await Promise.all(urls.map((url) => ahead.take(url, context)));
          return [await wish, sounds.map((sound) => sound.length)];
        }"""
    )
    assert found == [None, [SAMPLES] * 3]
    assert len(asked) == len(set(asked)) == 3


def test_what_waits_for_another_page_is_dropped(page: Page) -> None:
    left = page.evaluate(
        """async () => {
          const {Preloaded} = await import('/audio/preload.js');
          const context = new OfflineAudioContext(2, 100, 48000);
          const ahead = new Preloaded(2 ** 30);
          await ahead.want(['/old-0.wav', '/both.wav'], context, 0);
          await ahead.want(['/both.wav', '/new-0.wav'], context, 0);
          return [...ahead.waiting.keys()];
        }"""
    )
    assert left == ["/both.wav", "/new-0.wav"]
