"""Encodes stimuli: dithered FLAC with nothing in it but audio, padded to a wanted size.

Only the stream's own description (STREAMINFO) and padding are kept of the metadata, so that no
name, encoder or comment tells files apart.
"""

import io

import numpy as np
import soundfile
import torch
from torch import Tensor

from ...models.errors import UserError

_HEADER = 4
_LARGEST = 2**24 - 1


def encode(audio: Tensor, sample_rate: int, bits: int, seed: int) -> bytes:
    """``(channels, samples)`` as FLAC of 16 or 24 bits with triangular dither of ±1 step.

    Raises:
        UserError: if the audio is above full scale, where it would clip.
    """
    scale = 2.0 ** (bits - 1)
    data = audio.detach().double().numpy().T
    if np.abs(data).max(initial=0.0) > 1.0 - 2.0 / scale:
        raise UserError("the audio is above full scale; give a ceiling below 0 dBTP")
    draw = np.random.default_rng(seed)
    dither = draw.random(data.shape) - draw.random(data.shape)
    steps = np.clip(np.rint(data * scale + dither), -scale, scale - 1)
    # libsndfile takes the upper bits of 32.
    whole = steps.astype(np.int64) << (32 - bits)
    out = io.BytesIO()
    soundfile.write(out, whole.astype(np.int32), sample_rate, format="FLAC", subtype=f"PCM_{bits}")
    return stripped(out.getvalue())


def decode(data: bytes) -> tuple[Tensor, int]:
    """The audio of a FLAC file, ``(channels, samples)``, and its rate in Hz."""
    audio, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return torch.from_numpy(np.ascontiguousarray(audio.T)), int(rate)


def stripped(data: bytes) -> bytes:
    """A FLAC file without metadata but STREAMINFO, which is the last block."""
    info, frames = _parts(data)
    return b"fLaC" + bytes([0x80]) + info[1:] + frames


def padded(data: bytes, size: int) -> bytes:
    """A stripped FLAC file of exactly ``size`` bytes, at least four more than it has.

    Raises:
        ValueError: if ``size`` is too small.
    """
    info, frames = _parts(data)
    missing = size - (4 + len(info) + len(frames))
    if missing < _HEADER:
        raise ValueError(f"a file of {len(data)} bytes cannot be padded to {size}")
    blocks = []
    while missing:
        take = min(missing, _LARGEST + _HEADER)
        if 0 < missing - take < _HEADER:
            take -= _HEADER
        missing -= take
        last = 0x80 if missing == 0 else 0x00
        blocks.append(bytes([last | 1]) + (take - _HEADER).to_bytes(3, "big") + bytes(take - 4))
    return b"fLaC" + bytes([0x00]) + info[1:] + b"".join(blocks) + frames


def pad_equal(files: list[bytes]) -> list[bytes]:
    """The files, all of one size."""
    size = max(len(data) for data in files) + _HEADER
    return [padded(data, size) for data in files]


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """The STREAMINFO block with its header, and everything after the metadata."""
    if data[:4] != b"fLaC" or data[4] & 0x7F != 0:
        raise ValueError("not a FLAC file that begins with STREAMINFO")
    place, info = 4, b""
    while True:
        head = data[place]
        length = int.from_bytes(data[place + 1 : place + 4], "big")
        if head & 0x7F == 0:
            info = data[place : place + _HEADER + length]
        place += _HEADER + length
        if head & 0x80:
            return info, data[place:]
