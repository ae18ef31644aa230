"""Sums over the samples of one or two signals in one pass, as machine code, in float64.

Each term is rounded as the audio's own type has it where a plain version would do so; so the sums
are those of whole arrays, without their copies.
"""

from typing import Any

import numpy as np

from ...compiled import compiled_sums

Array = np.ndarray[Any, Any]


@compiled_sums
def square_sum(audio: Array) -> float:
    """The energy of one channel."""
    total = 0.0
    for i in range(len(audio)):
        total += np.float64(audio[i] * audio[i])
    return total


@compiled_sums
def product_sum(left: Array, right: Array) -> float:
    """The sum of the products of two channels."""
    total = 0.0
    for i in range(len(left)):
        total += np.float64(left[i] * right[i])
    return total


@compiled_sums
def mid_side_sums(left: Array, right: Array, half: Any) -> tuple[float, float]:
    """The energies of (L + R) / 2 and (L - R) / 2; ``half`` is 0.5 in the type of the audio."""
    mid, side = 0.0, 0.0
    for i in range(len(left)):
        one = (left[i] + right[i]) * half
        other = (left[i] - right[i]) * half
        mid += np.float64(one * one)
        side += np.float64(other * other)
    return mid, side


@compiled_sums
def error_sums(audio: Array, target: Array) -> tuple[float, float]:
    """The sums of magnitudes and of squares of ``target - audio``."""
    magnitude, square = 0.0, 0.0
    for i in range(len(audio)):
        error = target[i] - audio[i]
        magnitude += np.float64(abs(error))
        square += np.float64(error * error)
    return magnitude, square


@compiled_sums
def projection_sums(audio: Array, target: Array) -> tuple[float, float]:
    """The sums of ``target * target`` and ``target * audio``, multiplied in float64."""
    energy, product = 0.0, 0.0
    for i in range(len(audio)):
        wanted = np.float64(target[i])
        energy += wanted * wanted
        product += wanted * np.float64(audio[i])
    return energy, product


@compiled_sums
def residual_sum(audio: Array, target: Array, scale: float) -> float:
    """The energy of ``scale * target - audio`` in float64."""
    total = 0.0
    for i in range(len(audio)):
        rest = np.float64(target[i]) * scale - np.float64(audio[i])
        total += rest * rest
    return total
