"""What a render looks like: spectrogram, difference and waveform.

Audio is a numpy array ``(channels, samples)``, full scale 1.0. Levels are dB relative to a sine
of full scale. Pictures are palette PNGs without axes: the page draws those around them.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from ....evaluation.insights.band_levels import power_spectra
from ...presentation.colour_maps import LEVELS, diverging, sequential

Floats = npt.NDArray[np.float32]

ROWS, COLUMNS = 200, 600
LOWEST_HZ, HIGHEST_HZ = 30.0, 20_000.0
FLOOR_DB, CEILING_DB = -110.0, -10.0
DIFFERENCE_DB = 18.0
SILENT_DB = -95.0  # below this in both, a difference is only noise and dither
WAVEFORM_COLUMNS = 480

_WINDOW = 4096


@dataclass(frozen=True)
class Waveform:
    """Lowest and highest sample of each of :data:`WAVEFORM_COLUMNS` columns, in thousandths."""

    low: list[int]
    high: list[int]


def spectrogram_db(audio: Floats, sample_rate: int) -> Floats:
    """Mean power of the channels over time and log frequency: ``(ROWS, COLUMNS)``, top row high.

    Each pixel is the mean over the frames and bins that it covers, in dB; silence is -200 dB.
    """
    samples = audio.shape[-1]
    hop = max(1, min(_WINDOW // 2, samples // COLUMNS))
    frames = max(COLUMNS, -(-samples // hop))
    column = np.minimum(np.arange(frames) * COLUMNS // frames, COLUMNS - 1)
    weights = _rows(sample_rate)
    total = np.zeros((COLUMNS, ROWS))
    counts = np.bincount(column, minlength=COLUMNS)
    for first, power in power_spectra(audio, _WINDOW, hop, frames):
        np.add.at(total, column[first : first + len(power)], power @ weights)
    mean = total / counts[:, None]
    levels: Floats = (10 * np.log10(np.maximum(mean, 1e-20))).T[::-1].astype(np.float32)
    return levels


def spectrogram_image(levels: Floats) -> Image.Image:
    """:func:`spectrogram_db` in colour, from :data:`FLOOR_DB` to :data:`CEILING_DB`."""
    at = (levels - FLOOR_DB) / (CEILING_DB - FLOOR_DB) * (LEVELS - 1)
    return _painted(at, sequential())


def difference_image(levels: Floats, reference: Floats, gain_db: float = 0.0) -> Image.Image:
    """``levels`` less ``reference``, which is first raised by ``gain_db``, in diverging colour.

    Blue is less than the reference, vermillion more; what is silent in both is neutral.
    """
    target = reference + gain_db
    difference = np.where(np.maximum(levels, target) < SILENT_DB, 0.0, levels - target)
    return _painted((difference / DIFFERENCE_DB + 1) / 2 * LEVELS, diverging())


def scale_image(*, difference: bool = False) -> Image.Image:
    """The colours of a bar beside the pictures, one pixel high, low values left."""
    colours = diverging() if difference else sequential()
    return _painted(np.arange(len(colours), dtype=np.float64)[None], colours)


def waveform(audio: Floats) -> Waveform:
    """The outline of the loudest channel's excursions, clipped at full scale."""
    edges = np.linspace(0, audio.shape[-1], WAVEFORM_COLUMNS + 1).astype(int)
    starts = np.minimum(edges[:-1], audio.shape[-1] - 1)
    low = np.minimum.reduceat(audio.min(axis=0), starts)
    high = np.maximum.reduceat(audio.max(axis=0), starts)
    return Waveform(_thousandths(low), _thousandths(high))


@lru_cache(maxsize=8)
def _rows(sample_rate: int) -> npt.NDArray[np.float32]:
    """Weights ``(bins, ROWS)``, low frequency first, that average bins into rows."""
    bins = np.arange(_WINDOW // 2 + 1)
    width = sample_rate / _WINDOW
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1) / width
    weights = np.zeros((len(bins), ROWS), dtype=np.float32)
    for row in range(ROWS):
        low, high = edges[row], edges[row + 1]
        inside = (bins >= low) & (bins < high)
        if inside.sum() >= 2:
            weights[inside, row] = 1 / inside.sum()
        else:  # a row narrower than a bin lies between two of them
            middle = min((low + high) / 2, len(bins) - 1)
            below = int(middle)
            above = min(below + 1, len(bins) - 1)
            weights[below, row] += 1 - (middle - below)
            weights[above, row] += middle - below
    weights[:, edges[:-1] * width > sample_rate / 2] = 0
    return weights


def _painted(at: npt.NDArray[np.floating], colours: npt.NDArray[np.uint8]) -> Image.Image:
    index = np.clip(np.round(at), 0, len(colours) - 1).astype(np.uint8)
    image = Image.new("P", index.shape[::-1])
    image.frombytes(np.ascontiguousarray(index).tobytes())
    image.putpalette(colours.tobytes())
    return image


def _thousandths(values: Floats) -> list[int]:
    return [int(v) for v in np.round(np.clip(values, -1, 1) * 1000)]
