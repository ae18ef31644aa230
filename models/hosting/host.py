"""A process that runs somebody else's code: begun when needed, asked by pipe, ended with us.

Nothing that it does can stop the others: it may raise, print, exit, take all memory that it is
given, or never return. Each becomes one line. It lives in a process group of its own, which is
killed when time runs out, when the host is closed or forgotten, and, on Linux, when this process
dies.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from ..errors import OutputError, UserError

_WORKER = Path(__file__).with_name("worker.py")
_PIPE_BYTES = 1 << 16


@dataclass(frozen=True)
class HostedCode:
    """What to run and where: ``load`` is what the worker is told, ``label`` the name in messages.

    ``timeout`` seconds are given to each call; ``memory_mb`` MiB of address space, 0 for any.
    """

    label: str
    load: Mapping[str, Any]
    python: Path
    cwd: Path
    timeout: float = 600.0
    memory_mb: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)


class Host:
    """One such process. It begins with the first call, and again after it was lost."""

    def __init__(self, code: HostedCode) -> None:
        self.code = code
        self._live: _Live | None = None
        self._facts: Mapping[str, Any] = {}

    def facts(self) -> Mapping[str, Any]:
        """What the loaded model says of itself.

        Raises:
            UserError: if it cannot be loaded, in one line.
        """
        self._begun()
        return self._facts

    def run(self, audio: Tensor, more: Mapping[str, Any]) -> Tensor:
        """The model's output for ``(channels, samples)``, of whatever shape it is.

        Raises:
            OutputError: if it gave something that is no audio.
            UserError: for anything else that went wrong.
        """
        live = self._begun()
        samples = np.ascontiguousarray(audio.numpy(), dtype=np.float32)
        asked = {"do": "run", "shape": list(samples.shape), **more}
        answer, out = self._asked(live, asked, samples.tobytes())
        found = np.frombuffer(out, dtype=np.float32).reshape(answer["shape"])
        return torch.from_numpy(found.copy())

    def close(self) -> None:
        """End the process."""
        if self._live is not None:
            self._live.end()
            self._live = None

    def _begun(self) -> "_Live":
        if self._live is None:
            live = _Live(self.code)
            weakref.finalize(self, live.end)
            self._live = live
            load = {"do": "load", "memory_mb": self.code.memory_mb, "threads": 0, **self.code.load}
            answer, _ = self._asked(live, load | {"cwd": str(self.code.cwd)}, b"")
            self._facts = answer["facts"]
        return self._live

    def _asked(
        self, live: "_Live", asked: Mapping[str, Any], samples: bytes
    ) -> tuple[Mapping[str, Any], bytes]:
        try:
            answer, out = live.ask({**asked, "bytes": len(samples)}, samples, self.code.timeout)
        except _LostError as error:
            self.close()
            raise UserError(f"{self.code.label}: {error}") from None
        except BaseException:
            # An interrupt in the middle of a message: what follows could not be understood.
            self.close()
            raise
        if not answer["ok"]:
            if asked["do"] == "load" or answer.get("memory"):
                self.close()
            wrong = OutputError if answer.get("wrong") else UserError
            raise wrong(f"{self.code.label}: {answer['error']}")
        return answer, out


class _LostError(Exception):
    """The process is gone, or was ended; the text says why."""


class _Live:
    """The running process and its pipes."""

    def __init__(self, code: HostedCode) -> None:
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  lives as the process does
        try:
            self._process = subprocess.Popen(
                [str(code.python), str(_WORKER), str(theirs_in), str(theirs_out)],
                cwd=code.cwd,
                env={**os.environ, **code.environment},
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        except OSError as error:
            for pipe in (ours_in, ours_out):
                os.close(pipe)
            self._log.close()
            reason = error.strerror or str(error)
            raise UserError(f"{code.label}: {code.python} cannot be started ({reason})") from None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._answers, self._requests = ours_in, ours_out
        os.set_blocking(self._requests, False)

    def ask(
        self, asked: Mapping[str, Any], samples: bytes, timeout: float
    ) -> tuple[Mapping[str, Any], bytes]:
        until = time.monotonic() + timeout
        text = json.dumps(asked).encode()
        self._send(b"%08d" % len(text) + text + samples, until, timeout)
        answer = json.loads(self._taken(int(self._taken(8, until, timeout)), until, timeout))
        return answer, self._taken(answer["bytes"], until, timeout)

    def end(self) -> None:
        """Kill its process group and close what is ours; safe to call again."""
        if self._requests < 0:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._answers, self._requests):
            os.close(pipe)
        self._answers = self._requests = -1
        self._log.close()

    def _send(self, data: bytes, until: float, timeout: float) -> None:
        view = memoryview(data)
        while view:
            _, ready, _ = select.select([], [self._requests], [], self._left(until, timeout))
            try:
                sent = os.write(self._requests, view[:_PIPE_BYTES]) if ready else 0
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise _LostError(self._why()) from None
            view = view[sent:]

    def _taken(self, size: int, until: float, timeout: float) -> bytes:
        parts, missing = [], size
        while missing:
            ready, _, _ = select.select([self._answers], [], [], self._left(until, timeout))
            if not ready:
                continue
            part = os.read(self._answers, min(missing, 1 << 20))
            if not part:
                raise _LostError(self._why())
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _left(self, until: float, timeout: float) -> float:
        left = until - time.monotonic()
        if left <= 0:
            raise _LostError(
                f"no answer after {timeout:g} s, and was ended; raise its timeout or mend it"
            )
        return min(left, 1.0)

    def _why(self) -> str:
        status = self._process.wait()
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else (
            f"ended with status {status}"
        )  # fmt: skip
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        said = f" ({' '.join(lines[-1].split())[:200]})" if lines else ""
        return f"its process {how} before it answered{said}"
