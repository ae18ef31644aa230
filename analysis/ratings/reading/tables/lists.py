"""Unfolds tables whose cells hold lists: the ratings of a stimulus, and who gave them."""

from .....models.errors import UserError
from . import cells
from .documents import Row, TextTable
from .roles import compact

_SAMPLE = 50


def unfolded(table: TextTable) -> TextTable:
    """One row for each place in the lists of a row; the table itself where no column holds lists.

    Lists of a row belong together by their place. A column of lists loses the plural of its name,
    so that ``participant_ids`` is known as ``participant_id``.

    Raises:
        UserError: one line, where the lists of a row differ in length.
    """
    header = table.header
    some = [row for _, row in table.body[:_SAMPLE]]
    at = [
        index
        for index in range(len(header))
        if (sample := [row[index] for row in some if index < len(row) and row[index].strip()])
        and all(cells.listed(cell) is not None for cell in sample)
    ]
    if not at:
        return table
    rows: list[Row] = []
    for line, row in table.body:
        lists = {index: cells.listed(row[index]) for index in at if index < len(row)}
        lengths = {header[index]: len(found or []) for index, found in lists.items()}
        if len(set(lengths.values())) != 1:
            said = ", ".join(f"{title!r} {length}" for title, length in lengths.items())
            raise UserError(
                f"{table.place}:{line}: lists of one row belong together by their place, but "
                f"differ in length ({said}); mend the row"
            )
        for place in range(next(iter(lengths.values()))):
            rows.append(
                (line, [(lists[i] or [""])[place] if i in lists else c for i, c in enumerate(row)])
            )
    titles = [_singular(title) if index in at else title for index, title in enumerate(header)]
    names = ", ".join(repr(header[index]) for index in at)
    note = (
        f"Lists in {names} were unfolded, paired by place: {len(rows)} rows from {len(table.body)}."
    )
    return TextTable(
        table.place,
        ((table.line, titles), *rows),
        table.delimiter,
        table.sheet,
        (*table.notes, note),
    )


def _singular(title: str) -> str:
    return title[:-1] if compact(title).endswith("s") and compact(title) != "mos" else title
