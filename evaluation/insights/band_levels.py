"""The average spectrum of a song: the level of each sixth of an octave, 25 Hz to 20 kHz.

Audio is a numpy array ``(channels, samples)``, full scale 1.0. Levels are dB relative to a sine of
full scale.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy.fft

Floats = npt.NDArray[np.float32]

# Of IEC 61260-1, base ten: ten thirds of an octave, or twenty sixths, make a decade.
BANDS_HZ = tuple(float(1000 * 10 ** (n / 20)) for n in range(-32, 27))

_HALF_BAND = 10 ** (1 / 40)
_WINDOW = 32768  # 1.3 Hz per bin at 44.1 kHz: two bins in the lowest band
_CHUNK = 64  # spectra at a time: a long song must not fill the memory


def band_levels_db(audio: Floats, sample_rate: int) -> list[float | None]:
    """Level of each band of :data:`BANDS_HZ`, mean of the channels; None above half the rate.

    Bins on an edge are shared by their overlap. Silence is -200 dB.
    """
    hop = _WINDOW // 2
    frames = max(1, -(-audio.shape[-1] // hop))
    total = np.zeros(_WINDOW // 2 + 1)
    for _, power in power_spectra(audio, _WINDOW, hop, frames):
        total += power.sum(axis=0, dtype=np.float64)
    # Power of a sine spreads over the window's main lobe: 1.5 bins for Hann.
    mean = (total / frames / 1.5).astype(np.float64)
    width = sample_rate / _WINDOW
    centres = np.arange(len(mean)) * width
    levels: list[float | None] = []
    for band in BANDS_HZ:
        lower, upper = band / _HALF_BAND, band * _HALF_BAND
        if upper > sample_rate / 2:
            levels.append(None)
            continue
        share = np.clip(
            np.minimum(centres + width / 2, upper) - np.maximum(centres - width / 2, lower),
            0,
            width,
        )
        total_power = float(mean @ (share / width))
        levels.append(round(10 * math.log10(max(total_power, 1e-20)), 2))
    return levels


def power_spectra(
    audio: Floats, window: int, hop: int, frames: int
) -> Iterator[tuple[int, Floats]]:
    """Mean power of the channels: (index of the first frame, ``(frames, bins)``) in blocks.

    Frames of ``window`` samples begin every ``hop``, the first half a window early, in silence.
    """
    shape = np.hanning(window + 1)[:-1].astype(np.float32)
    scale = np.float32((2 / shape.sum()) ** 2)  # a sine of full scale has power 1
    last = (frames - 1) * hop + window
    padded = np.pad(audio, ((0, 0), (window // 2, max(0, last - audio.shape[-1]))))
    frame = np.lib.stride_tricks.sliding_window_view(padded, window, axis=-1)[:, ::hop][:, :frames]
    for first in range(0, frames, _CHUNK):
        spectrum = scipy.fft.rfft(frame[:, first : first + _CHUNK] * shape, axis=-1)
        power = (spectrum.real**2 + spectrum.imag**2).mean(axis=0) * scale
        yield first, power.astype(np.float32)
