"""Tables for LaTeX with booktabs: every name escaped, numbers as the page shows them."""

from .sheet import Sheet, shown

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": r"$-$",
    "–": r"--",
    "±": r"$\pm$",
    "×": r"$\times$",
    "α": r"$\alpha$",
    "δ": r"$\delta$",
    "χ": r"$\chi$",
    "²": r"$^2$",
    "′": r"$'$",
    "š": r"\v{s}",
    "\n": " ",
}


def escaped(text: str) -> str:
    """``text`` as LaTeX prints it."""
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def latex_table(sheet: Sheet) -> str:
    """A ``table`` with ``\\toprule`` and kin; needs ``\\usepackage{booktabs,graphicx}``.

    Wider tables are scaled to the text width. The label is ``tab:`` and the sheet's name.
    """
    align = "".join("l" if c.kind in ("text", "yes") else "r" for c in sheet.columns)
    lines = [" & ".join(escaped(column.title) for column in sheet.columns) + r" \\"]
    body = [
        " & ".join(
            escaped(shown(value, column.kind))
            for value, column in zip(row, sheet.columns, strict=True)
        )
        + r" \\"
        for row in sheet.rows
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
