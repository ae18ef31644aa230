"""Tells a file that was cut short from a short song: what its own header promises is not there.

libsndfile reads a WAV or AIFF file that breaks off as if it ended there. So the bytes that the
audio chunk declares are held against those that are left of the file; an Ogg stream must end with
its last page. A length that a writer left open (0, or all ones) promises nothing.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# A writer that counts its own header into the audio is off by less than this, and by 50 ms at most.
_SLACK_BYTES = 4096
_OPEN_LENGTHS = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_OGG_PAGE_BYTES = 65_307
_CHUNKS = 10_000


def cut_short(path: Path) -> str:
    """What to say of a file that holds less audio than its header promises; '' where it is whole.

    Raises:
        OSError: if it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(40)
        if start[:4] == b"OggS":
            whole = _ends_with_its_last_page(file, size)
            return "" if whole else "breaks off before its last page; copy the file again"
        for at, length in _audio_chunk(file, start):
            if length not in _OPEN_LENGTHS and at + length - size > _SLACK_BYTES:
                promised = (at + length) / 1e6
                return (
                    f"breaks off at {size / 1e6:.1f} MB of {promised:.1f} MB; copy the file again"
                )
    return ""


def _audio_chunk(file: BinaryIO, start: bytes) -> Iterator[tuple[int, int]]:
    """Where the audio begins and how long it says it is; nothing where no header is known."""
    kind, form = start[:4], start[8:12]
    if kind in (b"RIFF", b"RIFX", b"RF64", b"BW64") and form == b"WAVE":
        yield from _of_iff(file, b"data", ">" if kind == b"RIFX" else "<")
    elif kind == b"FORM" and form in (b"AIFF", b"AIFC"):
        yield from _of_iff(file, b"SSND", ">")
    elif kind == b"caff":
        yield from _of_caf(file)
    elif kind == b"riff" and start[24:28] == b"wave":
        yield from _of_w64(file)


def _of_iff(file: BinaryIO, wanted: bytes, order: str) -> Iterator[tuple[int, int]]:
    at, long_size = 12, None
    for _ in range(_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        (length,) = struct.unpack(f"{order}I", head[4:])
        if head[:4] == b"ds64":  # of RF64, whose own sizes are all ones
            (long_size,) = struct.unpack("<Q", file.read(28)[8:16])
        if head[:4] == wanted:
            yield at + 8, long_size if length == 0xFFFFFFFF and long_size is not None else length
            return
        at += 8 + length + length % 2


def _of_caf(file: BinaryIO) -> Iterator[tuple[int, int]]:
    at = 8
    for _ in range(_CHUNKS):
        file.seek(at)
        head = file.read(12)
        if len(head) < 12:
            return
        (length,) = struct.unpack(">q", head[4:])
        if head[:4] == b"data":
            yield at + 12, max(length, 0)
            return
        if length < 0:
            return
        at += 12 + length


def _of_w64(file: BinaryIO) -> Iterator[tuple[int, int]]:
    at = 40
    for _ in range(_CHUNKS):
        file.seek(at)
        head = file.read(24)
        if len(head) < 24:
            return
        (length,) = struct.unpack("<Q", head[16:])
        if head[:4] == b"data":
            yield at + 24, max(length - 24, 0)
            return
        if length < 24:
            return
        at += (length + 7) // 8 * 8


def _ends_with_its_last_page(file: BinaryIO, size: int) -> bool:
    """Whether the last page of an Ogg file that begins is whole and says that it is the last."""
    file.seek(max(0, size - 2 * _OGG_PAGE_BYTES))
    tail = file.read()
    at = tail.rfind(b"OggS")
    page = tail[at:]
    if at < 0 or len(page) < 27:
        return False
    segments = page[26]
    sizes = page[27 : 27 + segments]
    whole = len(sizes) == segments and len(page) >= 27 + segments + sum(sizes)
    return whole and bool(page[5] & 4)
