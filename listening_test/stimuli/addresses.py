"""Addresses of audio: one for each occurrence in each session, so that none tells of another.

An address is made of the file's number in the study and of where it occurs, by keyed hashes: the
server reads the file from it without a look at the database, and nobody without the study's key
can make one, or tell whether two lead to the same file.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b, sha256

from ..study.study import Sound, Stimulus, Study, StudyFolder, load_keys, load_study

PREFIX = "/audio/"
_TAG, _NUMBER, _CHECK = 12, 4, 8
_USES = ("tag", "number", "check", "noise")
_NAME = re.compile(rf"[0-9a-f]{{{2 * (_TAG + _NUMBER + _CHECK)}}}")


@dataclass(frozen=True)
class Addresses:
    """The addresses of a study's files; ``secret`` is the study's own."""

    study: Study
    secret: str

    def of(self, token: str, occurrence: str) -> str:
        """Where the file of a token is served for this occurrence."""
        return self._known(token, occurrence)

    @cached_property
    def _known(self) -> Callable[[str, str], str]:
        """Those made last: a page is told of its sounds before it comes, and when it comes."""
        return lru_cache(maxsize=4096)(self._made)

    def _made(self, token: str, occurrence: str) -> str:
        number = self.study.numbers[token].to_bytes(_NUMBER, "big")
        tag = self._hash("tag", occurrence.encode() + number)[:_TAG]
        hidden = _xor(number, self._hash("number", tag)[:_NUMBER])
        return PREFIX + (tag + hidden + self._hash("check", tag + hidden)[:_CHECK]).hex()

    def file(self, name: str) -> Stimulus | Sound | None:
        """The file of an address, given without its prefix; None where it is none of ours."""
        if not _NAME.fullmatch(name):
            return None
        data = bytes.fromhex(name)
        tag, hidden, check = data[:_TAG], data[_TAG:-_CHECK], data[-_CHECK:]
        if not hmac.compare_digest(self._hash("check", tag + hidden)[:_CHECK], check):
            return None
        number = int.from_bytes(_xor(hidden, self._hash("number", tag)[:_NUMBER]), "big")
        files = self.study.files
        return files[number] if number < len(files) else None

    def behind(self, address: str) -> Stimulus | Sound:
        """The file of an address as a page is told it.

        Raises:
            KeyError: if it is none of this study.
        """
        found = self.file(address.removeprefix(PREFIX))
        if found is None:
            raise KeyError(address)
        return found

    def seed(self, name: str) -> bytes:
        """What the noise around the file of an address is made of."""
        return self._hash("noise", name.encode())

    def _hash(self, use: str, data: bytes) -> bytes:
        # A keyed hash as HMAC is, at a tenth of its cost: a page has dozens of addresses.
        found = self._begun[use].copy()
        found.update(data)
        return found.digest()

    @cached_property
    def _begun(self) -> Mapping[str, blake2b]:
        """The hash of each use, as far as it is the same for all addresses."""
        key = sha256(self.secret.encode()).digest()
        return {use: blake2b(f"audio {use}\0".encode(), key=key) for use in _USES}


def addresses_of(folder: StudyFolder) -> Addresses:
    """The addresses of the study in a folder.

    Raises:
        UserError: if the study or its keys cannot be read.
    """
    return Addresses(load_study(folder), load_keys(folder).cookie)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
