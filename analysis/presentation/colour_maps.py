"""Colour maps with equal steps of lightness, built in OKLab (Ottosson 2020)."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

LEVELS = 96  # as many steps as an eye tells apart; fewer than 256 make smaller pictures


def sequential() -> Bytes:
    """Near black over violet and orange to pale yellow: ``(LEVELS, 3)`` sRGB."""
    at = np.linspace(0, 1, LEVELS)
    lightness = 0.12 + 0.85 * at
    hue = np.deg2rad(np.interp(at, [0, 0.45, 0.75, 1], [285, 350, 420, 465]))
    chroma = np.interp(at, [0, 0.25, 0.55, 0.8, 1], [0.04, 0.13, 0.17, 0.14, 0.07])
    return _srgb(lightness, chroma, hue)


def diverging() -> Bytes:
    """Blue over near white to vermillion, symmetric in lightness: ``(LEVELS + 1, 3)`` sRGB."""
    at = np.linspace(-1, 1, LEVELS + 1)
    lightness = 0.97 - 0.5 * np.abs(at)
    hue = np.deg2rad(np.where(at < 0, 250, 42))
    chroma = 0.15 * np.abs(at) ** 0.9
    return _srgb(lightness, chroma, hue)


def lightness_of(colours: Bytes) -> Floats:
    """CIE L* of sRGB colours ``(n, 3)``: ``(n,)`` from 0 to 100."""
    linear = _linear(colours / 255)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    cube = np.cbrt(luminance)
    result: Floats = np.where(luminance > 216 / 24389, 116 * cube - 16, luminance * 24389 / 27)
    return result


def _srgb(lightness: Floats, chroma: Floats, hue: Floats) -> Bytes:
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    cone = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ],
        axis=-1,
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(cone**3 @ to_linear.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    result: Bytes = np.round(encoded * 255).astype(np.uint8)
    return result


def _linear(encoded: Floats) -> Floats:
    result: Floats = np.where(
        encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4
    )
    return result
