"""Lets requests in: no more of one session, one address or one browser than limits.py allows."""

import math
from collections.abc import Sequence

from flask import Flask, Response, request

from ..wire.addresses import client_group, forwarded
from ..wire.counts import Counts
from ..wire.limits import Rate, Rates
from ..wire.rates import RateTable

# Asked by machines of the experimenter's own, not by listeners.
OPEN = ("health.health", "health.ready")


class TooManyError(Exception):
    """A limit was met; ``seconds`` later the same would be let in."""

    def __init__(self, limit: str, seconds: float) -> None:
        super().__init__(limit)
        self.limit = limit
        self.seconds = max(1, math.ceil(seconds))


class Gate:
    """The limits of one application; ``rates`` None lets everything in."""

    def __init__(
        self, tables: Sequence[RateTable], rates: Rates | None, counts: Counts, *, trust_proxy: bool
    ) -> None:
        self.sessions, self.addresses, self.missing, self.browsers, self.begun = tables
        self.rates, self.counts = rates, counts
        self.trust_proxy = trust_proxy

    def guard(self, app: Flask) -> None:
        """Ask about each request of the application."""
        app.before_request(self._enters)
        app.after_request(self._leaves)

    def begins(self, browser: str) -> None:
        """A browser begins a session; ``browser`` is its own token.

        Raises:
            TooManyError: if it, or its address, has begun too many.
        """
        if self.rates is None:
            return
        per_browser, per_address = self.rates.begun_in_browser, self.rates.begun_at_address
        self._take("sessions of a browser", self.browsers, browser, per_browser)
        self._take("sessions of an address", self.begun, self.client(), per_address)

    def _enters(self) -> None:
        if self.rates is None or request.endpoint in OPEN:
            return
        address = self.client()
        self._take("requests of an address", self.addresses, address, self.rates.address)
        if address is not None:
            seconds = self.missing.wait(address, self.rates.misses)
            if seconds:
                raise self._refusal("links that are not there", seconds)
        token = (request.view_args or {}).get("token")
        if token is not None and request.path.startswith("/api/"):
            self._take("requests of a session", self.sessions, str(token), self.rates.session)

    def _leaves(self, response: Response) -> Response:
        if response.status_code == 404 and self.rates is not None:
            address = self.client()
            if address is not None:
                self.missing.take(address, self.rates.misses)
        return response

    def _take(self, limit: str, table: RateTable, key: str | None, rate: Rate) -> None:
        """Note a request of ``key``; None is somebody for whom it is not counted."""
        seconds = table.take(key, rate) if key is not None else 0.0
        if seconds:
            raise self._refusal(limit, seconds)

    def _refusal(self, limit: str, seconds: float) -> TooManyError:
        self.counts.add(f'earmark_refused_total{{limit="{limit}"}}')
        return TooManyError(limit, seconds)

    def client(self) -> str | None:
        """Whom the request is counted for; None where that cannot be told, such as of a proxy."""
        address = request.environ.get("REMOTE_ADDR", "")
        if self.trust_proxy:
            address = forwarded(request.headers.get("X-Forwarded-For", "")) or address
        return client_group(address)
