"""Runs tests in forks of a process that has the libraries loaded already, one order a line.

``python worker.py COPY`` reads orders as JSON from its input: the tests and the seconds they may
take. It answers each with how they ended: ``passed``, ``failed`` or ``endless``.
"""

import importlib
import json
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

# What the tests import and nobody mutates; a library that is missing is loaded by nobody.
_LIBRARIES = (
    *("numpy", "scipy.stats", "scipy.optimize", "scipy.signal", "pandas", "torch", "numba"),
    *("sqlalchemy.orm", "alembic.command", "flask", "hypothesis", "statsmodels.api"),
    *("scikit_posthocs", "statsmodels.formula.api", "statsmodels.stats.multitest"),
    *("pyloudnorm", "soundfile", "soxr", "pydantic", "click.testing", "jinja2", "pytest"),
)
_GRACE_SECONDS = 10.0  # for fixtures to stop their servers
_PASSED, _NOTHING_RUN = 0, 5


def main(copy: str, log: str) -> None:
    """Obey the orders of standard input until it ends."""
    os.chdir(copy)
    for name in _LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    _without_shrinking()
    for line in sys.stdin:
        order = json.loads(line)
        began = time.monotonic()
        outcome = _outcome(order["tests"], order["seconds"], log)
        answer = {"outcome": outcome, "seconds": time.monotonic() - began}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _without_shrinking() -> None:
    """A slip is to be noticed, not to be shown in its smallest form."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    settings.register_profile("mutation", phases=phases, deadline=None)
    settings.load_profile("mutation")


def _outcome(tests: list[str], seconds: float, log: str) -> str:
    child = os.fork()
    if child == 0:
        _run(tests, log)
    ends = time.monotonic() + seconds
    status = _ended(child, ends)
    if status is None:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGINT)
        if _ended(child, time.monotonic() + _GRACE_SECONDS) is None:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return "endless"
    with suppress(ProcessLookupError):  # what the tests started and left
        os.killpg(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(status)
    if code == _NOTHING_RUN:
        raise RuntimeError(f"no test was run of {tests}")
    return "passed" if code == _PASSED else "failed"


def _ended(child: int, until: float) -> int | None:
    """How a child ended, if it does ``until`` then."""
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.02)
    return None


def _run(tests: list[str], log: str) -> None:
    """Run the tests and never come back."""
    code = 1
    try:
        os.setsid()
        into = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(into, 1)
        os.dup2(into, 2)
        import pytest

        # Hypothesis, loaded before pytest looks at it, needs no rewriting.
        quick = ("-x", "-q", "--tb=short", "-W", "ignore::pytest.PytestAssertRewriteWarning")
        # File by file: most slips die in the first ones, and the others need not be read.
        code = _NOTHING_RUN
        for name in tests:
            ended = int(pytest.main([*quick, "-p", "no:cacheprovider", "-p", "no:xdist", name]))
            if ended != _NOTHING_RUN:
                code = ended
            if code not in (_PASSED, _NOTHING_RUN):
                break
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()), sys.argv[2])
