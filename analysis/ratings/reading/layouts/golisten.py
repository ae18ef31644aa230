"""What GoListen exports: rows of tags and sound files above the header, then a row a listener."""

from collections.abc import Sequence

from ..tables import cells, grids, personal, text
from ..tables.documents import Row, TextTable
from ..tables.roles import RatingsColumn, compact, declared_column
from .assemble import Draft, assembled
from .contract import Form, Hints, Unfolded, short, stop


def read(table: TextTable, told: Hints) -> Unfolded | None:
    """The ratings or answers of a GoListen export; None for other tables.

    Raises:
        UserError: one line, where A and B were never named, or names of files do not part.
    """
    if len(table.rows) < 3 or len(table.header) < 2 or table.header[1].strip() != "Tags":
        return None
    second = table.rows[1][1]
    if len(second) > 1 and second[1].strip() == "Sound filename":
        return _scores(table, told)
    return _answers(table, told)


def _scores(table: TextTable, told: Hints) -> Unfolded:
    _, files, header = (row for _, row in table.rows[:3])
    rated = [at for at, name in enumerate(files) if at > 1 and name.strip()]
    names = [files[at].strip() for at in rated]
    grid = (
        grids.by_pattern(names, told.names)
        if told.names
        else grids.split([grids.bare(name) for name in names])
    )
    if grid is None or grid.others or grid.left:
        raise stop(
            f"{table.place}:{table.rows[1][0]}",
            "names of sound files do not part into passages and systems: "
            f"{personal.names(names, 3)}",
            "say how they are built, as --names '{passage}-{system}' with * for what is neither",
        )
    cell_of = {
        at: grid.cells.get(name) or grid.cells[grids.bare(name)]
        for at, name in zip(rated, names, strict=True)
    }
    asked = [
        title.strip()
        for at, title in enumerate(header)
        if at > 1 and at not in rated and title.strip() and "Time (s)" not in title
    ]
    rows: list[Row] = [(table.rows[2][0], ["listener", "passage", "system", "score", "date"])]
    for number, (line, row) in enumerate(table.rows[3:], 1):
        _check_width(table, line, row, header)
        for at in rated:
            rows.append((line, [str(number), *cell_of[at], row[at], row[1]]))
    notes = [
        "Each row is one listener, numbered in the order of the file; 'Name' is that of the test.",
        f"Names of sound files were split as {grid.pattern}: passages "
        f"{personal.names(grid.passages)}; systems {personal.names(grid.systems)}.",
    ]
    if asked:
        notes.append(f"{len(asked)} questionnaire columns are no ratings.")
    columns: dict[str, int] = {
        RatingsColumn.LISTENER: 0,
        RatingsColumn.PASSAGE: 1,
        RatingsColumn.SYSTEM: 2,
        RatingsColumn.VALUE: 3,
    }
    how = f"the row 'Sound filename', split as {grid.pattern}"
    roles = {
        "listener": "the number of the row",
        "passage": how,
        "system": how,
        "value": "the columns below sound files",
    }
    long = TextTable(table.place, tuple(rows), table.delimiter, table.sheet, table.notes)
    draft = Draft(
        "GoListen, a row for each listener", columns, roles=roles, notes=tuple(notes), tool=True
    )
    return assembled(long, draft, told)


def _answers(table: TextTable, told: Hints) -> Unfolded:
    """Answers A or B of AB and ABX tests; the export does not say what A and B were."""
    at_header = next(
        (at for at, (_, row) in enumerate(table.rows[:4]) if row and row[0].strip() == "Name"), 1
    )
    tags, header = table.rows[0][1], table.rows[at_header][1]
    body = table.rows[at_header + 1 :]
    answered = [
        at
        for at, title in enumerate(header)
        if at > 1
        and title.strip() != "Time (s)"
        and body
        and all(len(row) > at and row[at].strip().upper() in ("A", "B", "") for _, row in body)
        and any(row[at].strip() for _, row in body)
    ]
    titles = [header[at].strip() for at in answered]
    if told.key is None:
        raise stop(
            f"{table.place}:{table.rows[at_header][0]}",
            "answers are 'A' and 'B', but the file does not tell which sounds A and B were, nor "
            "which of them X was",
            f"give --key KEY.csv with a row for each column ({personal.names(titles, 3)}): "
            "column, a, b and, for ABX, correct",
        )
    key = _key(told, titles)
    right = any(correct for *_, correct in key.values())
    rows: list[Row] = [
        (table.rows[at_header][0],
         ["listener", "passage", "system_a", "system_b", "answer", "pair", "value"])
    ]  # fmt: skip
    for number, (line, row) in enumerate(body, 1):
        _check_width(table, line, row, header)
        for at, title in zip(answered, titles, strict=True):
            first, second, correct = key[title]
            said = row[at].strip().lower()
            passage = tags[at].partition("|")[0].strip() if at < len(tags) else ""
            value = "" if not said else str(int(said == correct.lower())) if right else said
            rows.append(
                (
                    line,
                    [
                        str(number),
                        passage or title,
                        first,
                        second,
                        said,
                        f"{first} / {second}",
                        value,
                    ],
                )
            )
    columns: dict[str, int] = {
        RatingsColumn.LISTENER: 0, RatingsColumn.PASSAGE: 1,
        RatingsColumn.SYSTEM_A: 2, RatingsColumn.SYSTEM_B: 3,
    }  # fmt: skip
    columns |= (
        {RatingsColumn.SYSTEM: 5, RatingsColumn.VALUE: 6} if right else {RatingsColumn.WINNER: 4}
    )
    assert told.key is not None
    roles = {
        "listener": "the number of the row",
        "passage": "the row 'Tags'",
        "system_a": f"the key {told.key.name}",
        "system_b": f"the key {told.key.name}",
    }
    roles |= {"value": "whether the answer is right"} if right else {"winner": "the answer"}
    notes = ("Each row is one listener, numbered in the order of the file.",)
    long = TextTable(table.place, tuple(rows), table.delimiter, table.sheet, table.notes)
    draft = Draft(
        "GoListen, answers A or B",
        columns,
        roles=roles,
        notes=notes,
        form=Form.ANSWERS if right else Form.VOTES,
        tool=True,
    )
    return assembled(long, draft, told)


def _key(told: Hints, titles: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Systems at A and B and the right answer ('' where the test has none) of each column."""
    path = told.key
    assert path is not None
    try:
        table = text.table(path.read_bytes(), str(path))
    except OSError as error:
        raise stop(str(path), f"cannot be read ({error.strerror or error})") from None
    known = [compact(title) for title in table.header]
    lacking = [title for title in ("column", "a", "b") if title not in known]
    if lacking:
        raise stop(
            short(str(path)),
            f"the key lacks {', '.join(lacking)}; it needs the columns column, a, b and, for ABX, "
            "correct",
        )
    at = [declared_column(known, title, title, str(path)) for title in ("column", "a", "b")]
    right = known.index("correct") if "correct" in known else None
    found = {}
    for line, row in table.body:
        correct = row[right].strip() if right is not None else ""
        if right is not None and correct.lower() not in ("a", "b"):
            raise stop(f"{path}:{line}", f"correct is {personal.shown(correct)}; write A or B")
        found[row[at[0]].strip()] = (cells.name(row[at[1]]), cells.name(row[at[2]]), correct)
    if missing := [title for title in titles if title not in found]:
        raise stop(short(str(path)), f"the key has no row for {personal.names(missing)}")
    return found


def _check_width(table: TextTable, line: int, row: Sequence[str], header: Sequence[str]) -> None:
    if len(row) != len(header):
        raise stop(
            f"{table.place}:{line}", f"{len(row)} cells where the header has {len(header)}",
            "export it again",
        )  # fmt: skip
