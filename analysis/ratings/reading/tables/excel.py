"""Excel workbooks (.xlsx) as tables of text, one for each sheet.

The format is a folder of XML files in a ZIP archive (ECMA-376). It is read here and not by a
library, so that no package is needed, ids such as 001 stay text, and no archive grows unseen.
"""

import io
import re
import zipfile

from .....models.errors import UserError
from .documents import Element, TextTable
from .xml_tree import tree

_MOST_BYTES = 400_000_000
_MOST_COLUMNS = 16_384
_CELL = re.compile(r"([A-Z]{1,3})(\d+)")


def sheets(data: bytes, place: str) -> list[TextTable]:
    """The sheets of a workbook in their order; cells are the text that was typed, or the number.

    Raises:
        UserError: one line, if the archive is broken, too large when unpacked, or no workbook.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise UserError(f"{place}: is a broken Excel file; save it again") from None
    if sum(info.file_size for info in infos) > _MOST_BYTES:
        raise UserError(
            f"{place}: holds more than {_MOST_BYTES // 1_000_000} MB when unpacked; save the sheet "
            "with the ratings as CSV"
        )
    if "xl/workbook.xml" not in archive.namelist():
        raise UserError(f"{place}: is an archive but no Excel workbook (.xlsx); unpack it first")
    targets = {
        one.get("Id"): one.get("Target")
        for one in _part(archive, "xl/_rels/workbook.xml.rels", place).every("Relationship")
    }
    shared = _shared(archive, place)
    found = []
    for sheet in _part(archive, "xl/workbook.xml", place).every("sheet"):
        relation = next((v for k, v in sheet.attributes.items() if k.endswith(":id")), "")
        target = targets.get(relation, "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if path not in archive.namelist():
            continue  # a sheet of charts or macros
        name = sheet.get("name")
        rows = _rows(_part(archive, path, f"{place}, sheet {name!r}"), shared)
        found.append(TextTable(place, tuple(rows), sheet=name))
    return found


def _part(archive: zipfile.ZipFile, name: str, place: str) -> Element:
    try:
        data = archive.read(name)
    except (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError):
        raise UserError(f"{place}: is a broken or encrypted Excel file; save it again") from None
    except Exception as error:  # zlib.error has no common base with the others
        if type(error).__name__ != "error":
            raise
        raise UserError(f"{place}: is a broken Excel file; save it again") from None
    return _bare(tree(data, place).root)


def _bare(element: Element) -> Element:
    """The element and all inside without prefixes of namespaces, which writers choose freely."""
    return Element(
        element.tag.rpartition(":")[2],
        element.attributes,
        element.line,
        [_bare(child) for child in element.children],
        element.texts,
    )


def _shared(archive: zipfile.ZipFile, place: str) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [_string(item) for item in _part(archive, "xl/sharedStrings.xml", place).all("si")]


def _string(item: Element) -> str:
    """The text of a string, whose runs may differ in their look; hints of reading are left."""
    runs = [part for run in item.all("r") for part in run.all("t")]
    return "".join("".join(part.texts) for part in [*item.all("t"), *runs])


def _rows(sheet: Element, shared: list[str]) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, dict[int, str]]] = []
    number = 0
    for row in sheet.every("row"):
        number = int(row.get("r")) if row.get("r").isdecimal() else number + 1
        cells: dict[int, str] = {}
        at = -1
        for cell in row.all("c"):
            named = _CELL.fullmatch(cell.get("r"))
            at = _index(named[1]) if named else at + 1
            if at < _MOST_COLUMNS:
                cells[at] = _cell(cell, shared)
        if any(text.strip() for text in cells.values()):
            found.append((number, cells))
    width = max((max(cells) + 1 for _, cells in found), default=0)
    return [(line, [cells.get(at, "") for at in range(width)]) for line, cells in found]


def _cell(cell: Element, shared: list[str]) -> str:
    kind = cell.get("t")
    if kind == "inlineStr":
        return "".join(_string(item) for item in cell.all("is"))
    value = "".join("".join(one.texts) for one in cell.all("v"))
    if kind == "s":
        return shared[int(value)] if value.isdecimal() and int(value) < len(shared) else ""
    if kind == "e":  # an error such as #N/A
        return ""
    return value


def _index(letters: str) -> int:
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - ord("A") + 1
    return found - 1
