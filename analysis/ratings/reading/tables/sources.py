"""The files that a user names: one, many, a folder, a glob; and what kind of document each is."""

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .....models.errors import UserError
from . import excel, frame_cells, json_values, text, xml_tree
from .documents import Document

ENDINGS = frozenset(
    {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xml", ".xlsx", ".parquet", ".pq"}
)
MOST_BYTES = 100_000_000
_MOST_TEXT = 1_000_000_000
_OTHER = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx or CSV",
    b"%PDF": "a PDF file; export the ratings as CSV",
    b"\x1f\x8b": "compressed (gzip); unpack it first",
    b"SQLi": "a SQLite database; give the folder of the study, or export the ratings as CSV",
}


@dataclass(frozen=True)
class RatingSource:
    """A file's bytes; ``name`` is shown in reports, ``place`` in messages."""

    place: str
    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


def files_of(given: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files that are meant, in natural order within a folder, and notes of what was passed by.

    Raises:
        UserError: if a glob meets no file, or a folder holds none that could hold ratings.
    """
    found: list[Path] = []
    notes: list[str] = []
    for path in given:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if one.is_file())
            mine = [one for one in inside if one.suffix.lower() in ENDINGS]
            mine = [one for one in mine if not one.name.startswith(("~$", "."))]
            if not mine:
                raise UserError(
                    f"{path}: is a folder without study.json and without rating files "
                    f"({', '.join(sorted(ENDINGS))}); give a ratings file or the folder of a "
                    "study, as results/studies/NAME"
                )
            if len(inside) > len(mine):
                notes.append(f"{len(inside) - len(mine)} files of other kinds in {path} not read")
            found += mine
        elif not path.exists() and glob.has_magic(str(path)):
            anchor = Path(path.anchor or ".")
            pattern = str(path.relative_to(path.anchor) if path.anchor else path)
            met = sorted(one for one in anchor.glob(pattern) if one.is_file())
            if not met:
                raise UserError(f"{path}: no file has such a name")
            found += met
        else:
            found.append(path)
    return list(dict.fromkeys(found)), notes


def source(path: Path) -> RatingSource:
    """The bytes of a file.

    Raises:
        UserError: if it cannot be read, or is larger than is read.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_TEXT:
            raise UserError(_large(str(path), size, _MOST_TEXT))
        return RatingSource(str(path), path.name, path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def documents(one: RatingSource) -> list[Document]:
    """What a file holds, told by its bytes and not by its name; sheets of Excel are several.

    Raises:
        UserError: one line, for what cannot be read.
    """
    data, place = one.data, one.place
    for start, what in _OTHER.items():
        if data.startswith(start):
            raise UserError(f"{place}: is {what}")
    if data.startswith(b"PK\x03\x04"):
        return [*excel.sheets(_bounded(data, place), place)]
    if data.startswith(b"PAR1"):
        return [frame_cells.parquet(data, place)]
    # The bytes alone tell XML, so that its own declaration may name the encoding.
    start = data[:200].replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe \r\n\t")
    if start.startswith(b"<"):
        return [xml_tree.tree(_bounded(data, place).lstrip(b" \r\n\t"), place)]
    if (start.startswith((b"{", b"[")) and not start.startswith((b'["', b"[["))) or (
        one.name.lower().endswith((".json", ".jsonl", ".ndjson")) and start
    ):
        return [json_values.document(text.decoded(_bounded(data, place), place), place)]
    return [text.table(data, place)]


def _bounded(data: bytes, place: str) -> bytes:
    if len(data) > MOST_BYTES:
        raise UserError(_large(place, len(data), MOST_BYTES))
    return data


def _large(place: str, size: int, most: int) -> str:
    return (
        f"{place}: has {size // 1_000_000} MB; files of this kind are read up to "
        f"{most // 1_000_000} MB: split it, or write the ratings as CSV"
    )
