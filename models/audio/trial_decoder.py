"""Decodes audio files to nothing, in a process of its own; run by :mod:`.trial_decoding`.

Says that it is ready, then reads a path as JSON from each line of standard input and answers with a
line: how many frames came of it. It imports nothing of Earmark, so that it starts at once. What
makes a decoder crash, loop or ask for all the memory ends this process, and no other.
"""

import contextlib
import json
import sys

import soundfile

BLOCK = 1 << 18


def frames_in(path: str) -> int:
    """How many frames a file decodes to; 0 where it cannot be decoded, which others tell."""
    total = 0
    try:
        with soundfile.SoundFile(path) as file:
            while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
                total += len(block)
    except (OSError, soundfile.LibsndfileError):
        return 0
    return total


def limit_memory(most_bytes: int) -> None:
    """Let the system refuse this process more memory, where it can."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    # macOS knows the limit and refuses it; a lower one may be set already.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


if __name__ == "__main__":
    limit_memory(int(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(f"{frames_in(json.loads(line))}\n")
        sys.stdout.flush()
