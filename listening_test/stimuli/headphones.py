"""Sounds that tell headphones from loudspeakers, and left from right; all seeded.

Huggins pitch (Milne et al. 2020): of three white noises one hides a faint tone that exists only
between the ears: a band of 6 % around 600 Hz is opposite in phase. Antiphase (Woods et al. 2017):
of three tones of 200 Hz one is 6 dB softer; over loudspeakers the one that is opposite in phase
between the channels seems softer still.
"""

import random

import numpy as np
import torch
from torch import Tensor

_RMS = 0.05
_GAP_SECONDS = 0.5


def huggins(sample_rate: int, draw: random.Random) -> tuple[Tensor, int]:
    """Three noises of a second, ``(2, samples)``, and which of them (1 to 3) hides the tone."""
    target = draw.randrange(3)
    noise = np.random.default_rng(draw.getrandbits(63))
    parts = []
    for index in range(3):
        left = noise.normal(0.0, _RMS, sample_rate)
        right = left
        if index == target:
            spectrum = np.fft.rfft(left)
            hertz = np.fft.rfftfreq(sample_rate, 1 / sample_rate)
            spectrum[(hertz >= 600 * 0.94) & (hertz <= 600 * 1.06)] *= -1
            right = np.fft.irfft(spectrum, sample_rate)
        parts.append(np.stack([left, right]))
    return _joined(parts, sample_rate, 0.03), target + 1


def antiphase(sample_rate: int, draw: random.Random) -> tuple[Tensor, int]:
    """Three tones of a second, ``(2, samples)``, and which of them (1 to 3) is the softest."""
    order = draw.sample(["plain", "soft", "opposite"], 3)
    tone = np.sin(2 * np.pi * 200 * np.arange(sample_rate) / sample_rate) * _RMS * 2**0.5
    parts = [
        np.stack([tone, -tone if name == "opposite" else tone])
        * (10 ** (-6 / 20) if name == "soft" else 1.0)
        for name in order
    ]
    return _joined(parts, sample_rate, 0.1), order.index("soft") + 1


def one_side(sample_rate: int, draw: random.Random) -> tuple[Tensor, str]:
    """Two short tones in one ear, ``(2, samples)``, and which ear: left or right."""
    side = draw.choice(["left", "right"])
    tone = np.sin(2 * np.pi * 440 * np.arange(sample_rate // 2) / sample_rate) * _RMS * 2**0.5
    silent = np.zeros_like(tone)
    both = np.stack([tone, silent] if side == "left" else [silent, tone])
    return _joined([both, both], sample_rate, 0.03), side


def _joined(parts: list[np.ndarray], sample_rate: int, ramp_seconds: float) -> Tensor:
    gap = np.zeros((2, round(_GAP_SECONDS * sample_rate)))
    pieces: list[np.ndarray] = []
    for part in parts:
        pieces += [gap, part * _ramp(part.shape[1], round(ramp_seconds * sample_rate))]
    return torch.from_numpy(np.concatenate([*pieces, gap], axis=1).astype(np.float32))


def _ramp(samples: int, ramp: int) -> np.ndarray:
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / ramp)
    shape = np.ones(samples)
    shape[:ramp] = rise
    shape[-ramp:] = rise[::-1]
    return shape
