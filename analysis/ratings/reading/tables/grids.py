"""Names that hold a passage and a system in one: columns such as ``ballad_plain``, or files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

_SEPARATORS = ("__", " - ", "_", "-", ".", ":", "/", "|", " ")
_ENDING = re.compile(r"\.(wav|flac|mp3|ogg|opus|m4a|aac|aif|aiff|mp4|webm)$", re.IGNORECASE)
# Words that tell which part of a name is the system and which the passage.
_SYSTEM_WORDS = re.compile(
    r"(^|[\W_])(ref|reference|orig|original|hidden|anchor\w*|\d*anchor|sys\w*|system\w*|model\w*|"
    r"method\w*|algo\w*|cond\w*|baseline|plain|proposed|ours|human|dry|wet|bypass|unprocessed|"
    r"lstm|gru|rnn|cnn|tcn|unet|wavenet|transformer|opus|mp3|aac|evs)($|[\W_\d])",
    re.IGNORECASE,
)
_PASSAGE_WORDS = re.compile(
    r"(^|[\W_])((song|track|clip|piece|passage|excerpt|item|trial|page|sample|music|s|p)[\W_]*\d+|"
    r"ballad|rock|funk|pop|jazz|folk|metal|blues|soul|classical|orchestra|choir|speech|male|female|"
    r"drums|vocals|guitar|piano|violin)($|[\W_])",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"(.+?)\s*\[(.+)\]")
_FULL_ENOUGH = 0.75


@dataclass(frozen=True)
class Grid:
    """Names by passage and system; ``pattern`` says how; ``sure`` whether it tells which is which.

    ``left`` are names that do not fit. ``others`` are patterns that would fit as well.
    """

    cells: Mapping[str, tuple[str, str]]
    pattern: str
    sure: bool
    left: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def passages(self) -> list[str]:
        """The passages, each once."""
        return list(dict.fromkeys(passage for passage, _ in self.cells.values()))

    @property
    def systems(self) -> list[str]:
        """The systems, each once."""
        return list(dict.fromkeys(system for _, system in self.cells.values()))


def bare(name: str) -> str:
    """The name of a sound file without folders and ending."""
    return _ENDING.sub("", name.strip().replace("\\", "/").rpartition("/")[2])


def split(names: Sequence[str]) -> Grid | None:
    """The one way to part names that gives the same systems for every passage; None without one.

    Which part is the passage is told by words such as reference or song 1; else it is the first,
    and ``sure`` is false.
    """
    if all(_BRACKETS.fullmatch(name) for name in names):
        return _bracketed(names)
    found: list[tuple[float, str, str, dict[str, tuple[str, str]]]] = []
    # Where all names are paths, folders part them.
    paths = all("/" in name for name in names)
    for separator in ("/", *_SEPARATORS) if paths else _SEPARATORS:
        for first in names:
            tokens = first.split(separator)
            for at in range(1, len(tokens)):
                for front in (True, False):
                    cells = _parted(
                        names,
                        separator,
                        separator.join(tokens[:at]),
                        separator.join(tokens[at:]),
                        front=front,
                    )
                    if cells and (share := _share(cells, names)) >= _FULL_ENOUGH:
                        found.append((share, separator, "", cells))
            if found:
                break
        if found:
            break
    if not found:
        return None
    best = max(share for share, *_ in found)
    unique = {
        tuple(sorted(cells.items())): (sep, cells)
        for share, sep, _, cells in found
        if share == best
    }
    if len(unique) > 1:
        shapes = [f"{_count(cells, 0)} × {_count(cells, 1)}" for _, cells in unique.values()]
        separator, cells = next(iter(unique.values()))
        return Grid({}, "", sure=False, others=tuple(shapes))
    ((separator, cells),) = unique.values()
    return _named(cells, separator, names)


def _bracketed(names: Sequence[str]) -> Grid | None:
    """Names as forms write them for a grid of questions: ``ballad [plain]``."""
    parts = {name: _BRACKETS.fullmatch(name) for name in names}
    cells = {name: (fits[1].strip(), fits[2].strip()) for name, fits in parts.items() if fits}
    if _count(cells, 1) < 2:
        return None
    grid = _named(cells, " [", names)
    return replace(grid, pattern=f"{grid.pattern}]")


def by_pattern(names: Sequence[str], pattern: str) -> Grid | None:
    """Names parted as the user says, such as ``{system}-{passage}``; None where none fits."""
    parts = re.split(r"(\{passage\}|\{system\}|\*)", pattern)
    if sorted(part for part in parts if part in ("{passage}", "{system}")) != [
        "{passage}",
        "{system}",
    ]:
        return None
    regex = "".join(
        {"{passage}": "(?P<passage>.+?)", "{system}": "(?P<system>.+)", "*": ".*?"}.get(
            part, re.escape(part)
        )
        for part in parts
    )
    cells = {}
    for name in names:
        whole = _ENDING.sub("", name.strip().replace("\\", "/"))
        if fits := re.fullmatch(regex, bare(name)) or re.fullmatch(regex, whole):
            cells[name] = (fits["passage"], fits["system"])
    left = tuple(name for name in names if name not in cells)
    return Grid(cells, pattern, sure=True, left=left) if cells else None


def _parted(
    names: Sequence[str], separator: str, start: str, end: str, *, front: bool
) -> dict[str, tuple[str, str]]:
    """Names parted so that ``start`` has some ends, and all ends are among these; or mirrored."""
    if front:
        ends = {
            name[len(start) + len(separator) :]
            for name in names
            if name.startswith(start + separator)
        }
        cells = {}
        for name in names:
            fits = [one for one in ends if name.endswith(separator + one)]
            if fits:
                tail = max(fits, key=len)
                cells[name] = (name[: -len(separator + tail)], tail)
        return {name: cell for name, cell in cells.items() if all(cell)}
    starts = {
        name[: -len(end) - len(separator)] for name in names if name.endswith(separator + end)
    }
    cells = {}
    for name in names:
        fits = [one for one in starts if name.startswith(one + separator)]
        if fits:
            head = max(fits, key=len)
            cells[name] = (head, name[len(head + separator) :])
    return {name: cell for name, cell in cells.items() if all(cell)}


def _share(cells: Mapping[str, tuple[str, str]], names: Sequence[str]) -> float:
    """How much of a whole grid there is, and of the names; 0 where it is no grid of two by two."""
    rows, columns = _count(cells, 0), _count(cells, 1)
    if rows < 2 or columns < 2:
        return 0.0
    return len(cells) / (rows * columns) * len(cells) / len(names)


def _count(cells: Mapping[str, tuple[str, str]], part: int) -> int:
    return len({cell[part] for cell in cells.values()})


def _named(cells: Mapping[str, tuple[str, str]], separator: str, names: Sequence[str]) -> Grid:
    first = {cell[0] for cell in cells.values()}
    second = {cell[1] for cell in cells.values()}

    def like(words: re.Pattern[str], some: set[str]) -> bool:
        return any(words.search(one) for one in some)

    forward = like(_SYSTEM_WORDS, second) - like(_SYSTEM_WORDS, first)
    forward += like(_PASSAGE_WORDS, first) - like(_PASSAGE_WORDS, second)
    left = tuple(name for name in names if name not in cells)
    if forward < 0:
        turned = {name: (b, a) for name, (a, b) in cells.items()}
        return Grid(turned, f"{{system}}{separator}{{passage}}", sure=True, left=left)
    return Grid(cells, f"{{passage}}{separator}{{system}}", sure=forward > 0, left=left)
