"""Wide tables: a row for each listener, or listener and passage, and a column for each stimulus.

The columns are called by system, or by passage and system in one name, or by two header rows.
"""

from collections.abc import Sequence
from dataclasses import replace

from ..tables import cells, grids, personal
from ..tables.documents import Row, TextTable
from ..tables.roles import NAMING, RatingsColumn, compact, find_columns, is_beside
from ..tables.words import known_words
from .assemble import ROWS, Draft, assembled, declared, several_scores
from .contract import Hints, Unfolded, stop
from .long import check_summaries

# Words that name what was asked; columns called so are questions and not systems.
_ASKED = frozenset(
    {
        *("quality", "overall", "overallquality", "basicaudioquality", "naturalness"),
        *("clarity", "preference", "similarity", "intelligibility", "realism"),
        *("pleasantness", "timbre", "stereo", "stereoimage", "loudness", "punch"),
        *("brightness", "warmth", "distortion", "noise", "artefacts", "artifacts"),
        *("interference", "balance", "width", "depth"),
    }
)
_LAYOUT = "wide table"


def read(table: TextTable, told: Hints) -> Unfolded | None:
    """The ratings of a wide table; None where it does not look like one.

    Raises:
        UserError: one line, where two readings are possible.
    """
    if len(table.rows) < 2:
        return None
    table = _without_index_row(table)
    parts = _two_headers(table)
    flat = _one_header(table, parts) if parts else table
    columns = find_columns(flat.header, declared(told, flat.header), flat.place, flat.line)
    if {RatingsColumn.VALUE, RatingsColumn.SYSTEM, RatingsColumn.WINNER} & set(columns):
        return None
    scores, beside = _scores(flat, columns, told)
    if len(scores) < 2 or several_scores(told, flat.header):
        return None
    place = f"{table.place}:{table.line}"
    if RatingsColumn.LISTENER not in columns and (named := _naming(flat)) is not None:
        columns[RatingsColumn.LISTENER] = named
        scores = [at for at in scores if at != named]
    if RatingsColumn.LISTENER not in columns and told.columns.get("listener") != ROWS:
        if not _rating_like(flat, scores):
            return None
        raise stop(
            place,
            f"{len(scores)} columns hold scores, but none the listener",
            "name it with --listener COLUMN",
            f"say that each of the {len(flat.body)} rows is another listener with --listener @rows",
        )
    check_summaries(flat, columns)
    _check_yes_or_no(flat, scores)
    names = [flat.header[at] for at in scores]
    notes = [f"{personal.names(beside)} is no rating."] if beside else []
    cell_of, how, more = _cells(names, parts, told, place, RatingsColumn.PASSAGE in columns)
    notes += more
    kept = [at for at in scores if flat.header[at] in cell_of]
    return _melted(flat, columns, kept, (cell_of, how, tuple(notes)), told)


def _cells(
    names: Sequence[str],
    parts: dict[str, tuple[str, str]],
    told: Hints,
    place: str,
    has_passage: bool,  # noqa: FBT001
) -> tuple[dict[str, tuple[str, str]], str, list[str]]:
    """Passage ('' where a column tells it) and system of each column, how, and notes."""
    if parts:
        left = [name for name in names if name not in parts]
        names = [name for name in names if name in parts]
        first = personal.names(list(dict.fromkeys(parts[name][0] for name in names)))
        second = personal.names(list(dict.fromkeys(parts[name][1] for name in names)))
        note = (
            f"Two header rows: the first names passages ({first}), the second systems ({second}); "
            "blanks continue to the right."
        )
        notes = [f"Columns left out, as one header row is empty: {personal.names(left)}."]
        return {name: parts[name] for name in names}, "two header rows", [note, *notes[: len(left)]]
    if asked := [name for name in names if compact(name) in _ASKED]:
        raise stop(
            place,
            f"columns such as {personal.shown(asked[0])} may be questions, or may be systems",
            "give the file a column that names the system",
            "rename the columns if they are systems",
        )
    if has_passage:
        note = f"The columns {personal.names(names)} are systems."
        return {name: ("", name) for name in names}, "the names of columns", [note]
    grid = grids.by_pattern(names, told.names) if told.names else grids.split(names)
    if told.names and (grid is None or grid.left):
        lacking = personal.shown((grid.left if grid else names)[0])
        raise stop(
            place,
            f"the column {lacking} does not fit --names {told.names!r}",
            "write {passage} and {system} as they stand in the names of columns",
        )
    if grid is not None and grid.others:
        raise stop(
            place,
            f"the names of {len(names)} columns part in {len(grid.others)} ways "
            f"({' and '.join(grid.others)} names)",
            "say how they are built, as --names '{passage}_{system}' with * for what is neither",
        )
    if grid is None:
        note = f"The columns {personal.names(names)} are systems, of one passage."
        return {name: ("", name) for name in names}, "the names of columns", [note]
    doubt = "" if grid.sure else "; --names '{system}…{passage}' turns it round"
    notes = [
        f"Names of columns were split as {grid.pattern}: passages "
        f"{personal.names(grid.passages)}; systems {personal.names(grid.systems)}{doubt}."
    ]
    if grid.left:
        notes.append(f"Columns left out, as their names do not fit: {personal.names(grid.left)}.")
    return dict(grid.cells), f"the names of columns, split as {grid.pattern}", notes


def _melted(
    flat: TextTable,
    columns: dict[str, int],
    scores: Sequence[int],
    found: tuple[dict[str, tuple[str, str]], str, tuple[str, ...]],
    told: Hints,
) -> Unfolded:
    cell_of, how, notes = found
    keep = [at for at in range(len(flat.header)) if at not in scores]
    by_name = any(passage for passage, _ in cell_of.values())
    added = ["(system)", "(score)", *(["(passage)"] if by_name else [])]
    rows: list[Row] = [(flat.line, [*(flat.header[at] for at in keep), *added])]
    for line, row in flat.body:
        if len(row) != len(flat.header):
            raise stop(
                f"{flat.place}:{line}",
                f"{len(row)} cells where the header has {len(flat.header)}",
                "quote cells that hold the delimiter",
            )
        carried = [row[at] for at in keep]
        for at in scores:
            passage, system = cell_of[flat.header[at]]
            rows.append((line, [*carried, system, row[at], *([passage] if by_name else [])]))
    place = {at: new for new, at in enumerate(keep)}
    roles = {role: place[at] for role, at in columns.items() if at in place}
    roles |= {RatingsColumn.SYSTEM: len(keep), RatingsColumn.VALUE: len(keep) + 1}
    said = {RatingsColumn.SYSTEM.value: how, RatingsColumn.VALUE.value: "the cells"}
    if by_name:
        roles[RatingsColumn.PASSAGE] = len(keep) + 2
        said[RatingsColumn.PASSAGE.value] = how
    each = "listener and passage" if RatingsColumn.PASSAGE in columns else "listener"
    layout = f"{_LAYOUT}, a row for each {each}"
    long = TextTable(flat.place, tuple(rows), flat.delimiter, flat.sheet, flat.notes)
    return assembled(long, Draft(layout, roles, roles=said, notes=notes), told)


def _check_yes_or_no(table: TextTable, scores: Sequence[int]) -> None:
    """Stop where some columns hold 0 and 1 alone beside others that hold a scale.

    Raises:
        UserError: one line with the columns, which are likely to be answers of a questionnaire.
    """
    held = {at: {row[at].strip() for _, row in table.body if at < len(row)} - {""} for at in scores}
    answers = [at for at in scores if held[at] <= {"0", "1"}]
    if answers and len(answers) < len(scores):
        names = personal.names([table.header[at] for at in answers])
        raise stop(
            f"{table.place}:{table.line}",
            f"0 and 1 alone stand in {names}, but a scale in the other columns, so that these look "
            "like answers to a questionnaire",
            "remove the columns that are no ratings from the file",
            "rescale them if they are systems",
        )


def _naming(table: TextTable) -> int | None:
    """The column that names each row by another name or number; None without one."""
    for at, title in enumerate(table.header):
        column = [cell.strip() for cell in table.columns[at]]
        if compact(title) in NAMING and all(column) and len(set(column)) == len(column):
            return at
    return None


def _scores(table: TextTable, columns: dict[str, int], told: Hints) -> tuple[list[int], list[str]]:
    """The columns of numbers without another meaning, and the names of those with one."""
    taken = set(columns.values())
    scores, beside = [], []
    for at, title in enumerate(table.header):
        column = table.columns[at]
        if at in taken or not (cells.is_numeric(column) or known_words(column, told.words)):
            continue
        if is_beside(title) or not title.strip():
            beside.append(title)
        else:
            scores.append(at)
    return scores, beside


def _rating_like(table: TextTable, scores: Sequence[int]) -> bool:
    """Whether columns hold numbers of one range, as ratings do and features do not."""
    highs = []
    for at in scores:
        values = [n for text in table.columns[at] if (n := cells.number(text)) is not None]
        highs.append(max((abs(n) for n in values if n == n), default=0.0))
    return max(highs) <= 4 * max(min(highs), 1e-9) and max(highs) <= 1000


def _without_index_row(table: TextTable) -> TextTable:
    """The table without the third row that pandas writes below two header rows.

    It names the index alone; the first two rows then hold the names of their levels there.
    """
    if len(table.rows) < 4:
        return table
    (first, second, third) = (row for _, row in table.rows[:3])
    titles = [cell.strip() for cell in third]
    named = sum(map(bool, titles))
    if not named or named == len(titles) or any(titles[named:]) or len(first) != len(second):
        return table
    head = [*titles[:named], *first[named:]]
    below = [*[""] * named, *second[named:]]
    (one, _), (two, _) = table.rows[:2]
    return replace(table, rows=((one, head), (two, below), *table.rows[3:]))


def _two_headers(table: TextTable) -> dict[str, tuple[str, str]]:
    """Names of columns by the first and second header row, where there are two; else nothing.

    The second row holds no number, the next one does, and names repeat below each of the first.
    """
    if len(table.rows) < 3:
        return {}
    first, second, third = (row for _, row in table.rows[:3])
    if not len(first) == len(second) == len(third):
        return {}
    if any(cells.number(cell) is not None and cell.strip() for cell in second):
        return {}
    if sum(cells.number(cell) is not None for cell in third) < 2:
        return {}
    found: dict[str, tuple[str, str]] = {}
    above = ""
    for top, below, cell in zip(first, second, third, strict=True):
        above = top.strip() or above
        if below.strip() and cells.number(cell) is not None and (top.strip() or found):
            found[f"{above}\x1f{below.strip()}"] = (above, below.strip())
    tops = {top for top, _ in found.values()}
    if len(tops) < 2 or len(found) < 2 * len({below for _, below in found.values()}) - 1:
        return {}
    return found


def _one_header(table: TextTable, parts: dict[str, tuple[str, str]]) -> TextTable:
    """The table with one header row: ids by their own name, scores by both."""
    first, second = table.rows[0][1], table.rows[1][1]
    header, above = [], ""
    for top, below in zip(first, second, strict=True):
        above = top.strip() or above
        both = f"{above}\x1f{below.strip()}"
        header.append(both if both in parts else top.strip() or below.strip())
    rows = ((table.rows[1][0], header), *table.rows[2:])
    return TextTable(table.place, rows, table.delimiter, table.sheet, table.notes)
