"""Finds audio files that a decoder does not survive, before this process decodes them."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import UserError

_DECODER = Path(__file__).with_name("trial_decoder.py")
MOST_MEMORY = 4 << 30  # of addresses, of which numpy alone takes a part
# Far more than honest files take: FLAC decodes several hundred times as fast as it plays.
MOST_SECONDS = 120.0


def undecodable(paths: Iterable[Path], seconds: float = MOST_SECONDS) -> Iterator[tuple[Path, str]]:
    """The files on which a decoder crashes or does not end, each with what happened.

    ``seconds`` is the time for one file. Files that a decoder refuses by itself are not among them.

    Raises:
        UserError: if no process can be started to try them, which says nothing of the files.
    """
    process: subprocess.Popen[str] | None = None
    try:
        for path in dict.fromkeys(paths):
            process = process or _started()
            what = _trial(process, path, seconds)
            if what:
                _ended(process)
                process = None
                yield path, what
    finally:
        if process is not None:
            _ended(process)


def _started() -> subprocess.Popen[str]:
    # Without the folder of the script, so that no module beside it hides one that it imports.
    command = [sys.executable, "-P", str(_DECODER), str(MOST_MEMORY)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        _ended(process)
        raise UserError(
            f"audio files cannot be tried: {' '.join(command)} does not start; run it yourself to "
            "see why"
        )
    return process


def _trial(process: subprocess.Popen[str], path: Path, seconds: float) -> str:
    """What happened to the process on this file; nothing if it goes on."""
    assert process.stdin is not None
    assert process.stdout is not None
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    watch = threading.Timer(seconds, stop)
    watch.start()
    try:
        process.stdin.write(json.dumps(str(path)) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except OSError:
        answer = ""
    finally:
        watch.cancel()
    if answer:
        return ""
    return f"did not end within {seconds:g} s" if late.is_set() else "crashed or ran out of memory"


def _ended(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.kill()
    process.wait()
