"""What every request of a served study shares: the study, its database, and who may ask."""

import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from time import time
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Request, Response, abort, current_app, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from ...models.errors import UserError
from ..kinds.parts import words_of
from ..stimuli.addresses import Addresses
from ..storage.connections import UnavailableError
from ..storage.tables import Database
from ..study.study import Keys, Study, StudyFolder, load_keys, load_study, stored_study
from ..study.texts import FOLDER
from ..wire.counts import Counts
from ..wire.limits import FORM_BYTES, FORM_FIELDS
from ..wire.rates import RateTable
from ..wire.shared import TABLES, SharedMemory
from .gate import Gate
from .settings import Settings

CSRF_HEADER = "X-Earmark-CSRF"


class ReplacedError(UnavailableError):
    """The study in the folder is no longer the one that is served."""


class ServedStudy:
    """What every request of one application shares.

    ``memory`` holds the rates and counts of all processes of a server, of which this one counts
    in region ``number``.
    """

    def __init__(
        self, folder: StudyFolder, settings: Settings, memory: SharedMemory, number: int
    ) -> None:
        self.folder = folder
        # Before it is read: what is put there meanwhile is then looked at again.
        self._seen = _identity(folder)
        self.study: Study = load_study(folder)
        self.keys: Keys = load_keys(folder)
        self.addresses = Addresses(self.study, self.keys.cookie)
        self.database = Database(folder)
        self.words_sha256 = _words_sha256(self.study)
        self.memory = memory
        self.counts = Counts(memory.region(number))
        secret = self.keys.cookie.encode()
        tables = [RateTable(memory.rates(number), secret) for number in range(TABLES)]
        self.gate = Gate(tables, settings.rates, self.counts, trust_proxy=settings.trust_proxy)

    def require_same(self) -> None:
        """Refuse to serve on once the folder holds another study: its sessions would not be found.

        Raises:
            ReplacedError: if ``study.json`` is gone, damaged or another.
        """
        identity = _identity(self.folder)
        if identity == self._seen:
            return
        try:
            same = stored_study(self.folder).sha256 == self.study.sha256
        except UserError as error:
            raise ReplacedError(str(error)) from None
        if not same:
            raise ReplacedError(
                f"{self.folder.study}: is another study than the one served; start the server again"
            )
        self._seen = identity


def _words_sha256(study: Study) -> str:
    """Tells one version of all texts of the pages from another, whatever the language."""
    files = sorted(FOLDER.glob("*.json"))
    own = json.dumps({code: dict(one) for code, one in words_of(study).items()})
    return sha256(b"".join(one.read_bytes() for one in files) + own.encode()).hexdigest()[:16]


def _identity(folder: StudyFolder) -> tuple[int, ...] | None:
    try:
        found = os.stat(folder.study)  # noqa: PTH116 (each request asks; Path takes as long again)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class Cookie(SessionMixin):
    """What a browser's cookie holds; it is read where somebody asks, which most requests do not."""

    modified = False

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        self._read = read
        self._held: dict[str, Any] | None = None

    @property
    def untouched(self) -> bool:
        """Whether nobody has asked."""
        return self._held is None

    @property
    def held(self) -> dict[str, Any]:
        """What is in it."""
        if self._held is None:
            self._held = self._read()
        return self._held

    def __getitem__(self, key: str) -> Any:
        return self.held[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.held[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        del self.held[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self.held)

    def __len__(self) -> int:
        return len(self.held)


class Cookies(SecureCookieSessionInterface):
    """Reads and signs cookies as Flask does; each that was signed here is verified once."""

    def __init__(self) -> None:
        self._signer: Any = None
        self._verified = lru_cache(maxsize=4096)(self._verify)

    def get_signing_serializer(self, app: Flask) -> Any:
        """The signer; None where the application has no secret."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def open_session(self, app: Flask, request: Request) -> Any:
        """The cookie of a request, not yet read."""
        return Cookie(lambda: self._read(app, request.cookies.get(self.get_cookie_name(app))))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie where it was changed."""
        if not (isinstance(session, Cookie) and session.untouched):
            super().save_session(app, session, response)

    def _read(self, app: Flask, said: str | None) -> dict[str, Any]:
        """What a cookie holds; nothing where it was not signed here, or too long ago."""
        self.get_signing_serializer(app)
        try:
            held, at = self._verified(said or "")
        except BadSignature:
            return {}
        fresh = 0 <= int(time()) - at <= app.permanent_session_lifetime.total_seconds()
        return dict(held) if fresh else {}

    def _verify(self, said: str) -> tuple[dict[str, Any], int]:
        held, at = self._signer.loads(said, return_timestamp=True)
        return held, int(at.timestamp())


def held() -> ServedStudy:
    """The study, its keys and its database, for the request being answered."""
    found: ServedStudy = current_app.extensions["earmark"]
    return found


def csrf_token() -> str:
    """The token of this browser; one is made, and set in its cookie, where there is none."""
    if not isinstance(session.get("csrf"), str):
        session["csrf"] = secrets.token_urlsafe(16)
    session.modified = True  # so that the cookie lasts a month from now
    return str(session["csrf"])


def require_csrf(given: str | None) -> None:
    """Refuse a request that does not come from a page of ours."""
    known = session.get("csrf")
    if not isinstance(known, str) or not hmac.compare_digest(
        known.encode(), (given or "").encode("utf-8", "replace")
    ):
        abort(403, "csrf")


def form() -> Mapping[str, str]:
    """The fields of a form that was sent; refused where it is larger than any form of ours."""
    if request.mimetype not in ("application/x-www-form-urlencoded", ""):
        abort(415)
    if (request.content_length or 0) > FORM_BYTES:
        abort(413)
    sent = request.get_data(cache=False).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(sent, keep_blank_values=True, max_num_fields=FORM_FIELDS))
    except ValueError:
        abort(413)


def body() -> Mapping[str, Any]:
    """The JSON object that was sent; NaN and infinities are not JSON."""
    require_csrf(request.headers.get(CSRF_HEADER))
    if request.mimetype != "application/json":
        abort(415, "json")
    try:
        data = json.loads(request.get_data(cache=False), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        abort(400, "json")
    if not isinstance(data, dict):
        abort(400, "json")
    return data


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
