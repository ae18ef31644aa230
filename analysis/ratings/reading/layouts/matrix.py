"""Matrices without a header: a row for each presentation, a column for each listener (sureal)."""

from ..tables import cells, personal, text
from ..tables.documents import TextTable
from ..tables.roles import RatingsColumn, find_columns
from .assemble import Draft, assembled
from .contract import Hints, Unfolded, short, stop


def read(table: TextTable, told: Hints) -> Unfolded | None:
    """The ratings of a matrix; None where the first row is a header.

    Raises:
        UserError: one line, while no list says what the rows are of.
    """
    first = table.header
    if len(first) < 2 or not all(cells.number(cell) is not None for cell in first):
        return None
    rows = [row for _, row in table.rows]
    place = f"{table.place}:{table.line}"
    values = [cells.number(cell) for row in rows for cell in row]
    if any(value is None for value in values) or len({len(row) for row in rows}) > 1:
        raise stop(
            place,
            "the first row holds numbers only: it is no header",
            "give the file a header that names the columns",
        )
    missing = sum(value != value for value in values)
    if told.presentations is None:
        raise stop(
            place,
            f"no header: all {len(rows)} rows hold {len(first)} numbers ({len(values) - missing} "
            f"ratings, {missing} missing), and nothing names listeners, passages and systems",
            f"give --presentations LIST.csv, {len(rows)} rows that name passage and system of each "
            "(sureal: a row is a presentation, a column a listener)",
            "give the ratings a header",
        )
    named = _presentations(told, len(rows))
    header = ["passage", "system", "listener", "score"]
    long = [
        (line, [*named[at], str(number), cell])
        for at, (line, row) in enumerate(table.rows)
        for number, cell in enumerate(row, 1)
    ]
    columns: dict[str, int] = {
        RatingsColumn.PASSAGE: 0,
        RatingsColumn.SYSTEM: 1,
        RatingsColumn.LISTENER: 2,
        RatingsColumn.VALUE: 3,
    }
    roles = {
        "passage": f"the list {told.presentations.name}",
        "system": f"the list {told.presentations.name}",
        "listener": "the number of the column",
        "value": "the cells",
    }
    whole = TextTable(table.place, ((0, header), *long), table.delimiter, table.sheet, table.notes)
    draft = Draft("matrix, a row for each presentation", columns, roles=roles)
    return assembled(whole, draft, told)


def _presentations(told: Hints, rows: int) -> list[tuple[str, str]]:
    path = told.presentations
    assert path is not None
    try:
        table = text.table(path.read_bytes(), str(path))
    except OSError as error:
        raise stop(str(path), f"cannot be read ({error.strerror or error})") from None
    columns = find_columns(table.header, {}, table.place, table.line)
    lacking = [r for r in (RatingsColumn.PASSAGE, RatingsColumn.SYSTEM) if r not in columns]
    if lacking or len(table.body) != rows:
        raise stop(
            short(str(path)),
            f"has {len(table.body)} rows and the columns {personal.names(table.header)}; "
            f"{rows} rows below a header with passage and system are needed",
        )
    at = columns[RatingsColumn.PASSAGE], columns[RatingsColumn.SYSTEM]
    return [(row[at[0]], row[at[1]]) for _, row in table.body]
