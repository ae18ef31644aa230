"""Tables for LaTeX with booktabs: every name escaped, numbers as the page shows them."""

from .table import Sheet, shown

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
    "²": r"$^2$",
    "³": r"$^3$",
    "·": r"$\cdot$",
    "′": r"$'$",
    "√": r"$\surd$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\rightarrow$",
    "\n": " ",
}
_GREEK = dict(
    zip(
        "αβγδεηλμρστφχΔΣΦΩ",
        (
            *("alpha", "beta", "gamma", "delta", "varepsilon", "eta", "lambda", "mu", "rho"),
            *("sigma", "tau", "phi", "chi", "Delta", "Sigma", "Phi", "Omega"),
        ),
        strict=True,
    )
)
# What pdfLaTeX prints without packages: Latin-1 and Latin Extended-A but for letters that need
# another font encoding, and typographic signs.
_NEEDS_T1 = frozenset("«»ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲųſ")
_SIGNS = frozenset("‘’“”—…†‡•€™")


def escaped(text: str) -> str:
    """``text`` as LaTeX prints it.

    Letters that pdfLaTeX lacks appear as their code point (U+65E5) there, and as themselves with
    XeLaTeX or LuaLaTeX and a font that holds them.
    """
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter in _GREEK:
        return rf"$\{_GREEK[letter]}$"
    code = ord(letter)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return " "
    if code < 0x7F or (code < 0x180 and letter not in _NEEDS_T1) or letter in _SIGNS:
        return letter
    return rf'\ifdefined\Uchar\Uchar"{code:04X} \else U+{code:04X}\fi{{}}'


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
