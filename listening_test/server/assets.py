"""The scripts and styles of the pages, in memory: few files for a page, and each asked for once.

An address that holds the hash of what is behind it is kept by a browser for ever. The plain
addresses of the modules remain, for the scripts of plug-ins.
"""

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from .bundle import bundled, handed_on, in_order

STATIC = Path(__file__).parent.parent / "static"
ROOT = "/static/"
# The styles of each sort of page, in their order.
_EVERY = ("style/tokens.css", "style/base.css", "style/controls.css", "style/frame.css")
STYLES = {
    "plain.css": (*_EVERY, "style/plain.css"),
    "progress.css": (*_EVERY, "style/progress.css"),
    "listen.css": (
        *_EVERY,
        "style/dialogs.css",
        "style/plain.css",
        "style/page.css",
        "style/inputs.css",
        "style/setup.css",
        "kinds/ape.css",
        "kinds/mushra.css",
        "kinds/cards.css",
    ),
}
# Scripts that stand alone.
ALONE = ("theme.js", "welcome.js", "progress.js")
PAGE = "listen.js"
_VIEWS = "session/views.js"
_MIMETYPES = {".js": "text/javascript", ".css": "text/css"}


@dataclass(frozen=True)
class Asset:
    """One file as it is served; ``lasting`` where its address holds its hash."""

    data: bytes
    packed: bytes
    mimetype: str
    etag: str
    lasting: bool


@dataclass(frozen=True)
class Assets:
    """Everything below ``/static/`` by its place there, and where a page finds what it names."""

    files: dict[str, Asset]
    addresses: dict[str, str]


@cache
def assets() -> Assets:
    """Those of the installed package, made once."""
    return made(STATIC)


def made(root: Path) -> Assets:
    """Those of a folder of scripts and styles.

    Raises:
        BundleError: if a script cannot be put into a bundle.
    """
    files = {
        path.relative_to(root).as_posix(): _asset(path.name, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }
    addresses: dict[str, str] = {}

    def lasts(name: str, data: bytes) -> str:
        asset = _asset(name, data, lasting=True)
        place = f"{asset.etag}/{name}"
        files[place] = asset
        addresses[name] = ROOT + place
        return addresses[name]

    for name, places in STYLES.items():
        lasts(name, b"".join((root / place).read_bytes() for place in places))
    for name in ALONE:
        lasts(name, (root / name).read_bytes())
    kinds = sorted(path.relative_to(root).as_posix() for path in (root / "kinds").glob("*.js"))
    modules = in_order(root, [_VIEWS, *kinds, PAGE])
    known = next(one.name for one in modules if one.place == _VIEWS)
    views = {
        one.place: f'{known}.built.set("{ROOT}{one.place}", {one.name});\n'
        for one in modules
        if one.place in kinds and "view" in one.exports
    }
    address = lasts(PAGE, bundled(modules, views).encode())
    for one in modules:
        files[one.place] = _asset(one.place, handed_on(one, address).encode())
    return Assets(files, addresses)


def _asset(name: str, data: bytes, *, lasting: bool = False) -> Asset:
    kind = _MIMETYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    packed = gzip.compress(data, 6, mtime=0)
    etag = sha256(data).hexdigest()[:16]
    return Asset(data, packed, kind or "application/octet-stream", etag, lasting)
