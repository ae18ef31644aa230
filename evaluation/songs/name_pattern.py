"""A pattern of file names, such as ``{artist}/{song}_mix.*``, and the files that fit it.

``{name}`` stands for one or more characters of a file's or folder's name, ``*`` for any number of
them, ``**/`` for any number of folders, and ``.*`` at the end for any suffix. Capitals do not
matter. A pattern without a dot in its last part takes any suffix too.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from ...models.errors import UserError

_TOKEN = re.compile(r"\{([^{}]*)\}|(\*\*/)|(\*)|([^{}*]+)|[{}]")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class NamePattern:
    """A pattern, as two expressions: one finds the shortest names, the other the longest.

    Where they differ, a file name can be read in two ways.
    """

    text: str
    names: tuple[str, ...]
    shortest: "re.Pattern[str]"
    longest: "re.Pattern[str]"

    def values(self, path: str) -> Mapping[str, str] | None:
        """What each name stands for in a path with ``/`` between folders; None if it does not fit.

        Raises:
            UserError: if it fits in two ways.
        """
        short = self.shortest.fullmatch(path)
        long = self.longest.fullmatch(path)
        if short is None or long is None:
            return None
        if short.groupdict() != long.groupdict():
            first, second = (
                " and ".join(f"{name} {value!r}" for name, value in found.groupdict().items())
                for found in (short, long)
            )
            raise UserError(
                f"{path} fits {self.text!r} in two ways: {first}, or {second}; write more of the "
                "name into the pattern"
            )
        return short.groupdict()


def name_pattern(text: str) -> NamePattern:
    """A pattern as written.

    Raises:
        ValueError: naming what is wrong with it.
    """
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError(f"{text!r} leaves the folder; write the pattern as seen from the folder")
    any_suffix = text.endswith(".*") or "." not in text.rsplit("/", 1)[-1]
    suffix = r"\.[^./]+" if any_suffix else ""
    names: list[str] = []
    parts: list[str] = []
    for token in _TOKEN.finditer(text.removesuffix(".*")):
        name, deep, star, plain = token.groups()
        if name is not None and _NAME.fullmatch(name) and name not in names:
            names.append(name)
            parts.append(f"(?P<{name}>[^/]+?)")
        elif name in names:
            parts.append(f"(?P={name})")
        elif deep:
            parts.append("(?:[^/]+/)*?")
        elif star:
            parts.append("[^/]*?")
        elif plain:
            parts.append(re.escape(unicodedata.normalize("NFC", plain)))
        else:
            raise ValueError(
                f"{text!r}: {token[0]!r} is not understood; a name is of small letters in braces, "
                "as {song}"
            )
    short = "".join(parts)
    long = short.replace("+?)", "+)").replace("*?", "*")
    made = [re.compile(one + suffix, re.IGNORECASE) for one in (short, long)]
    return NamePattern(text, tuple(names), *made)
