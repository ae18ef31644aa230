"""Short-time spectra of a batch in pieces of time that stay in the processor's cache.

Frames are those of ``torch.stft`` with ``center=True`` and a periodic Hann window: the audio is
reflected by half a transform at both ends. A window shorter than the transform is not centred in
it but put at its start; that turns phases only, by the same angle in every signal.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

# Complex bins at a time: 1 MB, about an L2 cache; a GPU wants large launches instead.
_BINS = {"cpu": 1 << 17, "cuda": 1 << 24}


@dataclass(frozen=True)
class Resolution:
    """A transform length, the hop between frames, and the window's length, in samples."""

    fft: int
    hop: int
    window: int

    @property
    def bins(self) -> int:
        """Frequencies from 0 to half the sample rate."""
        return self.fft // 2 + 1

    def frames(self, samples: int) -> int:
        """How many frames audio of that length has; 0 where it is too short to be reflected."""
        return samples // self.hop + 1 if samples > self.fft // 2 else 0


def frames_at_once(audio: Tensor, resolution: Resolution) -> int:
    """How many frames of ``(batch, channels, samples)`` make a piece of :func:`spectra`."""
    rows = max(1, audio.shape[0] * audio.shape[1])
    return max(1, _BINS.get(audio.device.type, 1 << 20) // (rows * resolution.bins))


def spectra(audio: Tensor, resolution: Resolution, step: int | None = None) -> Iterator[Tensor]:
    """Complex spectra of ``step`` frames a piece, ``(batch, channels, frames, bins)``.

    Raises:
        ValueError: if the audio is too short for the resolution.
    """
    fft, hop, window = resolution.fft, resolution.hop, resolution.window
    total = resolution.frames(audio.shape[-1])
    if total == 0:
        raise ValueError(f"{audio.shape[-1]} samples are too few for a transform of {fft}")
    padded = torch.nn.functional.pad(audio, (fft // 2, fft // 2), mode="reflect")
    frames = padded.unfold(-1, fft, hop)[..., (fft - window) // 2 :][..., :window]
    shape = torch.hann_window(window, dtype=audio.dtype, device=audio.device)
    step = step or frames_at_once(audio, resolution)
    for start in range(0, total, step):
        yield torch.fft.rfft(frames[..., start : start + step, :] * shape, fft)


def planes_of(channels: int, *, stereo: bool) -> int:
    """How many signals are compared: the channels, and with ``stereo`` L + R and L - R."""
    return channels + 2 * stereo


def magnitudes_of(spectrum: Tensor, eps: float, *, stereo: bool) -> Tensor:
    """Magnitudes of ``(batch, channels, frames, bins)``, powers at least ``eps``.

    With ``stereo`` those of L + R and L - R follow as two more channels.
    """
    if not is_compiled(spectrum):
        wanted = with_sum_and_difference(spectrum) if stereo else spectrum
        return power(wanted).clamp_(min=eps).sqrt_()
    from ...models.audio.summing.spectral_sums import magnitudes

    batch, channels, frames, bins = spectrum.shape
    found = torch.empty((batch, planes_of(channels, stereo=stereo), frames, bins))
    for item, room in zip(spectrum, found, strict=True):
        magnitudes(parts_of(item), np.float32(eps), room.flatten(1).numpy())
    return found


def is_compiled(signal: Tensor) -> bool:
    """Whether machine code of ours takes it: 32 bits a number, on the CPU."""
    return signal.device.type == "cpu" and signal.dtype in (torch.float32, torch.complex64)


def parts_of(spectrum: Tensor) -> "np.typing.NDArray[np.float32]":
    """``(channels, frames, bins)`` as ``(channels, frames * bins, 2)`` of real numbers."""
    found: np.typing.NDArray[np.float32] = torch.view_as_real(spectrum.flatten(1)).numpy()
    return found


def with_sum_and_difference(spectrum: Tensor) -> Tensor:
    """Stereo spectra ``(batch, 2, ...)`` with those of L + R and L - R after them."""
    left, right = spectrum[:, 0], spectrum[:, 1]
    return torch.stack([left, right, left + right, left - right], dim=1)


def power(spectrum: Tensor) -> Tensor:
    """The squared magnitudes of complex numbers."""
    parts = torch.view_as_real(spectrum)
    real, imaginary = parts[..., 0], parts[..., 1]
    return torch.addcmul(real * real, imaginary, imaginary)
