"""The transfer function between two written files, as far as the reference has energy for it.

``H = S_xy / S_xx`` (the H1 estimate of a linear system) over Hann windows that overlap by half,
channels pooled; ends are left out, where fades differ. Bands are a twelfth of an octave wide. A
band is measured where the reference stands so far above the dither of the files that the limit it
is held against could be seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .evidence import Samples

_WINDOW_SECONDS, _ENDS_SECONDS = 0.34, 0.06
_LOWEST_HZ = 60.0
_BANDS_AN_OCTAVE = 12
Spectrum = NDArray[np.float64]


@dataclass(frozen=True)
class Transfer:
    """Of a low-pass copy, in dB; None where the reference has too little energy, as ``lacks`` says.

    ``gain_db`` is that of the pass band as a whole, ``ripple_db`` the largest distance of one of
    its bands from 0 dB, ``edge_db`` the level at 8/7 of the pass band's end, ``beyond_db`` the
    highest from 9/7 on, at ``beyond_hz``.
    """

    gain_db: float | None
    ripple_db: float | None
    edge_db: float | None
    beyond_db: float | None
    beyond_hz: float
    lacks: str


def transfer(
    reference: Samples, heard: Samples, sample_rate: int, pass_hz: float, bits: int
) -> Transfer:
    """Measure ``heard`` against ``reference``, both ``(samples, channels)``."""
    size = min(int(_WINDOW_SECONDS * sample_rate), len(reference) // 4)
    if reference.shape != heard.shape or size < 256:
        return Transfer(None, None, None, None, 0.0, "in so few samples")
    hertz, own, cross, windows = _spectra(reference, heard, sample_rate, size)
    # Dither and rounding of a file: a quarter of a squared step a sample.
    noise = (2.0 ** (1 - bits)) ** 2 / 4 * float((_hann(size) ** 2).sum())

    def band(low: float, high: float, limit_db: float) -> float | None:
        """The level between two frequencies, where ``limit_db`` could be told from the dither."""
        inside = (hertz >= low) & (hertz < high)
        energy, sums = float(own[inside].sum()), windows * int(inside.sum())
        # The dither adds sqrt(energy x noise) to the cross spectrum, and itself to the power.
        if energy * 10 ** (limit_db / 10) < 10 * noise or energy < 100 * sums * noise or not sums:
            return None
        return float(20 * np.log10(max(abs(cross[inside].sum()) / energy, 1e-9)))

    inside = [band(low, high, -39.0) for low, high in _bands(_LOWEST_HZ, 0.97 * pass_hz)]
    known = [one for one in inside if one is not None]
    top = inside[-1] if inside else None
    edge_hz, beyond_hz = pass_hz * 8 / 7, pass_hz * 9 / 7
    width = max(3.0 * sample_rate / size, 0.002 * edge_hz)
    edge = band(edge_hz - width / 2, edge_hz + width / 2, -25.0)
    beyond = [
        (level, low)
        for low, high in _bands(beyond_hz + width, 0.98 * sample_rate / 2)
        if (level := band(low, high, -50.0)) is not None
    ]
    lacks = ""
    if top is None:
        lacks = f"below {pass_hz / 1000:g} kHz"
    elif edge is None or not beyond:
        lacks = f"above {edge_hz / 1000:g} kHz"
    highest, at = max(beyond, default=(None, 0.0), key=lambda one: one[0] or -999.0)
    return Transfer(
        gain_db=float(np.median(known)) if known else None,
        ripple_db=max(map(abs, known), default=None),
        edge_db=edge,
        beyond_db=highest,
        beyond_hz=at,
        lacks=lacks,
    )


def _bands(low: float, high: float) -> list[tuple[float, float]]:
    if high <= low:
        return []
    count = max(1, round(_BANDS_AN_OCTAVE * np.log2(high / low)))
    edges = np.geomspace(low, high, count + 1)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _spectra(
    reference: Samples, heard: Samples, sample_rate: int, size: int
) -> tuple[Spectrum, Spectrum, NDArray[np.complex128], int]:
    """Frequencies, the reference's power, the cross spectrum (summed), and how many windows."""
    ends = min(int(_ENDS_SECONDS * sample_rate), (len(reference) - 2 * size) // 2)
    window = _hann(size)[:, None]
    own = np.zeros(size // 2 + 1)
    cross = np.zeros(size // 2 + 1, dtype=np.complex128)
    windows = 0
    for at in range(max(ends, 0), len(reference) - size - max(ends, 0) + 1, size // 2):
        x = np.fft.rfft(reference[at : at + size] * window, axis=0)
        y = np.fft.rfft(heard[at : at + size] * window, axis=0)
        own += (np.abs(x) ** 2).sum(axis=1)
        cross += (np.conj(x) * y).sum(axis=1)
        windows += 1
    hertz: Spectrum = np.fft.rfftfreq(size, 1 / sample_rate).astype(np.float64)
    return hertz, own, cross, windows


def _hann(size: int) -> Spectrum:
    found: Spectrum = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return found
