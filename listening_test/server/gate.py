"""Lets requests in: no more of one session, one address or one browser than limits.py allows."""

import math

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
        self, table: RateTable, rates: Rates | None, counts: Counts, *, trust_proxy: bool
    ) -> None:
        self.table, self.rates, self.counts = table, rates, counts
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
        self._take("sessions of a browser", f"begin {browser}", self.rates.begun_in_browser)
        self._take_of_address("sessions of an address", "begin at", self.rates.begun_at_address)

    def _enters(self) -> None:
        if self.rates is None or request.endpoint in OPEN:
            return
        self._take_of_address("requests of an address", "asks", self.rates.address)
        address = self.client()
        if address is not None:
            seconds = self.table.wait(f"misses {address}", self.rates.misses)
            if seconds:
                raise self._refusal("links that are not there", seconds)
        token = (request.view_args or {}).get("token")
        if token is not None and request.path.startswith("/api/"):
            self._take("requests of a session", f"session {token}", self.rates.session)

    def _leaves(self, response: Response) -> Response:
        address = self.client()
        if self.rates is not None and response.status_code == 404 and address is not None:
            self.table.take(f"misses {address}", self.rates.misses)
        return response

    def _take_of_address(self, limit: str, what: str, rate: Rate) -> None:
        address = self.client()
        if address is not None:
            self._take(limit, f"{what} {address}", rate)

    def _take(self, limit: str, key: str, rate: Rate) -> None:
        seconds = self.table.take(key, rate)
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
