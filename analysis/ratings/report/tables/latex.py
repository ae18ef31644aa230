"""Tables for LaTeX with booktabs: every name escaped, numbers as the page shows them."""

from ....presentation.latex_text import escaped, table_row
from .sheet import Sheet, shown


def latex_table(sheet: Sheet) -> str:
    """A ``table`` with ``\\toprule`` and kin; needs ``\\usepackage{booktabs,graphicx}``.

    Wider tables are scaled to the text width. The label is ``tab:`` and the sheet's name.
    """
    align = "".join("l" if c.kind in ("text", "yes") else "r" for c in sheet.columns)
    lines = [table_row([escaped(column.title) for column in sheet.columns])]
    body = [
        table_row(
            [
                escaped(shown(value, column.kind))
                for value, column in zip(values, sheet.columns, strict=True)
            ]
        )
        for values in sheet.rows
    ]
    wide = len(sheet.columns) > 6
    label = "".join(letter if letter.isalnum() else "-" for letter in sheet.name)
    parts = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(sheet.caption)}}}",
        rf"\label{{tab:{label}}}",
        *([r"\resizebox{\textwidth}{!}{%"] if wide else []),
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        *lines,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}" + ("}" if wide else ""),
        r"\end{table}",
    ]
    return "\n".join(parts) + "\n"
