"""The sounds of a report: how each render is encoded, and how the page gets its bytes.

A page that is opened from a file may load scripts and nothing else, so a sound is a script: its
bytes stand in a string of characters of seven bits, which is 18 % longer than the bytes.
"""

import io
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from ....models.audio.files import resample
from ....models.errors import UserError

Floats = npt.NDArray[np.float32]

OPUS_RATE = 48_000
OPUS_KBPS = 128  # of two channels
EXCERPT_SECONDS = 8.0

# libsndfile has no bit rate for Opus: 0 means 256 kb/s a channel, 1 means 6 (ogg_opus.c).
_MOST_KBPS, _LEAST_KBPS = 256, 6
# It keeps what it is given on the stack; long sounds are given in parts.
_BLOCK = 1 << 16
# What a character may not be inside a string of a script; all others stand as they are.
_ESCAPED = {b"\\": b"\\\\", b'"': b'\\"', b"\n": b"\\n", b"\r": b"\\r"}


class SoundKind(StrEnum):
    """How the sounds of a report are kept."""

    FULL = "full"
    LOSSY = "lossy"
    EXCERPT = "excerpt"
    NONE = "none"


def encoded(audio: Floats, sample_rate: int, sound: SoundKind, seed: int) -> bytes:
    """``(channels, samples)`` as 16-bit FLAC at its own rate, or as Opus at 48 kHz.

    Both end where full scale does. Opus is coded alike for all systems, so they stay aligned.
    """
    if sound is SoundKind.LOSSY:
        return _opus(audio, sample_rate)
    stream = io.BytesIO()
    samples = player_samples(audio, seed).T
    soundfile.write(stream, samples, sample_rate, format="FLAC", subtype="PCM_16")
    return stream.getvalue()


def heard_rate(sample_rate: int, sound: SoundKind) -> int:
    """The rate in Hz at which a sound is played."""
    return OPUS_RATE if sound is SoundKind.LOSSY else sample_rate


def most_bytes(samples: int, sample_rate: int, channels: int, sound: SoundKind) -> float:
    """More than a sound of this length takes in a report, whatever it holds."""
    seconds = samples / sample_rate
    if sound is SoundKind.NONE:
        return 0.0
    if sound is SoundKind.LOSSY:
        # Pages of Ogg take a hundredth; a frame of 20 ms and the headers come on top.
        bytes_of = (seconds + 0.1) * OPUS_KBPS * 125 * channels / 2 * 1.02 + 1000
    else:
        heard = min(seconds, EXCERPT_SECONDS) if sound is SoundKind.EXCERPT else seconds
        bytes_of = heard * sample_rate * channels * 2 * 1.01 + 9000
    # Seven bits of eight, and 4 of 128 characters escaped: 32768 characters vary by less than 1 %.
    return bytes_of * 8 / 7 * (1 + 4 / 128) * 1.01 + 100


def sound_script(name: str, data: bytes) -> bytes:
    """The script by which a page gets ``data`` under ``name``; ``page.js`` unpacks it."""
    return b'earmark.put("%s","%s");\n' % (name.encode(), packed(data))


def packed(data: bytes) -> bytes:
    """``data`` as ASCII of seven bits a character, escaped to stand in a string of a script."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    whole = np.zeros(-(-len(bits) // 7) * 7, np.uint8)
    whole[: len(bits)] = bits
    text = (np.packbits(whole.reshape(-1, 7), axis=1)[:, 0] >> 1).tobytes()
    for plain, escaped in _ESCAPED.items():
        text = text.replace(plain, escaped)
    return text


def player_samples(audio: Floats, seed: int) -> npt.NDArray[np.int16]:
    """16-bit samples with TPDF dither of ±1 LSB, clipped at full scale: ``(channels, samples)``."""
    generator = np.random.default_rng(seed)
    noise = generator.random(audio.shape, dtype=np.float32)
    noise -= generator.random(audio.shape, dtype=np.float32)
    samples = np.clip(np.rint(audio * np.float32(32768) + noise), -32768, 32767)
    whole: npt.NDArray[np.int16] = samples.astype(np.int16)
    return whole


def loudest(low: list[int], high: list[int], seconds: float) -> float:
    """Where the loudest :data:`EXCERPT_SECONDS` of an outline of ``seconds`` begin, in seconds."""
    if seconds <= EXCERPT_SECONDS:
        return 0.0
    energy = np.square(np.subtract(high, low, dtype=np.float64))
    width = max(1, round(len(energy) * EXCERPT_SECONDS / seconds))
    sums = np.convolve(energy, np.ones(width), "valid")
    start = float(np.argmax(sums)) * seconds / len(energy)
    # Down to the millisecond: rounded up, the last excerpt would end behind the song.
    return int(min(start, seconds - EXCERPT_SECONDS) * 1000) / 1000


def _opus(audio: Floats, sample_rate: int) -> bytes:
    channels = audio.shape[0]
    if channels > 2:
        raise UserError(f"{channels} channels: a lossy report plays one or two; use --audio full")
    resampled = resample(torch.from_numpy(audio), sample_rate, OPUS_RATE).clamp(-1, 1).T.numpy()
    level = (_MOST_KBPS - OPUS_KBPS / 2) / (_MOST_KBPS - _LEAST_KBPS)
    stream = io.BytesIO()
    with soundfile.SoundFile(
        stream, "w", OPUS_RATE, channels, format="OGG", subtype="OPUS", compression_level=level
    ) as file:
        for at in range(0, len(resampled), _BLOCK):
            file.write(resampled[at : at + _BLOCK])
    return stream.getvalue()
