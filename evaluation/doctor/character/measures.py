"""What tones and noise show of a system: numbers, each from an output and what was played.

* Frequency response: output over input power in octaves, from pink noise. Of a system that is not
  linear it is what happens to noise at that level.
* THD+N: what is left of a sine when the best sine of its frequency is taken away, over the whole.
* IMD (SMPTE RP 120): the root of the summed squares of the first three pairs of side tones of
  7 kHz, 60 Hz apart, over the 7 kHz.
* Gain curve: gain of a sine at each of six rising levels, in the second half of each step.

Gain that moves while a tone lasts counts as distortion, as it does with any analyser.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from .tones import HIGH_HZ, LEVELS_DBFS, LOW_HZ, STEP_SECONDS, TONE_HZ

OCTAVES_HZ = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
_PAIRS = 3


def response_db(output: Tensor, given: Tensor, rate: int) -> dict[float, float]:
    """Gain by octave below half the rate, in dB; octaves without output are left out."""
    powers = [_power(one) for one in (output, given)]
    hertz = torch.arange(powers[0].shape[-1], dtype=torch.float64) * rate / output.shape[-1]
    found = {}
    for centre in OCTAVES_HZ:
        if centre * math.sqrt(2) > rate / 2:
            break
        inside = (hertz >= centre / math.sqrt(2)) & (hertz < centre * math.sqrt(2))
        out, into = (float(one[inside].sum()) for one in powers)
        if out > 0:
            found[centre] = 10 * math.log10(out / into)
    return found


def thd_n_db(output: Tensor, rate: int) -> float | None:
    """THD+N of an output of the 997 Hz tone in dB, of the worse channel; None for no output."""
    return _worst([_distortion(one, rate) for one in output.double()])


def imd_db(output: Tensor, rate: int) -> float | None:
    """IMD of an output of the two tones in dB, of the worse channel; None for no output."""
    return _worst([_intermodulation(one, rate) for one in output.double()])


def gains_db(output: Tensor, rate: int) -> tuple[float | None, ...]:
    """Gain at each level of the rising tone, all channels together; None where nothing came."""
    step = round(STEP_SECONDS * rate)
    found: list[float | None] = []
    for number, level in enumerate(LEVELS_DBFS):
        half = output[:, number * step + step // 2 : (number + 1) * step].double()
        rms = float(half.square().mean().sqrt())
        played = 10 ** (level / 20) / math.sqrt(2)
        found.append(20 * math.log10(rms / played) if rms > 0 else None)
    return tuple(found)


def _power(audio: Tensor) -> Tensor:
    window = torch.hann_window(audio.shape[-1], dtype=torch.float64)
    found: Tensor = torch.fft.rfft(audio.double() * window).abs().square().sum(dim=0)
    return found


def _distortion(wave: Tensor, rate: int) -> float | None:
    fitted = _fitted(wave, rate, (TONE_HZ,))
    total = float(wave.square().sum())
    rest = float((wave - fitted.sum(dim=0)).square().sum())
    return 10 * math.log10(max(rest / total, 1e-30)) if total > 0 else None


def _intermodulation(wave: Tensor, rate: int) -> float | None:
    sides = [HIGH_HZ + sign * n * LOW_HZ for n in range(1, _PAIRS + 1) for sign in (-1, 1)]
    parts = _fitted(wave, rate, (HIGH_HZ, LOW_HZ, *sides)).square().sum(dim=1)
    carrier, beside = float(parts[0]), float(parts[2:].sum())
    return 10 * math.log10(max(beside / carrier, 1e-30)) if carrier > 0 else None


def _fitted(wave: Tensor, rate: int, hertz: Sequence[float]) -> Tensor:
    """The sines of these frequencies that fit best together, ``(frequencies, samples)``."""
    time = 2 * math.pi * torch.arange(len(wave), dtype=torch.float64) / rate
    angles = time[:, None] * torch.tensor(hertz, dtype=torch.float64)
    columns = torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
    weights = torch.linalg.lstsq(columns, wave[:, None]).solution.squeeze(1)
    parts: Tensor = columns * weights
    found: Tensor = (parts[:, : len(hertz)] + parts[:, len(hertz) :]).T
    return found


def _worst(values: Sequence[float | None]) -> float | None:
    there = [one for one in values if one is not None]
    return max(there) if there else None
