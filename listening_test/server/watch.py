"""Notes each request: a line in the log, and counts; nothing that says who asked.

A line has the time, the method, the route as a template (no token), the status, milliseconds until
the answer was ready, and its bytes.
"""

import contextlib
import json
import os
import sys
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from time import perf_counter

from flask import Flask, Response, request

from ...models.errors import UserError
from ..wire.counts import Counts

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_BOUNDS = (*(f"{one:g}" for one in BUCKETS), "+Inf")
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_BEGAN = "earmark.began"
_HELP = {
    "earmark_requests_total": "counter Requests answered, by route and status.",
    "earmark_request_seconds": "histogram Seconds until an answer was ready, by route.",
    "earmark_sessions_begun_total": "counter Sessions begun.",
    "earmark_batches_stored_total": "counter Batches of events that were stored and confirmed.",
    "earmark_refused_total": "counter Requests and connections refused or closed, by limit.",
    "earmark_connections": "gauge Connections open now, by process.",
}


def watch(app: Flask, counts: Counts, log: str) -> None:
    """Note every request of the application; ``log`` is a file, ``-`` for standard error, or ''.

    Raises:
        UserError: if the file cannot be written.
    """
    line = _opened(log) if log else None

    def begins() -> None:
        request.environ[_BEGAN] = perf_counter()

    def ends(response: Response) -> Response:
        seconds = perf_counter() - request.environ.get(_BEGAN, perf_counter())
        route = request.url_rule.rule if request.url_rule is not None else "none"
        method = request.method if request.method in _METHODS else "other"
        status = response.status_code
        asked, taken, buckets = _names(method, route, status)
        counts.add(asked)
        counts.add(buckets[bisect_left(BUCKETS, seconds)])
        counts.add(taken, seconds)
        if line is not None:
            entry = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "bytes": response.content_length or 0,
            }
            # One call for a line: those of several processes do not mix. A full disk keeps no
            # answer back.
            with contextlib.suppress(OSError):
                os.write(line, (json.dumps(entry) + "\n").encode())
        return response

    app.before_request(begins)
    app.after_request(ends)


@lru_cache(maxsize=1024)
def _names(method: str, route: str, status: int) -> tuple[str, str, tuple[str, ...]]:
    """What counts an answer is added to: requests, seconds, and the buckets of seconds."""
    about = f'route="{route}"'
    return (
        f'earmark_requests_total{{method="{method}",{about},status="{status}"}}',
        f"earmark_request_seconds_sum{{{about}}}",
        tuple(f'earmark_request_seconds_bucket{{{about},le="{bound}"}}' for bound in _BOUNDS),
    )


def _opened(log: str) -> int:
    if log == "-":
        return sys.stderr.fileno()
    try:
        return os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    except OSError as error:
        raise UserError(
            f"{log}: cannot be written ({error.strerror}); give another file with --access-log"
        ) from None


def exposed(totals: Mapping[str, float]) -> str:
    """Counts in the text format that Prometheus reads."""
    lines = []
    for name, about in _HELP.items():
        kind, _, words = about.partition(" ")
        lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        if kind == "histogram":
            lines += _histogram(name, totals)
        else:
            found = [one for one in totals if one.partition("{")[0] == name]
            lines += [f"{one} {totals[one]:.10g}" for one in sorted(found)]
    return "\n".join(lines) + "\n"


def _histogram(name: str, totals: Mapping[str, float]) -> Iterator[str]:
    """Each bucket holds what the ones below it hold, too."""
    sums = sorted(one for one in totals if one.startswith(f"{name}_sum"))
    for total in sums:
        about = total.partition("{")[2].rstrip("}")
        count = 0.0
        for bound in _BOUNDS:
            bucket = f'{name}_bucket{{{about},le="{bound}"}}'
            count += totals.get(bucket, 0.0)
            yield f"{bucket} {count:.10g}"
        yield f"{total} {totals[total]:.10g}"
        yield f"{name}_count{{{about}}} {count:.10g}"
