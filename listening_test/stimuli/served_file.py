"""A stimulus as it is sent: the samples of its file between two stretches of noise.

Music begins and ends alike in each of its versions, so the first kilobytes of the raw samples
would tell which files are the same. What is sent begins and ends with dithered silence, as soft as
a step of the file. It is made of the file's address: another for each occurrence in each session,
and the same whenever one address is asked for. The page leaves these stretches out.
"""

import hashlib
import io
from pathlib import Path

from .wav_header import HEADER_BYTES, layout_of, wav_header

# Of a random byte: triangular dither of ±1 step rounds silence to -1, 0 or 1, at 1 : 6 : 1.
_LOW = bytes([0xFF] * 32 + [0x00] * 192 + [0x01] * 32)
_SIGN = bytes([0xFF] * 32 + [0x00] * 224)


def dithered_silence(seed: bytes, values: int, bits: int) -> bytes:
    """``values`` PCM values of 16 or 24 bits, each -1, 0 or 1 steps."""
    draw = hashlib.shake_256(seed).digest(values)
    width = bits // 8
    out = bytearray(values * width)
    out[0::width] = draw.translate(_LOW)
    for place in range(1, width):
        out[place::width] = draw.translate(_SIGN)
    return bytes(out)


class ServedFile(io.RawIOBase):
    """What is sent for a file, to be read and sought like a file.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not a WAV file of ours.
    """

    def __init__(self, path: Path, lead: int, seed: bytes) -> None:
        super().__init__()
        self._file = path.open("rb")
        try:
            found = layout_of(self._file.read(HEADER_BYTES))
        except ValueError:
            self._file.close()
            raise
        size = found.samples * found.frame_bytes
        whole = found.samples + 2 * lead
        values = lead * found.channels
        before = wav_header(found.channels, found.sample_rate, found.bits, whole)
        self._before = before + dithered_silence(seed + b"before", values, found.bits)
        self._after = dithered_silence(seed + b"after", values, found.bits)
        self._ends = len(self._before), len(self._before) + size
        self.size = self._ends[1] + len(self._after)
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self.size - self._place)
        wanted = left if size is None or size < 0 else min(size, left)
        parts = []
        while wanted > 0:
            part = self._part(wanted)
            if not part:
                raise OSError("the file became shorter while it was sent")
            parts.append(part)
            self._place += len(part)
            wanted -= len(part)
        return b"".join(parts)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _part(self, wanted: int) -> bytes:
        """Some bytes from where it stands, of one of the three stretches."""
        here, (start, end) = self._place, self._ends
        if here < start:
            return self._before[here : here + wanted]
        if here >= end:
            return self._after[here - end : here - end + wanted]
        self._file.seek(HEADER_BYTES + here - start)
        return self._file.read(min(wanted, end - here))
