"""What is sent for a stimulus decodes to its very samples in every kind of browser."""

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from decoders import BROWSERS, DECODED, in_browser
from other_browsers import Run

from earmark.listening_test.stimuli.served_file import ServedFile
from earmark.listening_test.stimuli.wav import encode

pytestmark = pytest.mark.browser

SAMPLES, LEAD = 3001, 400


@pytest.fixture(scope="module", params=BROWSERS)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a script in a browser; where that is missing tests are skipped, but fail in CI."""
    with in_browser(request.param, request) as found:
        yield found


@pytest.fixture
def sent(tmp_path: Path) -> Callable[[int, int, int], bytes]:
    """What is sent for a file of noise: lead, samples, lead."""

    def make(channels: int, rate: int, bits: int) -> bytes:
        noise = torch.rand(channels, SAMPLES, generator=torch.Generator().manual_seed(bits)) - 0.5
        path = tmp_path / "one.wav"
        path.write_bytes(encode(noise, rate, bits, 7))
        with ServedFile(path, LEAD, b"an address") as file:
            return file.read()

    return make


@pytest.mark.slow
@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize(("channels", "rate"), [(1, 44_100), (2, 44_100), (2, 48_000), (2, 96_000)])
def test_a_browser_hears_the_very_samples(
    run: Run, sent: Callable[[int, int, int], bytes], channels: int, rate: int, bits: int
) -> None:
    data = sent(channels, rate, bits)
    wanted, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    heard = run(DECODED, base64.b64encode(data).decode(), rate)
    assert heard.get("error") is None
    assert heard["rate"] == rate
    found = [np.frombuffer(base64.b64decode(one), "<f4") for one in heard["channels"]]
    assert len(found) == channels
    for at, samples in enumerate(found):
        assert len(samples) == SAMPLES + 2 * LEAD
        exact = wanted[:, at]
        # Of 16 bits, Chromium and Firefox divide what is above zero by 32767: 0.0003 dB louder.
        wide = exact * np.where((exact > 0) & (bits == 16), np.float32(32768 / 32767), 1)
        same = [np.allclose(samples, one, rtol=1e-6, atol=0) for one in (exact, wide)]
        assert any(same), (samples[:9], exact[:9])


def test_a_browser_says_that_it_cannot_read_what_is_no_sound(run: Run) -> None:
    """The test above can fail."""
    assert "error" in run(DECODED, base64.b64encode(bytes(400)).decode(), 44_100)
