"""What several metrics ask of the same audio, computed once and kept.

One reference is compared with many systems: its :class:`Analysis` is made once per song and its
spectra serve them all.
"""

import math
from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

from ...models.audio.files import mel_filters
from ...models.audio.loudness import SILENCE, Loudness, loudness_profile, true_peak_dbtp
from ...models.audio.summing.sums import errors, products, squares
from .stft import Resolution, frames_at_once, magnitudes_of, planes_of, power, spectra

ValueT = TypeVar("ValueT")

# Magnitudes that one analysis keeps for its comparisons; 25 s of stereo at 44.1 kHz fit.
_KEEP_BYTES = 320_000_000


class Analysis:
    """Audio ``(channels, samples)`` or ``(batch, channels, samples)`` and what was asked of it.

    float32 is computed in float32 with float64 reductions; float64 throughout in float64. With
    ``reused`` off, a reference does not hold its spectra for a second comparison.
    """

    def __init__(self, audio: Tensor, sample_rate: int, *, reused: bool = True) -> None:
        if audio.dim() not in (2, 3):
            raise ValueError(f"audio is (batch, channels, samples), not {tuple(audio.shape)}")
        audio = audio.detach()
        self.audio = audio.unsqueeze(0) if audio.dim() == 2 else audio
        self.sample_rate = sample_rate
        self._reused = reused
        self._kept: dict[Hashable, Any] = {}
        self._magnitudes: dict[Hashable, list[Tensor]] = {}
        self._items: dict[int, Analysis] = {}
        self._whole: tuple[Analysis, int] | None = None

    def item(self, number: int) -> "Analysis":
        """One item of the batch as a batch of one; what is known of all is not measured again.

        Of a batch of one, which may stand for every item, it is always that one.
        """
        if len(self.audio) == 1:
            return self
        if number not in self._items:
            found = Analysis(self.audio[number : number + 1], self.sample_rate)
            found._whole = (self, number)
            self._items[number] = found
        return self._items[number]

    @property
    def channels(self) -> int:
        """How many channels each item has."""
        return self.audio.shape[1]

    @property
    def samples(self) -> int:
        """The length of each item in samples."""
        return self.audio.shape[2]

    @cached_property
    def finite(self) -> list[bool]:
        """Of each item, whether no sample is NaN or infinite."""
        # A NaN and an infinite sample are the peak.
        return [all(map(math.isfinite, item)) for item in self.peak_values]

    @cached_property
    def peaks(self) -> Tensor:
        """The largest magnitude of each channel, ``(batch, channels)``."""
        if self._whole is not None:
            whole, number = self._whole
            return whole.peaks[number : number + 1]
        if self.samples == 0:
            return self.audio.new_zeros(self.audio.shape[:2])
        low, high = torch.aminmax(self.audio, dim=-1)
        return torch.maximum(low.abs(), high.abs())

    @cached_property
    def silent(self) -> list[bool]:
        """Of each item, whether no channel rises above :data:`SILENCE`."""
        return [all(peak <= SILENCE for peak in item) for item in self.peak_values]

    @cached_property
    def peak_values(self) -> list[list[float]]:
        """The :attr:`peaks` as numbers: one small transfer, whatever is asked of them."""
        found: list[list[float]] = self.peaks.tolist()
        return found

    @cached_property
    def energies(self) -> Tensor:
        """Mean squares of each channel, ``(batch, channels)`` in float64."""
        return squares(self.audio) / self.samples

    @cached_property
    def loudness(self) -> Loudness:
        """Every loudness, each ``(batch,)``."""
        if self._whole is not None:
            whole, number = self._whole
            return whole.loudness.item(number)
        return loudness_profile(self.audio, self.sample_rate)

    @property
    def held_bytes(self) -> int:
        """Memory of the spectra that are held for the next comparison."""
        return sum(piece.nbytes for pieces in self._magnitudes.values() for piece in pieces)

    def has(self, key: Hashable) -> bool:
        """Whether there is a value under ``key`` already."""
        return key in self._kept

    def keep(self, key: Hashable, compute: Callable[[], ValueT]) -> ValueT:
        """The value under ``key``, computed at the first request."""
        if key not in self._kept:
            self._kept[key] = compute()
        value: ValueT = self._kept[key]
        return value

    @cached_property
    def product(self) -> Tensor:
        """The mean product of L and R, ``(batch,)`` in float64."""
        return products(*self.audio.unbind(dim=1)) / self.samples

    @cached_property
    def overs(self) -> Tensor:
        """Samples above full scale over all channels, ``(batch,)``."""
        if self.audio.device.type == "cpu" and bool((self.peaks <= 1.0).all()):
            return torch.zeros(len(self.audio), dtype=torch.int64)
        return (self.audio.abs() > 1.0).sum(dim=(1, 2))

    def errors(self, reference: "Analysis") -> tuple[Tensor, Tensor]:
        """Means of the magnitudes and squares of the difference, ``(batch, channels)`` each."""

        def means() -> tuple[Tensor, Tensor]:
            magnitude, square = errors(self.audio, reference.audio)
            return magnitude / self.samples, square / self.samples

        return self.keep(("errors", reference), means)

    def true_peak(self) -> Tensor:
        """The largest true peak in dBTP, ``(batch,)``."""
        return self.keep("true_peak", lambda: true_peak_dbtp(self.audio, self.sample_rate))

    def mel_power(self, n_fft: int, n_mels: int) -> Tensor:
        """Slaney mel bands of the power spectrum, ``(batch, channels, frames, n_mels)``.

        ``n_fft`` counts at rates up to 48 kHz and is doubled with them above; the hop is a quarter
        of it. A sine at full scale has a power of 1 before the bands, which have unit area in Hz.
        """
        return self.keep(("mel", n_fft, n_mels), lambda: self._mel_power(n_fft, n_mels))

    def _mel_power(self, n_fft: int, n_mels: int) -> Tensor:
        at_48_khz = n_fft
        # Above 48 kHz the same span of time: else the lowest bands would fall between two bins.
        while self.sample_rate > 48000 * n_fft // at_48_khz:
            n_fft *= 2
        bank = mel_filters(self.sample_rate, n_fft, n_mels).to(self.audio)
        resolution = Resolution(n_fft, n_fft // 4, n_fft)
        if resolution.frames(self.samples) == 0:
            return self.audio.new_zeros((*self.audio.shape[:2], 0, n_mels))
        full_scale = (n_fft / 4) ** 2
        pieces = [power(piece) @ bank for piece in spectra(self.audio, resolution)]
        return torch.cat(pieces, dim=2) / full_scale

    def magnitudes(
        self, resolution: Resolution, eps: float, *, stereo: bool, step: int | None = None
    ) -> Iterator[Tensor]:
        """Spectral magnitudes, ``(batch, channels, frames, bins)`` a piece, powers at least eps.

        With ``stereo`` those of L + R and L - R follow as two more channels. They are held for the
        next time, as far as the memory set aside for it reaches. A piece has ``step`` frames.
        """
        step = step or frames_at_once(self.audio, resolution)
        key = (resolution, eps, stereo, step)
        kept = self._magnitudes.get(key, [])
        if kept:
            yield from kept
            return
        pieces = []
        planes = len(self.audio) * planes_of(self.channels, stereo=stereo)
        size = planes * resolution.bins * resolution.frames(self.samples)
        keep = self._reused and self.held_bytes + size * self.audio.element_size() <= _KEEP_BYTES
        for spectrum in spectra(self.audio, resolution, step):
            piece = magnitudes_of(spectrum, eps, stereo=stereo)
            if keep:
                pieces.append(piece)
            yield piece
        if keep:
            self._magnitudes[key] = pieces
