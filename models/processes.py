"""How worker processes begin: quickly, and never as a copy of a process that is at work.

A fork of the driver would copy locks that its threads hold, and CUDA does not survive one. So a
server process is begun afresh, imports once what all workers need (torch alone takes seconds), and
forks each worker from itself, where nothing has run yet. Where the system forbids that after
imports (macOS) or cannot fork (Windows), every worker begins afresh.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import BaseContext


def worker_context(*imported: str) -> BaseContext:
    """The start method; the server of the first call imports these modules for all workers."""
    if not sys.platform.startswith("linux"):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # ``__main__`` is in the usual list: a script that was begun by a user is imported once too.
    context.set_forkserver_preload(["__main__", *imported])
    return context


def take_environment(environment: Mapping[str, str]) -> None:
    """Give a worker the driver's environment of now: the server keeps that of its own begin."""
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
