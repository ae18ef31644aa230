"""Tables for LaTeX with booktabs: every name escaped, numbers as the page shows them.

A table holds the columns that papers print of it; the CSV file beside it holds all.
"""

from ....presentation.latex_text import escaped, table_row
from .sheet import Sheet, shown

# A column of two holds about six columns of a table; wider ones go across both.
_NARROW = 7
# Rows of a page's height; longer tables go on in another.
_ROWS = 40


def latex_table(sheet: Sheet) -> str:
    """A ``table`` with ``\\toprule`` and kin; needs ``\\usepackage{booktabs,graphicx}``.

    It is as wide as it needs, and scaled where the column or page is narrower. More than 40 rows go
    on in further tables. The label is ``tab:`` and the sheet's name.
    """
    kept = [
        at
        for at, column in enumerate(sheet.columns)
        if not sheet.paper or column.title in sheet.paper
    ]
    rows = [[values[at] for at in kept] for values in sheet.rows]
    parts = [rows[at : at + _ROWS] for at in range(0, len(rows), _ROWS)] or [[]]
    return "\n".join(
        _table(sheet, kept, part, (at, len(parts))) for at, part in enumerate(parts, start=1)
    )


def _table(sheet: Sheet, kept: list[int], rows: list[list[object]], part: tuple[int, int]) -> str:
    columns = [sheet.columns[at] for at in kept]
    align = "".join("l" if c.kind in ("text", "yes") else "r" for c in columns)
    body = [
        table_row(
            [
                escaped(shown(value, column.kind))
                for value, column in zip(values, columns, strict=True)
            ]
        )
        for values in rows
    ]
    label = "".join(letter if letter.isalnum() else "-" for letter in sheet.name)
    at, of = part
    caption = sheet.caption if of == 1 else f"{sheet.caption} ({at} of {of})"
    # Across both columns of a paper that has two.
    form = "table" if len(columns) <= _NARROW else "table*"
    lines = [
        rf"\begin{{{form}}}",
        r"\centering",
        rf"\caption{{{escaped(caption)}}}",
        *([rf"\label{{tab:{label}}}"] if at == 1 else []),
        # Measured first: a table that is too wide is scaled, another is not.
        rf"\sbox0{{\begin{{tabular}}{{{align}}}",
        r"\toprule",
        table_row([escaped(column.title) for column in columns]),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
        r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi",
        rf"\end{{{form}}}",
    ]
    return "\n".join(lines) + "\n"
