"""How worker processes begin: quickly, and never as a copy of a process that is at work.

A fork of the driver would copy locks that its threads hold, and CUDA does not survive one. So a
server process is begun afresh, imports once what all workers need (torch alone takes seconds), and
forks each worker from itself, where nothing has run yet. Where the system forbids that after
imports (macOS) or cannot fork (Windows), or where the path of the folder for temporary files is too
long for the server's socket, every worker begins afresh.
"""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import BaseContext

# Of the 107 bytes that a socket's path may have, multiprocessing adds about 32 to the folder's.
_LONGEST_FOLDER = 70


def worker_context(*imported: str) -> BaseContext:
    """The start method; the server of the first call imports these modules for all workers."""
    folder = os.fsencode(tempfile.gettempdir())
    if not sys.platform.startswith("linux") or len(folder) > _LONGEST_FOLDER:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # Without ``__main__``: a user's script may do at its top what only the driver can.
    context.set_forkserver_preload(list(imported))
    return context


def take_environment(environment: Mapping[str, str]) -> None:
    """Give a worker the driver's environment of now: the server keeps that of its own begin."""
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
