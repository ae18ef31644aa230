"""Decodes M4A by the ffmpeg program, where it is installed; libsndfile does not know the format.

The whole file is decoded to 32-bit floats in memory. No temporary files are written. The latest
results are kept, because a song is read several times while it is checked and rendered.
"""

import shutil
import subprocess
import threading
from collections import OrderedDict
from pathlib import Path

from ..errors import UserError

# Of decoded audio that stays in memory: some six songs of four minutes in stereo.
MOST_KEPT_BYTES = 512 << 20
# An hour of AAC decodes in about ten seconds.
MOST_SECONDS = 600.0
Key = tuple[Path, int, int]


class Kept:
    """Decoded files by path, date and size; the ones not used for longest are dropped first."""

    def __init__(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self.most_bytes = most_bytes
        self._found: OrderedDict[Key, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> bytes | None:
        """What was decoded of the file, if it is still there."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: Key, data: bytes) -> None:
        """Keep it, and drop others until all fit."""
        with self._lock:
            self._found[key] = data
            while sum(map(len, self._found.values())) > self.most_bytes:
                self._found.popitem(last=False)


_KEPT = Kept()


def is_mp4(path: Path) -> bool:
    """Whether the file is of the MP4 family, as its first bytes say.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as stream:
        return stream.read(8)[4:] == b"ftyp"


def decoded(path: Path, most_bytes: int) -> bytes:
    """The first audio track as an AU file of 32-bit floats, of at most ``most_bytes``.

    Raises:
        UserError: if ffmpeg is not installed, refuses the file, or does not end.
    """
    stat = path.stat()
    key = (path.absolute(), stat.st_mtime_ns, stat.st_size)
    found = _KEPT.get(key)
    if found is None:
        found = _decode(path, most_bytes)
        _KEPT.put(key, found)
    return found


def _decode(path: Path, most_bytes: int) -> bytes:
    program = shutil.which("ffmpeg")
    if program is None:
        raise UserError(
            f"{path}: M4A is read through ffmpeg, which is not installed; install ffmpeg, or "
            "convert the file to FLAC or WAV"
        )
    # Only files, by the one demuxer: an MP4 that names other places is not followed.
    reading = ("-protocol_whitelist", "file,pipe", "-f", "m4a", "-i", f"file:{path.absolute()}")
    # AU is the format that can be written without knowing the length.
    writing = ("-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1")
    process = subprocess.Popen(
        # Of a file that breaks off it would give what is there, and say that all is well.
        [program, "-nostdin", "-v", "error", "-xerror", *reading, *writing],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    watch = threading.Timer(MOST_SECONDS, process.kill)
    said: list[bytes] = []
    listener = threading.Thread(target=lambda: said.append(_last(process)), daemon=True)
    watch.start()
    listener.start()
    assert process.stdout is not None
    try:
        data = process.stdout.read(most_bytes + 1)
        if len(data) > most_bytes:
            raise UserError(
                f"{path}: decodes to more than {most_bytes / 1e9:.0f} GB, half of this machine's "
                "memory; cut it into shorter files"
            )
        status = process.wait()
        listener.join()
    finally:
        watch.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    if status != 0 or not data:
        words = " ".join(b" ".join(said).decode(errors="replace").split())
        reason = words.rsplit("] ", 1)[-1][:200] or f"status {status}"
        raise UserError(f"{path}: ffmpeg cannot read it ({reason}); convert it to FLAC or WAV")
    return data


def _last(process: "subprocess.Popen[bytes]") -> bytes:
    """What the process says of its mistakes; read beside its output, so that neither waits."""
    assert process.stderr is not None
    with process.stderr as stream:
        return stream.read(1 << 16)
