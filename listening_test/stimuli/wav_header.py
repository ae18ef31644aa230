"""The first 44 bytes of a PCM WAV file; without numpy, for the process that serves."""

import struct
from dataclasses import dataclass

HEADER_BYTES = 44
_LAYOUT = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM = 1


@dataclass(frozen=True)
class Layout:
    """What the header of a file of ours says."""

    channels: int
    sample_rate: int
    bits: int
    samples: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * self.bits // 8


def wav_header(channels: int, sample_rate: int, bits: int, samples: int) -> bytes:
    """The header of ``samples`` frames of PCM (RIFF/WAVE, chunks ``fmt `` and ``data`` alone)."""
    frame = channels * bits // 8
    size = samples * frame
    return _LAYOUT.pack(
        b"RIFF", HEADER_BYTES - 8 + size, b"WAVE", b"fmt ", 16, _PCM, channels, sample_rate,
        sample_rate * frame, frame, bits, b"data", size,
    )  # fmt: skip


def layout_of(header: bytes) -> Layout:
    """What :func:`wav_header` was made from.

    Raises:
        ValueError: if these are not the first bytes of such a file.
    """
    if len(header) < HEADER_BYTES:
        raise ValueError("shorter than a WAV header")
    said = _LAYOUT.unpack(header[:HEADER_BYTES])
    channels, rate, frame, bits, size = said[6], said[7], said[9], said[10], said[12]
    samples = size // frame if frame else 0
    if header[:HEADER_BYTES] != wav_header(channels, rate, bits, samples):
        raise ValueError("not a PCM WAV file of ours")
    return Layout(channels, rate, bits, samples)
