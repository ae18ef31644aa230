"""The player of a report's song page, proven sample by sample: its page rendered offline.

The page is the real one, opened from a file and used by clicks. Only its clock is another: an
OfflineAudioContext stands where the sound device was.
"""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from listening_visits import running
from offline_sound import fade_frames, fall, rise
from playwright.sync_api import Browser, Page
from report_fixtures import RATE, Fake, build

from earmark.analysis.benchmark.report import write_report
from earmark.analysis.benchmark.song_pages.audio_plan import AudioWish
from earmark.evaluation.results.store import Store

pytestmark = pytest.mark.browser

SECONDS = 1.2
FAKE = Fake(songs=("amber street",), seconds=SECONDS)
# An engine that sees its clock stand still for two seconds takes the device for lost.
OFFLINE = """
window.setInterval = () => 0;
window.AudioContext = class extends OfflineAudioContext {
  constructor({ sampleRate }) {
    super({ numberOfChannels: 2, length: Math.round(2.5 * sampleRate), sampleRate });
  }
  get state() { return "running"; }
  get baseLatency() { return 0; }
  get outputLatency() { return 0; }
};
"""
PLAYED = """async (switches) => {
  const text = (data) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    let out = '';
    for (let k = 0; k < bytes.length; k += 8192) {
      out += String.fromCharCode(...bytes.subarray(k, k + 8192));
    }
    return btoa(out);
  };
  const { deck, context } = earmark.players.engine();
  const at = [];
  for (const [seconds, selector] of switches) {
    context.suspend(seconds).then(async () => {
      at.push(context.currentTime);
      document.querySelector(selector).click();
      await new Promise((done) => setTimeout(done, 30));
      OfflineAudioContext.prototype.resume.call(context);
    });
  }
  const sound = await context.startRendering();
  return {
    at,
    rate: context.sampleRate,
    length: deck.length,
    levels: deck.levels,
    buffers: deck.buffers.map((buffer) => text(buffer.getChannelData(0))),
    sound: text(sound.getChannelData(0)),
  };
}"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


@pytest.fixture(scope="module", params=["full", "lossy"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reported(tmp_path_factory.mktemp("results"), request.param)


def reported(results: Path, audio: str, fake: Fake = FAKE) -> Path:
    with Store(build(results, fake)) as store:
        return write_report(store, audio=AudioWish(audio)).parent


def opened(browser: Browser, folder: Path) -> Page:
    """A song's page with every sound there; the first player has been pressed."""
    page = browser.new_context().new_page()
    page.add_init_script(OFFLINE)
    (path,) = (folder / "songs").glob("*.html")
    page.goto(path.as_uri())
    page.locator(".player .choose").nth(0).click()
    page.wait_for_function("earmark.players.engine()?.deck.buffers.every(Boolean)")
    return page


def floats(text: str) -> Any:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(float)


def play_of(at: int) -> str:
    return f".player[data-index='{at}'] .choose"


def test_a_switch_is_exact_to_the_sample_and_two_systems_are_never_heard_at_once(
    browser: Browser, folder: Path
) -> None:
    order = [0, 3, 6, 1, 5, 2, 4, 0]
    times = [0.25 + 0.2 * k for k in range(len(order) - 1)]
    page = opened(browser, folder)
    found = page.evaluate(PLAYED, [[t, play_of(i)] for t, i in zip(times, order[1:], strict=True)])
    rate, length = found["rate"], found["length"]
    fade = fade_frames(rate)
    total = round(2.5 * rate)
    gains = np.zeros((len(found["buffers"]), total))
    first = int(np.ceil(0.012 * rate - 1e-6))
    gains[order[0], first:] = 1
    for before, after, at in zip(order, order[1:], found["at"], strict=False):
        frame = int(np.ceil((at + 0.012) * rate - 1e-6))
        gains[before, frame : frame + fade] = 1 - rise(fade)
        gains[before, frame + fade :] = 0
        gains[after, frame + fade : frame + 2 * fade] = rise(fade)
        gains[after, frame + 2 * fade :] = 1
    assert ((gains > 0).sum(axis=0) <= 1).all()
    # The loop is the whole song, with a fade of 5 ms at its seam.
    position = np.maximum(0, np.arange(total) - first) % length
    seam = np.concatenate([rise(fade), np.ones(length - 2 * fade), fall(fade)])[position]
    expected = np.zeros(total)
    for gain, level, text in zip(gains, found["levels"], found["buffers"], strict=True):
        expected += gain * level * floats(text)[position] * seam
    heard = floats(found["sound"])
    entered = first + fade  # it fades in twice: by the run and by the seam
    np.testing.assert_allclose(heard[entered:], expected[entered:], atol=2e-5)
    assert np.abs(heard[entered:]).max() > 0.05
    assert len(set(found["levels"])) > 1, "nothing would be matched in loudness"


def test_a_page_whose_clock_is_real_has_no_other_players(browser: Browser, folder: Path) -> None:
    """The claim above is of the engine: no element of the page may play beside it."""
    page = opened(browser, folder)
    assert page.locator("audio, video").count() == 0


@pytest.mark.slow
def test_an_excerpt_is_heard_at_one_place_for_all(browser: Browser, tmp_path: Path) -> None:
    folder = reported(tmp_path, "excerpt", replace(FAKE, seconds=10.0))
    page = opened(browser, folder)
    slider = page.locator("#position")
    low, high = (float(slider.get_attribute(name) or "") for name in ("min", "max"))
    assert 0 <= low < high <= 10
    assert high - low == pytest.approx(8)
    assert page.evaluate("earmark.players.engine().deck.length") == 8 * RATE
    page.evaluate("earmark.players.engine().pause()")
    page.locator(".player .wave").nth(2).click(position={"x": 1, "y": 5})
    page.wait_for_function("earmark.players.state().current === 2")
    assert page.evaluate("earmark.players.state().position") >= low
    assert "loudest 8 s" in page.locator("#listen").inner_text()


@pytest.mark.slow
def test_a_report_without_audio_says_so_and_offers_no_player(
    browser: Browser, tmp_path: Path
) -> None:
    folder = reported(tmp_path, "none")
    assert not (folder / "audio").exists()
    page = browser.new_context().new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    (path,) = (folder / "songs").glob("*.html")
    page.goto(path.as_uri())
    page.wait_for_selector("[data-tile=system] img[src]", state="attached")
    assert page.locator("#play, .player button").count() == 0
    assert page.locator(".player .after[d]").count() > 0
    assert "No audio" in page.locator("#listen .audio-note").inner_text()
    page.goto((folder / "report.html").as_uri())
    assert "earmark report --audio full" in page.locator(".audio-note").inner_text()
    assert wrong == []


def test_a_sound_that_is_gone_is_said_where_it_was_asked_for(
    browser: Browser, tmp_path: Path
) -> None:
    folder = reported(tmp_path, "full")
    for sound in (folder / "audio").iterdir():
        sound.unlink()
    page = browser.new_context().new_page()
    page.add_init_script(  # it tries again after ever longer times
        "const wait = setTimeout; window.setTimeout = (act, ms) => wait(act, Math.min(ms, 20));"
    )
    (path,) = (folder / "songs").glob("*.html")
    page.goto(path.as_uri())
    page.locator(".player .choose").nth(1).click()
    page.wait_for_function(
        "document.querySelectorAll('.gain')[1].textContent.includes('cannot be played')"
    )
