"""Distances of spectral magnitudes in one pass, as machine code: the CPU's half of MR-STFT.

A plain version writes each of magnitude, ratio, logarithm and square to memory and reads it back.
Here a spectrum is read once and only sums are kept. Terms are those of float32: the magnitude
sqrt(max(re^2 + im^2, eps)), the ratio of two magnitudes, the square of their difference.

Logarithms are not computed bin by bin. A ratio is m 2^e with 1 <= m < 2, so the sum of |ln r| is
ln 2 times a sum of whole numbers and the logarithm of a product of m in float64, taken every 512
bins, before it could overflow. That is more exact than a sum of logarithms in float32.
"""

import math
from typing import Any

import numpy as np

from ...compiled import compiled_sums

Array = np.ndarray[Any, Any]
_BLOCK = 512  # a product of so many numbers below 2 fits float64
_INT = np.int32


@compiled_sums
def _block(spectrum: Array, plane: int, first: int, eps: Any, found: Array) -> None:
    """Magnitudes of one block of a plane: a channel, or after two of them their sum, difference."""
    channels = spectrum.shape[0]
    if plane < channels:
        for i in range(len(found)):
            re, im = spectrum[plane, first + i, 0], spectrum[plane, first + i, 1]
            found[i] = np.sqrt(max(re * re + im * im, eps))
    elif plane == channels:
        for i in range(len(found)):
            re = spectrum[0, first + i, 0] + spectrum[1, first + i, 0]
            im = spectrum[0, first + i, 1] + spectrum[1, first + i, 1]
            found[i] = np.sqrt(max(re * re + im * im, eps))
    else:
        for i in range(len(found)):
            re = spectrum[0, first + i, 0] - spectrum[1, first + i, 0]
            im = spectrum[0, first + i, 1] - spectrum[1, first + i, 1]
            found[i] = np.sqrt(max(re * re + im * im, eps))


@compiled_sums
def magnitudes(spectrum: Array, eps: Any, found: Array) -> None:
    """Fill ``found``, ``(planes, bins)``, from ``(channels, bins, 2)``, real and imaginary parts.

    Two planes more than channels are those of L + R and of L - R.
    """
    bins = spectrum.shape[1]
    for plane in range(len(found)):
        for first in range(0, bins, _BLOCK):
            last = min(first + _BLOCK, bins)
            _block(spectrum, plane, first, eps, found[plane, first:last])


@compiled_sums
def add_distances(spectrum: Array, target: Array, eps: Any, error: Array, log_error: Array) -> bool:
    """Add squared differences and |ln| of ratios of each plane, ``(planes,)`` in float64.

    ``spectrum`` is ``(channels, bins, 2)``, ``target`` the magnitudes ``(planes, bins)`` of what
    it is compared with. False where a ratio is zero, infinite or not a number: then the sums are
    not to be used.
    """
    bins = spectrum.shape[1]
    room, ratios = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    bits = ratios.view(np.int32)
    usable = True
    for plane in range(len(target)):
        for first in range(0, bins, _BLOCK):
            size = min(_BLOCK, bins - first)
            _block(spectrum, plane, first, eps, room[:size])
            squares = 0.0
            for i in range(size):
                other = target[plane, first + i]
                difference = other - room[i]
                squares += np.float64(difference * difference)
                ratios[i] = room[i] / other
            above, below, exponents, odd = 1.0, 1.0, _INT(0), _INT(0)
            for i in range(size):
                raw = bits[i]
                power = _INT(raw >> 23)
                odd = _INT(odd | ((power - 1) & 0x100) | ((power + 1) & 0x100))
                mask = _INT((raw - 0x3F800000) >> 31)  # all ones where the ratio is below 1
                exponents = _INT(exponents + _INT((_INT(power - 127) ^ mask) - mask))
                part = _INT(raw & 0x7FFFFF)
                above *= np.float64(_INT((part & ~mask) | 0x3F800000).view(np.float32))
                below *= np.float64(_INT((part & mask) | 0x3F800000).view(np.float32))
            usable = usable and odd == 0
            error[plane] += squares
            log_error[plane] += math.log(2.0) * exponents + math.log(above) - math.log(below)
    return usable
