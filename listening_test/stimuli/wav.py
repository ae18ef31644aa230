"""Encodes stimuli: dithered PCM behind a header that is the same for all files of one length.

A compressed file tells how well its music compresses, and so which version it is: by its size, by
frame sizes in its header, by the length of what it is padded with. PCM of a constant rate tells
none of that. The header has its two required chunks, ``fmt `` and ``data``, and nothing else.
"""

import io

import numpy as np
import soundfile
import torch
from torch import Tensor

from ...models.errors import UserError
from .wav_header import HEADER_BYTES, wav_header


def encode(audio: Tensor, sample_rate: int, bits: int, seed: int) -> bytes:
    """``(channels, samples)`` as a WAV file of 16 or 24 bits, with triangular dither of ±1 step.

    Raises:
        UserError: if the audio is above full scale, where it would clip.
    """
    scale = 2.0 ** (bits - 1)
    data = audio.detach().double().numpy().T
    if np.abs(data).max(initial=0.0) > 1.0 - 2.0 / scale:
        raise UserError("the audio is above full scale; give a ceiling below 0 dBTP")
    draw = np.random.default_rng(seed)
    dither = draw.random(data.shape) - draw.random(data.shape)
    steps = np.clip(np.rint(data * scale + dither), -scale, scale - 1).astype("<i4")
    whole = steps.reshape(-1, 1).view(np.uint8)[:, : bits // 8].tobytes()
    return wav_header(data.shape[1], sample_rate, bits, len(data)) + whole


def decode(data: bytes) -> tuple[Tensor, int]:
    """The audio of a file, ``(channels, samples)``, and its rate in Hz."""
    audio, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return torch.from_numpy(np.ascontiguousarray(audio.T)), int(rate)


def same_header(files: list[bytes]) -> bool:
    """Whether files of one page differ in nothing but their samples."""
    return len({(len(one), one[:HEADER_BYTES]) for one in files}) <= 1
