"""Reads and signs the cookie as Flask does, with a signer that is made once, not per request."""

from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface


class Cookies(SecureCookieSessionInterface):
    """Of one application, whose secret never changes."""

    def __init__(self) -> None:
        self._signer: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        """The signer; None where the application has no secret."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer
