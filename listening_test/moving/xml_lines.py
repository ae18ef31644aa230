"""Reads XML with the line of each element and attribute; what declares anything is refused.

Entities are never expanded beyond the five that every XML has, and nothing outside the file is
read: a declaration of a type or an entity stops the reading.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from ...models.errors import UserError

_DEEPEST, _MOST = 100, 200_000


@dataclass
class XmlElement:
    """An element with its line, its attributes and what stands in it."""

    name: str
    line: int
    attributes: dict[str, str]
    shown: dict[str, str] = field(default_factory=dict)  # attributes as they are written
    inside: "list[XmlElement]" = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> "list[XmlElement]":
        """The elements of this name directly in it, whatever their case."""
        return [one for one in self.inside if one.name == name.lower()]

    def first(self, name: str) -> "XmlElement | None":
        """The first of them."""
        return next(iter(self.all(name)), None)

    def get(self, name: str, usual: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name.lower(), usual)

    def words(self, name: str) -> str:
        """The text of the first element of this name."""
        one = self.first(name)
        return " ".join(one.text.split()) if one else ""

    def every(self) -> "Iterator[XmlElement]":
        """This element and all that stand in it."""
        yield self
        for one in self.inside:
            yield from one.every()


class _RefusedError(Exception):
    """What is not read, and on which line."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line, self.why = line, why


def read_xml(path: Path) -> XmlElement:
    """The root element of an XML file.

    Raises:
        UserError: one line ``file:line: ...`` for a file that is no XML or declares anything.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(path.read_bytes(), True)  # noqa: FBT003 (its own way)
    except expat.ExpatError as error:
        words = expat.errors.messages[error.code]
        raise UserError(f"{path}:{error.lineno}: not valid XML: {words}") from None
    except _RefusedError as error:
        raise UserError(f"{path}:{error.line}: {error.why}") from None
    except (LookupError, ValueError) as error:
        raise UserError(f"{path}:1: cannot be read: {error}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if reader.root is None:
        raise UserError(f"{path}: holds no element")
    return reader.root


class _Reader:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.root: XmlElement | None = None
        self._open: list[XmlElement] = []
        self._count = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self._count += 1
        if len(self._open) >= _DEEPEST or self._count > _MOST:
            raise _RefusedError(line, "more elements than a configuration has")
        own = {key.lower(): value for key, value in attributes.items()}
        one = XmlElement(name.lower(), line, own, {key.lower(): key for key in attributes})
        if self._open:
            self._open[-1].inside.append(one)
        elif self.root is None:
            self.root = one
        self._open.append(one)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _doctype(self, *_: object) -> None:
        raise _RefusedError(
            self.parser.CurrentLineNumber,
            "declares a document type (<!DOCTYPE>), which is never followed; delete it",
        )

    def _entity(self, *_: object) -> None:
        raise _RefusedError(
            self.parser.CurrentLineNumber,
            "declares an entity (<!ENTITY>), which is never expanded; delete it",
        )
