"""XML files as trees with lines; a file that declares a document type or an entity is refused."""

from typing import NoReturn
from xml.parsers import expat

from .....models.errors import UserError
from .documents import Element, Tree

_DEEPEST = 100


def tree(data: bytes, place: str) -> Tree:
    """The elements of an XML file.

    Entities could name other files, or grow a small file to gigabytes; no tool of listening tests
    writes any.

    Raises:
        UserError: one line with the place, if it is not well-formed or declares a document type.
    """
    parser = expat.ParserCreate()
    open_elements: list[Element] = []
    roots: list[Element] = []

    def refuse(what: str) -> NoReturn:
        raise UserError(
            f"{place}:{parser.CurrentLineNumber}: declares {what}, which is not read; no tool of "
            "listening tests writes one: delete the declaration"
        )

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(open_elements) >= _DEEPEST:
            raise UserError(
                f"{place}:{parser.CurrentLineNumber}: elements lie in more than {_DEEPEST} others; "
                "this is no file of a listening test"
            )
        element = Element(tag, attributes, parser.CurrentLineNumber)
        (open_elements[-1].children if open_elements else roots).append(element)
        open_elements.append(element)

    def end(_: str) -> None:
        open_elements.pop()

    def characters(text: str) -> None:
        if open_elements:
            open_elements[-1].texts.append(text)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = lambda *_: refuse("a document type (<!DOCTYPE)")
    parser.EntityDeclHandler = lambda *_: refuse("an entity (<!ENTITY)")
    try:
        parser.Parse(data, True)  # noqa: FBT003 - the last bytes of the file
    except expat.ExpatError as error:
        at = parser.ErrorByteIndex
        byte = f", at byte {data[at]:#04x}" if 0 <= at < len(data) else ""
        raise UserError(
            f"{place}:{error.lineno}: is not well-formed XML ({expat.ErrorString(error.code)}"
            f"{byte}, column {error.offset + 1}); mend it in a text editor"
        ) from None
    except (ValueError, LookupError) as error:
        raise UserError(f"{place}: has an encoding that cannot be read ({error})") from None
    return Tree(place, roots[0])
